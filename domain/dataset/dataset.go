// Package dataset decides which data sets risk looks into: files that operators supply
// and that are known by the SHA-256 of their bytes.
//
//	(none) -- Activate --> in force <-- Activate another file of the name
//	in force -- Withdraw --> (none)
//
// Which file decided stands beside every decision, by its digest. Whoever wants a change
// names the file that was in force when they looked (Base): if another one is by now,
// they have to look again.
//
// It must never read a file: whether one can be had is tried before (package commands).
package dataset

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/text"
)

// Names of data sets.
const (
	Places    = "places"    // MMDB: where addresses are, as GeoLite2-City has it
	Networks  = "networks"  // MMDB: whose they are, as GeoLite2-ASN has it
	Addresses = "addresses" // text: what is said of them, a prefix and a word on a line
)

// Names lists them, in the order in which decisions name them.
func Names() []string { return []string{Addresses, Networks, Places} }

// Stream is where it lies which are in force.
func Stream() id.DataSet { return id.Named[id.DataSet]("in-force") }

// Event is a fact about the data sets in force. The set is sealed.
type Event interface {
	domain.Event
	dataSetEvent()
}

type (
	// Activated: from now on risk looks into this file.
	Activated struct {
		Name     string      `json:"name"`
		Digest   string      `json:"digest"`            // SHA-256 of the file, in hexadecimal
		Replaced string      `json:"replaced,omitzero"` // digest of the one before
		Reason   string      `json:"reason"`            // code
		Proposer id.Operator `json:"proposer,omitzero"`
		Approver id.Operator `json:"approver,omitzero"` // not said: it took nobody else
		At       time.Time   `json:"at"`
	}
	// Withdrawn: what a file of the name could tell is unknown from now on.
	Withdrawn struct {
		Name     string      `json:"name"`
		Digest   string      `json:"digest"`
		Reason   string      `json:"reason"`
		Proposer id.Operator `json:"proposer,omitzero"`
		Approver id.Operator `json:"approver,omitzero"`
		At       time.Time   `json:"at"`
	}
)

func (Activated) Kind() string { return "dataset.activated" }
func (Withdrawn) Kind() string { return "dataset.withdrawn" }

func (Activated) dataSetEvent() {}
func (Withdrawn) dataSetEvent() {}

// Change asks for a file of a name to be in force, or, without a digest, for none.
type Change struct {
	Name     string
	Digest   string
	Base     string // digest of the one that was in force when this was asked for; "": none was
	Reason   string
	Proposer id.Operator
	Approver id.Operator
	At       time.Time
}

func (Change) dataSetCommand() {}

// Command is something one may ask of the data sets in force. The set is sealed.
type Command interface{ dataSetCommand() }

// Refusals.
var (
	ErrName    = &domain.Refusal{Class: domain.Invalid, Code: "data-set-unknown", Detail: "Data sets are places, networks and addresses, known by the SHA-256 of their file."}
	ErrStale   = &domain.Refusal{Class: domain.Conflict, Code: "data-set-stale", Detail: "Another file is in force since; look at it and ask again."}
	ErrInForce = &domain.Refusal{Class: domain.Conflict, Code: "data-set-in-force", Detail: "This is how it is already."}
	ErrFile    = &domain.Refusal{Class: domain.Refused, Code: "data-set-missing", Detail: "The bank has no such file, or cannot read it."}
	ErrReason  = &domain.Refusal{Class: domain.Invalid, Code: "invalid-reason", Detail: "Give a reason code of lower-case letters, digits and hyphens."}
)

// InForce is one file that risk looks into.
type InForce struct {
	Name, Digest, Reason string
	Proposer, Approver   id.Operator
	Since                time.Time
}

// State is which files are in force, by name; its zero value is none.
type State struct{ Sets []InForce }

// Of is the digest of the file of a name; "": none is in force.
func (s State) Of(name string) string {
	for _, set := range s.Sets {
		if set.Name == name {
			return set.Digest
		}
	}
	return ""
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	c, is := command.(Change)
	if !is {
		panic(fmt.Sprintf("dataset: unknown command %T", command)) // sealed: a bug, not an input
	}
	now := s.Of(c.Name)
	switch {
	case !slices.Contains(Names(), c.Name), c.Digest != "" && !digest(c.Digest):
		return nil, ErrName
	case !text.Code(c.Reason):
		return nil, ErrReason
	case c.Base != now:
		return nil, ErrStale
	case c.Digest == now:
		return nil, ErrInForce
	case c.Digest == "":
		return []Event{Withdrawn{Name: c.Name, Digest: now, Reason: c.Reason, Proposer: c.Proposer, Approver: c.Approver, At: c.At}}, nil
	}
	return []Event{Activated{Name: c.Name, Digest: c.Digest, Replaced: now, Reason: c.Reason, Proposer: c.Proposer, Approver: c.Approver, At: c.At}}, nil
}

func digest(of string) bool { return len(of) == 64 && strings.Trim(of, "0123456789abcdef") == "" }

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	without := func(name string) []InForce {
		return slices.DeleteFunc(slices.Clone(s.Sets), func(set InForce) bool { return set.Name == name })
	}
	switch e := event.(type) {
	case Activated:
		sets := append(without(e.Name), InForce{e.Name, e.Digest, e.Reason, e.Proposer, e.Approver, e.At})
		slices.SortFunc(sets, func(a, b InForce) int { return strings.Compare(a.Name, b.Name) })
		return State{sets}
	case Withdrawn:
		return State{without(e.Name)}
	}
	return s
}
