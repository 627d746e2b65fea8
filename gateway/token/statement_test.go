package token

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"florin/domain"
)

type statementBench struct {
	device, sca *ecdsa.PrivateKey
	thumbprint  string
}

func (s statementBench) sca1(t *testing.T, change map[string]any) string {
	claims := map[string]any{"aud": issuer, "nonce": "n1", "iat": start.Unix(), "jkt": s.thumbprint}
	maps.Copy(claims, change)
	head := map[string]any{"typ": "florin-sca+jwt", "alg": "ES256", "jwk": jwkOf(t, s.sca)}
	return forge(t, jwt.SigningMethodES256, s.sca, head, claims)
}

func (s statementBench) registration(t *testing.T, change map[string]any) string {
	claims := map[string]any{
		"aud": issuer, "nonce": "n1", "iat": start.Unix(), "exp": start.Add(2 * time.Minute).Unix(), "platform": "test",
		"attestation": map[string]any{"format": "none"}, "sca_jwk": jwkOf(t, s.sca), "sca_proof": s.sca1(t, nil),
	}
	maps.Copy(claims, change)
	head := map[string]any{"typ": "florin-device+jwt", "alg": "ES256", "jwk": jwkOf(t, s.device)}
	return forge(t, jwt.SigningMethodES256, s.device, head, claims)
}

func TestRegistrationSpeaksForBothKeys(t *testing.T) {
	t.Parallel()
	s := statementBench{device: newKey(t), sca: newKey(t)}
	s.thumbprint = jwkOf(t, s.device).Thumbprint()
	r, err := OpenRegistration(s.registration(t, nil), issuer, jwkOf(t, s.device), start)
	require.NoError(t, err)
	require.Equal(t, jwkOf(t, s.sca), r.SCAKey)
	require.Equal(t, "none", r.Attestation.Format)
	_, err = OpenRegistration(s.registration(t, map[string]any{"sca_jwk": map[string]any{}, "sca_proof": ""}), issuer, jwkOf(t, s.device), start)
	require.NoError(t, err, "a device without an SCA key")

	thief := newKey(t)
	for name, raw := range map[string]string{
		"for another bank":             s.registration(t, map[string]any{"aud": "http://other"}),
		"without nonce":                s.registration(t, map[string]any{"nonce": ""}),
		"older than two minutes":       s.registration(t, map[string]any{"iat": start.Add(-3 * time.Minute).Unix()}),
		"expired":                      s.registration(t, map[string]any{"exp": start.Add(-time.Minute).Unix()}),
		"living too long":              s.registration(t, map[string]any{"exp": start.Add(time.Hour).Unix()}),
		"an SCA key without its word":  s.registration(t, map[string]any{"sca_proof": ""}),
		"another SCA key":              s.registration(t, map[string]any{"sca_jwk": jwkOf(t, thief)}),
		"the same key twice":           s.registration(t, map[string]any{"sca_jwk": jwkOf(t, s.device)}),
		"a word for another device":    s.registration(t, map[string]any{"sca_proof": s.sca1(t, map[string]any{"jkt": "x"})}),
		"a word with another nonce":    s.registration(t, map[string]any{"sca_proof": s.sca1(t, map[string]any{"nonce": "n0"})}),
		"a word for another bank":      s.registration(t, map[string]any{"sca_proof": s.sca1(t, map[string]any{"aud": "x"})}),
		"a word of long ago":           s.registration(t, map[string]any{"sca_proof": s.sca1(t, map[string]any{"iat": start.Add(-time.Hour).Unix()})}),
		"a private SCA key, as a word": s.registration(t, map[string]any{"sca_jwk": map[string]any{"kty": "oct", "k": "AA"}}),
		"nothing":                      "",
		"the counter-signature itself": s.sca1(t, nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := OpenRegistration(raw, issuer, jwkOf(t, s.device), start)
			require.ErrorIs(t, err, ErrStatement)
		})
	}
	_, err = OpenRegistration(s.registration(t, nil), issuer, jwkOf(t, thief), start)
	require.ErrorIs(t, err, ErrStatement, "the proof was made by another key")
}

type agreement struct {
	Amount string `json:"amount"`
	ID     string `json:"jti"`
}

func TestConsentNamesAllThatWasAgreed(t *testing.T) {
	t.Parallel()
	sca := newKey(t)
	make := func(key *ecdsa.PrivateKey, typ string, claims map[string]any) string {
		return forge(t, jwt.SigningMethodES256, key, map[string]any{"typ": typ, "alg": "ES256"}, claims)
	}
	good := map[string]any{"amount": "1.00", "jti": "j"}
	c, err := OpenConsent[agreement](make(sca, "florin-txn+jwt", good), jwkOf(t, sca))
	require.NoError(t, err)
	require.Equal(t, agreement{"1.00", "j"}, c)
	for name, raw := range map[string]string{
		"another key":     make(newKey(t), "florin-txn+jwt", good),
		"another type":    make(sca, "florin-login+jwt", good),
		"a member more":   make(sca, "florin-txn+jwt", map[string]any{"amount": "1.00", "jti": "j", "note": "x"}),
		"another casing":  make(sca, "florin-txn+jwt", map[string]any{"Amount": "1.00", "jti": "j"}),
		"no JWS":          "x",
		"a line break":    make(sca, "florin-txn+jwt", good) + "\n",
		"a number for it": make(sca, "florin-txn+jwt", map[string]any{"amount": 1.00, "jti": "j"}),
	} {
		_, err := OpenConsent[agreement](raw, jwkOf(t, sca))
		require.ErrorIs(t, err, ErrStatement, name)
	}
	_, err = OpenConsent[agreement](make(sca, "florin-txn+jwt", good), domain.PublicKey{})
	require.ErrorIs(t, err, ErrStatement, "a device without an SCA key")
}

func TestClientAssertions(t *testing.T) {
	t.Parallel()
	key, other := newKey(t), newKey(t)
	keys := []domain.PublicKey{jwkOf(t, other), jwkOf(t, key)}
	make := func(change map[string]any) string {
		claims := map[string]any{"iss": "rail", "sub": "rail", "aud": issuer, "jti": "a1", "iat": start.Unix(), "exp": start.Add(time.Minute).Unix()}
		maps.Copy(claims, change)
		return forge(t, jwt.SigningMethodES256, key, map[string]any{"alg": "ES256", "typ": "JWT"}, claims)
	}
	client, err := PeekAssertion(make(nil))
	require.NoError(t, err)
	require.Equal(t, "rail", client)
	_, err = OpenAssertion(make(nil), issuer, keys, start)
	require.NoError(t, err)
	for name, raw := range map[string]string{
		"aud is the token endpoint": make(map[string]any{"aud": issuer + "/oauth2/token"}),
		"aud is a list":             make(map[string]any{"aud": []string{issuer}}),
		"expired":                   make(map[string]any{"exp": start.Add(-time.Minute).Unix()}),
		"no expiry":                 make(map[string]any{"exp": 0}),
		"lives an hour":             make(map[string]any{"exp": start.Add(time.Hour).Unix()}),
		"no jti":                    make(map[string]any{"jti": ""}),
		"no iat":                    make(map[string]any{"iat": 0}),
		"issued ahead":              make(map[string]any{"iat": start.Add(time.Minute).Unix()}),
	} {
		_, err := OpenAssertion(raw, issuer, keys, start)
		require.ErrorIs(t, err, ErrStatement, name)
	}
	_, err = OpenAssertion(make(nil), issuer, keys[:1], start)
	require.ErrorIs(t, err, ErrStatement)
	_, err = PeekAssertion(make(map[string]any{"sub": "other"}))
	require.ErrorIs(t, err, ErrStatement)
}

func FuzzJWS(f *testing.F) {
	b := newBench(f)
	access := b.access(f)
	f.Add(access)
	f.Add(b.proof(f, b.proofClaims(f, access)))
	f.Add("e30.e30.")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, raw string) {
		if got, err := b.verifier.Verify(raw); err == nil {
			require.Equal(t, issuer, got.Issuer)
			require.Equal(t, b.claims(t), got.Claims, "only what was signed passes")
		}
		_, _ = b.proofs.Check(dpop(raw), Want{Method: "GET", URL: issuer})
		_, _ = OpenRegistration(raw, issuer, jwkOf(t, b.device), b.now)
		_, _ = OpenConsent[agreement](raw, jwkOf(t, b.device))
		_, _ = PeekAssertion(raw)
	})
}

// FAPI 2.0 section 5.4.1: PS256 and ES256, and nothing else, whatever the header says.
func TestClientAssertionsByRSA(t *testing.T) {
	t.Parallel()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	public := domain.PublicKey{Type: "RSA", Modulus: base64.RawURLEncoding.EncodeToString(private.N.Bytes()), Exponent: "AQAB"}
	claims := map[string]any{"iss": "rail", "sub": "rail", "aud": issuer, "jti": "a1", "iat": start.Unix(), "exp": start.Add(time.Minute).Unix()}
	by := func(method jwt.SigningMethod, key any, header string) string {
		return forge(t, method, key, map[string]any{"alg": header, "typ": "JWT"}, claims)
	}
	good := by(jwt.SigningMethodPS256, private, "PS256")
	taken, err := OpenAssertion(good, issuer, []domain.PublicKey{jwkOf(t, newKey(t)), public}, start)
	require.NoError(t, err)
	require.Equal(t, "rail", taken.Issuer)
	named := public
	named.Algorithm = "PS256"
	_, err = OpenAssertion(good, issuer, []domain.PublicKey{named}, start)
	require.NoError(t, err)
	for name, raw := range map[string]string{
		"RS256":                     by(jwt.SigningMethodRS256, private, "RS256"),
		"RS256 that says PS256":     by(jwt.SigningMethodRS256, private, "PS256"),
		"PS256 that says RS256":     by(jwt.SigningMethodPS256, private, "RS256"),
		"PS384":                     by(jwt.SigningMethodPS384, private, "PS384"),
		"HS256 with the public key": by(jwt.SigningMethodHS256, []byte(public.Modulus), "HS256"),
		"HS256 that says PS256":     by(jwt.SigningMethodHS256, []byte(public.Modulus), "PS256"),
		"ES256 by another key":      by(jwt.SigningMethodES256, newKey(t), "ES256"),
		"none":                      strings.Join(append(strings.Split(good, ".")[:2], ""), "."),
	} {
		_, err := OpenAssertion(raw, issuer, []domain.PublicKey{public}, start)
		require.ErrorIs(t, err, ErrStatement, name)
	}
	named.Algorithm = "RS256"
	_, err = OpenAssertion(by(jwt.SigningMethodRS256, private, "RS256"), issuer, []domain.PublicKey{named}, start)
	require.ErrorIs(t, err, ErrStatement, "a key that is registered for RS256")
}
