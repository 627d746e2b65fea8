// Package payee decides whom a customer has saved as somebody to pay, and from when
// on that makes a payment trusted (PSD2 RTS art. 13).
//
//	(none) -- Save --> cooling off -- (TrustedFrom) --> trusted -- Remove --> (none)
//
// All of a customer's payees lie in one stream, so that nobody is saved twice and the
// list has a bound. Whoever saves a payee is told first whether the name is that of
// the account's holder (verification of payee, Regulation (EU) 2024/886), and what
// they were told is part of the fact.
//
// Why a cooling-off: whoever gets into an account saves a payee first. Until it is
// over a payment is none to a trusted payee; to one whose name did not match it never is.
// States hold no names.
package payee

import (
	"fmt"
	"slices"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/text"
)

const (
	Max          = 200 // payees of one customer
	NameRunesMax = 140 // ISO 20022, Max140Text
)

// Event is a fact about a customer's payees. The set is sealed by payeeEvent.
type Event interface {
	domain.Event
	payeeEvent()
}

type (
	// Saved: the customer means to pay an account of the bank, or a number elsewhere.
	Saved struct {
		Payee       id.Payee        `json:"payee"`
		Customer    id.Customer     `json:"customer"`
		Account     id.Account      `json:"account,omitzero"`
		IBAN        domain.Profile  `json:"iban,omitzero"`
		Number      string          `json:"number,omitempty"` // keyed digest of the IBAN of another bank
		Name        domain.Profile  `json:"name,omitzero"`    // as the customer wrote it
		Check       Check           `json:"check"`
		Holder      domain.Profile  `json:"holder,omitzero"`       // as the customer was shown it
		TrustedFrom time.Time       `json:"trusted_from,omitzero"` // absent: never
		Device      id.Device       `json:"device,omitzero"`
		Session     id.Session      `json:"session,omitzero"`
		Proof       domain.Evidence `json:"proof,omitzero"`
		Body        domain.Evidence `json:"body,omitzero"`
		TokenID     string          `json:"jti,omitempty"`
		At          time.Time       `json:"at"`
	}
	// Removed: it is a payee no more.
	Removed struct {
		Payee id.Payee  `json:"payee"`
		At    time.Time `json:"at"`
	}
)

func (Saved) Kind() string   { return "payee.saved" }
func (Removed) Kind() string { return "payee.removed" }
func (Saved) payeeEvent()    {}
func (Removed) payeeEvent()  {}

// Command is something one may ask of a customer's payees. The set is sealed.
type Command interface{ payeeCommand() }

type (
	// Save adds one, which is trusted Wait later if its name allows.
	Save struct {
		Asked Saved
		Wait  time.Duration
	}
	// Remove takes one off.
	Remove struct {
		Payee id.Payee
		At    time.Time
	}
)

func (Save) payeeCommand()   {}
func (Remove) payeeCommand() {}

// Refusals.
var (
	ErrMissing = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrExists  = &domain.Refusal{Class: domain.Conflict, Code: "payee-exists", Detail: "This account is one of your payees already."}
	ErrName    = &domain.Refusal{Class: domain.Invalid, Code: "invalid-payee-name", Detail: "The name must be one line of at most 140 characters, without control or direction marks."}
	ErrBlocked = &domain.Refusal{Class: domain.Forbidden, Code: "payee-blocked", Detail: "This payee cannot be saved. Please contact the bank."}
	ErrFull    = &domain.Refusal{Class: domain.Refused, Code: "too-many-payees", Detail: "Remove a payee before you save another one."}
)

// State is a customer's payees; its zero value is none.
type State struct{ Payees []Known }

// Known is one of them.
type Known struct {
	Payee       id.Payee
	Account     id.Account
	Number      string
	SavedAt     time.Time
	TrustedFrom time.Time // zero: never
}

// Trusted tells whether a payment at a time is one to a trusted payee.
func (k Known) Trusted(at time.Time) bool {
	return !k.TrustedFrom.IsZero() && !at.Before(k.TrustedFrom)
}

// Of finds the payee that an account is.
func (s State) Of(account id.Account) (Known, bool) {
	return s.find(func(k Known) bool { return !account.IsZero() && k.Account == account })
}

func (s State) find(is func(Known) bool) (Known, bool) {
	if i := slices.IndexFunc(s.Payees, is); i >= 0 {
		return s.Payees[i], true
	}
	return Known{}, false
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Save:
		return s.save(c)
	case Remove:
		if _, ok := s.find(func(k Known) bool { return k.Payee == c.Payee }); !ok {
			return nil, ErrMissing
		}
		return []Event{Removed(c)}, nil
	}
	panic(fmt.Sprintf("payee: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) save(c Save) ([]Event, error) {
	asked, name := c.Asked, c.Asked.Name.Reveal()
	_, known := s.find(func(k Known) bool {
		return k.Payee == asked.Payee || k.Account == asked.Account && k.Number == asked.Number
	})
	switch {
	case asked.Payee.IsZero(), asked.Customer.IsZero(), asked.Account.IsZero() == (asked.Number == ""):
		return nil, ErrMissing
	case name == "", len([]rune(name)) > NameRunesMax, !text.Line(name):
		return nil, ErrName
	case known:
		return nil, ErrExists
	case len(s.Payees) >= Max:
		return nil, ErrFull
	}
	if asked.TrustedFrom = (time.Time{}); asked.Check != NoMatch {
		asked.TrustedFrom = asked.At.Add(c.Wait)
	}
	return []Event{asked}, nil
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Saved:
		s.Payees = append(slices.Clip(s.Payees), Known{e.Payee, e.Account, e.Number, e.At, e.TrustedFrom})
	case Removed:
		s.Payees = slices.DeleteFunc(slices.Clone(s.Payees), func(k Known) bool { return k.Payee == e.Payee })
	}
	return s
}
