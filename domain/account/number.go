package account

import (
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/id"
)

// NumberEvent is a fact about one account number. Its stream is called by a keyed
// hash of the IBAN, as those of names are, so the IBAN stands nowhere in clear.
type NumberEvent interface {
	domain.Event
	numberEvent()
}

// Assigned: the number is this account's for ever. It is never given to another,
// for money would go to whoever had it next.
type Assigned struct {
	Claim   id.Claim   `json:"claim"`
	Account id.Account `json:"account"`
	At      time.Time  `json:"at"`
}

func (Assigned) Kind() string { return "claim.assigned" }
func (Assigned) numberEvent() {}

// Assign gives the number to an account.
type Assign struct {
	Claim   id.Claim
	Account id.Account
	At      time.Time
}

// ErrNumberTaken: another account has this number; a bank tries its next one.
var ErrNumberTaken = &domain.Refusal{Class: domain.Conflict, Code: "account-numbered", Detail: "This number is another account's."}

// Number is one account number; its zero value is free.
type Number struct{ account id.Account }

// Account is whose number this is; zero when it is nobody's.
func (n Number) Account() id.Account { return n.account }

// Decide answers a command.
func (n Number) Decide(command Assign) ([]NumberEvent, error) {
	if !n.account.IsZero() {
		return nil, ErrNumberTaken
	}
	return []NumberEvent{Assigned(command)}, nil
}

// Evolve takes in one fact.
func (n Number) Evolve(event NumberEvent) Number {
	e, ok := event.(Assigned)
	if !ok {
		panic(fmt.Sprintf("account: unknown event %T of a number", event)) // sealed: a bug, not an input
	}
	n.account = e.Account
	return n
}

// number gives a customer's account its IBAN; the bank's own books have none.
func (s State) number(c AssignNumber) ([]Event, error) {
	switch {
	case s.Status == Absent, s.Class == Internal:
		return nil, ErrMissing
	case s.Status == Finished:
		return nil, ErrClosed
	case s.Numbered:
		return nil, ErrNumbered
	case c.IBAN.IsZero(), c.Claim.IsZero():
		return nil, ErrInvalid
	}
	return []Event{Numbered(c)}, nil
}
