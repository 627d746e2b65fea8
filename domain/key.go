package domain

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math/big"
)

// PublicKey is the public half of a signing key as a JSON Web Key (RFC 7517):
// P-256 or RSA. It never holds a private or symmetric member.
type PublicKey struct {
	KeyID     string `json:"kid,omitzero"`
	Algorithm string `json:"alg,omitzero"` // ES256 or RS256
	Type      string `json:"kty"`          // EC or RSA
	Curve     string `json:"crv,omitzero"` // P-256
	X         string `json:"x,omitzero"`   // base64url, 32 bytes
	Y         string `json:"y,omitzero"`
	Modulus   string `json:"n,omitzero"` // base64url, 2048 to 4096 bits
	Exponent  string `json:"e,omitzero"`
}

// ErrKey: not a P-256 point, or not an RSA key of 2048 to 4096 bits.
var ErrKey = errors.New("domain: not a usable public key")

// Thumbprint is the jkt of RFC 7638: SHA-256 over the required members in
// lexical order, base64url. It is "" for a key that Parsed would refuse.
func (k PublicKey) Thumbprint() string {
	if _, err := k.Parsed(); err != nil {
		return ""
	}
	// Parsed has shown that every value is plain base64url, so nothing needs escaping.
	canonical := `{"crv":"P-256","kty":"EC","x":"` + k.X + `","y":"` + k.Y + `"}`
	if k.Type == "RSA" {
		canonical = `{"e":"` + k.Exponent + `","kty":"RSA","n":"` + k.Modulus + `"}`
	}
	digest := sha256.Sum256([]byte(canonical))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// Parsed is the key as crypto/ecdsa or crypto/rsa takes it; a point off the
// curve, a short modulus or an unknown type is ErrKey.
func (k PublicKey) Parsed() (crypto.PublicKey, error) {
	switch k.Type {
	case "EC":
		x, errX := decode(k.X)
		y, errY := decode(k.Y)
		if k.Curve != "P-256" || k.Modulus+k.Exponent != "" || errX != nil || errY != nil || len(x) != 32 || len(y) != 32 {
			return nil, ErrKey
		}
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
		if err != nil {
			return nil, ErrKey
		}
		return key, nil
	case "RSA":
		n, errN := decode(k.Modulus)
		e, errE := decode(k.Exponent)
		if k.Curve+k.X+k.Y != "" || errN != nil || errE != nil || len(e) == 0 || len(e) > 3 || e[0] == 0 {
			return nil, ErrKey
		}
		key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		if bits := key.N.BitLen(); bits < 2048 || bits > 4096 || n[0] == 0 || key.E < 3 || key.E%2 == 0 {
			return nil, ErrKey
		}
		return key, nil
	}
	return nil, ErrKey
}

// ECKey is the JSON Web Key of a P-256 key.
func ECKey(key *ecdsa.PublicKey) (PublicKey, error) {
	point, err := key.Bytes()
	if err != nil || key.Curve != elliptic.P256() {
		return PublicKey{}, ErrKey
	}
	return PublicKey{
		Algorithm: "ES256", Type: "EC", Curve: "P-256",
		X: base64.RawURLEncoding.EncodeToString(point[1:33]),
		Y: base64.RawURLEncoding.EncodeToString(point[33:]),
	}, nil
}

// RSAKey is the JSON Web Key of an RSA key that signs by RS256.
func RSAKey(key *rsa.PublicKey) (PublicKey, error) {
	made := PublicKey{
		Algorithm: "RS256", Type: "RSA", Modulus: base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		Exponent: base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}
	if _, err := made.Parsed(); err != nil {
		return PublicKey{}, err
	}
	return made, nil
}

// IsZero tells whether there is no key.
func (k PublicKey) IsZero() bool { return k == PublicKey{} }

func decode(text string) ([]byte, error) { return base64.RawURLEncoding.Strict().DecodeString(text) }
