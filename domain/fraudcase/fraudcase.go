// Package fraudcase is the work on one thing that may be a fraudster's: who looks into
// it, what they have learned, and what they made of it.
//
//	(none) -- opened --> open -- assigned, noted --> open -- decided --> decided -- opened --> open
//
// There is one case of one thing, so that nobody looks into it beside another without
// knowing. What is decided is not yet a finding: whoever decides on fraud, or on none, has
// that found in the same commit (package fraud), and risk counts the finding.
//
// What operators write is personal data: it is in sealed types only.
package fraudcase

import (
	"fmt"
	"time"
	"unicode/utf8"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/text"
)

// Phase of a case; "" is none.
type Phase string

// Phases.
const (
	Open Phase = "open"
	Over Phase = "decided"
)

// Outcomes.
const (
	Fraud    = "fraud"
	Cleared  = "cleared"
	NoAction = "no-action" // there is nothing to find
)

// Bounds.
const (
	NoteRunesMax = 2000
	NotesMax     = 200 // of one case
)

// Subject is the thing that is looked into, by the name under which findings know it.
type Subject struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// Case is where the case of a thing lies.
func (s Subject) Case() id.FraudCase { return id.Named[id.FraudCase]("case", s.Type, s.ID) }

// Touched are those on whom it bears: whoever is not touched is zero.
type Touched struct {
	Customer id.Customer `json:"customer,omitzero"`
	Device   id.Device   `json:"device,omitzero"`
	Payee    string      `json:"payee,omitempty"` // as risk tells payees apart
}

// Command is something one may ask of a case. The set is sealed.
type Command interface{ fraudCaseCommand() }

type (
	// Begin opens it.
	Begin struct {
		Subject  Subject
		Decision id.Decision
		Touches  Touched
		Reason   string
		By       id.Operator
		At       time.Time
	}
	// Assign gives it to an operator; zero: to nobody.
	Assign struct {
		Assignee id.Operator
		Reason   string
		By       id.Operator
		At       time.Time
	}
	// Note adds an operator's words.
	Note struct {
		Text domain.Evidence
		By   id.Operator
		At   time.Time
	}
	// Decide ends it.
	Decide struct {
		Outcome string
		Reason  string
		By      id.Operator
		At      time.Time
	}
)

func (Begin) fraudCaseCommand()  {}
func (Assign) fraudCaseCommand() {}
func (Note) fraudCaseCommand()   {}
func (Decide) fraudCaseCommand() {}

// Refusals.
var (
	ErrUnknown  = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such case."}
	ErrReason   = &domain.Refusal{Class: domain.Invalid, Code: "invalid-reason", Detail: "Give a reason code of lower-case letters, digits and hyphens."}
	ErrOpen     = &domain.Refusal{Class: domain.Conflict, Code: "fraud-case-open", Detail: "There is an open case of this already."}
	ErrOver     = &domain.Refusal{Class: domain.Conflict, Code: "fraud-case-over", Detail: "This case was decided."}
	ErrAssigned = &domain.Refusal{Class: domain.Conflict, Code: "fraud-case-assigned", Detail: "This case is with that operator already."}
	ErrAssignee = &domain.Refusal{Class: domain.Invalid, Code: "fraud-case-assignee-unknown", Detail: "Nobody of that name may look into cases."}
	ErrText     = &domain.Refusal{Class: domain.Invalid, Code: "fraud-case-note-invalid", Detail: "A note is text of 1 to 2,000 characters."}
	ErrFull     = &domain.Refusal{Class: domain.Conflict, Code: "fraud-case-full", Detail: "This case has as many notes as it may have."}
	ErrOutcome  = &domain.Refusal{Class: domain.Invalid, Code: "fraud-case-outcome-unknown", Detail: "A case is decided as fraud, cleared or no-action."}
)

// State of a case; its zero value is none.
type State struct {
	Subject  Subject
	Decision id.Decision
	Touches  Touched
	Phase    Phase
	Assignee id.Operator
	Outcome  string // of the last time that it was decided
	Notes    int
}

// Decide answers with the facts that follow.
func (s State) Decide(command Command) ([]Event, error) {
	if c, is := command.(Begin); is {
		return s.begin(c)
	}
	switch s.Phase {
	case "":
		return nil, ErrUnknown
	case Over:
		return nil, ErrOver
	}
	switch c := command.(type) {
	case Assign:
		switch {
		case !text.Code(c.Reason):
			return nil, ErrReason
		case c.Assignee == s.Assignee:
			return nil, ErrAssigned
		}
		return []Event{Assigned(c)}, nil
	case Note:
		switch written := c.Text.Reveal(); {
		case written == "", !utf8.ValidString(written), utf8.RuneCountInString(written) > NoteRunesMax:
			return nil, ErrText
		case s.Notes >= NotesMax:
			return nil, ErrFull
		}
		return []Event{Noted(c)}, nil
	case Decide:
		switch {
		case c.Outcome != Fraud && c.Outcome != Cleared && c.Outcome != NoAction:
			return nil, ErrOutcome
		case !text.Code(c.Reason):
			return nil, ErrReason
		}
		return []Event{Decided(c)}, nil
	}
	panic(fmt.Sprintf("fraudcase: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) begin(c Begin) ([]Event, error) {
	switch {
	case c.Subject.Type == "" || c.Subject.ID == "":
		return nil, ErrUnknown
	case !text.Code(c.Reason):
		return nil, ErrReason
	case s.Phase == Open:
		return nil, ErrOpen
	}
	return []Event{Opened(c)}, nil
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Opened: // whose it was is not whose it is
		return State{Subject: e.Subject, Decision: e.Decision, Touches: e.Touches, Phase: Open, Outcome: s.Outcome, Notes: s.Notes}
	case Assigned:
		s.Assignee = e.Assignee
		return s
	case Noted:
		s.Notes++
		return s
	case Decided:
		s.Phase, s.Outcome = Over, e.Outcome
		return s
	}
	panic(fmt.Sprintf("fraudcase: unknown event %T", event)) // sealed: a bug, not an input
}
