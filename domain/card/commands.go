package card

import (
	"time"

	"florin/domain/id"
	"florin/domain/money"
)

// Command is something one may ask of a card. The set is sealed.
type Command interface{ cardCommand() }

type (
	// Issue orders a card for an account of the customer's.
	Issue struct {
		Card     id.Card
		Customer id.Customer
		Account  id.Account
		Currency money.Currency // of the account
		Limits   Limits
		Most     Limits // the bank's own, which no customer goes beyond
		Replaces id.Card
		At       time.Time
	}
	// Personalise says that the card has been made.
	Personalise struct {
		Token, LastFour, Expires string
		At                       time.Time
	}
	// Freeze stops new authorisations.
	Freeze struct {
		ByBank bool
		Reason string
		At     time.Time
	}
	// Unfreeze ends a freeze: one by the bank only ByBank.
	Unfreeze struct {
		ByBank bool
		Reason string
		At     time.Time
	}
	// SetLimits puts other limits in place; Most are as those of Issue.
	SetLimits struct {
		Limits, Most Limits
		At           time.Time
	}
	// Replace ends the card in favour of another.
	Replace struct {
		By     id.Card
		ByBank bool // a customer does not replace a card that the bank has frozen
		Reason string
		At     time.Time
	}
	// CarrySpending counts against a replacement what the card before it has spent.
	CarrySpending struct {
		From    id.Card
		Day     string
		Spent   int64
		Month   string
		Monthly int64
		At      time.Time
	}
	// Close ends the card.
	Close struct {
		Reason string
		At     time.Time
	}
	// Authorise asks whether the card may spend this, and counts it. Offline: the
	// terminal has said yes, so only a card that never was is refused.
	Authorise struct {
		Authorisation id.Authorisation
		Amount        money.Amount
		Offline       bool
		At            time.Time
	}
	// Release gives back what was authorised on a day and not spent.
	Release struct {
		Authorisation id.Authorisation
		Amount        money.Amount
		Day           string
		At            time.Time
	}
)

func (Issue) cardCommand()         {}
func (Personalise) cardCommand()   {}
func (Freeze) cardCommand()        {}
func (Unfreeze) cardCommand()      {}
func (SetLimits) cardCommand()     {}
func (Replace) cardCommand()       {}
func (Close) cardCommand()         {}
func (Authorise) cardCommand()     {}
func (CarrySpending) cardCommand() {}
func (Release) cardCommand()       {}
