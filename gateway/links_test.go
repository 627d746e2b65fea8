package gateway

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// A link on another site leads to what is for everybody to read, and to the pages that
// third parties send their customers to; nothing else of another site's arrives.
func TestALinkOfAnotherSiteLeadsToWhatIsPublic(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	shop := h.thirdParty("shop", "openid")
	pushed := "/oauth2/authorize?" + url.Values{"client_id": {"shop"}, "request_uri": {shop.push(wish("openid"))}}.Encode()
	const cross, navigate = "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"
	for _, path := range []string{"/docs", "/openapi.json", "/oauth2/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server",
		"/.well-known/oauth-protected-resource", "/account/devices", "/oauth2/logout", pushed} {
		for name, tc := range map[string]struct {
			headers []string
			arrives bool
		}{
			"a link":                        {[]string{cross, navigate, "Sec-Fetch-Dest: document"}, true},
			"one that does not say whither": {[]string{cross, navigate}, true},
			"a frame":                       {[]string{cross, navigate, "Sec-Fetch-Dest: iframe"}, false},
			"an object":                     {[]string{cross, navigate, "Sec-Fetch-Dest: object"}, false},
			"a script's question":           {[]string{cross, "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"}, false},
			"a picture":                     {[]string{cross, "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"}, false},
			"no mode":                       {[]string{cross}, false},
			"another origin":                {[]string{cross, navigate, "Sec-Fetch-Dest: document", "Origin: https://evil.example"}, false},
		} {
			answer := h.browser().send(http.MethodGet, path, "", tc.headers...).answer
			require.Equal(t, tc.arrives, answer.StatusCode != 403, "%s: %s: %d", path, name, answer.StatusCode)
			require.Less(t, answer.StatusCode, 500)
			require.Empty(t, answer.Header.Get("Access-Control-Allow-Origin"))
		}
		posted := h.browser().send(http.MethodPost, path, "", cross, navigate, "Sec-Fetch-Dest: document").answer
		if path != "/oauth2/logout" { // which does nothing before its own form is sent
			require.Equal(t, 403, posted.StatusCode, path)
		}
	}
	for _, path := range []string{"/v1/accounts", "/v1/customers/me", "/v1/sandbox/clock", "/oauth2/userinfo", "/nowhere", "/docs/x"} {
		require.Equal(t, 403, h.browser().send(http.MethodGet, path, "", cross, navigate, "Sec-Fetch-Dest: document").answer.StatusCode, path)
	}
}
