package gateway

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain"
	"florin/gateway/phone"
	"florin/schemas/seal"
)

const leftPage = "https://shop.example/left"

// leavable is a third party that takes part in logging out.
func (h *house) leavable(name, backchannel string, change ...func(*commands.RegisterClient)) *machine {
	h.t.Helper()
	m := &machine{h: h, p: h.phone(), key: key(h.t), name: name}
	jwk, err := domain.ECKey(&m.key.PublicKey)
	require.NoError(h.t, err)
	jwk.KeyID = "t1"
	order := commands.SystemOrder("test", uuid.New(), name, h.now(), seal.Subject{})
	order.Intent = nil
	ask := commands.RegisterClient{
		ClientID: name, Name: "Shop Ltd", Keys: []domain.PublicKey{jwk}, RedirectURIs: []string{callback}, PostLogoutURIs: []string{leftPage, leftPage + "?a=b"},
		BackchannelURI: backchannel, NearURIs: h.sandbox, GrantTypes: []string{"authorization_code", "refresh_token"}, Scopes: []string{"openid", "accounts.read"}}
	for _, changed := range change {
		changed(&ask)
	}
	_, err = h.bank.Clients().Register(context.Background(), order, ask)
	require.NoError(h.t, err)
	h.pass(2 * time.Second)
	return m
}

func (b *browser) logout(values url.Values) *browser {
	b.h.t.Helper()
	return b.send(http.MethodGet, "/oauth2/logout?"+values.Encode(), "", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
}

func TestACustomerLogsOutAtAClient(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.customer("anna"), h.leavable("shop", "")
	for _, back := range []string{leftPage, leftPage + "?a=b", ""} {
		tokens := h.agreed(anna, shop)
		shop.p.SetTokens(tokens)
		values := url.Values{"id_token_hint": {tokens.ID}, "client_id": {"shop"}, "state": {"s/t u"}, "post_logout_redirect_uri": {back}}
		h.pass(10 * time.Minute) // an ID token that has expired is still a hint
		tokens = tokensOf(t, shop.refresh(tokens.Refresh))
		shop.p.SetTokens(tokens)
		b := h.browser().logout(values)
		require.Equal(t, 200, b.answer.StatusCode, b.page)
		require.Contains(t, b.page, "Log out of Shop Ltd?")
		require.NotContains(t, b.page, "<script")
		require.Equal(t, 200, h.get(shop.p, "/v1/accounts").Status, "nothing is ended before a person says so")
		form := b.fields()
		form.Set("decision", "leave")
		b.send(http.MethodPost, "/oauth2/logout", form.Encode())
		switch back {
		case "":
			require.Equal(t, 200, b.answer.StatusCode)
			require.Contains(t, b.page, "You are logged out")
		default:
			require.Equal(t, http.StatusSeeOther, b.answer.StatusCode, b.page)
			separator := "?"
			if strings.Contains(back, "?") {
				separator = "&"
			}
			require.Equal(t, back+separator+"state=s%2Ft+u", b.answer.Header.Get("Location"))
		}
		require.Equal(t, 401, h.get(shop.p, "/v1/accounts").Status)
		require.Equal(t, "invalid_grant", code(shop.refresh(tokens.Refresh)))
		again := b.send(http.MethodPost, "/oauth2/logout", form.Encode())
		require.Contains(t, []int{200, 303}, again.answer.StatusCode, "and again: the same")
		h.login(anna)
		require.Equal(t, 200, h.get(anna, "/v1/accounts").Status, "her own app is not logged out")
	}
}

// No open redirect, no logout by a stranger's link (groups 1, 2 and 5; row 45).
func TestLoggingOutIsAskedAndLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.customer("anna"), h.leavable("shop", "")
	tokens := h.agreed(anna, shop)
	shop.p.SetTokens(tokens)
	hint := tokens.ID
	for name, change := range map[string]func(url.Values){
		"another place":          func(v url.Values) { v.Set("post_logout_redirect_uri", "https://evil.example/") },
		"a longer place":         func(v url.Values) { v.Set("post_logout_redirect_uri", leftPage+"/x") },
		"another case":           func(v url.Values) { v.Set("post_logout_redirect_uri", "https://SHOP.example/left") },
		"a redirect URI":         func(v url.Values) { v.Set("post_logout_redirect_uri", callback) },
		"no hint, but a place":   func(v url.Values) { v.Del("id_token_hint") },
		"another client":         func(v url.Values) { v.Set("client_id", phone.ClientID) },
		"an access token":        func(v url.Values) { v.Set("id_token_hint", tokens.Access) },
		"a changed hint":         func(v url.Values) { v.Set("id_token_hint", hint[:len(hint)-6]+"AAAAAA") },
		"a cut hint":             func(v url.Values) { v.Set("id_token_hint", hint[:len(hint)-40]) },
		"an endless hint":        func(v url.Values) { v.Set("id_token_hint", strings.Repeat("a", 6000)) },
		"an endless state":       func(v url.Values) { v.Set("state", strings.Repeat("s", 2000)) },
		"twice":                  func(v url.Values) { v.Add("client_id", "shop") },
		"an unknown parameter":   func(v url.Values) { v.Set("redirect", "https://evil.example/") },
		"a decision by a link":   func(v url.Values) { v.Set("decision", "leave") },
		"what is no text at all": func(v url.Values) { v.Set("id_token_hint", "\x00\xff") },
	} {
		values := url.Values{"id_token_hint": {hint}, "client_id": {"shop"}, "post_logout_redirect_uri": {leftPage}}
		change(values)
		b := h.browser().logout(values)
		require.Equal(t, 400, b.answer.StatusCode, "%s: %s", name, b.page)
		require.Empty(t, b.answer.Header.Get("Location"), name)
		require.NotContains(t, b.page+b.answer.Header.Get("Content-Security-Policy"), "evil.example", name)
	}
	nobody := h.browser().logout(url.Values{})
	require.Equal(t, 200, nobody.answer.StatusCode)
	require.Contains(t, nobody.page, "Nobody is logged in here")

	b := h.browser().logout(url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {leftPage}})
	form := b.fields()
	form.Set("decision", "leave")
	h.browser().send(http.MethodPost, "/oauth2/logout", form.Encode()).own(403, "form-foreign")
	good := form.Get("csrf")
	form.Set("csrf", "x")
	b.send(http.MethodPost, "/oauth2/logout", form.Encode(), "Origin: https://evil.example").own(403, "form-foreign")
	posted := h.browser().send(http.MethodPost, "/oauth2/logout", url.Values{"id_token_hint": {hint}}.Encode(), "Origin: https://shop.example", "Sec-Fetch-Site: cross-site")
	require.Equal(t, 200, posted.answer.StatusCode, "a client may post its request; it is asked all the same")
	require.Contains(t, posted.page, "Log out of Shop Ltd?")
	form.Set("csrf", good)
	form.Set("decision", "stay")
	b.send(http.MethodPost, "/oauth2/logout", form.Encode())
	require.Contains(t, b.page, "You are still logged in")
	require.Equal(t, 200, h.get(shop.p, "/v1/accounts").Status)
	framed := h.browser().send(http.MethodGet, "/oauth2/logout", "", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe")
	require.Equal(t, 403, framed.answer.StatusCode)
}
