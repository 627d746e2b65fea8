// Package recovery decides one way back into an account: for whoever has forgotten
// the password, has lost the second factors or the contacts, or is locked out.
//
//	(none) -- Start --> open -- Prove, right --> completed
//	                     |\---- Prove, right, with a new contact --> proven -- Confirm --> completed
//	                      \---- Prove, wrong, TriesMax times, or ten minutes --> over
//
// It takes two proofs that are independent of one another:
//
//	code           was sent to a contact that the customer has verified
//	sca-key        the customer's own device, behind the biometrics
//	recovery_code  of the list that was made for this day
//	permit         a code that an operator gave to the person, who was identified;
//	               it is good only after a waiting time in which everybody who is
//	               the customer can object (package customer)
//
// Why not the silent key of the device: whoever picks up an unlocked phone has it,
// and reads the code that is sent to it as well. Why never a code alone: a mailbox
// or a SIM is taken over more easily than a bank.
//
// Nothing is told before the end: a name that is nobody's, a wrong code and one that
// is too late fail alike. A recovery belongs to the key that began it.
package recovery

import (
	"crypto/subtle"
	"fmt"
	"slices"
	"time"

	"florin/domain"
	"florin/domain/id"
)

// What can be recovered.
const (
	Password = "password"
	Factors  = "factors"
	Contact  = "contact"
	Unlock   = "unlock"
)

// Proofs.
const (
	ByCode         = "code"
	BySCAKey       = "sca-key"
	ByRecoveryCode = "recovery_code"
	ByPermit       = "permit"
)

// Lifetimes and limits.
const (
	TTL      = 10 * time.Minute // of a recovery and its code
	TriesMax = 5
)

var (
	// ErrRefused: whatever is wrong with a recovery, it is only told this.
	ErrRefused = &domain.Refusal{Class: domain.Forbidden, Code: "recovery-refused", Detail: "This does not recover the account. Begin again, or call the bank."}
	// ErrPurpose: what is to be recovered is not one of the four.
	ErrPurpose = &domain.Refusal{Class: domain.Invalid, Code: "recovery-purpose-invalid", Detail: "Recover a password, factors, a contact, or unlock."}
	// ErrProofs: a code that was sent, or any other proof, never suffices alone.
	ErrProofs = &domain.Refusal{Class: domain.Invalid, Code: "recovery-proofs-missing", Detail: "Two proofs are needed: the code that was sent, this device's own confirmation, a recovery code."}
)

// Command is something one may ask of a recovery.
type Command interface{ recoveryCommand() }

type (
	// Start begins one. Customer is zero for a name that is nobody's: the recovery
	// then goes its whole way like any other, and fails at its end.
	Start struct {
		Recovery id.Recovery
		Customer id.Customer
		Attempts id.Attempts
		Device   id.Device
		JKT      string
		For      string
		Permit   id.Recovery
		Salt     string
		At       time.Time
	}
	// Prove shows proofs; Right tells whether all of them were. With a Contact the
	// recovery waits for the code that goes there.
	Prove struct {
		JKT     string
		Proofs  []string
		Right   bool
		Contact string
		Claim   id.Claim
		At      time.Time
	}
	// Confirm shows the code that went to the new contact.
	Confirm struct {
		JKT   string
		Claim id.Claim
		Right bool
		At    time.Time
	}
)

func (Start) recoveryCommand()   {}
func (Prove) recoveryCommand()   {}
func (Confirm) recoveryCommand() {}

type phase uint8

const (
	none phase = iota
	open
	proven
	completed
)

// State is what the rules need to know of a recovery.
type State struct {
	Started
	Proven Proven
	Tries  int64
	phase  phase
}

// Purposes tells whether it is something that can be recovered.
func Purposes(what string) bool {
	return slices.Contains([]string{Password, Factors, Contact, Unlock}, what)
}

// Enough tells whether proofs suffice if they are right: two that are independent,
// so a code that was sent is never enough.
func Enough(proofs []string) bool {
	distinct := slices.Compact(slices.Sorted(slices.Values(proofs)))
	return len(distinct) == len(proofs) && len(proofs) >= 2 &&
		!(slices.Contains(proofs, ByRecoveryCode) && slices.Contains(proofs, ByPermit))
}

// Open tells whether a code may still be sent for it.
func (s State) Open(at time.Time) bool { return s.phase == open && at.Before(s.ExpiresAt) }

// Confirming tells whether it waits for the code that went to a new contact.
func (s State) Confirming() bool { return s.phase == proven }

// Expects refuses a key, a time or a state in which nothing can be shown; Decide
// asks it again. It lets a verb refuse before it hashes a password.
func (s State) Expects(jkt string, at time.Time) error {
	if s.phase != open && s.phase != proven || !at.Before(s.ExpiresAt) || s.Tries >= TriesMax || subtle.ConstantTimeCompare([]byte(s.JKT), []byte(jkt)) != 1 {
		return ErrRefused
	}
	return nil
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Start:
		return s.start(c)
	case Prove:
		return s.prove(c)
	case Confirm:
		return s.confirm(c)
	}
	panic(fmt.Sprintf("recovery: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) start(c Start) ([]Event, error) {
	switch {
	case s.phase != none, c.Salt == "", c.JKT == "", c.Recovery.IsZero():
		return nil, ErrRefused
	case !Purposes(c.For):
		return nil, ErrPurpose
	}
	return []Event{Started{Recovery: c.Recovery, Customer: c.Customer, Attempts: c.Attempts, Device: c.Device, JKT: c.JKT, For: c.For,
		Permit: c.Permit, Salt: c.Salt, ExpiresAt: c.At.Add(TTL), At: c.At}}, nil
}

func (s State) prove(c Prove) ([]Event, error) {
	switch err := s.Expects(c.JKT, c.At); {
	case err != nil:
		return nil, err
	case s.phase != open:
		return nil, ErrRefused
	case !Enough(c.Proofs):
		return nil, ErrProofs
	case !c.Right, s.Customer.IsZero(), slices.Contains(c.Proofs, ByPermit) && s.Permit.IsZero():
		return []Event{Failed{Try: s.Tries + 1, At: c.At}}, nil
	case c.Contact != "":
		return []Event{Proven{Proofs: c.Proofs, Contact: c.Contact, Claim: c.Claim, ExpiresAt: c.At.Add(TTL), At: c.At}}, nil
	}
	return []Event{Completed{Proofs: c.Proofs, At: c.At}}, nil
}

func (s State) confirm(c Confirm) ([]Event, error) {
	switch err := s.Expects(c.JKT, c.At); {
	case err != nil:
		return nil, err
	case s.phase != proven:
		return nil, ErrRefused
	case !c.Right, c.Claim != s.Proven.Claim:
		return []Event{Failed{Try: s.Tries + 1, At: c.At}}, nil
	}
	return []Event{Completed{Proofs: s.Proven.Proofs, At: c.At}}, nil
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Started:
		s = State{Started: e, phase: open}
	case Failed:
		s.Tries = e.Try
	case Proven:
		s.phase, s.Proven, s.ExpiresAt = proven, e, e.ExpiresAt
	case Completed:
		s.phase = completed
	}
	return s
}
