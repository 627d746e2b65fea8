// Package authorisation decides what may happen to one authorisation of a card:
// what a shop has asked for, what is held for it, and what it has taken.
//
//	                     .--> declined
//	(none) -- Request --+
//	                     '--> approved -- Capture (parts) --> captured -- Refund (parts)
//	                            |   |
//	                            |   '-- Reverse (parts) --> reversed
//	                            '------ Expire -----------> expired
//
// What the shop may take it can take in parts, and it comes late or asks for more
// than was held: the schemes oblige the bank to pay all the same, so a capture in any
// phase but declined is taken in, and what no hold covers is a forced debit.
// A decline is a fact, so the network's repeat gets the same answer for ever.
//
// It never touches an account or a card: the command that changes it holds, takes and
// gives back in the same commit (package commands). It must never give back more
// than was taken.
package authorisation

import (
	"time"

	"florin/domain/id"
	"florin/domain/money"
)

// Phase is where an authorisation stands; it is also its status on the wire.
type Phase string

const (
	Absent    Phase = ""
	Open      Phase = "approved" // something is still held, or an offline one waits for its capture
	Refused   Phase = "declined"
	Taken     Phase = "captured" // nothing is held any more
	GivenBack Phase = "reversed" // nothing was taken
	TimedOut  Phase = "expired"
)

// State is what the rules need to know of an authorisation; its zero value is one
// that does not exist yet. Sums are minor units. It holds no personal data.
type State struct {
	Authorisation id.Authorisation `json:"authorisation"`
	Card          id.Card          `json:"card"`
	Customer      id.Customer      `json:"customer"`
	Account       id.Account       `json:"account"`
	Amount        money.Amount     `json:"amount"`
	Day           string           `json:"day"` // that it counts to, of the card's limits
	Phase         Phase            `json:"phase"`
	Code          string           `json:"code"` // of the decline
	ExpiresAt     time.Time        `json:"expires_at"`
	Held          int64            `json:"held"`
	Captured      int64            `json:"captured"`
	Refunded      int64            `json:"refunded"`
}

// Reservation is the name under which the funds are held.
func (s State) Reservation() string { return s.Authorisation.Stream() }

// Remaining is what is still held.
func (s State) Remaining() money.Amount { return s.amount(s.Held) }

// Refundable is what has been taken and not given back.
func (s State) Refundable() money.Amount { return s.amount(s.Captured - s.Refunded) }

func (s State) amount(minor int64) money.Amount {
	return money.Amount{Minor: minor, Currency: s.Amount.Currency}
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Requested:
		s = State{Authorisation: e.Authorisation, Card: e.Card, Customer: e.Customer, Account: e.Account, Amount: e.Amount}
	case Approved:
		s.Phase, s.Held, s.Day, s.ExpiresAt = Open, e.Held.Minor, e.Day, e.ExpiresAt
	case Declined:
		s.Phase, s.Code = Refused, e.Code
	case Captured:
		s.Held, s.Captured = e.Held.Minor, s.Captured+e.Amount.Minor
		if s.Held == 0 {
			s.Phase = Taken
		}
	case Reversed:
		if s.Held = e.Held.Minor; s.Held == 0 {
			s.Phase = GivenBack
			if s.Captured > 0 {
				s.Phase = Taken
			}
		}
	case Expired:
		s.Phase, s.Held = TimedOut, 0
		if s.Captured > 0 {
			s.Phase = Taken
		}
	case Refunded:
		s.Refunded += e.Amount.Minor
	}
	return s
}

// ExpiresAfter is how long funds are held for a shop that does not come for them.
// Offline authorisations hold nothing.
const ExpiresAfter = 7 * 24 * time.Hour
