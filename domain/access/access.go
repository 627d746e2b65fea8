// Package access records who has looked at what, and who was turned away: reading
// the log, or a customer's data, is itself a fact that an auditor can ask for, and
// so is what was tried without being allowed.
//
//	(any) -- Read ---> access.granted
//	(any) -- Refuse -> access.refused, for many refusals of one kind at once
//	(any) -- Assert -> access.asserted
//
// There is one stream per reader. What nobody in particular tried (no token of
// ours was shown) lies in one stream per code. It decides nothing but the form of
// a record: whether somebody may read is the gateway's to know, by scope and role.
package access

import (
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/id"
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

// Refuse records requests that were turned away, all of one kind.
type Refuse Refused

// Assert notes that a client has authenticated by an assertion which says that it was
// made later than it came: only the log can tell, after a restart, that it was used.
type Assert struct {
	Client   id.Client // one of the two
	Operator id.Operator
	At       time.Time
}

func (Assert) accessCommand() {}
func (Read) accessCommand()   {}
func (Refuse) accessCommand() {}

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

// Refused: requests of one kind were turned away between two times. Many are one
// fact, so that nobody writes the log as fast as they can be refused; the first is
// recorded by itself and at once. Who is meant is whose token was shown: it says
// nothing of who held it. Presenter, Origin and IP are those of the first request.
type Refused struct {
	Code      string         `json:"code"`               // of the answer, kebab-case
	Why       string         `json:"why,omitempty"`      // closer than the caller was told: replayed, other-key, revoked, ...
	Resource  string         `json:"resource,omitempty"` // method and pattern of the route, never a path; none: of several
	Count     int64          `json:"count"`
	Since     time.Time      `json:"since"` // the first of them
	Until     time.Time      `json:"until"` // the last of them
	Customer  id.Customer    `json:"customer,omitzero"`
	Operator  id.Operator    `json:"operator,omitzero"`
	Client    id.Client      `json:"client,omitzero"`
	Device    id.Device      `json:"device,omitzero"` // that the token is bound to
	Session   id.Session     `json:"session,omitzero"`
	Presenter id.Device      `json:"presenter,omitzero"` // by the key that truly made the proof, registered or not
	Origin    string         `json:"origin,omitempty"`   // keyed hash of the place, as in the lanes of attempts
	IP        domain.Profile `json:"ip,omitzero"`        // where a customer's token was shown
	At        time.Time      `json:"at"`
}

// Asserted: an assertion of a client whose clock is ahead was used, and is not again.
type Asserted struct {
	Client   id.Client   `json:"client,omitzero"`
	Operator id.Operator `json:"operator,omitzero"`
	At       time.Time   `json:"at"`
}

func (Asserted) Kind() string { return "access.asserted" }
func (Asserted) accessEvent() {}

func (Granted) Kind() string { return "access.granted" }
func (Refused) Kind() string { return "access.refused" }
func (Granted) accessEvent() {}
func (Refused) accessEvent() {}

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
	case Assert:
		return []Event{Asserted(c)}, nil
	case Refuse:
		if c.Count < 1 {
			return nil, nil
		}
		return []Event{Refused(c)}, nil
	}
	panic(fmt.Sprintf("access: unknown command %T", command)) // sealed: a bug, not an input
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(Event) State { return s }
