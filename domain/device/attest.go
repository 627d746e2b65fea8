package device

import (
	"slices"
	"time"

	"florin/domain"
)

// ranks of levels, by rising trust.
var ranks = []string{AttestedNone, AttestedSoftware, AttestedHardware}

func rank(level string) int { return slices.Index(ranks, level) }

// Stronger is the higher one of two levels.
func Stronger(a, b string) string {
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// attest notes a verdict: on the keys that the device was registered with, and on each
// statement once.
func (s State) attest(c Attest) ([]Event, error) {
	switch {
	case s.Revoked:
		return nil, ErrRevoked
	case c.SCAKey.Thumbprint() != s.SCAKey.Thumbprint(), c.SCAHardware && s.SCAKey.IsZero():
		return nil, ErrOtherKeys
	case rank(c.Level) < 1, c.Format == "", c.Statement == "":
		return nil, ErrText
	case c.Statement == s.Statement:
		return nil, nil
	}
	return []Event{c.Attested}, nil
}

// assert takes each counter once and upwards, so of two racing assertions one wins.
func (s State) assert(c Assert) ([]Event, error) {
	switch {
	case s.Revoked:
		return nil, ErrRevoked
	case c.SCAKey.Thumbprint() != s.SCAKey.Thumbprint(), s.AppKey.IsZero():
		return nil, ErrOtherKeys
	case c.Counter <= s.Counter:
		return nil, ErrCounter
	}
	return []Event{c.Asserted}, nil
}

// attested keeps the most that was ever shown of the keys: a weaker word takes nothing
// back from a stronger one. A new key of App Attest counts from its own beginning.
func (s State) attested(e Attested) State {
	s.Attestation = Stronger(s.Attestation, e.Level)
	s.SCAHardware = s.SCAHardware || e.SCAHardware
	if !e.AppKey.IsZero() {
		s.AppKey, s.Counter = e.AppKey, 0
	}
	s.Statement = e.Statement
	return s
}

// Attested: a platform vouches for the device's keys. What was judged by is named, so
// that whoever has the statement can judge it again.
type Attested struct {
	Level       string           `json:"attestation_level"` // software, hardware
	Format      string           `json:"format"`            // android-key, apple-appattest, play-integrity, webauthn
	SCAHardware bool             `json:"sca_hardware,omitzero"`
	Reasons     []string         `json:"reasons"`                 // codes of what was seen
	Statement   string           `json:"statement_sha256"`        // of the certificates, or the token
	Roots       string           `json:"roots_sha256,omitzero"`   // of the keys of the trust anchors
	List        string           `json:"list_sha256,omitzero"`    // of the revocation list
	AppKey      domain.PublicKey `json:"app_attest_jwk,omitzero"` // that assertions are made by
	At          time.Time        `json:"at"`                      // of judgement
}

// Asserted: the attested key has signed anew, with a greater counter than ever.
type Asserted struct {
	Counter   int64     `json:"counter"`
	Statement string    `json:"statement_sha256"`
	At        time.Time `json:"at"`
}

func (Attested) Kind() string { return "device.attested" }
func (Asserted) Kind() string { return "device.asserted" }

func (Attested) deviceEvent() {}
func (Asserted) deviceEvent() {}
