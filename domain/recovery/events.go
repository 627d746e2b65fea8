package recovery

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Event is a fact about one recovery. The set is sealed by recoveryEvent.
type Event interface {
	domain.Event
	recoveryEvent()
}

// Started: somebody at this device wants to get back into an account. Customer is
// zero when the name given is nobody's; that shows in the log and nowhere else.
// The code that goes to the customer's contacts is derived from the salt and
// stands nowhere.
type Started struct {
	Recovery  id.Recovery `json:"recovery"`
	Customer  id.Customer `json:"customer,omitzero"`
	Attempts  id.Attempts `json:"attempts"` // the budget, a shadow one for nobody's names
	Device    id.Device   `json:"device"`
	JKT       string      `json:"jkt"`             // only this key can go on
	For       string      `json:"for"`             // password, factors, contact or unlock
	Permit    id.Recovery `json:"permit,omitzero"` // an operator's, usable when this was started
	Salt      string      `json:"salt"`
	ExpiresAt time.Time   `json:"expires_at"`
	At        time.Time   `json:"at"`
}

// Failed: what was shown was wrong, or was shown for nobody.
type Failed struct {
	Try int64     `json:"try"` // from 1
	At  time.Time `json:"at"`
}

// Proven: what was shown was right; a code has gone to the contact that is to be
// the customer's from now on, and is waited for.
type Proven struct {
	Proofs    []string  `json:"proofs"`
	Contact   string    `json:"contact"` // email or phone
	Claim     id.Claim  `json:"claim"`
	ExpiresAt time.Time `json:"expires_at"`
	At        time.Time `json:"at"`
}

// Completed: the customer has it back.
type Completed struct {
	Proofs []string  `json:"proofs"` // code, sca-key, recovery_code, permit
	At     time.Time `json:"at"`
}

func (Started) Kind() string   { return "recovery.started" }
func (Failed) Kind() string    { return "recovery.failed" }
func (Proven) Kind() string    { return "recovery.proven" }
func (Completed) Kind() string { return "recovery.completed" }

func (Started) recoveryEvent()   {}
func (Failed) recoveryEvent()    {}
func (Proven) recoveryEvent()    {}
func (Completed) recoveryEvent() {}
