package account

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// An owner may block all direct debits of an account (Regulation (EU) 260/2012, article
// 5(3)(d)(iii)): then no creditor collects from it, whatever mandate it has. What an owner
// allows single creditors, or refuses them, is the mandates' to say.

type (
	// DirectDebitsBlocked: nothing is collected from the account.
	DirectDebitsBlocked struct {
		By id.Customer `json:"by"`
		At time.Time   `json:"at"`
	}
	// DirectDebitsAllowed ends DirectDebitsBlocked.
	DirectDebitsAllowed struct {
		By id.Customer `json:"by"`
		At time.Time   `json:"at"`
	}
	// BlockDirectDebits and AllowDirectDebits are an owner's.
	BlockDirectDebits struct{ Asked DirectDebitsBlocked }
	AllowDirectDebits struct{ Asked DirectDebitsAllowed }
)

func (DirectDebitsBlocked) Kind() string { return "account.direct_debits_blocked" }
func (DirectDebitsAllowed) Kind() string { return "account.direct_debits_allowed" }

func (DirectDebitsBlocked) accountEvent() {}
func (DirectDebitsAllowed) accountEvent() {}

func (BlockDirectDebits) accountCommand() {}
func (AllowDirectDebits) accountCommand() {}

// Refusals.
var (
	ErrDebitsBlocked = &domain.Refusal{Class: domain.Conflict, Code: "direct-debits-blocked", Detail: "All direct debits of this account are blocked already."}
	ErrDebitsAllowed = &domain.Refusal{Class: domain.Conflict, Code: "direct-debits-not-blocked", Detail: "Direct debits of this account are not blocked as a whole."}
)

func (s State) blockDebits(c BlockDirectDebits) ([]Event, error) {
	if err := s.keeps(); err != nil {
		return nil, err
	}
	if s.DebitsBlocked {
		return nil, ErrDebitsBlocked
	}
	return []Event{c.Asked}, nil
}

func (s State) allowDebits(c AllowDirectDebits) ([]Event, error) {
	if err := s.keeps(); err != nil {
		return nil, err
	}
	if !s.DebitsBlocked {
		return nil, ErrDebitsAllowed
	}
	return []Event{c.Asked}, nil
}

// keeps checks that it is an account that a customer still has.
func (s State) keeps() error {
	switch {
	case s.Status == Absent, s.Class != Customers:
		return ErrMissing
	case s.Status == Finished:
		return ErrClosed
	}
	return nil
}

func (s State) evolveDebits(event Event) (State, bool) {
	switch event.(type) {
	case DirectDebitsBlocked:
		s.DebitsBlocked = true
	case DirectDebitsAllowed:
		s.DebitsBlocked = false
	default:
		return s, false
	}
	return s, true
}
