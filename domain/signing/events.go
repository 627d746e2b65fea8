package signing

import (
	"time"

	"florin/domain"
)

// Event is a fact about the keys that sign tokens. The set is sealed by signingEvent.
type Event interface {
	domain.Event
	signingEvent()
}

// Activated: the key is published at once and signs from UseFrom on. Its private
// half lies sealed in the key ring, never here.
type Activated struct {
	KeyID     string           `json:"kid"`
	Key       domain.PublicKey `json:"key"`
	Algorithm string           `json:"alg"` // ES256, or RS256 for the ID tokens of clients that asked
	UseFrom   time.Time        `json:"use_from"`
	At        time.Time        `json:"at"`
}

// Retired: another key takes over; what this one signed is believed until
// VerifyUntil, which may be at once.
type Retired struct {
	KeyID       string    `json:"kid"`
	VerifyUntil time.Time `json:"verify_until"`
	At          time.Time `json:"at"`
}

func (Activated) Kind() string { return "signing.activated" }
func (Retired) Kind() string   { return "signing.retired" }

func (Activated) signingEvent() {}
func (Retired) signingEvent()   {}
