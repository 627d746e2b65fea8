// Package notification notes what became of a message to a customer, so that
// nobody is told twice and an auditor sees that somebody was told.
//
//	(none) -- Note sent --> over
//	       -- Note failed -> over
//
// The fact that a message follows from stands in another stream; a message's
// identifier is derived from it. Neither address nor text is noted here: they are
// personal, and a one-time password must never be in the log.
package notification

import (
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Ways that a message takes.
const (
	Email = "email"
	SMS   = "sms"
	Push  = "push" // to one device, by the token that it was registered with
)

// Event is a fact about one message. The set is sealed by notificationEvent.
type Event interface {
	domain.Event
	notificationEvent()
}

// Sent: the notifier took the message. It may be sent again if this could not be
// noted; its identifier is then the same.
type Sent struct {
	Notification id.Notification `json:"notification"`
	Customer     id.Customer     `json:"customer"`
	Channel      string          `json:"channel"`  // email, sms or push
	Template     string          `json:"template"` // code of what was said
	At           time.Time       `json:"at"`
}

// Failed: the notifier said that the address can never be reached.
type Failed struct {
	Notification id.Notification `json:"notification"`
	Customer     id.Customer     `json:"customer"`
	Channel      string          `json:"channel"`
	Template     string          `json:"template"`
	At           time.Time       `json:"at"`
}

func (Sent) Kind() string         { return "notification.sent" }
func (Failed) Kind() string       { return "notification.failed" }
func (Sent) notificationEvent()   {}
func (Failed) notificationEvent() {}

// Command is something one may ask of a message.
type Command interface{ notificationCommand() }

// Note says what became of the message.
type Note struct {
	Notification id.Notification
	Customer     id.Customer
	Channel      string
	Template     string
	Failed       bool
	At           time.Time
}

func (Note) notificationCommand() {}

// State tells whether the message is over and done with.
type State struct{ Over bool }

// Decide answers a command with the facts that follow from it. What became of a
// message is noted once.
func (s State) Decide(command Command) ([]Event, error) {
	c, ok := command.(Note)
	switch {
	case !ok:
		panic(fmt.Sprintf("notification: unknown command %T", command)) // sealed: a bug, not an input
	case s.Over:
		return nil, nil
	case c.Failed:
		return []Event{Failed{c.Notification, c.Customer, c.Channel, c.Template, c.At}}, nil
	}
	return []Event{Sent{c.Notification, c.Customer, c.Channel, c.Template, c.At}}, nil
}

// Evolve takes in one fact.
func (s State) Evolve(Event) State {
	s.Over = true
	return s
}
