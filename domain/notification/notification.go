// Package notification decides about what customers are told: the entries of their
// inbox, what became of the messages that were sent besides, and how a customer
// wants to be told.
//
//	(none) -- File ------> filed -- Read --> read       an entry of an inbox
//	(none) -- Note sent -> over                         a message by e-mail, SMS or push
//	       -- Note failed -> over
//	(none) -- ReadAll, Choose --> ...                   an inbox (inbox.go)
//
// The fact that a notification follows from stands in another stream; its identifier
// is derived from it, so that nobody is told twice. Neither address nor text is noted
// here: they are personal, and a one-time password must never be in the log. What an
// entry says is written anew whenever it is read, from the texts of this package, in
// the language that its reader has chosen.
package notification

import (
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
)

// Ways that a message takes.
const (
	Email = "email"
	SMS   = "sms"
	Push  = "push" // to one device, by the token that it was registered with
)

// Event is a fact about one notification. The set is sealed by notificationEvent.
type Event interface {
	domain.Event
	notificationEvent()
}

type (
	// Filed: an entry lies in the customer's inbox, unread.
	Filed struct {
		Notification id.Notification `json:"notification"`
		Customer     id.Customer     `json:"customer"`
		Category     Category        `json:"category"`
		Template     string          `json:"template"`           // code of what it says
		About        string          `json:"about,omitempty"`    // identifier of what it is about: trf_..., acc_..., dev_...
		Amount       money.Amount    `json:"amount,omitzero"`    // of money that it is about
		Code         string          `json:"code,omitempty"`     // why, where there is a reason
		Channels     []string        `json:"channels,omitempty"` // by which the customer is told besides, as preferred then
		HappenedAt   time.Time       `json:"happened_at"`        // what it tells of
		At           time.Time       `json:"at"`
	}
	// Read: the customer has read the entry, and says so.
	Read struct {
		Notification id.Notification `json:"notification"`
		Customer     id.Customer     `json:"customer"`
		At           time.Time       `json:"at"`
	}
	// Sent: the notifier took the message. It may be sent again if this could not be
	// noted; its identifier is then the same.
	Sent struct {
		Notification id.Notification `json:"notification"`
		Customer     id.Customer     `json:"customer"`
		Channel      string          `json:"channel"`  // email, sms or push
		Template     string          `json:"template"` // code of what was said
		At           time.Time       `json:"at"`
	}
	// Failed: the notifier said that the address can never be reached.
	Failed struct {
		Notification id.Notification `json:"notification"`
		Customer     id.Customer     `json:"customer"`
		Channel      string          `json:"channel"`
		Template     string          `json:"template"`
		At           time.Time       `json:"at"`
	}
)

func (Filed) Kind() string  { return "notification.filed" }
func (Read) Kind() string   { return "notification.read" }
func (Sent) Kind() string   { return "notification.sent" }
func (Failed) Kind() string { return "notification.failed" }

func (Filed) notificationEvent()  {}
func (Read) notificationEvent()   {}
func (Sent) notificationEvent()   {}
func (Failed) notificationEvent() {}

// Command is something one may ask of a notification.
type Command interface{ notificationCommand() }

type (
	// File puts an entry into an inbox. Its category is the template's.
	File struct {
		Notification id.Notification
		Customer     id.Customer
		Template     string
		About        string
		Amount       money.Amount
		Code         string
		Channels     []string
		HappenedAt   time.Time
		At           time.Time
	}
	// MarkRead says that Customer has read the entry.
	MarkRead struct {
		Customer id.Customer
		At       time.Time
	}
	// Note says what became of the message.
	Note struct {
		Notification id.Notification
		Customer     id.Customer
		Channel      string
		Template     string
		Failed       bool
		At           time.Time
	}
)

func (File) notificationCommand()     {}
func (MarkRead) notificationCommand() {}
func (Note) notificationCommand()     {}

var (
	// ErrUnknown: there is no such entry, or it is another's.
	ErrUnknown = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	// ErrTemplate: nothing is said by this template in an inbox. A defect of the bank's.
	ErrTemplate = &domain.Refusal{Class: domain.Invalid, Code: "template-unknown", Detail: "There is no such text for an inbox."}
)

// State is what the rules need to know of a notification.
type State struct {
	Notification id.Notification
	Customer     id.Customer // whose inbox the entry is in; zero: it is a message, or nothing
	Read         bool
	Over         bool // of a message: it is done with
}

// Decide answers a command with the facts that follow from it. An entry is filed and
// read once; what became of a message is noted once.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case File:
		return s.file(c)
	case MarkRead:
		switch {
		case s.Customer.IsZero() || s.Customer != c.Customer:
			return nil, ErrUnknown
		case s.Read:
			return nil, nil
		}
		return []Event{Read{Notification: s.Notification, Customer: s.Customer, At: c.At}}, nil
	case Note:
		switch {
		case s.Over:
			return nil, nil
		case c.Failed:
			return []Event{Failed{c.Notification, c.Customer, c.Channel, c.Template, c.At}}, nil
		}
		return []Event{Sent{c.Notification, c.Customer, c.Channel, c.Template, c.At}}, nil
	}
	panic(fmt.Sprintf("notification: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) file(c File) ([]Event, error) {
	category := CategoryOf(c.Template)
	switch {
	case !s.Customer.IsZero():
		return nil, nil
	case category == "":
		return nil, ErrTemplate
	}
	return []Event{Filed{Notification: c.Notification, Customer: c.Customer, Category: category, Template: c.Template, About: c.About,
		Amount: c.Amount, Code: c.Code, Channels: c.Channels, HappenedAt: c.HappenedAt, At: c.At}}, nil
}

// Evolve takes in one fact.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Filed:
		s.Notification, s.Customer = e.Notification, e.Customer
	case Read:
		s.Read = true
	case Sent, Failed:
		s.Over = true
	}
	return s
}
