// Package card decides what may happen to one payment card.
//
//	(none) -- Issue --> ordered -- Personalise --> active <-- Unfreeze/Freeze --> frozen
//	                       |                         |                              |
//	                       '-------------------------+---- Close, Replace ----------'--> closed, replaced
//
// The bank never holds a card's number: whoever makes the cards keeps it, and
// gives the bank a token and the last four digits (PCI DSS 4.0, requirement 3).
//
// What a card may spend is counted here, on the card's own state: so much at once,
// a day and a month (UTC; neither ever goes back). The money is held and taken on
// the account behind the card, in the same commit, and the account's rules hold as
// well (package commands). What is given back unspent counts again.
//
// It must never take in a number that may be a card's own, and a freeze by the
// bank must never be lifted by the customer.
package card

import (
	"time"

	"florin/domain/id"
	"florin/domain/money"
)

// Status of a card; it is also the status on the wire.
type Status string

const (
	Absent   Status = ""
	Ordered  Status = "ordered" // it has no number yet
	Active   Status = "active"
	OnIce    Status = "frozen"
	Swapped  Status = "replaced"
	Finished Status = "closed"
)

// Final tells whether nothing can happen to the card any more.
func (s Status) Final() bool { return s == Swapped || s == Finished }

// Limits bound what a card spends, in its account's currency. A zero amount is no limit.
type Limits struct {
	Each  money.Amount `json:"each,omitzero"` // authorisation
	Day   money.Amount `json:"day,omitzero"`
	Month money.Amount `json:"month,omitzero"`
}

// State is what the rules need to know of a card; its zero value is a card that
// does not exist yet. It holds no personal data.
type State struct {
	Card     id.Card        `json:"card"`
	Customer id.Customer    `json:"customer"`
	Account  id.Account     `json:"account"`
	Currency money.Currency `json:"currency"`
	Status   Status         `json:"status"`
	Made     bool           `json:"made"`    // it has been personalised
	ByBank   bool           `json:"by_bank"` // frozen by the bank
	Expires  string         `json:"expires"` // the last month it is good in, "2029-11"
	Limits   Limits         `json:"limits"`
	Day      string         `json:"day"`   // the latest day that spending counts to
	Spent    int64          `json:"spent"` // on that day, minor units
	Month    string         `json:"month"`
	Monthly  int64          `json:"monthly"` // spent in that month
}

// day is the one that spending at a time counts to, with its month: never an earlier
// one than has been counted.
func (s State) day(at time.Time) string { return max(s.Day, at.UTC().Format(time.DateOnly)) }

const monthLayout = "2006-01"

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Issued:
		s = State{Card: e.Card, Customer: e.Customer, Account: e.Account, Currency: e.Currency, Status: Ordered, Limits: e.Limits}
	case Personalised:
		s.Made, s.Expires, s.Status = true, e.Expires, Active
	case Frozen:
		s.Status, s.ByBank = OnIce, e.ByBank
	case Unfrozen:
		s.Status, s.ByBank = Active, false
	case LimitsSet:
		s.Limits = e.Limits
	case Replaced:
		s.Status = Swapped
	case SpendingCarried:
		s.Day, s.Spent, s.Month, s.Monthly = e.Day, e.Spent, e.Month, e.Monthly
	case Closed:
		s.Status = Finished
	case Authorised:
		s = s.count(e.Day, e.Amount.Minor)
	case AuthorisationReleased:
		s = s.uncount(e.Day, e.Amount.Minor)
	}
	return s
}

// spentMax keeps a card without limits from overflowing.
const spentMax = 1 << 62

func (s State) count(day string, minor int64) State {
	if month := day[:len(monthLayout)]; month > s.Month {
		s.Month, s.Monthly = month, 0
	}
	if day > s.Day {
		s.Day, s.Spent = day, 0
	}
	s.Spent, s.Monthly = min(s.Spent+minor, spentMax), min(s.Monthly+minor, spentMax)
	return s
}

// uncount gives back what has turned out unspent, if its day or month still counts.
func (s State) uncount(day string, minor int64) State {
	if day == s.Day {
		s.Spent = max(0, s.Spent-minor)
	}
	if day[:len(monthLayout)] == s.Month {
		s.Monthly = max(0, s.Monthly-minor)
	}
	return s
}
