// Package operator decides about the people and machines that run the bank.
//
//	(none) -- Create (a machine, by its key) --> enabled -- Disable --> disabled, for ever
//	(none) -- Appoint (a person) -- OpenEnrolment --> waiting -- Enrol --> enabled
//	                                     ^------------- a factor was lost ---/
//
// A machine signs assertions with its key. A person logs in, with a passkey or
// with a password and a one-time password; enrolling anew replaces them all.
// Scopes are granted apart, all of them anew each time, so that the latest grant
// says everything; roles are sets of scopes beside them, granted one by one.
package operator

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/text"
)

// NameRunesMax bounds an operator's name.
const NameRunesMax = 140

// Command is something one may ask of an operator.
type Command interface{ operatorCommand() }

type (
	// Create makes an operator whose client assertions are checked with Key.
	Create struct {
		Operator id.Operator
		Name     domain.Profile
		Scopes   []string
		Key      domain.PublicKey
		At       time.Time
	}
	// GrantScopes sets all scopes anew.
	GrantScopes struct {
		Scopes []string
		At     time.Time
	}
	// Disable ends an operator for good.
	Disable struct {
		Reason string
		At     time.Time
	}
)

func (Create) operatorCommand()      {}
func (GrantScopes) operatorCommand() {}
func (Disable) operatorCommand()     {}

var (
	ErrExists   = &domain.Refusal{Class: domain.Conflict, Code: "operator-exists", Detail: "This operator was created already."}
	ErrUnknown  = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrName     = &domain.Refusal{Class: domain.Invalid, Code: "operator-name-invalid", Detail: "A name of at most 140 characters is needed."}
	ErrKey      = &domain.Refusal{Class: domain.Invalid, Code: "key-invalid", Detail: "A public P-256 or RSA key is needed."}
	ErrScope    = &domain.Refusal{Class: domain.Invalid, Code: "scope-unknown", Detail: "An operator cannot be granted this scope."}
	ErrDisabled = &domain.Refusal{Class: domain.Conflict, Code: "operator-disabled", Detail: "This operator is disabled."}
)

// State is what the rules need to know of an operator.
type State struct {
	Operator id.Operator
	Scopes   []string // granted apart; May is all
	Roles    []Role
	Key      domain.PublicKey // of a machine
	Disabled bool

	// Of a person.
	Enrolment  Enrolment // open now
	Password   string    // PHC string
	TOTP       id.Factor
	LastStep   int64 // of a one-time password: this and older ones are spent
	Passkey    id.Factor
	Credential Credential // of the passkey
	Sessions   []Session  // the oldest first
	person     bool
}

// Enabled tells whether tokens may be given out.
func (s State) Enabled() bool { return !s.Operator.IsZero() && !s.Disabled }

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Create:
		return s.create(c)
	case Appoint:
		return s.appoint(c)
	}
	if s.Operator.IsZero() {
		return nil, ErrUnknown
	}
	switch c := command.(type) {
	case GrantScopes:
		scopes, ok := domain.Scopes(c.Scopes, domain.OperatorScopes())
		switch {
		case s.Disabled:
			return nil, ErrDisabled
		case !ok:
			return nil, ErrScope
		case slices.Equal(scopes, s.Scopes):
			return nil, nil
		}
		return []Event{ScopesGranted{Scopes: scopes, At: c.At}}, nil
	case Disable:
		switch {
		case s.Disabled:
			return nil, nil
		case !text.Code(c.Reason):
			return nil, ErrReason
		}
		return []Event{Disabled(c)}, nil
	case GrantRole:
		return s.grantRole(c)
	case WithdrawRole:
		return s.withdrawRole(c)
	}
	if s.Disabled {
		return nil, ErrDisabled
	}
	return s.human(command)
}

func unknown(command Command) string { // sealed: a bug, not an input
	return fmt.Sprintf("operator: unknown command %T", command)
}

func (s State) create(c Create) ([]Event, error) {
	scopes, ok := domain.Scopes(c.Scopes, domain.OperatorScopes())
	name := c.Name.Reveal()
	switch {
	case !s.Operator.IsZero():
		return nil, ErrExists
	case name == "", utf8.RuneCountInString(name) > NameRunesMax:
		return nil, ErrName
	case c.Key.Thumbprint() == "":
		return nil, ErrKey
	case !ok:
		return nil, ErrScope
	}
	c.Scopes = scopes
	return []Event{Created(c)}, nil
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Created:
		s = State{Operator: e.Operator, Scopes: e.Scopes, Key: e.Key}
	case ScopesGranted:
		s.Scopes = e.Scopes
	case Disabled:
		s.Disabled, s.Sessions, s.Enrolment = true, nil, Enrolment{}
	case RoleGranted, RoleWithdrawn:
		return s.evolveRoles(e)
	default:
		return s.evolvePerson(e)
	}
	return s
}
