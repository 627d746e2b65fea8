package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"florin/domain/id"
)

// Skew is how far the clocks of issuer and reader may differ.
const Skew = 10 * time.Second

// Claims of an access token (RFC 9068 section 2.2, RFC 9449 section 6, RFC 9470).
type Claims struct {
	Issuer       string    `json:"iss"`
	Audience     string    `json:"aud"`
	Subject      string    `json:"sub"` // cus_..., opr_..., or the client_id of a machine
	UserID       string    `json:"user_id,omitzero"`
	ClientID     string    `json:"client_id"`
	DeviceID     string    `json:"device_id,omitzero"`
	SessionID    string    `json:"sid,omitzero"`
	Scope        string    `json:"scope"`
	ACR          string    `json:"acr,omitzero"`
	AMR          []string  `json:"amr,omitempty"`
	AuthTime     int64     `json:"auth_time,omitzero"`
	AuthStrength int64     `json:"auth_strength,omitzero"`
	RiskScore    int64     `json:"risk_score"`
	Confirmation Binding   `json:"cnf"`
	Details      []Payment `json:"authorization_details,omitempty"` // of third parties (RFC 9396 section 9.1)
	ID           string    `json:"jti"`
	IssuedAt     int64     `json:"iat"`
	NotBefore    int64     `json:"nbf,omitzero"`
	ExpiresAt    int64     `json:"exp"`
}

// Binding names the key that a token is bound to (RFC 7800), and the certificate if it
// is bound to one as well (RFC 8705 section 3.1).
type Binding struct {
	JKT string `json:"jkt"`
	X5T string `json:"x5t#S256,omitzero"`
}

// Issuer writes tokens. Key gives the present signing key; RSAKey the one for ID and
// logout tokens of clients that asked for RS256.
type Issuer struct {
	URL    string
	Key    func() (keyID string, key *ecdsa.PrivateKey, err error)
	RSAKey func() (keyID string, key *rsa.PrivateKey, err error)
}

// Access signs an access token; Issuer and Audience of the claims are set here.
func (i Issuer) Access(claims Claims) (string, error) {
	claims.Issuer, claims.Audience = i.URL, i.URL
	return signed(i, "at+jwt", claims)
}

// IDClaims are those of an ID token (OpenID Connect Core section 2).
type IDClaims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  string   `json:"aud"`
	SessionID string   `json:"sid,omitzero"`
	Nonce     string   `json:"nonce,omitzero"`
	ACR       string   `json:"acr,omitzero"`
	AMR       []string `json:"amr,omitempty"`
	AuthTime  int64    `json:"auth_time,omitzero"`
	IssuedAt  int64    `json:"iat"`
	ExpiresAt int64    `json:"exp"`
}

// LogoutClaims are those of a logout token (Back-Channel Logout 1.0 section 2.4).
// There is no nonce, lest it pass for an ID token.
type LogoutClaims struct {
	Issuer    string              `json:"iss"`
	Subject   string              `json:"sub"`
	Audience  string              `json:"aud"`
	SessionID string              `json:"sid"`
	ID        string              `json:"jti"`
	IssuedAt  int64               `json:"iat"`
	ExpiresAt int64               `json:"exp"`
	Events    map[string]struct{} `json:"events"`
}

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// Logout signs a logout token, of a type of its own, by what the client has arranged
// for its ID tokens (section 2.4).
func (i Issuer) Logout(claims LogoutClaims, algorithm string) (string, error) {
	claims.Issuer, claims.Events = i.URL, map[string]struct{}{logoutEvent: {}}
	return signedAs(i, algorithm, "logout+jwt", claims)
}

// ReadIdentity reads an ID token of this issuer's, also one that has expired: as a
// hint it names a session, and opens nothing (RP-Initiated Logout 1.0 section 2).
// ErrToken for anything else.
func ReadIdentity(raw, issuer string, keys IdentityKeys) (IDClaims, error) {
	if !keys.signed(raw) {
		return IDClaims{}, ErrToken
	}
	claims, err := peek[IDClaims](raw)
	if err != nil || claims.Issuer != issuer || claims.Subject == "" || claims.Audience == "" {
		return IDClaims{}, ErrToken
	}
	return claims, nil
}

// IdentityKeys find the keys that ID tokens are signed with, of each algorithm its own:
// a key is never taken for another than the one it is for.
type IdentityKeys struct {
	ES256 func(keyID string) (*ecdsa.PublicKey, bool)
	RS256 func(keyID string) (*rsa.PublicKey, bool)
}

func (k IdentityKeys) signed(raw string) bool {
	segment, err := framed(raw, AccessBytesMax)
	if err != nil {
		return false
	}
	if h, err := decodeHeader(segment, "JWT", "ES256"); err == nil {
		key, known := k.ES256(h.KeyID)
		return h.named() && known && verifyBy(jwt.SigningMethodES256, raw, key) == nil
	}
	h, err := decodeHeader(segment, "JWT", "RS256")
	if err != nil || !h.named() {
		return false
	}
	key, known := k.RS256(h.KeyID)
	return known && verifyBy(jwt.SigningMethodRS256, raw, key) == nil
}

// named tells that the header names a key of ours, and brings none.
func (h header) named() bool { return len(h.JWK) == 0 && h.KeyID != "" && len(h.KeyID) <= 128 }

// Identity signs an ID token by what the client has arranged. Its type is another
// than an access token's, so that neither passes for the other.
func (i Issuer) Identity(claims IDClaims, algorithm string) (string, error) {
	claims.Issuer = i.URL
	return signedAs(i, algorithm, "JWT", claims)
}

// signedAs signs for a client: by RS256 if it has arranged that, else by ES256.
func signedAs[T any](i Issuer, algorithm, typ string, claims T) (string, error) {
	if algorithm != "RS256" {
		return signed(i, typ, claims)
	}
	keyID, key, err := i.RSAKey()
	if err != nil {
		return "", fmt.Errorf("sign %s: %w", typ, err)
	}
	return signedBy(jwt.SigningMethodRS256, keyID, key, typ, claims)
}

func signed[T any](i Issuer, typ string, claims T) (string, error) {
	keyID, key, err := i.Key()
	if err != nil {
		return "", fmt.Errorf("sign %s: %w", typ, err)
	}
	return signedBy(jwt.SigningMethodES256, keyID, key, typ, claims)
}

func signedBy[T any](method jwt.SigningMethod, keyID string, key crypto.Signer, typ string, claims T) (string, error) {
	t := jwt.NewWithClaims(method, claimsOf[T]{claims})
	t.Header["typ"], t.Header["kid"] = typ, keyID
	raw, err := t.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign %s: %w", typ, err)
	}
	return raw, nil
}

// Access is a verified access token. It is shared between requests: read only.
type Access struct {
	Claims
	Customer id.Customer // zero for operators and machines
	Operator id.Operator
	Client   id.Client
	Device   id.Device
	Session  id.Session
	Scopes   []string
	Digest   [32]byte // SHA-256 of the token as it was sent
	keyID    string
}

// Covers tells whether the token has every scope.
func (a *Access) Covers(scopes ...string) bool {
	for _, scope := range scopes {
		if !slices.Contains(a.Scopes, scope) {
			return false
		}
	}
	return true
}

// Verifier reads access tokens. A verified one is kept by its hash until it
// expires; whether it was revoked, and whether its key still stands, is asked
// every time.
type Verifier struct {
	URL     string                                      // issuer, and audience
	Key     func(keyID string) (*ecdsa.PublicKey, bool) // of this issuer, retired ones excluded
	Revoked func(*Access) bool
	Now     func() time.Time
	kept    kept[[32]byte, *Access]
}

// Verify gives the token's meaning, or ErrToken: as *Ended where it was ours and
// would still be taken had it not been ended, as ErrExpired where its time is up.
func (v *Verifier) Verify(raw string) (*Access, error) {
	if len(raw) > AccessBytesMax {
		return nil, ErrToken
	}
	digest := sha256.Sum256([]byte(raw))
	access, hit := v.kept.get(digest)
	if !hit {
		var err error
		if access, err = v.read(raw); err != nil {
			return nil, ErrToken
		}
		access.Digest = digest
	}
	if err := v.stands(access); err != nil {
		return nil, err
	}
	if !hit {
		v.kept.put(digest, access)
	}
	return access, nil
}

func (v *Verifier) stands(access *Access) error {
	now := v.Now()
	_, known := v.Key(access.keyID)
	switch {
	case !known, now.Before(time.Unix(max(access.NotBefore, access.IssuedAt), 0).Add(-Skew)):
		return ErrToken
	case now.After(time.Unix(access.ExpiresAt, 0).Add(Skew)):
		return ErrExpired
	case v.Revoked(access):
		return &Ended{access}
	}
	return nil
}

func (v *Verifier) read(raw string) (*Access, error) {
	h, err := readHeader(raw, "at+jwt", AccessBytesMax)
	if err != nil || !h.named() {
		return nil, ErrToken
	}
	key, known := v.Key(h.KeyID)
	if !known {
		return nil, ErrToken
	}
	claims, err := open[Claims](raw, key)
	if err != nil {
		return nil, err
	}
	if claims.Issuer != v.URL || claims.Audience != v.URL || claims.Confirmation.JKT == "" || claims.ID == "" || claims.ExpiresAt == 0 {
		return nil, ErrToken
	}
	access := &Access{Claims: claims, Client: id.Named[id.Client](claims.ClientID), Scopes: strings.Fields(claims.Scope), keyID: h.KeyID}
	return access, access.identify()
}

// identify reads the identifiers; an empty one is nobody, a broken one no token.
func (a *Access) identify() error {
	var err error
	if strings.HasPrefix(a.Subject, "cus_") {
		if a.Customer, err = id.Parse[id.Customer](a.Subject); err != nil {
			return ErrToken
		}
	}
	if strings.HasPrefix(a.Subject, "opr_") {
		if a.Operator, err = id.Parse[id.Operator](a.Subject); err != nil {
			return ErrToken
		}
	}
	if a.DeviceID != "" {
		if a.Device, err = id.Parse[id.Device](a.DeviceID); err != nil {
			return ErrToken
		}
	}
	if a.SessionID != "" {
		if a.Session, err = id.Parse[id.Session](a.SessionID); err != nil {
			return ErrToken
		}
	}
	return nil
}
