package token

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"

	"florin/domain"
)

// registrationAge is the longest life of a registration (identity.md).
const registrationAge = 2 * time.Minute

// Registration is what a device says of itself, signed by its own key (typ
// florin-device+jwt).
type Registration struct {
	Audience    string           `json:"aud"`
	Nonce       string           `json:"nonce"`
	IssuedAt    int64            `json:"iat"`
	ExpiresAt   int64            `json:"exp"`
	Platform    string           `json:"platform"`
	OS          string           `json:"os,omitzero"`
	Model       string           `json:"model,omitzero"`
	AppVersion  string           `json:"app_version,omitzero"`
	Fingerprint string           `json:"fingerprint,omitzero"`
	PushToken   string           `json:"push_token,omitzero"`
	SCAKey      domain.PublicKey `json:"sca_jwk,omitzero"`
	SCAProof    string           `json:"sca_proof,omitzero"` // JWS by the SCA key over nonce and jkt
	Attestation Attestation      `json:"attestation"`
}

// Attestation is the platform's word for the keys; "none" is no word.
type Attestation struct {
	Format string         `json:"format"`
	Data   jsontext.Value `json:"data,omitzero"`
}

// counterSignature is the SCA key's own claim (typ florin-sca+jwt).
type counterSignature struct {
	Audience string `json:"aud"`
	Nonce    string `json:"nonce"`
	IssuedAt int64  `json:"iat"`
	JKT      string `json:"jkt"`
}

// OpenRegistration verifies a registration by the key that the request's proof
// has shown, and the counter-signature of the SCA key if there is one. Whether
// the nonce is ours and unused is for the caller to find out.
func OpenRegistration(raw, audience string, proven domain.PublicKey, now time.Time) (Registration, error) {
	h, err := readHeader(raw, "florin-device+jwt", RegistrationBytesMax)
	if err != nil {
		return Registration{}, ErrStatement
	}
	key, point, err := h.key()
	if err != nil || key != proven {
		return Registration{}, ErrStatement
	}
	r, err := open[Registration](raw, point)
	if err != nil || r.Audience != audience || r.Nonce == "" || !within(r.IssuedAt, now, registrationAge) ||
		r.ExpiresAt <= now.Add(-Skew).Unix() || r.ExpiresAt-r.IssuedAt > int64(registrationAge/time.Second) {
		return Registration{}, ErrStatement
	}
	if r.SCAKey.IsZero() {
		if r.SCAProof != "" {
			return Registration{}, ErrStatement
		}
		return r, nil
	}
	r.SCAKey, err = openCounterSignature(r, audience, key.Thumbprint(), now)
	return r, err
}

func openCounterSignature(r Registration, audience, jkt string, now time.Time) (domain.PublicKey, error) {
	h, err := readHeader(r.SCAProof, "florin-sca+jwt", StatementBytesMax)
	if err != nil {
		return domain.PublicKey{}, ErrStatement
	}
	scaKey, _, scaErr := pointOf(r.SCAKey)
	key, point, err := h.key()
	if err != nil || scaErr != nil || key != scaKey || key.Thumbprint() == jkt {
		return domain.PublicKey{}, ErrStatement
	}
	c, err := open[counterSignature](r.SCAProof, point)
	if err != nil || c.Audience != audience || c.Nonce != r.Nonce || c.JKT != jkt || !within(c.IssuedAt, now, registrationAge) {
		return domain.PublicKey{}, ErrStatement
	}
	return key, nil
}

// Assent is the SCA key's part in a login (typ florin-login+jwt).
type Assent struct {
	Audience      string `json:"aud"`
	JKT           string `json:"jkt"`
	CodeChallenge string `json:"code_challenge"`
	ID            string `json:"jti"`
	IssuedAt      int64  `json:"iat"`
}

// OpenAssent verifies it by the SCA key of the device that is logging in.
func OpenAssent(raw, audience string, scaKey domain.PublicKey, now time.Time) (Assent, error) {
	a, err := openBy[Assent](raw, "florin-login+jwt", scaKey)
	if err != nil || a.Audience != audience || a.ID == "" || !within(a.IssuedAt, now, ProofAge) {
		return Assent{}, ErrStatement
	}
	return a, nil
}

// OpenConsent verifies a florin-txn+jwt by the given key and decodes its claims,
// all of which T must name: what the bank does not understand, the customer
// cannot have agreed on with it.
func OpenConsent[T any](raw string, key domain.PublicKey) (T, error) {
	return openWhole[T](raw, "florin-txn+jwt", key)
}

// OpenApproval verifies a florin-approval+jwt in the same way: what the customer was
// shown, the number that was typed, and the decision.
func OpenApproval[T any](raw string, key domain.PublicKey) (T, error) {
	return openWhole[T](raw, "florin-approval+jwt", key)
}

func openWhole[T any](raw, typ string, key domain.PublicKey) (T, error) {
	var none, claims T
	text, err := openBy[jsontext.Value](raw, typ, key)
	if err != nil {
		return none, ErrStatement
	}
	if err := json.Unmarshal(text, &claims, json.RejectUnknownMembers(true)); err != nil {
		return none, ErrStatement
	}
	return claims, nil
}

// AssertionClaims are those of private_key_jwt (RFC 7523 section 3).
type AssertionClaims struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	Audience  string `json:"aud"` // the issuer, as FAPI 2.0 wants
	ID        string `json:"jti"`
	IssuedAt  int64  `json:"iat"`
	NotBefore int64  `json:"nbf,omitzero"`
	ExpiresAt int64  `json:"exp"`
}

// AssertionAge bounds how long an assertion may live; its jti is kept a little longer.
const AssertionAge = 5 * time.Minute

// PeekAssertion gives the client that an assertion claims to be from, unproven.
func PeekAssertion(raw string) (clientID string, err error) {
	if len(raw) > StatementBytesMax {
		return "", ErrStatement
	}
	claims, err := peek[AssertionClaims](raw)
	if err != nil || claims.Issuer == "" || claims.Issuer != claims.Subject || len(claims.Issuer) > 128 {
		return "", ErrStatement
	}
	return claims.Issuer, nil
}

// OpenAssertion verifies a client's assertion by one of its keys. Single use of
// its jti is for the caller.
func OpenAssertion(raw, audience string, keys []domain.PublicKey, now time.Time) (AssertionClaims, error) {
	for _, key := range keys {
		c, err := openAssertion(raw, key)
		if err != nil {
			continue
		}
		lives := time.Unix(c.ExpiresAt, 0).Sub(now)
		if c.Audience != audience || c.Issuer != c.Subject || c.ID == "" || len(c.ID) > idBytesMax || c.IssuedAt <= 0 ||
			lives < -Skew || lives > AssertionAge+Skew || time.Unix(max(c.IssuedAt, c.NotBefore), 0).After(now.Add(Skew)) {
			break
		}
		return c, nil
	}
	return AssertionClaims{}, ErrStatement
}

// openAssertion takes ES256 by a P-256 key and PS256 by an RSA key, as FAPI 2.0
// section 5.4.1 has it, and RS256 by none. Which it is is the key's to say, never the
// header's alone. Types are as clients differ: "JWT", "client-authentication+jwt" or none.
func openAssertion(raw string, known domain.PublicKey) (AssertionClaims, error) {
	var none AssertionClaims
	key, err := known.Parsed()
	if err != nil {
		return none, ErrStatement
	}
	segment, err := framed(raw, StatementBytesMax)
	if err != nil {
		return none, ErrStatement
	}
	algorithm, method := "ES256", jwt.SigningMethod(jwt.SigningMethodES256)
	if known.Type == "RSA" {
		algorithm, method = "PS256", jwt.SigningMethodPS256
	}
	fits := func(typ string) bool { _, err := decodeHeader(segment, typ, algorithm); return err == nil }
	if known.Algorithm != "" && known.Algorithm != algorithm || !slices.ContainsFunc([]string{"", "JWT", "client-authentication+jwt"}, fits) {
		return none, ErrStatement
	}
	end := strings.LastIndexByte(raw, '.')
	signature, err := base64.RawURLEncoding.Strict().DecodeString(raw[end+1:])
	if err != nil || method.Verify(raw[:end], signature, key) != nil {
		return none, ErrStatement
	}
	return peek[AssertionClaims](raw)
}

// openBy verifies a JWS by a key that is known from elsewhere.
func openBy[T any](raw, typ string, known domain.PublicKey) (T, error) {
	var none T
	_, point, err := pointOf(known)
	if err != nil {
		return none, ErrStatement
	}
	if _, err := readHeader(raw, typ, StatementBytesMax); err != nil {
		return none, ErrStatement
	}
	claims, err := open[T](raw, point)
	if err != nil {
		return none, ErrStatement
	}
	return claims, nil
}
