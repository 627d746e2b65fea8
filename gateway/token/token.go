// Package token is how proofs look on the wire: access tokens (RFC 9068), DPoP
// proofs (RFC 9449), signed requests, and the statements that a device signs.
// Commands decide what a token says; this package writes it down and reads it
// back, and no rule of the bank ever sees a JWT.
//
//	Authorization: DPoP <token> --Verifier--> *Access (who)      cached by SHA-256
//	DPoP: <proof>               --Proofs----> *Proof  (whose key, which request)
//	body: <statement>           --Open...---> what the customer signed
//
// ES256 is the only algorithm, but for client assertions, which may be PS256, and the
// ID tokens of clients that asked for RS256; golang-jwt does them all. Around it stands what
// the library leaves open: headers and claims are I-JSON without duplicate
// names, sizes are capped before anything is decoded, a header that names keys
// by address (jku, x5u) is refused and never fetched, and a proof is used once.
//
// It must never accept a proof twice: within a boot the set of jti prevents it,
// across boots the nonces do, which are keyed anew by every process.
package token

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"

	"florin/domain"
)

// Sizes of what is read; nothing longer is looked at (CVE-2025-30204).
const (
	AccessBytesMax    = 4 << 10
	ProofBytesMax     = 4 << 10
	StatementBytesMax = 16 << 10
	// RegistrationBytesMax is more, for the chains of two attested keys: base64 of base64.
	RegistrationBytesMax = 48 << 10
)

// Errors. What exactly was wrong is for nobody but the tests: a caller that is
// told more than these learns how to forge.
var (
	ErrToken     = errors.New("token: access token refused")
	ErrProof     = errors.New("token: DPoP proof refused")
	ErrNonce     = errors.New("token: DPoP proof lacks the present nonce")
	ErrUnsigned  = errors.New("token: the proof does not sign the request")
	ErrStatement = errors.New("token: signed statement refused")
	ErrFull      = errors.New("token: too many proofs at once")
)

// header is the JOSE header (RFC 7515 section 4). Members that it does not name
// are ignored, as the RFC wants; those below jwk must be absent.
type header struct {
	Type      string         `json:"typ"`
	Algorithm string         `json:"alg"`
	KeyID     string         `json:"kid,omitzero"`
	JWK       jsontext.Value `json:"jwk,omitzero"`
	Critical  jsontext.Value `json:"crit,omitzero"`
	JKU       jsontext.Value `json:"jku,omitzero"`
	X5U       jsontext.Value `json:"x5u,omitzero"`
	X5C       jsontext.Value `json:"x5c,omitzero"`
	X5T       jsontext.Value `json:"x5t,omitzero"`
	X5TS256   jsontext.Value `json:"x5t#S256,omitzero"`
	Zip       jsontext.Value `json:"zip,omitzero"`
	B64       jsontext.Value `json:"b64,omitzero"`
}

var errJWS = errors.New("token: not a JWS as wanted here")

// readHeader decodes the first segment of a compact JWS of the wanted type.
func readHeader(raw, typ string, sizeMax int) (header, error) {
	segment, err := framed(raw, sizeMax)
	if err != nil {
		return header{}, err
	}
	return decodeHeader(segment, typ, "ES256")
}

// framed gives the first segment of what has the form of a compact JWS.
func framed(raw string, sizeMax int) (string, error) {
	if len(raw) > sizeMax || strings.Count(raw, ".") != 2 || strings.ContainsAny(raw, "\r\n") { // which base64 would pass over
		return "", errJWS
	}
	segment, _, _ := strings.Cut(raw, ".")
	return segment, nil
}

func decodeHeader(segment, typ, algorithm string) (header, error) {
	var h header
	text, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return h, errJWS
	}
	if err := json.Unmarshal(text, &h); err != nil {
		return h, errJWS
	}
	forbidden := len(h.Critical) + len(h.JKU) + len(h.X5U) + len(h.X5C) + len(h.X5T) + len(h.X5TS256) + len(h.Zip) + len(h.B64)
	if !strings.EqualFold(h.Type, typ) || h.Algorithm != algorithm || forbidden > 0 {
		return h, errJWS
	}
	return h, nil
}

// jwk is a public P-256 key as a header carries it; any private or symmetric
// member, and any that is not known, makes it unreadable.
type jwk struct {
	domain.PublicKey
	Use         string   `json:"use,omitzero"`
	Operations  []string `json:"key_ops,omitzero"`
	Extractable bool     `json:"ext,omitzero"`
}

func (h header) key() (domain.PublicKey, *ecdsa.PublicKey, error) {
	var k jwk
	if len(h.JWK) == 0 {
		return domain.PublicKey{}, nil, errJWS
	}
	if err := json.Unmarshal(h.JWK, &k, json.RejectUnknownMembers(true)); err != nil {
		return domain.PublicKey{}, nil, errJWS
	}
	if k.Use != "" && k.Use != "sig" || len(k.Operations) > 0 && !slices.Contains(k.Operations, "verify") {
		return domain.PublicKey{}, nil, errJWS // a key for something else (RFC 7517 sections 4.2 and 4.3)
	}
	return pointOf(k.PublicKey)
}

func pointOf(k domain.PublicKey) (domain.PublicKey, *ecdsa.PublicKey, error) {
	parsed, err := k.Parsed()
	point, isEC := parsed.(*ecdsa.PublicKey)
	if err != nil || !isEC || k.Algorithm != "" && k.Algorithm != "ES256" {
		return domain.PublicKey{}, nil, errJWS
	}
	return domain.PublicKey{Algorithm: "ES256", Type: k.Type, Curve: k.Curve, X: k.X, Y: k.Y}, point, nil
}

// open verifies a compact JWS whose header has been read (so it is ES256), and
// decodes its claims.
func open[T any](raw string, key *ecdsa.PublicKey) (T, error) {
	if err := verify(raw, key); err != nil {
		var none T
		return none, err
	}
	return peek[T](raw)
}

// verify checks the signature over the exact bytes that were sent.
func verify(raw string, key *ecdsa.PublicKey) error {
	return verifyBy(jwt.SigningMethodES256, raw, key)
}

func verifyBy(method jwt.SigningMethod, raw string, key crypto.PublicKey) error {
	end := strings.LastIndexByte(raw, '.')
	if end < 0 {
		return errJWS
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(raw[end+1:])
	if err != nil {
		return errJWS
	}
	return method.Verify(raw[:end], signature, key)
}

// peek decodes the claims and verifies nothing: for refusing early what is wrong
// on the face of it, before a signature is worth its hundred microseconds.
func peek[T any](raw string) (T, error) {
	var claims T
	_, rest, _ := strings.Cut(raw, ".")
	segment, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return claims, err
	}
	return claims, json.Unmarshal(text, &claims)
}

// claimsOf lets golang-jwt write claims of any type.
type claimsOf[T any] struct{ value T }

func (c claimsOf[T]) MarshalJSON() ([]byte, error) {
	return json.Marshal(c.value, json.Deterministic(true))
}
func (claimsOf[T]) GetExpirationTime() (*jwt.NumericDate, error) { return nil, nil }
func (claimsOf[T]) GetIssuedAt() (*jwt.NumericDate, error)       { return nil, nil }
func (claimsOf[T]) GetNotBefore() (*jwt.NumericDate, error)      { return nil, nil }
func (claimsOf[T]) GetIssuer() (string, error)                   { return "", nil }
func (claimsOf[T]) GetSubject() (string, error)                  { return "", nil }
func (claimsOf[T]) GetAudience() (jwt.ClaimStrings, error)       { return nil, nil }

// Recent tells whether a statement's iat is close enough to now to have been made
// for this request.
func Recent(issuedAt int64, now time.Time) bool { return within(issuedAt, now, registrationAge) }

// within tells whether at (seconds since 1970) is at most span away from now.
func within(at int64, now time.Time, span time.Duration) bool {
	difference := now.Sub(time.Unix(at, 0))
	return at > 0 && difference <= span && difference >= -span
}
