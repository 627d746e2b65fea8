package token

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

func TestProofShowsTheKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	access := b.access(t)
	proof, err := b.proofs.Check(dpop(b.proof(t, b.proofClaims(t, access))), b.want(t, access))
	require.NoError(t, err)
	require.Equal(t, jwkOf(t, b.device).Thumbprint(), proof.JKT)
	require.ErrorIs(t, proof.SignedFor([]byte("{}"), "k"), ErrUnsigned)
}

// The key that a header names is read once; every signature is verified.
func TestAKnownKeyProvesNothingByItself(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	access := b.access(t)
	head := map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": jwkOf(t, b.device)}
	made := func(key *ecdsa.PrivateKey) string {
		return forge(t, jwt.SigningMethodES256, key, head, b.proofClaims(t, access))
	}
	first, err := b.proofs.Check(dpop(made(b.device)), b.want(t, access))
	require.NoError(t, err)
	for range 3 {
		_, err = b.proofs.Check(dpop(made(newKey(t))), b.want(t, access))
		require.ErrorIs(t, err, ErrProof)
		again, err := b.proofs.Check(dpop(made(b.device)), b.want(t, access))
		require.NoError(t, err)
		require.Equal(t, first.JKT, again.JKT)
	}
	require.Len(t, b.proofs.signers.young, 1)
}

// What is kept moves over to the next generation while it is asked for.
func TestWhatIsAskedForStays(t *testing.T) {
	t.Parallel()
	var k kept[int, string]
	k.put(-1, "stays")
	for i := range 3 * keptMax {
		k.put(i, "goes")
		if i%1000 == 0 {
			value, ok := k.get(-1)
			require.True(t, ok)
			require.Equal(t, "stays", value)
		}
	}
	require.LessOrEqual(t, len(k.young)+len(k.old), 2*keptMax)
}

// Row 20 of bad-inputs.md, and group 8 of identity.md.
func TestForgedProofsAreRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	access := b.access(t)
	want := b.want(t, access)
	for _, forged := range []map[string][]string{b.forgedClaims(t, access), b.forgedHeaders(t, access)} {
		for name, values := range forged {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				_, err := b.proofs.Check(dpop(values...), want)
				require.ErrorIs(t, err, ErrProof)
			})
		}
	}
}

// forgedClaims are proofs by the right key that are not for this request.
func (b *bench) forgedClaims(t *testing.T, access string) map[string][]string {
	claim := func(name string, value any) map[string]any {
		claims := b.proofClaims(t, access)
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
		return claims
	}
	good := func() string { return b.proof(t, b.proofClaims(t, access)) }
	return map[string][]string{
		"none":                 {},
		"more than is read":    {b.proof(t, claim("more", strings.Repeat("x", ProofBytesMax)))},
		"a line break":         {good() + "\n"},
		"two headers":          {good(), good()},
		"two in one header":    {good() + "," + good()},
		"empty":                {""},
		"wrong htm":            {b.proof(t, claim("htm", "POST"))},
		"htm in lower case":    {b.proof(t, claim("htm", "get"))},
		"no htm":               {b.proof(t, claim("htm", nil))},
		"wrong htu":            {b.proof(t, claim("htu", issuer+"/v1/transfers"))},
		"htu of another host":  {b.proof(t, claim("htu", "http://evil.example/v1/accounts"))},
		"htu with a query":     {b.proof(t, claim("htu", issuer+"/v1/accounts?limit=1"))},
		"htu with a slash":     {b.proof(t, claim("htu", issuer+"/v1/accounts/"))},
		"no htu":               {b.proof(t, claim("htu", nil))},
		"iat 61 s old":         {b.proof(t, claim("iat", b.now.Unix()-61))},
		"iat 61 s ahead":       {b.proof(t, claim("iat", b.now.Unix()+61))},
		"iat an hour off":      {b.proof(t, claim("iat", b.now.Unix()-3600))},
		"no iat":               {b.proof(t, claim("iat", nil))},
		"iat a string":         {b.proof(t, claim("iat", "now"))},
		"no jti":               {b.proof(t, claim("jti", nil))},
		"jti very long":        {b.proof(t, claim("jti", strings.Repeat("j", 200)))},
		"no ath":               {b.proof(t, claim("ath", nil))},
		"ath of another token": {b.proof(t, claim("ath", base64.RawURLEncoding.EncodeToString(make([]byte, 32))))},
	}
}

// forgedHeaders are proofs for this request by keys that are none, or not the token's.
func (b *bench) forgedHeaders(t *testing.T, access string) map[string][]string {
	key := jwkOf(t, b.device)
	with := func(jwk any) string {
		head := map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}
		return forge(t, jwt.SigningMethodES256, b.device, head, b.proofClaims(t, access))
	}
	members := func(more map[string]any) map[string]any {
		jwk := map[string]any{"kty": "EC", "crv": "P-256", "x": key.X, "y": key.Y}
		for name, value := range more {
			jwk[name] = value
		}
		return jwk
	}
	header := func(name string, value any) string {
		head := map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": key}
		head[name] = value
		return forge(t, jwt.SigningMethodES256, b.device, head, b.proofClaims(t, access))
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	thief := newKey(t)
	good := b.proof(t, b.proofClaims(t, access))
	return map[string][]string{
		"typ JWT":                  {header("typ", "JWT")},
		"crit":                     {header("crit", []string{"x"})},
		"jku":                      {header("jku", "https://evil.example")},
		"no key":                   {with(nil)},
		"a private key":            {with(members(map[string]any{"d": key.X}))},
		"a symmetric key":          {with(map[string]any{"kty": "oct", "k": "AAAA"})},
		"a key off the curve":      {with(members(map[string]any{"y": key.X}))},
		"the point at infinity":    {with(members(map[string]any{"x": strings.Repeat("A", 43), "y": strings.Repeat("A", 43)}))},
		"a short coordinate":       {with(members(map[string]any{"x": key.X[:42]}))},
		"a padded coordinate":      {with(members(map[string]any{"x": key.X + "="}))},
		"a coordinate's other end": {with(members(map[string]any{"x": key.X[:42] + "/"}))},
		"another curve":            {with(members(map[string]any{"crv": "P-384"}))},
		"another alg in the key":   {with(members(map[string]any{"alg": "ES384"}))},
		"somebody else's key":      {with(jwkOf(t, thief))},
		"somebody else's proof":    {forge(t, jwt.SigningMethodES256, thief, map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": jwkOf(t, thief)}, b.proofClaims(t, access))},
		"alg none":                 {forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, map[string]any{"typ": "dpop+jwt", "alg": "none", "jwk": key}, b.proofClaims(t, access))},
		"HS256":                    {forge(t, jwt.SigningMethodHS256, []byte("k"), map[string]any{"typ": "dpop+jwt", "alg": "HS256", "jwk": key}, b.proofClaims(t, access))},
		"RS256":                    {forge(t, jwt.SigningMethodRS256, rsaKey, map[string]any{"typ": "dpop+jwt", "alg": "RS256", "jwk": map[string]any{"kty": "RSA", "e": "AQAB", "n": base64.RawURLEncoding.EncodeToString(rsaKey.N.Bytes())}}, b.proofClaims(t, access))},
		"a changed signature":      {good[:len(good)-4] + "AAAA"},
		"a megabyte":               {strings.Repeat("a", 1<<20)},
	}
}

func TestProofForATokenIsNoneWithout(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	access := b.access(t)
	want := Want{Method: "GET", URL: issuer + "/v1/accounts"}
	_, err := b.proofs.Check(dpop(b.proof(t, b.proofClaims(t, access))), want)
	require.ErrorIs(t, err, ErrProof)
	_, err = b.proofs.Check(dpop(b.proof(t, b.proofClaims(t, ""))), want)
	require.NoError(t, err)
}

// Group 8 (Keycloak #43505): not again within the skew, nor after it.
func TestProofIsUsedOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	access := b.access(t)
	want, raw := b.want(t, access), b.proof(t, b.proofClaims(t, access))
	var passed atomic.Int32
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := b.proofs.Check(dpop(raw), want); err == nil {
				passed.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, passed.Load())

	for after := time.Duration(0); after < 5*time.Minute; after += 7 * time.Second { // inside the skew and after it
		b.now = start.Add(after)
		_, err := b.proofs.Check(dpop(raw), want)
		require.ErrorIs(t, err, ErrProof, after)
	}
}

func TestProofDatedAheadIsUsedOnceToo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	access := b.access(t)
	want, claims := b.want(t, access), b.proofClaims(t, access)
	claims["iat"] = start.Add(ProofAge).Unix()
	raw := b.proof(t, claims)
	_, err := b.proofs.Check(dpop(raw), want)
	require.NoError(t, err)
	for after := time.Second; after < 2*ProofAge+3*time.Second; after += time.Second {
		b.now = start.Add(after)
		_, err := b.proofs.Check(dpop(raw), want)
		require.ErrorIs(t, err, ErrProof, after)
		_ = b.proofs.seen.Claim("somebody", after.String(), b.now) // others go on
	}
}

func TestProofOfAFormerBootIsAskedAnew(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	access := b.access(t)
	raw := b.proof(t, b.proofClaims(t, access))
	want := b.want(t, access)
	_, err := b.proofs.Check(dpop(raw), want)
	require.NoError(t, err)
	b.boot(t)
	_, err = b.proofs.Check(dpop(raw), want)
	require.ErrorIs(t, err, ErrNonce, "the restarted server does not know the jti, but neither the nonce")
	_, err = b.proofs.Check(dpop(b.proof(t, b.proofClaims(t, access))), want)
	require.NoError(t, err)
}

func TestNoncesGrowOld(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	access := b.access(t)
	want := b.want(t, access)
	for name, nonce := range map[string]any{"none": nil, "empty": "", "made up": "abc", "cut": b.proofs.Nonce()[:10]} {
		claims := b.proofClaims(t, access)
		if claims["nonce"] = nonce; nonce == nil {
			delete(claims, "nonce")
		}
		_, err := b.proofs.Check(dpop(b.proof(t, claims)), want)
		require.ErrorIs(t, err, ErrNonce, name)
	}
	nonce := b.proofs.Nonce()
	b.now = start.Add(nonceLife)
	claims := b.proofClaims(t, access)
	claims["nonce"] = nonce
	_, err := b.proofs.Check(dpop(b.proof(t, claims)), want)
	require.NoError(t, err, "the one before is still taken")
	b.now = start.Add(2 * nonceLife)
	claims = b.proofClaims(t, access)
	claims["nonce"] = nonce
	_, err = b.proofs.Check(dpop(b.proof(t, claims)), want)
	require.ErrorIs(t, err, ErrNonce)
}

func TestSignedRequests(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	access := b.access(t)
	want := b.want(t, access)
	body := []byte(`{"amount":"100.00"}`)
	check := func(digest, key any) error {
		claims := b.proofClaims(t, access)
		claims["content_digest"], claims["idempotency_key"] = digest, key
		proof, err := b.proofs.Check(dpop(b.proof(t, claims)), want)
		require.NoError(t, err)
		return proof.SignedFor(body, "k-1")
	}
	require.NoError(t, check(ContentDigest(body), "k-1"))
	require.ErrorIs(t, check("", "k-1"), ErrUnsigned)
	require.ErrorIs(t, check(ContentDigest(body), ""), ErrUnsigned)
	require.ErrorIs(t, check(ContentDigest(body), "k-2"), ErrProof, "captured and sent under another key")
	require.ErrorIs(t, check(ContentDigest([]byte(`{"amount":"900.00"}`)), "k-1"), ErrProof, "changed amount")
	require.ErrorIs(t, check(ContentDigest([]byte(`{"amount": "100.00"}`)), "k-1"), ErrProof, "even a space")
	require.ErrorIs(t, check("sha-512=:AA==:", "k-1"), ErrProof)
	require.Equal(t, "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:", ContentDigest([]byte(`{"hello": "world"}`)), "the example of RFC 9530")
}

func TestOnceIsBounded(t *testing.T) {
	t.Parallel()
	o := NewOnce(time.Minute, 3)
	for _, name := range []string{"a", "b", "c"} {
		require.NoError(t, o.Claim("x", name, start))
	}
	require.ErrorIs(t, o.Claim("x", "d", start), ErrFull)
	require.ErrorIs(t, o.Claim("x", "a", start), ErrProof)
	require.NoError(t, o.Claim("x", "d", start.Add(time.Minute)))
	require.ErrorIs(t, o.Claim("x", "a", start.Add(time.Minute)), ErrProof, "still within its life")
	require.NoError(t, o.Claim("x", "a", start.Add(3*time.Minute)))
}

func BenchmarkCachedTokenFreshProof(b *testing.B) {
	bench := newBench(b)
	access := bench.access(b)
	want := bench.want(b, access)
	headers := make([]string, b.N)
	for i := range headers {
		headers[i] = bench.proof(b, bench.proofClaims(b, access))
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		verified, err := bench.verifier.Verify(access)
		if err != nil {
			b.Fatal(err)
		}
		want.Access = verified
		if _, err := bench.proofs.Check(dpop(headers[i]), want); err != nil {
			b.Fatal(err)
		}
	}
}
