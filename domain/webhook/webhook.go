// Package webhook decides where facts of the bank are sent to, and what became of it.
//
//	(none) -- Register --> proposed -- Approve, by another --> active <-- Enable --> disabled
//	                           |                                 |                      |
//	                           '------------ Delete -------------+----------------------'--> deleted
//
// An endpoint of a partner's is proposed by one operator and approved by another: from
// then on, facts leave the bank. It gets the kinds that it asks for, in the order of the
// log, each under an identifier that is the same for every try and resend. An endpoint
// that takes nothing for three days is disabled, and goes on where it stopped when it is
// enabled again. Whom of the partner's the bank tells of that, an operator may name.
//
// Why the secret is not here: it is derived from the endpoint and the number of its
// generation by a key of the ledger's, so it lies nowhere. It must never be asked for
// again once it was shown.
package webhook

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"florin/domain"
	"florin/domain/callback"
	"florin/domain/id"
	"florin/domain/text"
)

// Limits.
const (
	NameRunesMax = 100
	KindsMax     = 50
	Overlap      = 24 * time.Hour // for which the secret before still signs too
)

// Status of an endpoint.
type Status string

const (
	Absent   Status = ""
	Proposed Status = "proposed"
	Active   Status = "active"
	Off      Status = "disabled"
	Gone     Status = "deleted"
)

// Command is something one may ask of an endpoint.
type Command interface{ webhookCommand() }

type (
	// Register proposes an endpoint. Alone: it needs no second operator, a sandbox's. Near
	// allows addresses of this machine: a sandbox's too. Known are all kinds that are sent.
	Register struct {
		Webhook     id.Webhook
		Name        string
		URL         string
		Kinds       []string // "transfer.posted", "transfer.*" or "*"
		By          id.Operator
		Alone, Near bool
		Known       []string
		At          time.Time
	}
	// Approve agrees, as another operator.
	Approve struct {
		By id.Operator
		At time.Time
	}
	// Rotate makes another secret; the one before signs as well for Overlap.
	Rotate struct{ At time.Time }
	// Disable stops it, Enable has it go on where it stopped.
	Disable struct {
		Reason string
		At     time.Time
	}
	Enable struct{ At time.Time }
	// Delete ends it for good.
	Delete struct {
		Reason string
		At     time.Time
	}
	// Resend sends again what lies above From and not above Through.
	Resend struct {
		From, Through int64
		At            time.Time
	}
	// Test sends the fact that it was asked for.
	Test struct{ At time.Time }
	// NameContact says whom of the partner's to tell when the bank has disabled it; nobody
	// if Contact is zero.
	NameContact struct {
		Contact domain.Profile // an e-mail address, normalised
		At      time.Time
	}
	// NoteNotice says what became of the word to the contact.
	NoteNotice struct {
		Failed bool // the address can never be reached
		At     time.Time
	}
)

// Why the bank itself disables an endpoint: its partner is told of these alone.
const (
	Undeliverable = "undeliverable" // it took nothing for three days
	SaidGone      = "gone"          // it answered that there is nobody any more
)

func (Register) webhookCommand()    {}
func (Approve) webhookCommand()     {}
func (Rotate) webhookCommand()      {}
func (Disable) webhookCommand()     {}
func (Enable) webhookCommand()      {}
func (Delete) webhookCommand()      {}
func (Resend) webhookCommand()      {}
func (Test) webhookCommand()        {}
func (NameContact) webhookCommand() {}
func (NoteNotice) webhookCommand()  {}

var (
	ErrExists  = &domain.Refusal{Class: domain.Conflict, Code: "webhook-exists", Detail: "This webhook was registered already."}
	ErrUnknown = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrURL     = &domain.Refusal{Class: domain.Invalid, Code: "webhook-url-invalid",
		Detail: "A webhook's URL is absolute, https, without fragment or user, and leads to no private address."}
	ErrKinds    = &domain.Refusal{Class: domain.Invalid, Code: "webhook-kinds-invalid", Detail: "A webhook asks for 1 to 50 kinds that are sent, such as transfer.posted, transfer.* or *, each once."}
	ErrName     = &domain.Refusal{Class: domain.Invalid, Code: "webhook-name-invalid", Detail: "A webhook's name has 1 to 100 characters, none of them a control character."}
	ErrOwn      = &domain.Refusal{Class: domain.Forbidden, Code: "proposal-own", Detail: "Another operator has to decide on this proposal."}
	ErrOver     = &domain.Refusal{Class: domain.Conflict, Code: "webhook-approved", Detail: "This webhook was approved already, or has been deleted."}
	ErrInactive = &domain.Refusal{Class: domain.Conflict, Code: "webhook-inactive", Detail: "This webhook is not active."}
	ErrRange    = &domain.Refusal{Class: domain.Invalid, Code: "webhook-range-invalid", Detail: "There is nothing to resend between these positions."}
	ErrContact  = &domain.Refusal{Class: domain.Invalid, Code: "webhook-contact-invalid", Detail: "A webhook's contact is one e-mail address, or empty for none."}
	ErrReason   = &domain.Refusal{Class: domain.Invalid, Code: "invalid-reason", Detail: "Give a reason code of lower-case letters, digits and hyphens."}
)

// State is what the rules need to know of an endpoint.
type State struct {
	Webhook    id.Webhook
	URL        string
	Kinds      []string
	Status     Status
	By         id.Operator // who proposed it
	Generation int64       // of the secret, from 1
	OldUntil   time.Time   // until when the generation before signs too
	Resent     int64       // number of resends asked for
	From       int64       // range of the last
	Through    int64
	Tests      int64
	Contact    bool // there is one; where, its stream says
	Told       bool // of the last disabling, or in vain
}

// Owes tells whether the partner's contact is to be told that the endpoint is off.
func (s State) Owes() bool { return s.Status == Off && s.Contact && !s.Told }

// Wants tells whether the endpoint has asked for a kind.
func (s State) Wants(kind string) bool {
	return slices.ContainsFunc(s.Kinds, func(pattern string) bool { return matches(pattern, kind) })
}

func matches(pattern, kind string) bool {
	context, all := strings.CutSuffix(pattern, "*")
	return pattern == kind || all && strings.HasPrefix(kind, context)
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	if c, first := command.(Register); first {
		return s.register(c)
	}
	if s.Status == Absent || s.Status == Gone {
		return nil, ErrUnknown
	}
	switch c := command.(type) {
	case Approve:
		return s.approve(c)
	case Rotate:
		return []Event{SecretRotated{Generation: s.Generation + 1, OldUntil: c.At.Add(Overlap), At: c.At}}, nil
	case Disable:
		switch {
		case !text.Code(c.Reason):
			return nil, ErrReason
		case s.Status == Off:
			return nil, nil
		case s.Status != Active:
			return nil, ErrInactive
		}
		return []Event{Disabled(c)}, nil
	case Enable:
		switch s.Status {
		case Active:
			return nil, nil
		case Proposed:
			return nil, ErrInactive
		}
		return []Event{Enabled(c)}, nil
	case Delete:
		if !text.Code(c.Reason) {
			return nil, ErrReason
		}
		return []Event{Deleted(c)}, nil
	case NameContact:
		if !s.Contact && c.Contact.IsZero() {
			return nil, nil
		}
		return []Event{ContactNamed(c)}, nil
	case NoteNotice:
		if !s.Owes() {
			return nil, nil
		}
		return []Event{ContactTold(c)}, nil
	}
	return s.send(command)
}

// send decides about what an active endpoint is asked to be sent.
func (s State) send(command Command) ([]Event, error) {
	if s.Status != Active {
		return nil, ErrInactive
	}
	switch c := command.(type) {
	case Resend:
		if c.From < 0 || c.Through <= c.From {
			return nil, ErrRange
		}
		return []Event{ResendRequested{Number: s.Resent + 1, From: c.From, Through: c.Through, At: c.At}}, nil
	case Test:
		return []Event{Tested{Number: s.Tests + 1, At: c.At}}, nil
	}
	panic(fmt.Sprintf("webhook: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) register(c Register) ([]Event, error) {
	switch {
	case s.Status != Absent:
		return nil, ErrExists
	case !callback.Valid(c.URL, c.Near):
		return nil, ErrURL
	case !validName(c.Name):
		return nil, ErrName
	case !validKinds(c.Kinds, c.Known):
		return nil, ErrKinds
	}
	registered := Registered{Webhook: c.Webhook, Name: c.Name, URL: c.URL, Kinds: c.Kinds, By: c.By, At: c.At}
	if c.Alone {
		return []Event{registered, Approved{By: c.By, At: c.At}}, nil
	}
	return []Event{registered}, nil
}

func (s State) approve(c Approve) ([]Event, error) {
	switch {
	case s.Status != Proposed:
		return nil, ErrOver
	case c.By.IsZero() || c.By == s.By:
		return nil, ErrOwn
	}
	return []Event{Approved(c)}, nil
}

func validName(name string) bool {
	return utf8.ValidString(name) && name != "" && utf8.RuneCountInString(name) <= NameRunesMax && !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 })
}

func validKinds(kinds, known []string) bool {
	for i, pattern := range kinds {
		context, all := strings.CutSuffix(pattern, "*")
		switch {
		case slices.Contains(kinds[:i], pattern), all && context != "" && !strings.HasSuffix(context, "."):
			return false
		case !slices.ContainsFunc(known, func(kind string) bool { return matches(pattern, kind) }):
			return false
		}
	}
	return len(kinds) > 0 && len(kinds) <= KindsMax
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Registered:
		s = State{Webhook: e.Webhook, URL: e.URL, Kinds: e.Kinds, Status: Proposed, By: e.By, Generation: 1}
	case Approved, Enabled:
		s.Status = Active
	case SecretRotated:
		s.Generation, s.OldUntil = e.Generation, e.OldUntil
	case Disabled:
		s.Status, s.Told = Off, false
	case Deleted:
		s.Status = Gone
	case ResendRequested:
		s.Resent, s.From, s.Through = e.Number, e.From, e.Through
	case Tested:
		s.Tests = e.Number
	case ContactNamed:
		s.Contact = !e.Contact.IsZero()
	case ContactTold:
		s.Told = true
	}
	return s
}
