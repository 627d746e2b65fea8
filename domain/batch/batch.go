// Package batch decides what may happen to many transfers that a customer asks for
// under one signature: all of them, in one commit, or none; or, if so asked (Each),
// those that no rule refuses, each by itself.
//
//	(none) -- Submit --+--> executed
//	                   +--> challenged -- Authorise --> executed
//	                   |        +-- five failures --> rejected
//	                   |        +-- Expire ---------> expired
//	                   |        +-- Cancel ---------> cancelled
//	                   |        '-- Authorise --> held, if risk wants a person to look (review.go)
//	                   '--> rejected
//
// The customer confirms the total and a digest of the whole list (PSD2 RTS art. 5 (3)
// (b)): any change of an account, an amount or the order is another batch. Unless it
// is one of each by itself it must never be executed in part.
package batch

import (
	"encoding/json"
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/sca"
)

// Max is how many transfers a batch may hold: what its commits write stays well
// within the limits of a commit (1,000 events, 512 KiB).
const Max = 100

// Mode says what one refused transfer means to the others; it is the request's word.
type Mode string

const (
	All  Mode = "all"  // no other is made; in facts absent
	Each Mode = "each" // the others are made
)

// ModeOf reads what is asked for; nothing is All. ErrMode.
func ModeOf(asked string) (Mode, error) {
	switch mode := Mode(asked); mode {
	case "", All:
		return "", nil
	case Each:
		return Each, nil
	}
	return "", ErrMode
}

// Phase is where a batch stands; it is also its status on the wire.
type Phase string

const (
	Absent    Phase = ""
	Pending   Phase = "challenged"
	Reviewed  Phase = "held" // confirmed, and waits for a person's look
	Done      Phase = "executed"
	Declined  Phase = "rejected"
	TimedOut  Phase = "expired"
	Withdrawn Phase = "cancelled"
)

// State is what the rules need to know; its zero value is a batch that does not exist
// yet. It holds no personal data.
type State struct {
	Batch    id.Batch
	Customer id.Customer
	From     id.Account
	Count    int64
	Total    money.Amount
	Mode     Mode      // "": All
	Device   id.Device // that asked for it
	Phase    Phase
	SCA      sca.Challenge
	Suspect  bool // risk wants a person to look at it, once it is confirmed

	ReviewUntil time.Time
}

// Command is something one may ask of a batch. The set is sealed.
type Command interface{ batchCommand() }

type (
	// Submit asks for all, or for each. Refused is the rule that said no, of an item or
	// (0) of the whole; Failed how many of each are refused, while others are not.
	// Assessment is what risk said of what was not refused, Demand the challenge
	// to set if it wants one.
	Submit struct {
		Asked      Submitted
		Refused    string
		Item       int64
		Failed     int64
		Assessment Assessed
		Demand     sca.Demand
	}
	// Authorise answers the challenge. Refused is the rule that says no by now, Failed how
	// many of each are refused by now.
	Authorise struct {
		Answer  sca.Answer
		Refused string
		Item    int64
		Failed  int64
		At      time.Time

		ReviewUntil time.Time // if it is held
	}
	// Expire ends a challenge whose time has run out.
	Expire struct{ At time.Time }
	// Cancel withdraws what is not executed.
	Cancel struct{ At time.Time }
)

func (Submit) batchCommand()    {}
func (Authorise) batchCommand() {}
func (Expire) batchCommand()    {}
func (Cancel) batchCommand()    {}

// Outcomes of an assessment.
const (
	Allow = "allow"
	Hold  = "hold"
	Block = "block"
)

// Refusals.
var (
	ErrMissing        = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrExists         = &domain.Refusal{Class: domain.Conflict, Code: "batch-exists", Detail: "This batch was already submitted."}
	ErrSize           = &domain.Refusal{Class: domain.Invalid, Code: "invalid-batch", Detail: "A batch holds 1 to 100 transfers, and their total is an amount."}
	ErrMode           = &domain.Refusal{Class: domain.Invalid, Code: "invalid-batch", Detail: "The mode of a batch is all or each."}
	ErrBlocked        = &domain.Refusal{Class: domain.Forbidden, Code: "transfer-blocked", Detail: "This batch cannot be executed. Please contact the bank."}
	ErrSCA            = &domain.Refusal{Class: domain.Forbidden, Code: "sca-failed", Detail: "The batch could not be confirmed."}
	ErrNotCancellable = &domain.Refusal{Class: domain.Conflict, Code: "batch-not-cancellable", Detail: "This batch can no longer be cancelled."}
	ErrNotExpired     = &domain.Refusal{Class: domain.Conflict, Code: "batch-not-expired", Detail: "This batch does not wait past its time."}
)

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Submit:
		return s.submit(c)
	case Authorise:
		return s.authorise(c)
	case Expire:
		if s.Phase != Pending || s.SCA.Waits(c.At) {
			return nil, ErrNotExpired
		}
		return []Event{Expired(c)}, nil
	case Release:
		return s.release(c)
	case Refuse:
		return s.refuse(c)
	case Cancel:
		switch s.Phase {
		case Absent:
			return nil, ErrMissing
		case Pending, Reviewed:
			return []Event{Cancelled(c)}, nil
		}
		return nil, ErrNotCancellable
	}
	panic(fmt.Sprintf("batch: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) submit(c Submit) ([]Event, error) {
	asked := c.Asked
	switch {
	case s.Phase != Absent:
		return nil, ErrExists
	case asked.Batch.IsZero(), asked.Customer.IsZero(), asked.From.IsZero():
		return nil, ErrMissing
	case asked.Count < 1, asked.Count > Max, asked.Total.Minor > money.MinorMax, asked.Total.Minor < -money.MinorMax, !asked.Total.Currency.Known():
		return nil, ErrSize
	case c.Refused != "":
		return []Event{asked, Rejected{Code: c.Refused, Item: c.Item, At: asked.At}}, nil
	}
	c.Assessment.At = asked.At
	events := []Event{asked, c.Assessment}
	switch c.Assessment.Outcome {
	case Allow:
		return append(events, Executed{Failed: c.Failed, At: asked.At}), nil
	case Block:
		return append(events, Rejected{Code: ErrBlocked.Code, At: asked.At}), nil
	}
	return append(events, Challenged{Challenge: c.Demand.Challenge, Nonce: c.Demand.Nonce, Methods: c.Demand.Methods,
		Display: domain.NewEvidence(c.Demand.Text), ExpiresAt: c.Demand.ExpiresAt, At: asked.At}), nil
}

// authorise has one answer for everything that is wrong: a failure, counted while the
// challenge stands.
func (s State) authorise(c Authorise) ([]Event, error) {
	switch {
	case s.Phase != Pending:
		return nil, ErrSCA
	case !s.SCA.Waits(c.At):
		return []Event{Expired{At: c.At}}, nil
	case !s.SCA.Confirmed(c.Answer):
		events := []Event{AuthorisationFailed{Challenge: s.SCA.ID, Method: s.SCA.Method(c.Answer), At: c.At}}
		if _, over := s.SCA.Failed(); over {
			events = append(events, Rejected{Code: ErrSCA.Code, At: c.At})
		}
		return events, nil
	}
	authorised := Authorised{Challenge: s.SCA.ID, Method: c.Answer.Method, Evidence: c.Answer.Evidence, At: c.At}
	if c.Refused != "" {
		return []Event{authorised, Rejected{Code: c.Refused, Item: c.Item, At: c.At}}, nil
	}
	if s.Suspect {
		return []Event{authorised, Held{Until: c.ReviewUntil, At: c.At}}, nil
	}
	return []Event{authorised, Executed{Failed: c.Failed, At: c.At}}, nil
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Submitted:
		s = State{Batch: e.Batch, Customer: e.Customer, From: e.From, Count: e.Count, Total: e.Total, Mode: e.Mode, Device: e.Device}
	case Assessed:
		s.Suspect = e.Outcome == Hold
	case Held:
		s.Phase, s.SCA, s.ReviewUntil = Reviewed, sca.Challenge{}, e.Until
	case Challenged:
		s.Phase, s.SCA = Pending, sca.Of(e.Challenge, e.Methods, e.Display, e.At, e.ExpiresAt)
	case AuthorisationFailed:
		s.SCA, _ = s.SCA.Failed()
	case Executed:
		s.Phase, s.SCA = Done, sca.Challenge{}
	case Rejected:
		s.Phase, s.SCA = Declined, sca.Challenge{}
	case Expired:
		s.Phase, s.SCA = TimedOut, sca.Challenge{}
	case Cancelled:
		s.Phase, s.SCA = Withdrawn, sca.Challenge{}
	}
	return s // Authorised and Released change nothing that a rule asks for
}

// Statement is what the customer is shown and signs: total and list.
type Statement struct {
	Audience  string `json:"aud"`
	Batch     string `json:"batch"`
	Challenge string `json:"challenge"`
	Nonce     string `json:"nonce"`
	Debtor    string `json:"debtor"`
	Count     string `json:"count"`
	Total     string `json:"total"`
	Currency  string `json:"currency"`
	Fees      string `json:"fees"`
	Digest    string `json:"digest"`
	Mode      string `json:"mode,omitempty"` // "each"; absent: all or none
	Expiry    string `json:"expiry"`
}

// Text is the one canonical spelling.
func (s Statement) Text() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic("batch: a struct of strings always marshals: " + err.Error())
	}
	return string(text)
}
