package card

import (
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
)

// Event is a fact about one card. The set is sealed by cardEvent.
type Event interface {
	domain.Event
	cardEvent()
}

type (
	// Issued: the customer is to have a card for the account. Replaces is the card
	// that it takes the place of.
	Issued struct {
		Card     id.Card        `json:"card"`
		Customer id.Customer    `json:"customer"`
		Account  id.Account     `json:"account"`
		Currency money.Currency `json:"currency"`
		Limits   Limits         `json:"limits,omitzero"`
		Replaces id.Card        `json:"replaces,omitzero"`
		At       time.Time      `json:"at"`
	}
	// Personalised: the card has been made. Token is the maker's word for it.
	Personalised struct {
		Token    string    `json:"token"`
		LastFour string    `json:"last_four"`
		Expires  string    `json:"expires"` // the last month it is good in, "2029-11"
		At       time.Time `json:"at"`
	}
	// Frozen: nothing new is authorised until it is unfrozen.
	Frozen struct {
		ByBank bool      `json:"by_bank,omitempty"` // then only the bank unfreezes it
		Reason string    `json:"reason"`            // code
		At     time.Time `json:"at"`
	}
	// Unfrozen ends Frozen.
	Unfrozen struct {
		Reason string    `json:"reason"`
		At     time.Time `json:"at"`
	}
	// LimitsSet: from here on these limits hold.
	LimitsSet struct {
		Limits Limits    `json:"limits,omitzero"`
		At     time.Time `json:"at"`
	}
	// Replaced: another card has taken its place; nothing new is authorised.
	Replaced struct {
		By     id.Card   `json:"by"`
		Reason string    `json:"reason"`
		At     time.Time `json:"at"`
	}
	// SpendingCarried: what the card before this one had spent counts against this one.
	SpendingCarried struct {
		From    id.Card   `json:"from"`
		Day     string    `json:"day"`     // the last that it spent on
		Spent   int64     `json:"spent"`   // on that day, minor units
		Month   string    `json:"month"`   // the last that it spent in
		Monthly int64     `json:"monthly"` // in that month, minor units
		At      time.Time `json:"at"`
	}
	// Closed: nothing new is authorised any more.
	Closed struct {
		Reason string    `json:"reason"`
		At     time.Time `json:"at"`
	}
	// Authorised: an amount counts against the limits of a day and its month.
	// Offline: the terminal had said yes by itself, so no limit was asked.
	Authorised struct {
		Authorisation id.Authorisation `json:"authorisation"`
		Amount        money.Amount     `json:"amount"`
		Day           string           `json:"day"` // "2026-01-02", UTC
		Offline       bool             `json:"offline,omitempty"`
		At            time.Time        `json:"at"`
	}
	// AuthorisationReleased: so much of what was authorised on that day was not spent.
	AuthorisationReleased struct {
		Authorisation id.Authorisation `json:"authorisation"`
		Amount        money.Amount     `json:"amount"`
		Day           string           `json:"day"`
		At            time.Time        `json:"at"`
	}
)

func (Issued) Kind() string                { return "card.issued" }
func (Personalised) Kind() string          { return "card.personalised" }
func (Frozen) Kind() string                { return "card.frozen" }
func (Unfrozen) Kind() string              { return "card.unfrozen" }
func (LimitsSet) Kind() string             { return "card.limits_set" }
func (Replaced) Kind() string              { return "card.replaced" }
func (Closed) Kind() string                { return "card.closed" }
func (SpendingCarried) Kind() string       { return "card.spending_carried" }
func (Authorised) Kind() string            { return "card.authorised" }
func (AuthorisationReleased) Kind() string { return "card.authorisation_released" }

func (Issued) cardEvent()                {}
func (Personalised) cardEvent()          {}
func (Frozen) cardEvent()                {}
func (Unfrozen) cardEvent()              {}
func (LimitsSet) cardEvent()             {}
func (Replaced) cardEvent()              {}
func (Closed) cardEvent()                {}
func (SpendingCarried) cardEvent()       {}
func (Authorised) cardEvent()            {}
func (AuthorisationReleased) cardEvent() {}
