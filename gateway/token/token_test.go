package token

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/id"
)

const issuer = "http://127.0.0.1:8080"

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// bench is one issuer, one device and a clock that stands still until it is moved.
type bench struct {
	now      time.Time
	signing  *ecdsa.PrivateKey
	device   *ecdsa.PrivateKey
	revoked  map[string]bool
	retired  bool
	verifier *Verifier
	proofs   *Proofs
}

func newBench(t testing.TB) *bench {
	b := &bench{now: start, signing: newKey(t), device: newKey(t), revoked: map[string]bool{}}
	b.verifier = &Verifier{
		URL: issuer,
		Key: func(keyID string) (*ecdsa.PublicKey, bool) {
			return &b.signing.PublicKey, keyID == "k1" && !b.retired
		},
		Revoked: func(a *Access) bool { return b.revoked[a.SessionID] },
		Now:     func() time.Time { return b.now },
	}
	b.boot(t)
	return b
}

func (b *bench) boot(t testing.TB) {
	var err error
	b.proofs, err = NewProofs(func() time.Time { return b.now }, rand.Reader)
	require.NoError(t, err)
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return key
}

func jwkOf(t testing.TB, key *ecdsa.PrivateKey) domain.PublicKey {
	k, err := domain.ECKey(&key.PublicKey)
	require.NoError(t, err)
	return k
}

func (b *bench) claims(t testing.TB) Claims {
	return Claims{
		Issuer: issuer, Audience: issuer, Subject: id.Named[id.Customer]("anna").String(), ClientID: "florin-app",
		DeviceID: id.Named[id.Device]("d").String(), SessionID: id.Named[id.Session]("s").String(), Scope: "openid accounts.read",
		ACR: "urn:florin:acr:mfa", AMR: []string{"pwd", "otp"}, AuthTime: b.now.Unix(), ID: "t1",
		Confirmation: Binding{JKT: jwkOf(t, b.device).Thumbprint()}, IssuedAt: b.now.Unix(), ExpiresAt: b.now.Add(5 * time.Minute).Unix(),
	}
}

func (b *bench) access(t testing.TB) string {
	raw, err := Issuer{URL: issuer, Key: func() (string, *ecdsa.PrivateKey, error) { return "k1", b.signing, nil }}.Access(b.claims(t))
	require.NoError(t, err)
	return raw
}

// forge makes any JWS: header members given as nil are left out.
func forge(t testing.TB, method jwt.SigningMethod, key any, head map[string]any, claims any) string {
	t.Helper()
	text, err := json.Marshal(claims)
	require.NoError(t, err)
	header, err := json.Marshal(head)
	require.NoError(t, err)
	signing := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(text)
	signature, err := method.Sign(signing, key)
	require.NoError(t, err)
	return signing + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func (b *bench) proofClaims(t testing.TB, access string) map[string]any {
	claims := map[string]any{
		"jti": uuid.NewString(), "htm": "GET", "htu": issuer + "/v1/accounts", "iat": b.now.Unix(), "nonce": b.proofs.Nonce(),
	}
	if access != "" {
		digest := sha256.Sum256([]byte(access))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(digest[:])
	}
	return claims
}

func (b *bench) proof(t testing.TB, claims map[string]any) string {
	head := map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": jwkOf(t, b.device)}
	return forge(t, jwt.SigningMethodES256, b.device, head, claims)
}

func (b *bench) want(t testing.TB, access string) Want {
	verified, err := b.verifier.Verify(access)
	require.NoError(t, err)
	return Want{Method: "GET", URL: issuer + "/v1/accounts", Access: verified}
}

func dpop(values ...string) http.Header { return http.Header{"Dpop": values} }

func TestAccessTokenSaysWho(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	access, err := b.verifier.Verify(b.access(t))
	require.NoError(t, err)
	require.Equal(t, id.Named[id.Customer]("anna"), access.Customer)
	require.Equal(t, id.Named[id.Client]("florin-app"), access.Client)
	require.True(t, access.Covers("openid", "accounts.read"))
	require.False(t, access.Covers("accounts.write"))
}

// goodHead is the header of an access token of ours.
var goodHead = map[string]any{"typ": "at+jwt", "alg": "ES256", "kid": "k1"}

// Rows 15 to 18 of bad-inputs.md, and group 1 of identity.md.
func TestForgedAccessTokensAreRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.verifier.Verify(b.signs(t, goodHead, b.claims(t)))
	require.NoError(t, err, "the unforged one passes, so each refusal below has its own reason")
	for _, forged := range []map[string]string{b.tokensWithForgedHeaders(t), b.tokensWithForgedClaims(t)} {
		for name, raw := range forged {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				_, err := b.verifier.Verify(raw)
				require.ErrorIs(t, err, ErrToken)
			})
		}
	}
}

func (b *bench) signs(t *testing.T, head map[string]any, claims any) string {
	return forge(t, jwt.SigningMethodES256, b.signing, head, claims)
}

func (b *bench) tokensWithForgedHeaders(t *testing.T) map[string]string {
	head := func(name string, value any) map[string]any {
		changed := map[string]any{}
		for k, v := range goodHead {
			changed[k] = v
		}
		if changed[name] = value; value == nil {
			delete(changed, name)
		}
		return changed
	}
	es := func(head map[string]any) string { return b.signs(t, head, b.claims(t)) }
	point, err := b.signing.PublicKey.Bytes()
	require.NoError(t, err)
	thief := newKey(t)
	return map[string]string{
		"alg none":                  forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, head("alg", "none"), b.claims(t)),
		"alg None in another case":  forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, head("alg", "nOnE"), b.claims(t)),
		"HS256 with the public key": forge(t, jwt.SigningMethodHS256, point, head("alg", "HS256"), b.claims(t)),
		"ES256 named, HS256 made":   forge(t, jwt.SigningMethodHS256, point, goodHead, b.claims(t)),
		"another's key":             forge(t, jwt.SigningMethodES256, thief, goodHead, b.claims(t)),
		"our key in the header":     es(head("jwk", jwkOf(t, b.signing))),
		"a line break in between":   strings.Replace(es(goodHead), ".", ".\n", 1),
		"a line break at the end":   es(goodHead) + "\n",
		"its own key in the header": forge(t, jwt.SigningMethodES256, thief, head("jwk", jwkOf(t, thief)), b.claims(t)),
		"jku":                       es(head("jku", "https://evil.example/jwks")),
		"x5u":                       es(head("x5u", "https://evil.example/cert")),
		"x5c":                       es(head("x5c", []string{"AA=="})),
		"crit":                      es(head("crit", []string{"exp"})),
		"b64":                       es(head("b64", false)),
		"zip":                       es(head("zip", "DEF")),
		"typ missing":               es(head("typ", nil)),
		"typ JWT, an ID token":      es(head("typ", "JWT")),
		"typ dpop+jwt":              es(head("typ", "dpop+jwt")),
		"kid missing":               es(head("kid", nil)),
		"kid unknown":               es(head("kid", "k2")),
		"kid a path":                es(head("kid", "../../dev/null")),
		"kid SQL":                   es(head("kid", "k1' OR '1'='1")),
		"kid a number":              es(head("kid", 1)),
		"kid very long":             es(head("kid", strings.Repeat("k", 200))),
	}
}

// sized is a good token of so many bytes or, where base64 cannot have it, one more.
func (b *bench) sized(t *testing.T, bytes int) string {
	claims := b.claims(t)
	for {
		raw := b.signs(t, goodHead, claims)
		if len(raw) >= bytes {
			return raw
		}
		claims.Scope += strings.Repeat("x", max((bytes-len(raw))/2, 1))
	}
}

func (b *bench) tokensWithForgedClaims(t *testing.T) map[string]string {
	claim := func(change func(*Claims)) Claims {
		c := b.claims(t)
		change(&c)
		return c
	}
	es := func(claims any) string { return b.signs(t, goodHead, claims) }
	return map[string]string{
		"another issuer":               es(claim(func(c *Claims) { c.Issuer = "http://127.0.0.1:8081" })),
		"issuer with a slash":          es(claim(func(c *Claims) { c.Issuer += "/" })),
		"another audience":             es(claim(func(c *Claims) { c.Audience = "florin-app" })),
		"no audience":                  es(claim(func(c *Claims) { c.Audience = "" })),
		"expired by 61 s":              es(claim(func(c *Claims) { c.ExpiresAt = b.now.Unix() - 61 })),
		"expired by 11 s":              es(claim(func(c *Claims) { c.ExpiresAt = b.now.Unix() - 11 })),
		"no expiry":                    es(claim(func(c *Claims) { c.ExpiresAt = 0 })),
		"not before in 61 s":           es(claim(func(c *Claims) { c.NotBefore = b.now.Unix() + 61 })),
		"issued in 61 s":               es(claim(func(c *Claims) { c.IssuedAt = b.now.Unix() + 61 })),
		"bound to no key":              es(claim(func(c *Claims) { c.Confirmation.JKT = "" })),
		"a byte more than is read":     b.sized(t, AccessBytesMax+1),
		"no jti":                       es(claim(func(c *Claims) { c.ID = "" })),
		"a subject that is none":       es(claim(func(c *Claims) { c.Subject = "cus_1" })),
		"a device that is none":        es(claim(func(c *Claims) { c.DeviceID = "x" })),
		"nothing":                      "",
		"dots":                         "..",
		"four parts":                   es(b.claims(t)) + ".x",
		"padded":                       es(b.claims(t)) + "=",
		"cut off":                      strings.TrimSuffix(es(b.claims(t)), "AA")[:100],
		"signature left out":           es(b.claims(t))[:strings.LastIndexByte(es(b.claims(t)), '.')+1],
		"claims that are an array":     es([]string{"a"}),
		"claims with a float for time": es(map[string]any{"exp": 1e300}),
	}
}

func TestDuplicateNamesInHeaderOrClaimsAreRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sign := func(head, claims string) string {
		signing := base64.RawURLEncoding.EncodeToString([]byte(head)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
		signature, err := jwt.SigningMethodES256.Sign(signing, b.signing)
		require.NoError(t, err)
		return signing + "." + base64.RawURLEncoding.EncodeToString(signature)
	}
	text, err := json.Marshal(b.claims(t))
	require.NoError(t, err)
	head := `{"typ":"at+jwt","alg":"ES256","kid":"k1"}`
	_, err = b.verifier.Verify(sign(head, string(text)))
	require.NoError(t, err)
	for _, raw := range []string{
		sign(`{"typ":"at+jwt","alg":"none","alg":"ES256","kid":"k1"}`, string(text)),
		sign(head, `{"sub":"cus_x",`+string(text[1:])),
		sign(head, string(text)+"{}"),
		sign(head+" {}", string(text)),
		sign(head, strings.Replace(string(text), "openid", "\xff", 1)),
	} {
		_, err := b.verifier.Verify(raw)
		require.ErrorIs(t, err, ErrToken)
	}
}

func TestMegabyteTokensAreNotLookedAt(t *testing.T) { // not parallel: it counts allocations
	b := newBench(t)
	for _, raw := range []string{strings.Repeat(".", 1<<20), strings.Repeat("a", 1<<20), b.access(t) + strings.Repeat("A", 1<<20)} {
		require.LessOrEqual(t, testing.AllocsPerRun(5, func() {
			_, err := b.verifier.Verify(raw)
			require.ErrorIs(t, err, ErrToken)
		}), 8.0)
	}
}

func TestClocksMayDifferByTenSeconds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	raw := b.access(t)
	for after, passes := range map[time.Duration]bool{
		-10 * time.Second: true, -11 * time.Second: false, 310 * time.Second: true, 311 * time.Second: false,
	} {
		b.now = start.Add(after)
		_, err := b.verifier.Verify(raw)
		require.Equal(t, passes, err == nil, after)
	}
}

func TestKeptTokensEndWithTheirSessionKeyOrTime(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	raw := b.access(t)
	first, err := b.verifier.Verify(raw)
	require.NoError(t, err)
	again, err := b.verifier.Verify(raw)
	require.NoError(t, err)
	require.Same(t, first, again, "kept by its hash")

	b.revoked[first.SessionID] = true
	_, err = b.verifier.Verify(raw)
	require.ErrorIs(t, err, ErrToken, "revoked")
	delete(b.revoked, first.SessionID)
	b.retired = true
	_, err = b.verifier.Verify(raw)
	require.ErrorIs(t, err, ErrToken, "signing key removed")
	b.retired = false
	b.now = start.Add(time.Hour)
	_, err = b.verifier.Verify(raw)
	require.ErrorIs(t, err, ErrToken, "expired")
}

func TestKeptTokensAreBounded(t *testing.T) {
	t.Parallel()
	var k kept[[32]byte, *Access]
	for i := range 2*keptMax + 10 {
		k.put(sha256.Sum256(fmt.Append(nil, i)), &Access{})
	}
	require.LessOrEqual(t, len(k.young)+len(k.old), 2*keptMax)
}

// Row 19: shapes of a signature on an access token; the vectors of Project
// Wycheproof are in wycheproof_test.go.
func TestSignaturesInOtherShapes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	raw := b.access(t)
	cut := strings.LastIndexByte(raw, '.')
	signature, err := base64.RawURLEncoding.DecodeString(raw[cut+1:])
	require.NoError(t, err)
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	n := elliptic.P256().Params().N
	pair := func(r, s *big.Int) []byte {
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	require.NoError(t, err)
	zero, one := new(big.Int), big.NewInt(1)
	top := new(big.Int).Sub(new(big.Int).Lsh(one, 256), one)
	for name, tc := range map[string]struct {
		signature []byte
		valid     bool
	}{
		"as made":            {signature, true},
		"s in the high half": {pair(r, new(big.Int).Sub(n, s)), true}, // RFC 7518 does not ask for low s; a proof is single-use by jti, not by its bytes
		"r = 0, s = 0":       {pair(zero, zero), false},
		"r = 0":              {pair(zero, s), false},
		"s = 0":              {pair(r, zero), false},
		"r = n":              {pair(n, s), false},
		"s = n":              {pair(r, n), false},
		"r = n, s = n":       {pair(n, n), false},
		"r = 1, s = 1":       {pair(one, one), false},
		"r = n-1, s = n-1":   {pair(new(big.Int).Sub(n, one), new(big.Int).Sub(n, one)), false},
		"r = 2^256-1":        {pair(top, s), false},
		"swapped":            {pair(s, r), false},
		"DER":                {der, false},
		"63 bytes":           {signature[:63], false},
		"65 bytes":           {append([]byte{0}, signature...), false},
		"empty":              {nil, false},
		"one bit":            {append([]byte{signature[0] ^ 1}, signature[1:]...), false},
	} {
		_, err := b.verifier.Verify(raw[:cut+1] + base64.RawURLEncoding.EncodeToString(tc.signature))
		require.Equal(t, tc.valid, err == nil, name)
	}
}
