package schemas_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/transfer"
)

// The vectors show app developers what to sign, byte by byte: fixed keys (never
// to be used), fixed times, and deterministic signatures (RFC 6979), although any
// ES256 signature is accepted. They are made by this file alone, which knows
// neither the gateway nor its libraries, and are opened by the gateway's tests.
const (
	vectorIssuer = "https://bank.example"
	vectorIssued = 1767322800 // 2026-01-02T03:00:00Z
)

// vector is one thing to sign.
type vector struct {
	About        string          `json:"about"`
	Key          privateJWK      `json:"key"`
	JKT          string          `json:"jkt"` // RFC 7638
	Header       json.RawMessage `json:"header"`
	Claims       json.RawMessage `json:"claims"`
	SigningInput string          `json:"signing_input"` // RFC 7515 section 5.1
	JWS          string          `json:"jws"`
}

type privateJWK struct {
	Type  string `json:"kty"`
	Curve string `json:"crv"`
	X     string `json:"x"`
	Y     string `json:"y"`
	D     string `json:"d"`
}

var base64url = base64.RawURLEncoding

// vectorKey is a key that everybody knows.
func vectorKey(t *testing.T, name string) (*ecdsa.PrivateKey, domain.PublicKey) {
	t.Helper()
	scalar := sha256.Sum256([]byte("florin test vector: " + name))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar[:])
	require.NoError(t, err)
	jwk, err := domain.ECKey(&key.PublicKey)
	require.NoError(t, err)
	jwk.Algorithm = ""
	return key, jwk
}

func signed(t *testing.T, about, keyName, typ string, bare bool, claims any) vector {
	t.Helper()
	key, jwk := vectorKey(t, keyName)
	header := struct {
		Algorithm string           `json:"alg"`
		Type      string           `json:"typ"`
		Key       domain.PublicKey `json:"jwk,omitzero"`
	}{"ES256", typ, jwk}
	if bare {
		header.Key = domain.PublicKey{}
	}
	headerText, err := json.Marshal(header)
	require.NoError(t, err)
	claimsText, err := json.Marshal(claims)
	require.NoError(t, err)
	input := base64url.EncodeToString(headerText) + "." + base64url.EncodeToString(claimsText)
	digest := sha256.Sum256([]byte(input))
	der, err := key.Sign(nil, digest[:], crypto.SHA256) // no randomness: RFC 6979
	require.NoError(t, err)
	var parts struct{ R, S *big.Int }
	_, err = asn1.Unmarshal(der, &parts)
	require.NoError(t, err)
	raw := append(parts.R.FillBytes(make([]byte, 32)), parts.S.FillBytes(make([]byte, 32))...)
	secret, err := key.Bytes()
	require.NoError(t, err)
	return vector{
		About: about, JKT: jwk.Thumbprint(), Header: headerText, Claims: claimsText, SigningInput: input,
		Key: privateJWK{"EC", "P-256", jwk.X, jwk.Y, base64url.EncodeToString(secret)},
		JWS: input + "." + base64url.EncodeToString(raw),
	}
}

func contentDigest(body string) string {
	digest := sha256.Sum256([]byte(body))
	return "sha-256=:" + base64.StdEncoding.EncodeToString(digest[:]) + ":"
}

const vectorOrder = `{"from":"acc_f82cba32-e2e2-8c31-8b38-52a2653301b0","to":"acc_1c4eb822-ac6d-842b-8ffc-135666de5c98","amount":"100.00","currency":"EUR","reference":"rent"}`

func TestVectorsForApps(t *testing.T) {
	t.Parallel()
	_, device := vectorKey(t, "device")
	_, sca := vectorKey(t, "sca")
	type object = map[string]any // encoding/json sorts its members
	counter := signed(t, "the SCA key's counter-signature inside a registration", "sca", "florin-sca+jwt", false, object{
		"aud": vectorIssuer, "nonce": "registration-nonce", "iat": vectorIssued, "jkt": device.Thumbprint(),
	})
	statement := transfer.Statement{
		Audience: vectorIssuer, Transfer: "trf_4b0c1861-7ccf-87bd-84c5-3d6a488524d4", Challenge: "chl_e1d5c8c4-4b7e-8f40-9d3c-7f2b0a1c2d3e",
		Nonce: "challenge-nonce", Debtor: "acc_f82cba32-e2e2-8c31-8b38-52a2653301b0", Creditor: "acc_1c4eb822-ac6d-842b-8ffc-135666de5c98",
		CreditorName: "Zoë Müller", Amount: "100.00", Currency: "EUR", Fees: "0.00", Expiry: "2026-01-02T03:05:00Z",
	}
	var consent object
	require.NoError(t, json.Unmarshal([]byte(statement.Text()), &consent))
	consent["iat"], consent["jti"] = vectorIssued, "consent-1"
	accessHash := sha256.Sum256([]byte("the access token"))
	for name, v := range map[string]vector{
		"dpop-proof": signed(t, "POST /oauth2/token: possession of the device key (RFC 9449)", "device", "dpop+jwt", false, object{
			"jti": "proof-1", "htm": "POST", "htu": vectorIssuer + "/oauth2/token", "iat": vectorIssued, "nonce": "server-nonce",
		}),
		"signed-request": signed(t, "POST /v1/transfers with the body of content-digest.json, access token \"the access token\" and Idempotency-Key \"key-1\"",
			"device", "dpop+jwt", false, object{
				"jti": "proof-2", "htm": "POST", "htu": vectorIssuer + "/v1/transfers", "iat": vectorIssued, "nonce": "server-nonce",
				"ath": base64url.EncodeToString(accessHash[:]), "content_digest": contentDigest(vectorOrder), "idempotency_key": "key-1",
			}),
		"sca-counter-signature": counter,
		"registration": signed(t, "the registration of POST /v1/devices", "device", "florin-device+jwt", false, object{
			"aud": vectorIssuer, "nonce": "registration-nonce", "iat": vectorIssued, "exp": vectorIssued + 120,
			"platform": "ios", "os": "iOS 19", "model": "Phone", "app_version": "1.0.0", "fingerprint": "fp-1",
			"attestation": object{"format": "none"}, "sca_jwk": sca, "sca_proof": counter.JWS,
		}),
		"consent": signed(t, "the authorization of a challenged transfer, by the SCA key: the displayed statement's members, iat and jti", "sca", "florin-txn+jwt", true, consent),
	} {
		golden(t, "vectors/"+name+".json", indented(t, v))
	}
	golden(t, "vectors/content-digest.json", indented(t, []object{
		{"body": vectorOrder, "content_digest": contentDigest(vectorOrder)}, {"body": "", "content_digest": contentDigest("")},
	}))
	golden(t, "vectors/identifiers.json", indented(t, object{
		"about": "a device's id follows from its key's thumbprint", "jkt": device.Thumbprint(), "device_id": id.Named[id.Device](device.Thumbprint()).String(),
	}))
	bound := func(parts ...string) string {
		digest := sha256.Sum256([]byte(strings.Join(parts, "")))
		return base64url.EncodeToString(digest[:])
	}
	golden(t, "vectors/attestation-challenges.json", indented(t, object{
		"about":   "what the keys of registration.json are attested for: SHA-256, shown in base64url, over these texts joined",
		"all":     bound("registration-nonce", device.Thumbprint(), sca.Thumbprint()),
		"android": object{"device": bound("registration-nonce"), "sca": bound("registration-nonce", device.Thumbprint())},
		"nonce":   "registration-nonce", "jkt": device.Thumbprint(), "sca_jkt": sca.Thumbprint(),
	}))
	text := sha256.Sum256([]byte(statement.Text()))
	golden(t, "vectors/statement.json", indented(t, object{
		"about": "the displayed statement in its one spelling; a passkey signs its SHA-256", "text": statement.Text(), "sha256": base64url.EncodeToString(text[:]),
	}))
}

func indented(t *testing.T, value any) []byte {
	t.Helper()
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	require.NoError(t, encoder.Encode(value))
	return []byte(b.String())
}
