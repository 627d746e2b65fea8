// Package access records who has looked at what: reading the log, or a
// customer's data, is itself a fact that an auditor can ask for.
//
//	(any) -- Read --> access.granted
//
// There is one stream per reader. It decides nothing but the form of a record:
// whether somebody may read is the gateway's to know, by scope and role.
package access

import (
	"fmt"
	"time"

	"florin/domain"
)

// QueryBytesMax bounds what is kept of a question.
const QueryBytesMax = 1024

// Command is something one may ask of a reader's record.
type Command interface{ accessCommand() }

// Read records that the reader was answered.
type Read struct {
	Resource string // what was read: audit-events, audit-stream, ...
	Query    string // how it was asked: identifiers and times, nothing personal
	At       time.Time
}

func (Read) accessCommand() {}

// Event is a fact about one reader. The set is sealed by accessEvent.
type Event interface {
	domain.Event
	accessEvent()
}

// Granted: the reader was answered.
type Granted struct {
	Resource string    `json:"resource"`
	Query    string    `json:"query,omitempty"`
	At       time.Time `json:"at"`
}

func (Granted) Kind() string { return "access.granted" }
func (Granted) accessEvent() {}

// ErrQuery: the question is too long to be kept.
var ErrQuery = &domain.Refusal{Class: domain.Invalid, Code: "query-too-long", Detail: "The question is longer than can be recorded."}

// State is what the rules need to know of a reader: nothing.
type State struct{}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Read:
		if len(c.Query) > QueryBytesMax {
			return nil, ErrQuery
		}
		return []Event{Granted(c)}, nil
	}
	panic(fmt.Sprintf("access: unknown command %T", command)) // sealed: a bug, not an input
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(Event) State { return s }
