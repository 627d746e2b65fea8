package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"

	"florin/domain/id"
)

// InternalTTL is how long an internal token is good: from gateway to service.
const InternalTTL = 5 * time.Second

// internalBytesMax bounds an internal token: an access token's claims, the request's,
// and a client's certificate, which is in base64 twice.
const internalBytesMax = 12<<10 + 2*CertificateBytesMax

// ErrInternal: an internal token that is not one for this request.
var ErrInternal = errors.New("token: internal token refused")

// Internal is what a gateway says to a service of one request: who asks, and which
// request it is. It is signed by the private key of the gateway's own certificate,
// and taken only on a connection on which that certificate was shown.
//
// Why that key: there is nothing to exchange, to keep or to rotate beside the
// certificates, a restart of either side changes nothing, a token that is stolen
// is of no use without the certificate, and no service can make one for another,
// as it could with a shared secret. It costs one signature and one verification.
type Internal struct {
	Audience      string  `json:"aud"` // the service, by name
	ID            string  `json:"jti"`
	IssuedAt      int64   `json:"iat"`
	ExpiresAt     int64   `json:"exp"`
	Method        string  `json:"htm"`
	Target        string  `json:"htu"` // TargetOf the request: a query may be longer than a token
	ContentDigest string  `json:"content_digest"`
	Request       string  `json:"request,omitzero"` // uuid: the correlation of all that follows
	Address       string  `json:"ip,omitzero"`      // of the socket's other end, at the gateway
	Key           string  `json:"idempotency_key,omitzero"`
	Identity      *Claims `json:"identity,omitempty"` // of the verified access token; nil: nobody has to show who they are
	TokenHash     string  `json:"ath,omitzero"`       // of that token
	Proof         *Shown  `json:"proof,omitempty"`    // the verified DPoP proof, to be used up

	Asks        bool   `json:"certificates,omitzero"` // the gateway's listener asks clients for certificates
	Certificate []byte `json:"certificate,omitempty"` // DER of the one that the connection has shown, followed to its authority
}

// Shown is a proof that a gateway has verified.
type Shown struct {
	JKT   string `json:"jkt"`
	ID    string `json:"jti"`
	Nonce string `json:"nonce"`
}

const internalType = "florin-internal+jwt"

// Sign writes an internal token for now; key is that of the gateway's certificate.
func (i Internal) Sign(key crypto.Signer, now time.Time) (string, error) {
	method, err := methodOf(key.Public())
	if err != nil {
		return "", err
	}
	i.IssuedAt, i.ExpiresAt = now.Unix(), now.Add(InternalTTL).Unix()
	t := jwt.NewWithClaims(method, claimsOf[Internal]{i})
	t.Header["typ"] = internalType
	raw, err := t.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign internal token: %w", err)
	}
	return raw, nil
}

// methodOf is the one algorithm of a certificate's key: EdDSA of Ed25519, ES256 of P-256.
func methodOf(key crypto.PublicKey) (jwt.SigningMethod, error) {
	switch k := key.(type) {
	case ed25519.PublicKey:
		return jwt.SigningMethodEdDSA, nil
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return jwt.SigningMethodES256, nil
		}
	}
	return nil, fmt.Errorf("token: internal tokens are signed by Ed25519 or P-256 keys, not by a %T", key)
}

// Misused is ErrInternal, with what exactly was wrong: for the log and the metrics.
type Misused struct{ Why string }

func (*Misused) Error() string { return ErrInternal.Error() }

// Is makes it ErrInternal.
func (*Misused) Is(target error) bool { return target == ErrInternal }

// Internals reads internal tokens. One per process: it holds who has been seen.
type Internals struct {
	now  func() time.Time
	seen *Once
}

// NewInternals has seen nothing yet.
func NewInternals(now func() time.Time) *Internals {
	return &Internals{now, NewOnce(InternalTTL+2*Skew, seenMax)}
}

// InternalWant is what an internal token has to be made for.
type InternalWant struct {
	Audience string
	Request  *http.Request
	Body     []byte
}

// TargetOf names path and query as they were sent.
func TargetOf(r *url.URL) string {
	if r.RawQuery == "" && !r.ForceQuery {
		return r.EscapedPath()
	}
	digest := sha256.Sum256([]byte(r.RawQuery))
	return r.EscapedPath() + "?" + base64.RawURLEncoding.EncodeToString(digest[:])
}

// Open gives what the token says, once. Errors: *Misused; ErrFull: try later.
func (i *Internals) Open(raw string, by crypto.PublicKey, want InternalWant) (*Internal, error) {
	if raw == "" {
		return nil, &Misused{"missing"}
	}
	if !writtenBy(raw, by) {
		return nil, &Misused{"malformed"}
	}
	claims, err := peek[Internal](raw)
	if err != nil || claims.ID == "" || len(claims.ID) > idBytesMax {
		return nil, &Misused{"malformed"}
	}
	now := i.now()
	digest := ContentDigest(want.Body)
	switch {
	case claims.Audience != want.Audience:
		return nil, &Misused{"other-service"}
	case claims.Method != want.Request.Method, claims.Target != TargetOf(want.Request.URL):
		return nil, &Misused{"other-request"}
	case subtle.ConstantTimeCompare([]byte(claims.ContentDigest), []byte(digest)) != 1:
		return nil, &Misused{"other-body"}
	case now.After(time.Unix(claims.ExpiresAt, 0).Add(Skew)), now.Before(time.Unix(claims.IssuedAt, 0).Add(-Skew)),
		claims.ExpiresAt-claims.IssuedAt > int64(InternalTTL/time.Second):
		return nil, &Misused{"expired"}
	}
	method, err := methodOf(by)
	if err != nil {
		return nil, &Misused{"malformed"}
	}
	signed, signature := raw[:strings.LastIndexByte(raw, '.')], raw[strings.LastIndexByte(raw, '.')+1:]
	bytes, err := base64.RawURLEncoding.Strict().DecodeString(signature)
	if err != nil || method.Verify(signed, bytes, by) != nil {
		return nil, &Misused{"bad-signature"}
	}
	if err := i.seen.Claim("", claims.ID, now); errors.Is(err, ErrProof) {
		return nil, &Misused{"replayed"}
	} else if err != nil {
		return nil, err
	}
	return &claims, nil
}

// writtenBy checks the header: the type, the one algorithm of the key, and nothing
// that would name another key.
func writtenBy(raw string, by crypto.PublicKey) bool {
	segment, err := framed(raw, internalBytesMax)
	if err != nil {
		return false
	}
	method, err := methodOf(by)
	if err != nil {
		return false
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return false
	}
	var head struct {
		Type      string `json:"typ"`
		Algorithm string `json:"alg"`
	}
	err = json.Unmarshal(text, &head, json.RejectUnknownMembers(true))
	return err == nil && head.Type == internalType && head.Algorithm == method.Alg()
}

// Known is the access token that a gateway has verified, from what it says of it.
// ErrToken if it makes no sense.
func (i *Internal) Known() (*Access, error) {
	hash, err := base64.RawURLEncoding.Strict().DecodeString(i.TokenHash)
	if i.Identity == nil || err != nil || len(hash) != 32 {
		return nil, ErrToken
	}
	access := &Access{Claims: *i.Identity, Client: id.Named[id.Client](i.Identity.ClientID), Scopes: strings.Fields(i.Identity.Scope), Digest: [32]byte(hash)}
	return access, access.identify()
}

// Hash is the token's ath (RFC 9449 section 4.2).
func (a *Access) Hash() string { return base64.RawURLEncoding.EncodeToString(a.Digest[:]) }
