package gateway

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// OpenID Connect Core 3.1.2.1 and 3.1.2.6: what a third party may say of how its
// customer is asked.
func TestAThirdPartyThatMayAskNothingIsToldToLogIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.customer("anna"), h.thirdParty("shop", "openid", "accounts.read")
	silent := wish("openid accounts.read")
	silent.Set("prompt", "none")
	uri := shop.push(silent)
	h.browser().visit("other", uri).own(http.StatusBadRequest, "invalid-request-uri")
	h.browser().visit("shop", forge(uri)).own(http.StatusBadRequest, "invalid-request-uri")

	b := h.browser().visit("shop", uri)
	for range 2 { // and when the page is reloaded
		answer := b.back()
		require.Equal(t, "login_required", answer.Get("error"))
		require.Empty(t, answer.Get("code"))
		b.visit("shop", uri)
	}
	h.browser().visit("shop", uri).own(http.StatusBadRequest, "invalid-request-uri")

	// Nothing is answered by the way round, in the browser that was sent away.
	asks := wish("openid accounts.read")
	asks.Set("prompt", "login consent")
	shown := shop.push(asks)
	b.visit("shop", shown)
	form := b.fields()
	require.NotEmpty(t, form.Get("csrf"), "prompt=login is what happens anyway")
	form.Set("request_uri", uri)
	form.Set("decision", "deny")
	b.send(http.MethodPost, "/oauth2/authorize", form.Encode())
	require.NotEqual(t, http.StatusSeeOther, b.answer.StatusCode, "a form for another request")

	b.visit("shop", shown).login("anna", anna)
	tokensOf(t, shop.redeem(b.submit("decision", "allow").back().Get("code"), nil))
}
