package gateway

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// The path of a login never reads a projection: with the read models taken away,
// devices are registered, customers log in on old devices and new ones, third parties
// get their consent and tokens, and what is revoked is out at once.
func TestALoginReadsNoProjection(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx := t.Context()
	anna, shop := h.customer("anna"), h.thirdParty("shop", "openid", "accounts.read")
	h.blind()
	require.GreaterOrEqual(t, h.get(anna, "/v1/accounts").Status, 500, "there is nothing to read from")

	h.login(anna)
	require.NoError(t, anna.Refresh(ctx))
	second := h.phone()
	second.Remember(phone.Profile{Customer: anna.Profile().Customer, UserName: "anna", Password: password, TOTPSecret: anna.Profile().TOTPSecret})
	require.NoError(t, second.Register(ctx))
	h.login(second)
	require.NoError(t, second.Refresh(ctx))
	require.Equal(t, http.StatusOK, h.get(second, "/v1/factors").Status)

	h.pass(30 * time.Second)
	tokens := h.agreed(anna, shop)
	shop.p.SetTokens(tokensOf(t, shop.refresh(tokens.Refresh)))
	require.Equal(t, true, field[bool](t, shop.introspect(shop.p.Tokens().Access), "active"))
	left := h.browser().logout(url.Values{"id_token_hint": {tokens.ID}, "client_id": {"shop"}})
	form := left.fields()
	form.Set("decision", "leave")
	require.Contains(t, left.send(http.MethodPost, "/oauth2/logout", form.Encode()).page, "You are logged out")
	require.Equal(t, "invalid_grant", code(shop.refresh(shop.p.Tokens().Refresh)))

	require.NoError(t, second.Revoke(ctx))
	require.Error(t, second.Refresh(ctx))
	require.Equal(t, http.StatusUnauthorized, h.get(second, "/v1/factors").Status)
}
