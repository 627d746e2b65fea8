package token

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"florin/domain"
)

// signRaw signs a header and claims as they are, whatever they are: what stands behind
// a good signature is read too, and may be anything.
func signRaw(t testing.TB, key *ecdsa.PrivateKey, head, claims string) string {
	signing := base64.RawURLEncoding.EncodeToString([]byte(head)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	signature, err := jwt.SigningMethodES256.Sign(signing, key)
	require.NoError(t, err)
	return signing + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// filled puts in what a corpus cannot hold, for it differs in every process: keys,
// the nonce, times.
func filled(text string, values map[string]string) string {
	for name, value := range values {
		text = strings.ReplaceAll(text, name, value)
	}
	return text
}

func jsonOf(t testing.TB, key *ecdsa.PrivateKey) string {
	text, err := json.Marshal(jwkOf(t, key))
	require.NoError(t, err)
	return string(text)
}

// FuzzSigned reads one statement by a good key as every kind there is: it passes
// for one at most, and says then what that kind has to say.
func FuzzSigned(f *testing.F) {
	b := newBench(f)
	b.signing = b.device
	access := b.claims(f)
	values := map[string]string{
		"KEY": jsonOf(f, b.device), "NONCE": b.proofs.Nonce(), "NOW": fmt.Sprint(start.Unix()), "SOON": fmt.Sprint(start.Unix() + 60), "JKT": access.Confirmation.JKT,
	}
	for _, seed := range [][2]string{
		{`{"typ":"dpop+jwt","alg":"ES256","jwk":KEY}`, `{"jti":"1","htm":"GET","htu":"` + issuer + `/v1/accounts","iat":NOW,"nonce":"NONCE"}`},
		{`{"typ":"at+jwt","alg":"ES256","kid":"k1"}`, `{"iss":"` + issuer + `","aud":"` + issuer + `","sub":"` + access.Subject + `","client_id":"c","jti":"1","iat":NOW,"exp":SOON,"cnf":{"jkt":"JKT"}}`},
		{`{"typ":"florin-device+jwt","alg":"ES256","jwk":KEY}`, `{"aud":"` + issuer + `","nonce":"n","iat":NOW,"exp":SOON,"platform":"ios","attestation":{"format":"none"}}`},
		{`{"typ":"florin-login+jwt","alg":"ES256"}`, `{"aud":"` + issuer + `","jkt":"JKT","code_challenge":"c","jti":"1","iat":NOW}`},
		{`{"typ":"florin-recovery+jwt","alg":"ES256"}`, `{"aud":"` + issuer + `","jkt":"JKT","recovery_id":"r","jti":"1","iat":NOW}`},
		{`{"typ":"florin-txn+jwt","alg":"ES256"}`, `{"amount":"1.00","jti":"j"}`},
		{`{"typ":"JWT","alg":"ES256"}`, `{"iss":"c","sub":"c","aud":"` + issuer + `","jti":"1","iat":NOW,"exp":SOON}`},
		{`{"alg":"ES256","alg":"none"}`, `{"exp":1e300,"iat":-9223372036854775808}`},
		{`[]`, "\xff"},
	} {
		f.Add(seed[0], seed[1])
	}
	key := jwkOf(f, b.device)
	want := Want{Method: "GET", URL: issuer + "/v1/accounts"}
	f.Fuzz(func(t *testing.T, head, claims string) {
		b.proofs.seen = NewOnce(2*ProofAge, seenMax)
		raw := signRaw(t, b.device, filled(head, values), filled(claims, values))
		var kinds []string
		takes := func(kind string, err error) {
			if err == nil {
				kinds = append(kinds, kind)
			}
		}
		proof, err := b.proofs.Check(dpop(raw), want)
		takes("proof", err)
		if err == nil {
			require.Equal(t, values["JKT"], proof.JKT)
			_, err = b.proofs.Check(dpop(raw), want)
			require.ErrorIs(t, err, ErrProof, "twice")
		}
		got, err := b.verifier.Verify(raw)
		takes("access", err)
		if err == nil {
			require.Equal(t, [2]string{issuer, issuer}, [2]string{got.Issuer, got.Audience})
			require.NotEmpty(t, got.Confirmation.JKT)
		}
		registration, err := OpenRegistration(raw, issuer, key, start)
		takes("registration", err)
		if err == nil {
			require.Equal(t, issuer, registration.Audience)
			require.NotEmpty(t, registration.Nonce)
			require.True(t, registration.SCAKey.IsZero() || registration.SCAKey != key)
		}
		_, err = OpenAssent(raw, issuer, key, start)
		takes("assent", err)
		_, err = OpenRecoveryAssent(raw, issuer, key, start)
		takes("recovery", err)
		_, err = OpenConsent[agreement](raw, key)
		takes("consent", err)
		assertion, err := OpenAssertion(raw, issuer, []domain.PublicKey{key}, start)
		takes("assertion", err)
		if err == nil {
			named, err := PeekAssertion(raw)
			require.True(t, err != nil || named == assertion.Issuer)
		}
		require.LessOrEqual(t, len(kinds), 1, "%q", kinds)
	})
}

// FuzzRegistration has a device and its SCA key sign anything: a registration that
// is taken with an SCA key carries that key's own word, for this device and nonce.
func FuzzRegistration(f *testing.F) {
	b, sca := newBench(f), newKey(f)
	device, second := jwkOf(f, b.device), jwkOf(f, sca)
	values := map[string]string{
		"DEVICE": jsonOf(f, b.device), "SECOND": jsonOf(f, sca), "NOW": fmt.Sprint(start.Unix()), "SOON": fmt.Sprint(start.Unix() + 60), "JKT": device.Thumbprint(),
	}
	const head, counterHead = `{"typ":"florin-device+jwt","alg":"ES256","jwk":DEVICE}`, `{"typ":"florin-sca+jwt","alg":"ES256","jwk":SECOND}`
	const claims = `{"aud":"` + issuer + `","nonce":"n","iat":NOW,"exp":SOON,"platform":"ios","sca_jwk":SECOND,"sca_proof":"COUNTER","attestation":{"format":"none"}}`
	f.Add(head, claims, counterHead, `{"aud":"`+issuer+`","nonce":"n","iat":NOW,"jkt":"JKT"}`)
	f.Add(head, strings.Replace(claims, `"COUNTER"`, `""`, 1), counterHead, `{}`)
	f.Add(head, strings.Replace(claims, `SECOND`, `DEVICE`, 1), strings.Replace(counterHead, "SECOND", "DEVICE", 1), `{"aud":"x","nonce":"m","iat":9223372036854775807,"jkt":"JKT"}`)
	f.Add(head, `{"attestation":{"format":"apple-appattest","data":{"a":[[[]]]}},"exp":-1}`, `null`, "\x00")
	f.Fuzz(func(t *testing.T, head, claims, counterHead, counterClaims string) {
		counter := signRaw(t, sca, filled(counterHead, values), filled(counterClaims, values))
		claims = strings.ReplaceAll(filled(claims, values), "COUNTER", counter)
		r, err := OpenRegistration(signRaw(t, b.device, filled(head, values), claims), issuer, device, start)
		if err != nil {
			require.ErrorIs(t, err, ErrStatement)
			return
		}
		if !r.SCAKey.IsZero() {
			require.Equal(t, second, r.SCAKey)
			word, err := peek[counterSignature](counter)
			require.NoError(t, err)
			require.Equal(t, counterSignature{issuer, r.Nonce, word.IssuedAt, device.Thumbprint()}, word)
		}
		require.Less(t, r.ExpiresAt-r.IssuedAt, int64(121))
		require.Greater(t, r.ExpiresAt, start.Unix()-int64(Skew.Seconds())-1)
	})
}
