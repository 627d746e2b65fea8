// Package quota bounds how many of a customer's things may be open at once: those that
// hold nothing, and that nothing else bounds.
//
//	(none) -- Take --> open -- (its own end) --> over: freed by the next Take that finds no room
//
// There is one stream for a customer and a kind. Why a thing's end is not noted here:
// it ends in its own stream, and that one is looked at only when there is no room left.
// It must never count a thing twice, nor free one that is not over.
package quota

import (
	"fmt"
	"slices"
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Kind is what is bounded.
type Kind string

const (
	StandingOrders Kind = "standing-orders"
	PaymentFiles   Kind = "payment-files"
	Transfers      Kind = "scheduled-transfers"
	Payments       Kind = "scheduled-payments"
	Cards          Kind = "cards"
)

// Max is how many of a kind may be open at once.
func (k Kind) Max() int {
	switch k {
	case StandingOrders, Transfers, Payments:
		return 100
	case PaymentFiles:
		return 20
	case Cards:
		return 10
	}
	return 0
}

func (k Kind) full() error {
	switch k {
	case PaymentFiles:
		return ErrFiles
	case Transfers:
		return ErrTransfers
	case Payments:
		return ErrPayments
	case Cards:
		return ErrCards
	}
	return ErrOrders
}

// Event is a fact about a quota. The set is sealed by quotaEvent.
type Event interface {
	domain.Event
	quotaEvent()
}

// Taken: one more is open; Freed were found to be over.
type Taken struct {
	Customer id.Customer `json:"customer"`
	Of       Kind        `json:"of"`
	Thing    string      `json:"thing"` // identifier
	Freed    []string    `json:"freed,omitempty"`
	At       time.Time   `json:"at"`
}

func (Taken) Kind() string { return "quota.taken" }
func (Taken) quotaEvent()  {}

// Command is something one may ask of a quota. The set is sealed.
type Command interface{ quotaCommand() }

// Take asks for room for one more. Freed is filled in: those of Over that are held open.
type Take struct {
	Asked Taken
	Over  []string
}

func (Take) quotaCommand() {}

// Refusals.
var (
	ErrOrders    = &domain.Refusal{Class: domain.Refused, Code: "too-many-standing-orders", Detail: "Cancel a standing order before you place another one: 100 may be open."}
	ErrFiles     = &domain.Refusal{Class: domain.Refused, Code: "too-many-payment-files", Detail: "Confirm or cancel a payment file before you send another one: 20 may wait, or be under way."}
	ErrTransfers = &domain.Refusal{Class: domain.Refused, Code: "too-many-scheduled-transfers", Detail: "Cancel a transfer of a later day before you ask for another one: 100 may wait."}
	ErrPayments  = &domain.Refusal{Class: domain.Refused, Code: "too-many-scheduled-payments", Detail: "Cancel a payment of a later day before you ask for another one: 100 may wait."}
	ErrCards     = &domain.Refusal{Class: domain.Refused, Code: "too-many-cards", Detail: "Close a card before you order another one: 10 may be good."}
	ErrThing     = &domain.Refusal{Class: domain.Conflict, Code: "quota-taken", Detail: "This has its place already."}
)

// State is what is held open; its zero value is nothing.
type State struct{ Open []string }

// Full tells whether there is no room for another one, unless something is over.
func (s State) Full(k Kind) bool { return len(s.Open) >= k.Max() }

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	c, is := command.(Take)
	if !is {
		panic(fmt.Sprintf("quota: unknown command %T", command)) // sealed: a bug, not an input
	}
	if slices.Contains(s.Open, c.Asked.Thing) {
		return nil, ErrThing
	}
	c.Asked.Freed = nil
	for _, open := range s.Open {
		if slices.Contains(c.Over, open) {
			c.Asked.Freed = append(c.Asked.Freed, open)
		}
	}
	if len(s.Open)-len(c.Asked.Freed) >= c.Asked.Of.Max() {
		return nil, c.Asked.Of.full()
	}
	return []Event{c.Asked}, nil
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	if e, is := event.(Taken); is {
		s.Open = append(slices.DeleteFunc(slices.Clone(s.Open), func(open string) bool { return slices.Contains(e.Freed, open) }), e.Thing)
	}
	return s
}
