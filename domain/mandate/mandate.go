// Package mandate decides whether a creditor may collect from an account (SEPA Core
// direct debits, EPC016-06; Regulation (EU) 260/2012, article 5(3)).
//
//	(none) -- Grant, by the holder ------.
//	   '----- Collect, the first time ---+--> active -- Suspend --> suspended -- Resume --> active
//	                                            |                       |
//	                                            +------- Cancel --------+--> cancelled
//	                                            '-- 36 months unused ------> expired
//
// In the Core scheme a payer gives the mandate to the creditor, and the payer's bank
// first hears of it when a collection arrives: that registers it. A mandate that is
// over comes back by the holder's own Grant alone, never by a collection.
//
// A creditor is blocked as a whole, by a stream of its own for each account, so that
// a new mandate of the same creditor is blocked from its beginning. States hold no
// names: mandates and creditors are named by keyed digests of what the creditor said.
package mandate

import (
	"time"

	"florin/domain/id"
	"florin/domain/money"
)

// UnusedMonths is how long a mandate lives without a collection (EPC016-06, 4.1).
const UnusedMonths = 36

// Phase is where a mandate stands; it is also its status on the wire.
type Phase string

const (
	Absent    Phase = ""
	Active    Phase = "active"
	OnHold    Phase = "suspended"
	Withdrawn Phase = "cancelled"
	Lapsed    Phase = "expired"
)

// State is what the rules need to know of a mandate; its zero value is one that the
// bank has not heard of.
type State struct {
	Mandate  id.Mandate   `json:"mandate"`
	Account  id.Account   `json:"account"`
	Customer id.Customer  `json:"customer"`
	Creditor id.Creditor  `json:"creditor"`
	Phase    Phase        `json:"phase"`
	Limit    money.Amount `json:"limit"`   // of one collection; zero: none
	UsedAt   time.Time    `json:"used_at"` // granted, or last collected by
}

// ExpiresAt is when it lapses if nothing is collected meanwhile.
func (s State) ExpiresAt() time.Time { return s.UsedAt.AddDate(0, UnusedMonths, 0) }

// unused tells whether its time has run out, said or not.
func (s State) unused(at time.Time) bool {
	return (s.Phase == Active || s.Phase == OnHold) && !at.Before(s.ExpiresAt())
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Granted:
		s = State{Mandate: e.Mandate, Account: e.Account, Customer: e.Customer, Creditor: e.Creditor, Phase: Active, Limit: e.Limit, UsedAt: e.At}
	case Registered:
		s = State{Mandate: e.Mandate, Account: e.Account, Customer: e.Customer, Creditor: e.Creditor, Phase: Active, UsedAt: e.At}
	case Collected:
		s.UsedAt = e.At
	case LimitSet:
		s.Limit = e.Limit
	case Suspended:
		s.Phase = OnHold
	case Resumed:
		s.Phase = Active
	case Cancelled:
		s.Phase = Withdrawn
	case Expired:
		s.Phase = Lapsed
	}
	return s
}

// Creditor is whether one creditor may collect from one account at all; its zero
// value is one that may.
type Creditor struct {
	Blocked bool `json:"blocked"`
}

// Evolve takes in one fact.
func (c Creditor) Evolve(event CreditorEvent) Creditor {
	switch event.(type) {
	case CreditorBlocked:
		c.Blocked = true
	case CreditorAllowed:
		c.Blocked = false
	}
	return c
}
