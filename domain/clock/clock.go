// Package clock decides how far a sandbox's time may run ahead of the world's.
//
//	bank time = the world's time + Ahead          Ahead only ever grows
//
// There is one clock for a ledger, and a production ledger's is never moved (package
// commands sees to that): its stream is empty and its Ahead is nought. That a move is
// a fact of the log is what lets the log explain why three months lie between two
// bookings that were recorded in one second. It must never go back: nothing that has
// happened may lie in the future.
package clock

import (
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Stream is where the ledger's clock lives.
func Stream() id.Clock { return id.Named[id.Clock]("bank") }

// AheadMax is how far the bank's time may run ahead of the world's.
const AheadMax = 100 * 365 * 24 * time.Hour

// Event is a fact about the clock. The set is sealed by clockEvent.
type Event interface {
	domain.Event
	clockEvent()
}

// Moved: the bank's time went from From to To at once. AheadMicros is how far it runs
// ahead of the world's from then on.
type Moved struct {
	From        time.Time `json:"from"`
	To          time.Time `json:"to"`
	AheadMicros int64     `json:"ahead_micros"`
	At          time.Time `json:"at"` // the world's time
}

func (Moved) Kind() string { return "clock.moved" }
func (Moved) clockEvent()  {}

// Command is something one may ask of the clock. The set is sealed.
type Command interface{ clockCommand() }

// Move sets the bank's time, which is From by now, to To; At is the world's time.
type Move struct{ From, To, At time.Time }

func (Move) clockCommand() {}

// Refusals.
var (
	ErrBackwards = &domain.Refusal{Class: domain.Refused, Code: "clock-backwards", Detail: "The bank's time only moves forward."}
	ErrTooFar    = &domain.Refusal{Class: domain.Refused, Code: "clock-too-far", Detail: "The bank's time runs at most a hundred years ahead."}
)

// State is how far the bank's time runs ahead; its zero value is the world's time.
type State struct{ Ahead time.Duration }

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	c, ok := command.(Move)
	if !ok {
		panic(fmt.Sprintf("clock: unknown command %T", command)) // sealed: a bug, not an input
	}
	ahead := c.To.Sub(c.At) // saturates, far beyond the bound
	switch {
	case !c.To.After(c.From), ahead <= s.Ahead:
		return nil, ErrBackwards
	case ahead > AheadMax:
		return nil, ErrTooFar
	}
	return []Event{Moved{From: c.From, To: c.To, AheadMicros: ahead.Microseconds(), At: c.At}}, nil
}

// Evolve takes in one fact.
func (s State) Evolve(event Event) State {
	if e, ok := event.(Moved); ok {
		s.Ahead = time.Duration(e.AheadMicros) * time.Microsecond
	}
	return s
}
