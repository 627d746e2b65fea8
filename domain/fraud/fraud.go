// Package fraud keeps what the bank's operators have found of a thing that risk decided
// on, or that decisions touched: that it was fraud, or that it was none.
//
//	(none) -- confirmed --> confirmed <-- confirmed, cleared --> cleared
//
// There is one finding of one thing, whatever it is called: a decision stands for what it
// was about. The facts name the customer, the payee and the device on whom the finding
// bears, so that whoever follows the log (risk's history, back-tests) needs nothing else.
//
// It must never block anybody by itself: what follows from a finding the risk policy says,
// which sees more frauds of a customer, to a payee or by a device than before.
package fraud

import (
	"fmt"
	"time"
	"unicode/utf8"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/text"
)

// What a finding may be about.
const (
	Decision = "decision" // of an action that has no name of its own here
	Login    = "login"
	Transfer = "transfer"
	Payment  = "payment"
	Device   = "device"
	Payee    = "payee" // an account of this bank, or what stands for a number at another
	Customer = "customer"
)

// Verdicts.
const (
	IsConfirmed = "confirmed"
	IsCleared   = "cleared"
)

// NoteRunesMax bounds an operator's own words.
const NoteRunesMax = 2000

// About is the thing that a finding is about.
type About struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// Finding is where the finding of a thing lies.
func (a About) Finding() id.Fraud { return id.Named[id.Fraud]("finding", a.Type, a.ID) }

// Touched are those on whom a finding bears: whoever is not touched is zero.
type Touched struct {
	Customer id.Customer `json:"customer,omitzero"`
	Device   id.Device   `json:"device,omitzero"`
	Payee    string      `json:"payee,omitempty"` // as risk tells payees apart
}

// Label says what was found.
type Label struct {
	About    About
	Decision id.Decision // of risk, that allowed or stopped it; zero: it is about none
	Touches  Touched
	Verdict  string
	Reason   string          // code
	Note     domain.Evidence // in the operator's words
	By       id.Operator
	At       time.Time
}

// Refusals.
var (
	ErrUnknown = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrAbout   = &domain.Refusal{Class: domain.Invalid, Code: "fraud-about-unknown", Detail: "A finding is about a decision, login, transfer, payment, device, payee or customer."}
	ErrVerdict = &domain.Refusal{Class: domain.Invalid, Code: "fraud-verdict-unknown", Detail: "A finding is confirmed or cleared."}
	ErrFound   = &domain.Refusal{Class: domain.Conflict, Code: "fraud-found-already", Detail: "This was found before, and is so still."}
	ErrReason  = &domain.Refusal{Class: domain.Invalid, Code: "invalid-reason", Detail: "Give a reason code of lower-case letters, digits and hyphens."}
	ErrNote    = &domain.Refusal{Class: domain.Invalid, Code: "fraud-note-invalid", Detail: "A note is text of up to 2,000 characters."}
)

// State is the last finding of a thing; its zero value is none.
type State struct {
	About   About
	Touches Touched
	Verdict string
	At      time.Time
}

// Decide answers with the fact that follows. Clearing names when that was confirmed which
// it takes back, if it was.
func (s State) Decide(c Label) ([]Event, error) {
	switch {
	case !named(c.About):
		return nil, ErrAbout
	case c.Verdict != IsConfirmed && c.Verdict != IsCleared:
		return nil, ErrVerdict
	case !text.Code(c.Reason):
		return nil, ErrReason
	case !written(c.Note.Reveal()):
		return nil, ErrNote
	case c.Verdict == s.Verdict:
		return nil, ErrFound
	case c.Verdict == IsConfirmed:
		return []Event{Confirmed{c.About, c.Decision, c.Touches, c.Reason, c.Note, c.By, c.At}}, nil
	}
	cleared := Cleared{c.About, c.Decision, c.Touches, time.Time{}, c.Reason, c.Note, c.By, c.At}
	if s.Verdict == IsConfirmed { // what was counted then is taken back, of those it was counted of
		cleared.Touches, cleared.Confirmed = s.Touches, s.At
	}
	return []Event{cleared}, nil
}

func named(about About) bool {
	switch about.Type {
	case Decision, Login, Transfer, Payment, Device, Payee, Customer:
		return about.ID != ""
	}
	return false
}

func written(note string) bool {
	return utf8.ValidString(note) && utf8.RuneCountInString(note) <= NoteRunesMax
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Confirmed:
		return State{e.About, e.Touches, IsConfirmed, e.At}
	case Cleared:
		return State{e.About, e.Touches, IsCleared, e.At}
	}
	panic(fmt.Sprintf("fraud: unknown event %T", event)) // sealed: a bug, not an input
}
