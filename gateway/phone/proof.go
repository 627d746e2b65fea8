package phone

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"florin/domain"
)

func newKey(random io.Reader) (*ecdsa.PrivateKey, error) {
	return ecdsa.GenerateKey(elliptic.P256(), random)
}

// public is the key as a proof carries it.
func public(key *ecdsa.PrivateKey) domain.PublicKey {
	jwk, err := domain.ECKey(&key.PublicKey)
	if err != nil {
		panic("phone: own key: " + err.Error())
	}
	jwk.Algorithm = ""
	return jwk
}

// Thumbprint is the jkt of the device key.
func (p *Phone) Thumbprint() string { return public(p.device).Thumbprint() }

// sign makes a compact JWS; the key is in the header unless bare.
func sign(key *ecdsa.PrivateKey, typ string, bare bool, claims jwt.MapClaims) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["typ"] = typ
	if !bare {
		token.Header["jwk"] = public(key)
	}
	signed, err := token.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign %s: %w", typ, err)
	}
	return signed, nil
}

// proof is a DPoP proof (RFC 9449 section 4.2). token is the access token that
// goes with it, or ""; more are the claims of a signed request.
func (p *Phone) proof(method, path, token string, more jwt.MapClaims) (string, error) {
	bare, _, _ := strings.Cut(path, "?")
	claims := jwt.MapClaims{
		"jti": p.NewID(), "htm": method, "htu": p.settings.Base + bare, "iat": p.settings.Now().Unix(),
	}
	if token != "" {
		digest := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(digest[:])
	}
	p.mu.Lock()
	if p.nonce != "" {
		claims["nonce"] = p.nonce
	}
	p.mu.Unlock()
	for name, value := range more {
		claims[name] = value
	}
	return sign(p.device, "dpop+jwt", false, claims)
}

// ContentDigest is the value of RFC 9530's header for these bytes.
func ContentDigest(body []byte) string {
	digest := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(digest[:]) + ":"
}

// Prepare makes a request with token and proof. With a key it is a signed
// request: the proof covers the body and the idempotency key too.
func (p *Phone) Prepare(method, path string, body []byte, idempotencyKey string) (Request, error) {
	token := p.Tokens().Access
	header := http.Header{}
	var more jwt.MapClaims
	if idempotencyKey != "" {
		header.Set("Idempotency-Key", idempotencyKey)
		more = jwt.MapClaims{"content_digest": ContentDigest(body), "idempotency_key": idempotencyKey}
	}
	proof, err := p.proof(method, path, token, more)
	if err != nil {
		return Request{}, err
	}
	if token != "" {
		header.Set("Authorization", "DPoP "+token)
	}
	header.Set("DPoP", proof)
	if len(body) > 0 {
		header.Set("Content-Type", "application/json")
	}
	return Request{Method: method, Path: path, Header: header, Body: body}, nil
}
