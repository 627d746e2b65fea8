package schemas_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// refusedRequest is a request that the bank has to refuse, and how it differs from
// signed-request.json: so that it can be made for a running bank as well.
type refusedRequest struct {
	Name    string      `json:"name"`
	Differs difference  `json:"differs"`
	Request sentRequest `json:"request"`
	Proof   string      `json:"proof"`
	Status  int         `json:"status"`
	Code    string      `json:"code"`
	Why     string      `json:"why,omitempty"` // in the bank's own records; the caller is not told
}

// difference is what was changed; what is not named is as it should be.
type difference struct {
	Header    map[string]any `json:"header,omitempty"` // of the proof; null: left out
	Claims    map[string]any `json:"claims,omitempty"` // null: left out
	Key       string         `json:"key,omitempty"`    // "other": another key, which the header carries
	SignedBy  string         `json:"signed_by,omitempty"`
	Signature string         `json:"signature,omitempty"` // "der", "padded" or "cut"
	Body      []string       `json:"body,omitempty"`      // after it was signed, the first text was replaced by the second
	KeySent   string         `json:"idempotency_key,omitempty"`
	Times     int            `json:"times,omitempty"` // 2: the very same request was accepted before
}

type sentRequest struct {
	Method         string `json:"method"`
	URL            string `json:"url"`
	Body           string `json:"body"`
	IdempotencyKey string `json:"idempotency_key"`
}

type members = map[string]any

// refusals are all ways in which a client, or who stands in between, gets a signed
// request wrong.
func refusals() []refusedRequest {
	claim := func(name string, value any) difference { return difference{Claims: members{name: value}} }
	proof := func(name, why string, differs difference) refusedRequest {
		return refusedRequest{Name: name, Differs: differs, Status: 401, Code: "invalid-dpop-proof", Why: why}
	}
	unsigned := func(name string, differs difference) refusedRequest {
		return refusedRequest{Name: name, Differs: differs, Status: 400, Code: "signature-required"}
	}
	nonce := func(name string, value any) refusedRequest {
		return refusedRequest{Name: name, Differs: claim("nonce", value), Status: 401, Code: "use-dpop-nonce"}
	}
	plain, wide := sha256.Sum256([]byte(vectorOrder)), sha512.Sum512([]byte(vectorOrder))
	other := sha256.Sum256([]byte("another access token"))
	return []refusedRequest{
		proof("the body was altered", "other-body", difference{Body: []string{`"100.00"`, `"900.00"`}}),
		proof("one byte more than was signed", "other-body", difference{Body: []string{"}", "}\n"}}),
		proof("the digest in base64url", "other-body", claim("content_digest", "sha-256=:"+base64.URLEncoding.EncodeToString(plain[:])+":")),
		proof("the digest by another hash", "other-body", claim("content_digest", "sha-512=:"+base64.StdEncoding.EncodeToString(wide[:])+":")),
		proof("sent under another Idempotency-Key than was signed", "other-idempotency-key", difference{KeySent: "key-2"}),
		unsigned("no content_digest", claim("content_digest", nil)),
		unsigned("no idempotency_key", claim("idempotency_key", nil)),
		proof("by a key that the token is not bound to", "other-key", difference{Key: "other"}),
		proof("the right key in the header, another one's signature", "bad-signature", difference{SignedBy: "other"}),
		proof("the signature as ASN.1, which JWS does not use", "bad-signature", difference{Signature: "der"}),
		proof("the signature padded with =", "bad-signature", difference{Signature: "padded"}),
		proof("the signature cut off", "bad-signature", difference{Signature: "cut"}),
		proof("expired", "stale", claim("iat", vectorIssued-90)),
		proof("dated ahead", "stale", claim("iat", vectorIssued+90)),
		proof("no time", "stale", claim("iat", nil)),
		proof("for another method", "other-request", claim("htm", "PUT")),
		proof("the method in lower case", "other-request", claim("htm", "post")),
		proof("for another path", "other-request", claim("htu", vectorIssuer+"/v1/deposits")),
		proof("for another host", "other-request", claim("htu", "https://evil.example/v1/transfers")),
		proof("the URL with a query", "other-request", claim("htu", vectorIssuer+"/v1/transfers?a=b")),
		proof("for another access token", "other-token", claim("ath", base64url.EncodeToString(other[:]))),
		proof("for no access token", "other-token", claim("ath", nil)),
		proof("a replayed jti", "replayed", difference{Times: 2}),
		proof("no jti", "malformed", claim("jti", nil)),
		proof("a jti of more than 128 bytes", "malformed", claim("jti", strings.Repeat("j", 129))),
		nonce("no nonce", nil),
		nonce("a nonce that is not the bank's, or no longer", "another-nonce"),
		proof("another kind of statement", "malformed", difference{Header: members{"typ": "JWT"}}),
		proof("no algorithm", "malformed", difference{Header: members{"alg": "none"}}),
		proof("another algorithm", "malformed", difference{Header: members{"alg": "HS256"}}),
		proof("no key in the header", "malformed", difference{Header: members{"jwk": nil}}),
		proof("an extension that must be understood", "malformed", difference{Header: members{"crit": []string{"exp"}}}),
	}
}

// changed is a set of members with others in their place.
func changed(from, by members) members {
	made := members{}
	for name, value := range from {
		made[name] = value
	}
	for name, value := range by {
		if made[name] = value; value == nil {
			delete(made, name)
		}
	}
	return made
}

// made is the request of the vector with its proof.
func (v refusedRequest) made(t *testing.T, claims members) refusedRequest {
	t.Helper()
	device, jwk := vectorKey(t, "device")
	other, otherJWK := vectorKey(t, "sca")
	signer := device
	if v.Differs.Key == "other" {
		signer, jwk = other, otherJWK
	}
	if v.Differs.SignedBy == "other" {
		signer = other
	}
	header := changed(members{"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk}, v.Differs.Header)
	v.Proof = spelled(t, signer, header, changed(claims, v.Differs.Claims), v.Differs.Signature)
	v.Request = sentRequest{"POST", vectorIssuer + "/v1/transfers", vectorOrder, "key-1"}
	if v.Differs.Body != nil {
		v.Request.Body = strings.Replace(vectorOrder, v.Differs.Body[0], v.Differs.Body[1], 1)
		require.NotEqual(t, vectorOrder, v.Request.Body)
	}
	if v.Differs.KeySent != "" {
		v.Request.IdempotencyKey = v.Differs.KeySent
	}
	return v
}

// spelled is a compact JWS whose signature may be written as none should be.
func spelled(t *testing.T, key *ecdsa.PrivateKey, header, claims members, spelling string) string {
	t.Helper()
	head, err := json.Marshal(header)
	require.NoError(t, err)
	body, err := json.Marshal(claims)
	require.NoError(t, err)
	input := base64url.EncodeToString(head) + "." + base64url.EncodeToString(body)
	digest := sha256.Sum256([]byte(input))
	der, err := key.Sign(nil, digest[:], crypto.SHA256)
	require.NoError(t, err)
	var parts struct{ R, S *big.Int }
	_, err = asn1.Unmarshal(der, &parts)
	require.NoError(t, err)
	raw := append(parts.R.FillBytes(make([]byte, 32)), parts.S.FillBytes(make([]byte, 32))...)
	switch spelling {
	case "der":
		raw = der
	case "padded":
		return input + "." + base64.URLEncoding.EncodeToString(raw)
	case "cut":
		return input + "."
	}
	return input + "." + base64url.EncodeToString(raw)
}

func TestVectorsThatAreRefused(t *testing.T) {
	t.Parallel()
	_, jwk := vectorKey(t, "device")
	accessHash := sha256.Sum256([]byte("the access token"))
	claims := members{
		"jti": "proof-2", "htm": "POST", "htu": vectorIssuer + "/v1/transfers", "iat": vectorIssued, "nonce": "server-nonce",
		"ath": base64url.EncodeToString(accessHash[:]), "content_digest": contentDigest(vectorOrder), "idempotency_key": "key-1",
	}
	cases, proofs := refusals(), map[string]string{}
	for i, v := range cases {
		cases[i] = v.made(t, claims)
		sent := cases[i].Proof + cases[i].Request.Body + cases[i].Request.IdempotencyKey
		require.Empty(t, proofs[sent], v.Name)
		proofs[sent] = v.Name
	}
	golden(t, "vectors/refused-requests.json", indented(t, struct {
		About  string           `json:"about"`
		Now    int64            `json:"now"`
		Nonce  string           `json:"nonce"` // the bank's newest
		Token  string           `json:"access_token"`
		JKT    string           `json:"jkt"` // that the token is bound to
		Claims members          `json:"claims"`
		Cases  []refusedRequest `json:"cases"`
	}{
		"POST /v1/transfers, as signed-request.json has it but for what differs, and the answer that each gets; times 2: the first one was accepted",
		vectorIssued, "server-nonce", "the access token", jwk.Thumbprint(), claims, cases,
	}))
}
