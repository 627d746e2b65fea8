// Package play judges Play Integrity tokens that the bank opens by itself (classic
// requests with self-managed keys): Google's word that a genuine copy of an app has asked
// from a device that meets its integrity.
//
//	token --> JWE (A256KW, A256GCM) --> JWS (ES256) --> verdict --> policy --> Finding | refusal
//
// It vouches for app and device, and binds the keys by the request hash alone: where the
// keys live it does not say. Algorithms are listed and never taken from the token.
package play

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"florin/domain/attest"
)

// App is an app of the bank's, with the keys that the Play Console has given for it.
type App struct {
	Package   string
	Signers   [][]byte // SHA-256 of the certificates that may have signed it
	Opening   []byte   // AES-256, of the JWE
	Verifying *ecdsa.PublicKey
}

// ErrKeys: not the two keys of the Play Console.
var ErrKeys = errors.New("play: not an AES-256 key and a P-256 public key in base64")

// Keys reads the Console's two texts: both are base64, the second one of DER.
func Keys(opening, verifying string) ([]byte, *ecdsa.PublicKey, error) {
	key, err := base64.StdEncoding.DecodeString(opening)
	der, derErr := base64.StdEncoding.DecodeString(verifying)
	if err != nil || derErr != nil || len(key) != 32 {
		return nil, nil, ErrKeys
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	public, ec := parsed.(*ecdsa.PublicKey)
	if err != nil || !ec || public.Curve != elliptic.P256() {
		return nil, nil, ErrKeys
	}
	return key, public, nil
}

const (
	// TokenBytesMax bounds a token: those of devices have about 2 KiB.
	TokenBytesMax = 12 << 10
	// Age is how long after it was asked for a token is taken.
	Age = 2 * time.Minute
	// skew is how far ahead of the bank Google's clock may be.
	skew = 30 * time.Second
)

// Finding is what a token that stands has shown.
type Finding struct {
	Strong    bool // the device's integrity is proven by its hardware
	Statement string
}

// Reasons are its codes, for the record.
func (f Finding) Reasons() []string {
	if f.Strong {
		return []string{"play-recognized", "device-integrity-strong"}
	}
	return []string{"play-recognized", "device-integrity"}
}

// said is a verdict, of the fields that are judged.
type said struct {
	Request struct {
		Package string `json:"requestPackageName"`
		Nonce   string `json:"nonce"`
		Hash    string `json:"requestHash"`
		Millis  int64  `json:"timestampMillis,string"`
	} `json:"requestDetails"`
	App struct {
		Verdict string   `json:"appRecognitionVerdict"`
		Package string   `json:"packageName"`
		Signers []string `json:"certificateSha256Digest"`
	} `json:"appIntegrity"`
	Device struct {
		Verdicts []string `json:"deviceRecognitionVerdict"`
	} `json:"deviceIntegrity"`
}

// Judge opens a token by the keys of one of the apps and holds it against the challenge
// and the time. Its error is one refusal.
func Judge(token string, challenge []byte, apps []App, at time.Time) (Finding, error) {
	if len(token) > TokenBytesMax {
		return Finding{}, attest.ErrTooLarge
	}
	if !plain(token) {
		return Finding{}, attest.ErrMalformed
	}
	sealed, err := jose.ParseEncryptedCompact(token, []jose.KeyAlgorithm{jose.A256KW}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		return Finding{}, algorithm(err)
	}
	app, inner, err := opened(sealed, apps)
	if err != nil {
		return Finding{}, err
	}
	verdict, err := verified(inner, app)
	if err != nil {
		return Finding{}, err
	}
	if err := verdict.judge(app, challenge, at); err != nil {
		return Finding{}, err
	}
	return Finding{Strong: slices.Contains(verdict.Device.Verdicts, "MEETS_STRONG_INTEGRITY"), Statement: attest.Digest([]byte(token))}, nil
}

// plain holds that every part is base64url in its one spelling, so that no other token
// says the same.
func plain(token string) bool {
	parts := strings.Split(token, ".")
	for _, part := range parts {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || base64.RawURLEncoding.EncodeToString(raw) != part {
			return false
		}
	}
	return len(parts) == 5
}

// algorithm tells a listed algorithm missed from bytes that cannot be read; for JWE the
// library has no error of its own.
func algorithm(err error) error {
	if strings.Contains(err.Error(), "unexpected") {
		return attest.ErrAlgorithm
	}
	return attest.ErrMalformed
}

// opened tries each app's key: which app it is, the token says only inside.
func opened(sealed *jose.JSONWebEncryption, apps []App) (App, string, error) {
	for _, app := range apps {
		if inner, err := sealed.Decrypt(app.Opening); err == nil {
			return app, string(inner), nil
		}
	}
	return App{}, "", attest.ErrSealed
}

func verified(inner string, app App) (verdict said, err error) {
	signed, err := jose.ParseSignedCompact(inner, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return verdict, algorithm(err)
	}
	payload, err := signed.Verify(app.Verifying)
	if err != nil {
		return verdict, attest.ErrSignature
	}
	if json.Unmarshal(payload, &verdict) != nil {
		return verdict, attest.ErrMalformed
	}
	return verdict, nil
}

func (s said) judge(app App, challenge []byte, at time.Time) error {
	asked := time.UnixMilli(s.Request.Millis)
	switch {
	case s.Request.Package != app.Package:
		return attest.ErrApp
	case !s.bound(challenge):
		return attest.ErrChallenge
	case at.Sub(asked) > Age, asked.Sub(at) > skew:
		return attest.ErrTokenTime
	case s.App.Verdict != "PLAY_RECOGNIZED":
		return attest.ErrUnrecognized
	case s.App.Package != app.Package:
		return attest.ErrApp
	case !s.signedBy(app):
		return attest.ErrSigner
	case !slices.Contains(s.Device.Verdicts, "MEETS_DEVICE_INTEGRITY"):
		return attest.ErrIntegrity
	}
	return nil
}

// bound tells whether the request was for this challenge: the nonce of a classic
// request, or the hash of a standard one, and never both.
func (s said) bound(challenge []byte) bool {
	text := s.Request.Nonce
	if s.Request.Hash != "" && text != "" {
		return false
	}
	text = strings.TrimRight(text+s.Request.Hash, "=")
	return subtle.ConstantTimeCompare([]byte(text), []byte(base64.RawURLEncoding.EncodeToString(challenge))) == 1
}

func (s said) signedBy(app App) bool {
	for _, text := range s.App.Signers {
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
		if err != nil || !slices.ContainsFunc(app.Signers, func(known []byte) bool { return bytes.Equal(known, raw) }) {
			return false
		}
	}
	return len(s.App.Signers) > 0
}
