package fraudcase

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Event is a fact about one case. The set is sealed.
type Event interface {
	domain.Event
	fraudCaseEvent()
}

type (
	// Opened: somebody is to look into it; again, if it had been decided before.
	Opened struct {
		Subject  Subject     `json:"subject"`
		Decision id.Decision `json:"decision,omitzero"` // of risk, that was about it
		Touches  Touched     `json:"touches"`
		Reason   string      `json:"reason"`      // code
		By       id.Operator `json:"by,omitzero"` // not said: a machine or the bank itself, which the commit names
		At       time.Time   `json:"at"`
	}
	// Assigned: it is this operator's to look into; not said: nobody's.
	Assigned struct {
		Assignee id.Operator `json:"assignee,omitzero"`
		Reason   string      `json:"reason"`
		By       id.Operator `json:"by,omitzero"`
		At       time.Time   `json:"at"`
	}
	// Noted: what an operator has learned, in their own words.
	Noted struct {
		Text domain.Evidence `json:"text"`
		By   id.Operator     `json:"by,omitzero"`
		At   time.Time       `json:"at"`
	}
	// Decided: nobody has to look into it any more.
	Decided struct {
		Outcome string      `json:"outcome"`
		Reason  string      `json:"reason"` // code
		By      id.Operator `json:"by,omitzero"`
		At      time.Time   `json:"at"`
	}
)

func (Opened) Kind() string   { return "fraudcase.opened" }
func (Assigned) Kind() string { return "fraudcase.assigned" }
func (Noted) Kind() string    { return "fraudcase.noted" }
func (Decided) Kind() string  { return "fraudcase.decided" }

func (Opened) fraudCaseEvent()   {}
func (Assigned) fraudCaseEvent() {}
func (Noted) fraudCaseEvent()    {}
func (Decided) fraudCaseEvent()  {}
