package gateway

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"net/url"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain"
	"florin/gateway/phone"
	"florin/schemas/seal"
)

// Group 9 (CVE-2020-15222): a restart forgets no assertion, even one that says it
// was made after the restart, by a client whose clock is ahead.
func TestAnAssertionOfAClockAheadIsUsedOnceAcrossARestart(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	m := h.machine("rail", "payments.operate")
	ahead := phone.MachineForm(m.assertion(map[string]any{"iat": h.now().Unix() + 5}))
	require.Equal(t, 200, h.form(m.p, "/oauth2/token", ahead).Status)
	h.reopen()
	before := h.written()
	answer := h.form(m.p, "/oauth2/token", ahead)
	require.Equal(t, "invalid_client", code(answer), "%s", answer.Body)
	require.Equal(t, before, h.written())
	fresh := phone.MachineForm(m.assertion(map[string]any{"iat": h.now().Unix() + 5}))
	require.Equal(t, 200, h.form(m.p, "/oauth2/token", fresh).Status)
}

// The same wherever a client authenticates, and from one place to another.
func TestAnAssertionOfAClockAheadIsUsedOnceAnywhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.customer("anna")
	shop, till := h.thirdParty("shop", "openid"), h.teller("till", "openid")
	ahead := func(m *machine, values url.Values) url.Values {
		values = m.proven(values)
		values.Set("client_assertion", m.assertion(map[string]any{"iat": h.now().Unix() + 9}))
		return values
	}
	used := map[string]url.Values{
		"/oauth2/par":          ahead(shop, wish("openid")),
		"/oauth2/introspect":   ahead(shop, url.Values{"token": {"x"}}),
		"/oauth2/revoke":       ahead(shop, url.Values{"token": {"x"}}),
		"/oauth2/bc-authorize": ahead(till, url.Values{"login_hint": {"anna"}, "scope": {"openid"}}),
		"/oauth2/token":        ahead(shop, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"x"}}),
	}
	for path, values := range used {
		require.NotEqual(t, "invalid_client", code(h.form(shop.p, path, values)), path)
	}
	h.reopen()
	before := h.written()
	for path, values := range used {
		require.Equal(t, "invalid_client", code(h.form(shop.p, path, values)), path)
		elsewhere := url.Values{"token": {"x"}, "client_assertion": values["client_assertion"], "client_assertion_type": values["client_assertion_type"]}
		require.Equal(t, "invalid_client", code(h.form(shop.p, "/oauth2/introspect", elsewhere)), "what was used at %s", path)
	}
	require.Equal(t, before, h.written())
	require.Equal(t, 200, h.form(shop.p, "/oauth2/introspect", ahead(shop, url.Values{"token": {"x"}})).Status, "a fresh one is taken")
	events := h.written()
	h.pass(1e9)
	require.Equal(t, 200, h.form(shop.p, "/oauth2/introspect", shop.proven(url.Values{"token": {"x"}})).Status)
	require.Equal(t, events, h.written(), "of a clock that is right nothing is noted")
}

// FAPI 2.0 section 5.4.1, over HTTP: PS256 by a registered RSA key, never RS256.
func TestAClientSignsWithRSA(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	order := commands.SystemOrder("test", uuid.New(), "rsa", h.now(), seal.Subject{})
	order.Intent = nil
	_, err = h.bank.Clients().Register(t.Context(), order, commands.RegisterClient{ClientID: "rsa", Name: "Old Ltd", GrantTypes: []string{"client_credentials"}, Scopes: []string{"audit.read"},
		Keys: []domain.PublicKey{{KeyID: "r", Type: "RSA", Algorithm: "PS256", Modulus: base64.RawURLEncoding.EncodeToString(private.N.Bytes()), Exponent: "AQAB"}}})
	require.NoError(t, err)
	h.pass(2e9)
	p := h.phone()
	by := func(method jwt.SigningMethod) phone.Answer {
		claims := jwt.MapClaims{"iss": "rsa", "sub": "rsa", "aud": h.issuer, "jti": uuid.NewString(), "iat": h.now().Unix(), "exp": h.now().Unix() + 60}
		raw, err := jwt.NewWithClaims(method, claims).SignedString(private)
		require.NoError(t, err)
		return h.form(p, "/oauth2/token", phone.MachineForm(raw))
	}
	require.Equal(t, 200, by(jwt.SigningMethodPS256).Status)
	for _, method := range []jwt.SigningMethod{jwt.SigningMethodRS256, jwt.SigningMethodPS384} {
		require.Equal(t, "invalid_client", code(by(method)), method.Alg())
	}
	metadata := h.get(p, "/.well-known/openid-configuration")
	require.Equal(t, []string{"ES256", "PS256"}, field[[]string](t, metadata, "token_endpoint_auth_signing_alg_values_supported"))
	require.Equal(t, []string{"poll"}, field[[]string](t, metadata, "backchannel_token_delivery_modes_supported"))
	require.Equal(t, h.issuer+"/oauth2/bc-authorize", field[string](t, metadata, "backchannel_authentication_endpoint"))
	require.NotContains(t, string(metadata.Body), "tls_client", "without the clients' authorities there is none of it")
}
