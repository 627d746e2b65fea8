// Package attest is the vocabulary of device attestation: what a platform's word
// about a phone's keys is worth, and every reason why it is worth nothing.
//
//	statement + challenge + roots + lists + time --> a platform's package --> Verdict | refusals
//
// The platforms are packages below this one (android, apple, play, webauthn); what
// the bank trusts and which platform a statement goes to is package trust. All of it
// is pure: bytes and a time come in, so a verdict can be recomputed from the log.
//
// It must never accept what it does not understand: whatever a platform adds later
// is a refusal with a code until somebody has read it.
package attest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"florin/domain"
)

// Levels, by rising trust. Software: a platform vouches for the app and the device
// that sent the keys, not for where the keys live. Hardware: a chip of the device
// does.
const (
	LevelNone     = "none"
	LevelSoftware = "software"
	LevelHardware = "hardware"
)

// Formats of statements.
const (
	FormatNone      = "none"
	FormatAndroid   = "android-key"
	FormatApple     = "apple-appattest"
	FormatAssertion = "apple-assertion" // by a key that was attested before
	FormatPlay      = "play-integrity"
	FormatWebAuthn  = "webauthn"
)

// Verdict is what a statement that stands has shown. Reasons are codes of what was
// seen, for whoever asks later why the level is what it is.
type Verdict struct {
	Format  string
	Level   string
	Gated   bool // the SCA key lives in hardware and wants its owner at every use
	Reasons []string
	Digests Digests

	// Of App Attest: the key that assertions are made by, and its counter.
	AppKey  domain.PublicKey
	Counter uint32
}

// Digests are SHA-256, in hexadecimal, of what a verdict rests on; "" where it
// rests on nothing of the kind.
type Digests struct {
	Statement string // the certificates, or the token
	Roots     string // the trust anchors
	List      string // the revocation list
}

// Digest is SHA-256 over the parts in order, in hexadecimal. Parts say themselves where
// they end: DER, tokens, digests.
func Digest(parts ...[]byte) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write(part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Refusals are all reasons found, the gravest first. errors.Is and errors.As find
// each of them.
type Refusals []*domain.Refusal

func (r Refusals) Error() string { return r[0].Error() }

// Unwrap gives them one by one.
func (r Refusals) Unwrap() []error {
	all := make([]error, len(r))
	for i, refusal := range r {
		all[i] = refusal
	}
	return all
}

// First is the refusal that a caller is told.
func First(err error) error {
	if all, ok := errors.AsType[Refusals](err); ok && len(all) > 0 {
		return all[0]
	}
	return err
}
