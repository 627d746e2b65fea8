// Package journal decides postings that are no transfer: deposits, fees by
// themselves, interest, opening balances, corrections.
//
//	(none) -- Post --> posted
//
// A journal entry is one stream with one fact. Together with transfer.posted it
// is the only kind that moves money; it is never edited, only answered by another
// entry. It must never be written with legs that do not sum to nought: a
// money.Posting cannot be made of such legs.
package journal

import (
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/text"
)

// Purpose says why money moved.
type Purpose string

// The purposes.
const (
	Deposit         Purpose = "deposit"
	Fee             Purpose = "fee"
	Interest        Purpose = "interest"       // paid on what an account has
	DebitInterest   Purpose = "debit_interest" // charged on what it owes
	MonthlyFee      Purpose = "monthly_fee"
	OverdraftFee    Purpose = "overdraft_fee"
	OpeningBalance  Purpose = "opening_balance"
	Receivable      Purpose = "receivable"
	WriteOff        Purpose = "write_off"
	Settlement      Purpose = "settlement"
	CardPurchase    Purpose = "card_purchase"
	CardRefund      Purpose = "card_refund"
	Payment         Purpose = "payment"          // to another bank: from the account into transit
	PaymentReturn   Purpose = "payment_return"   // and back
	IncomingPayment Purpose = "incoming_payment" // from another bank
	IncomingReturn  Purpose = "incoming_return"  // and back to it
	DirectDebit     Purpose = "direct_debit"     // collected by another bank
	DebitRefund     Purpose = "direct_debit_refund"
	Clearing        Purpose = "clearing" // of what lay in suspense
)

// Known tells whether the bank books for this purpose.
func (p Purpose) Known() bool {
	switch p {
	case Deposit, Fee, Interest, DebitInterest, MonthlyFee, OverdraftFee, OpeningBalance, Receivable, WriteOff, Settlement, CardPurchase, CardRefund,
		Payment, PaymentReturn, IncomingPayment, IncomingReturn, DirectDebit, DebitRefund, Clearing:
		return true
	}
	return false
}

// Event is a fact about one journal entry. The set is sealed by journalEvent.
type Event interface {
	domain.Event
	journalEvent()
}

// Posted: money has moved along the legs.
type Posted struct {
	Journal   id.Journal      `json:"journal"`
	Purpose   Purpose         `json:"purpose"`
	Legs      money.Posting   `json:"legs"`
	Reference domain.Evidence `json:"reference,omitzero"`
	At        time.Time       `json:"at"`
}

func (Posted) Kind() string  { return "journal.posted" }
func (Posted) journalEvent() {}

// Command is something one may ask of a journal entry. The set is sealed.
type Command interface{ journalCommand() }

// Post books the legs.
type Post struct {
	Journal   id.Journal
	Purpose   Purpose
	Legs      money.Posting
	Reference domain.Evidence
	At        time.Time
}

func (Post) journalCommand() {}

// Refusals.
var (
	ErrExists    = &domain.Refusal{Class: domain.Conflict, Code: "journal-exists", Detail: "This entry was already booked."}
	ErrPurpose   = &domain.Refusal{Class: domain.Invalid, Code: "invalid-purpose", Detail: "The bank does not book for this purpose."}
	ErrNoLegs    = &domain.Refusal{Class: domain.Invalid, Code: "invalid-amount", Detail: "An entry needs legs that sum to nought."}
	ErrReference = &domain.Refusal{Class: domain.Invalid, Code: "invalid-reference", Detail: text.ReferenceRule}
)

// State is what the rules need to know of an entry; its zero value is an entry
// that does not exist yet.
type State struct {
	Posted bool `json:"posted"`
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	c, ok := command.(Post)
	if !ok {
		panic(fmt.Sprintf("journal: unknown command %T", command)) // sealed: a bug, not an input
	}
	switch {
	case s.Posted:
		return nil, ErrExists
	case !c.Purpose.Known():
		return nil, ErrPurpose
	case len(c.Legs.Legs()) == 0:
		return nil, ErrNoLegs
	case !text.Reference(c.Reference.Reveal()):
		return nil, ErrReference
	}
	return []Event{Posted(c)}, nil
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	if _, ok := event.(Posted); ok {
		s.Posted = true
	}
	return s
}
