package gateway

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzPages sends any form of a page, in a browser that has come to it rightly: the
// answer is a page or leads to where it may, and shows nothing as markup that was
// typed as text.
func FuzzPages(f *testing.F) {
	h := newHouse(f)
	anna, shop := h.customer("anna"), h.thirdParty("shop", "openid", "accounts.read")
	consenting := h.browser().visit("shop", shop.push(wish("openid accounts.read")))
	first := consenting.fields()
	consenting.login("anna", anna)
	own := h.visiting()
	browsers := map[string]*browser{"/oauth2/authorize": consenting, accountPage: own}
	values := map[string]string{
		"CSRF": first.Get("csrf"), "URI": first.Get("request_uri"), "SESSION": consenting.fields().Get("auth_session"), "OWN": own.fields().Get("csrf"),
	}
	const begun = "request_uri=URI&csrf=CSRF"
	for _, seed := range [][2]string{
		{"/oauth2/authorize", begun + "&username=%3Ccanary%3E&password=x"}, {"/oauth2/authorize", begun + "&auth_session=SESSION&otp=123+456"},
		{"/oauth2/authorize", begun + "&auth_session=SESSION&decision=perhaps"}, {"/oauth2/authorize", begun + "&auth_session=%3Ccanary%3E&way=recovery"},
		{"/oauth2/authorize", "request_uri=%22%3E%3Ccanary&csrf=CSRF"}, {"/oauth2/authorize", begun + "&username=anna&username=bert"},
		{accountPage, "csrf=OWN&username=%3Ccanary%3E&password=x"}, {accountPage, "csrf=OWN&thing=dev_00000000-0000-4000-8000-000000000001&act=lost"},
		{accountPage, "csrf=%3Ccanary&act=%00"}, {accountPage, "\xff=;&"},
	} {
		f.Add(seed[0], seed[1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	f.Fuzz(func(t *testing.T, path, body string) {
		b, known := browsers[path]
		if !known {
			return
		}
		for placeholder, value := range values {
			body = strings.ReplaceAll(body, placeholder, url.QueryEscape(value))
		}
		request, err := http.NewRequest(http.MethodPost, h.issuer+path, strings.NewReader(body))
		require.NoError(t, err)
		request.Header = http.Header{"Content-Type": {formType}, "Origin": {h.issuer}, "Accept": {"text/html"}}
		for name, value := range b.cookies {
			request.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		answer, err := client.Do(request)
		require.NoError(t, err)
		defer answer.Body.Close()
		page, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.Less(t, answer.StatusCode, 500, "%s %q: %s", path, body, page)
		require.NotContains(t, string(page), "<canary")
		if to := answer.Header.Get("Location"); to != "" {
			require.True(t, to == accountPage || strings.HasPrefix(to, callback+"?"), to)
		} else {
			require.Equal(t, "text/html; charset=utf-8", answer.Header.Get("Content-Type"), "%s", page)
		}
		require.Empty(t, h.truth.told())
	})
}
