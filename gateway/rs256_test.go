package gateway

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/gateway/phone"
)

func byRS256(ask *commands.RegisterClient) { ask.IDTokenAlgorithm = "RS256" }

// algorithm of a JWS, as its header says it.
func algorithm(t testing.TB, raw string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(raw[:strings.IndexByte(raw, '.')])
	require.NoError(t, err)
	var header struct{ Alg string }
	require.NoError(t, json.Unmarshal(text, &header))
	return header.Alg
}

// A client that asked for RS256 has its ID and logout tokens so, and verifies them with
// the stock library; access tokens are ES256 for everybody.
func TestAClientHasItsIDTokensByRS256(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	l := newListener(t)
	anna, shop := h.customer("anna"), h.leavable("shop", l.URL, byRS256)
	tokens := h.agreed(anna, shop)
	require.Equal(t, "RS256", algorithm(t, tokens.ID))
	require.Equal(t, "ES256", algorithm(t, tokens.Access))
	require.Equal(t, "ES256", algorithm(t, anna.Tokens().ID), "who has not asked")
	s := h.stock(shop.p)
	verifier := s.provider.VerifierContext(s.ctx, &oidc.Config{ClientID: "shop", Now: h.now, SupportedSigningAlgs: []string{oidc.RS256}})
	identity, err := verifier.Verify(s.ctx, tokens.ID)
	require.NoError(t, err)
	require.Equal(t, anna.Profile().Customer, identity.Subject)
	_, err = verifier.Verify(s.ctx, anna.Tokens().ID)
	require.ErrorContains(t, err, "unexpected signature algorithm")
	metadata := h.get(shop.p, "/.well-known/openid-configuration")
	require.Equal(t, []string{"ES256", "RS256"}, field[[]string](t, metadata, "id_token_signing_alg_values_supported"))

	h.rotateKeys(commands.KeyLead)
	h.pass(commands.KeyLead)
	shop.p.SetTokens(tokensOf(t, shop.refresh(tokens.Refresh)))
	_, err = verifier.Verify(s.ctx, shop.p.Tokens().ID)
	require.NoError(t, err, "by the new key, which the library fetches by itself")
	until(t, func() bool { return h.get(shop.p, "/v1/accounts").Status == 200 }) // a gateway apart is told of the new key by the feed
	hint := url.Values{"id_token_hint": {tokens.ID}, "client_id": {"shop"}, "post_logout_redirect_uri": {leftPage}}
	b := h.browser().logout(hint)
	require.Equal(t, 200, b.answer.StatusCode, "a hint of the old key: %s", b.page)
	form := b.fields()
	form.Set("decision", "leave")
	require.Equal(t, http.StatusSeeOther, b.send(http.MethodPost, "/oauth2/logout", form.Encode()).answer.StatusCode)
	heard := l.heard(h)
	require.Len(t, heard, 1)
	_, err = jwt.Parse(heard[0], func(k *jwt.Token) (any, error) {
		key, ok := h.bank.Signings().PublicRSA(k.Header["kid"].(string))
		require.True(t, ok)
		return key, nil
	}, jwt.WithTimeFunc(h.now), jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(h.issuer), jwt.WithAudience("shop"))
	require.NoError(t, err, "a logout token is signed as ID tokens are (Back-Channel Logout 1.0 section 2.4)")

	h.rotateKeys(0)
	require.Equal(t, 400, h.browser().logout(hint).answer.StatusCode, "after an emergency the old key is nobody's")
}

// Groups 1 and 15 of the algorithms: a key is believed for its own algorithm and its own
// kind of token. Each forgery is made with the bank's true keys, but for one thing.
func TestNoKeyIsTakenForAnother(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.customer("anna"), h.leavable("shop", "", byRS256)
	tokens := h.agreed(anna, shop)
	esID, es, err := h.bank.Signings().Current()
	require.NoError(t, err)
	rsID, rs, err := h.bank.Signings().CurrentRSA()
	require.NoError(t, err)
	made := func(method jwt.SigningMethod, key any, kid, typ, like string) string {
		forged := jwt.NewWithClaims(method, jwt.MapClaims(claimsOf(t, like)))
		forged.Header["kid"], forged.Header["typ"] = kid, typ
		raw, err := forged.SignedString(key)
		require.NoError(t, err)
		return raw
	}
	asPEM := func(key crypto.PublicKey) []byte {
		der, err := x509.MarshalPKIXPublicKey(key)
		require.NoError(t, err)
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	}
	relabelled := func(raw, alg string) string { // another algorithm in the header alone
		header, err := json.Marshal(map[string]string{"alg": alg, "kid": rsID, "typ": "JWT"})
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(header) + raw[strings.IndexByte(raw, '.'):]
	}
	forgeries := func(typ, like string) map[string]string {
		return map[string]string{
			"RS256 under the ES256 key's id":        made(jwt.SigningMethodRS256, rs, esID, typ, like),
			"ES256 under the RSA key's id":          made(jwt.SigningMethodES256, es, rsID, typ, like),
			"HS256 with the RSA key's public half":  made(jwt.SigningMethodHS256, asPEM(&rs.PublicKey), rsID, typ, like),
			"HS256 with the P-256 key's":            made(jwt.SigningMethodHS256, asPEM(&es.PublicKey), esID, typ, like),
			"HS256 under the RSA key's, with P-256": made(jwt.SigningMethodHS256, asPEM(&es.PublicKey), rsID, typ, like),
			"PS256 by the RSA key":                  made(jwt.SigningMethodPS256, rs, rsID, typ, like),
			"RS512 by the RSA key":                  made(jwt.SigningMethodRS512, rs, rsID, typ, like),
			"none":                                  made(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, rsID, typ, like),
			"RS256 called ES256":                    relabelled(tokens.ID, "ES256"),
			"RS256 called PS256":                    relabelled(tokens.ID, "PS256"),
		}
	}
	asks := func(hint string) int {
		return h.browser().logout(url.Values{"id_token_hint": {hint}, "client_id": {"shop"}}).answer.StatusCode
	}
	require.Equal(t, 200, asks(made(jwt.SigningMethodRS256, rs, rsID, "JWT", tokens.ID)), "what none of the forgeries is")
	for name, forged := range forgeries("JWT", tokens.ID) {
		require.Equal(t, 400, asks(forged), name)
	}
	gets := func(access string) phone.Answer {
		shop.p.SetTokens(phone.Tokens{Access: access})
		return h.get(shop.p, "/v1/accounts")
	}
	require.Equal(t, 200, gets(made(jwt.SigningMethodES256, es, esID, "at+jwt", tokens.Access)).Status)
	for name, forged := range forgeries("at+jwt", tokens.Access) {
		require.Equal(t, "invalid-token", code(gets(forged)), name)
	}
	require.Equal(t, "invalid-token", code(gets(made(jwt.SigningMethodRS256, rs, rsID, "at+jwt", tokens.Access))), "the RSA key signs no access token")
	require.Equal(t, "invalid-token", code(gets(tokens.ID)), "nor is an ID token one")
}
