// Package paymentfile decides what may happen to a file of payments to other banks
// (ISO 20022 pain.001) that a customer sends.
//
//	(none) -- Submit --> rejected: nothing in it can be paid
//	   '----- Submit --> challenged -- Authorise --> authorised -- Complete --> completed
//	                         |             each payment goes its own way
//	                         +-- five failures --> rejected
//	                         +-- Expire ---------> expired
//	                         '-- Cancel ---------> cancelled
//
// The customer confirms once for all: the digest of the file's bytes, how many payments
// it holds and what they add up to (PSD2 RTS art. 5 (3) (b)). A file is taken whole or
// not at all; once it is confirmed its payments have nothing to do with each other. It
// must never be taken twice: its message identification is its name for ever.
//
// Why it is always challenged: whoever holds only the phone's key could otherwise pay
// a hundred small sums that no one looks at.
package paymentfile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/sca"
)

// Max is how many payments a file may hold: an account holds as many sums at a time.
const Max = 100

// NameBytesMax bounds the names that the customer gives: Max35Text.
const NameBytesMax = 35

// Phase is where a file stands; it is also its status on the wire.
type Phase string

const (
	Absent    Phase = ""
	Pending   Phase = "challenged"
	Confirmed Phase = "authorised"
	Over      Phase = "completed" // each payment has come to its end
	Declined  Phase = "rejected"
	TimedOut  Phase = "expired"
	Withdrawn Phase = "cancelled"
)

// State is what the rules need to know; its zero value is a file that was not sent. It
// holds no personal data.
type State struct {
	File     id.PaymentFile
	Customer id.Customer
	From     id.Account
	Count    int64
	Total    money.Amount
	Digest   string
	Device   id.Device // that sent it
	Phase    Phase
	SCA      sca.Challenge
	Method   string       // that confirmed it, and
	Answered id.Challenge // the challenge that it answered
}

// Command is something one may ask of a file. The set is sealed.
type Command interface{ fileCommand() }

type (
	// Submit takes a file in, and sets the challenge. Count and list are filled in.
	Submit struct {
		Asked  Submitted
		Items  []Item
		Demand sca.Demand
	}
	// Authorise answers the challenge.
	Authorise struct {
		Answer sca.Answer
		At     time.Time
	}
	// Complete says that each payment has come to its end, and how many to another than
	// that which was wanted.
	Complete struct {
		Failed int64
		At     time.Time
	}
	// Expire ends a challenge whose time has run out.
	Expire struct{ At time.Time }
	// Cancel withdraws what is not confirmed.
	Cancel struct{ At time.Time }
)

func (Submit) fileCommand()    {}
func (Authorise) fileCommand() {}
func (Complete) fileCommand()  {}
func (Expire) fileCommand()    {}
func (Cancel) fileCommand()    {}

// Refusals.
var (
	ErrMissing        = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrExists         = &domain.Refusal{Class: domain.Conflict, Code: "payment-file-exists", Detail: "Another file was sent under this message identification."}
	ErrInvalid        = &domain.Refusal{Class: domain.Invalid, Code: "invalid-payment-file", Detail: "A file holds 1 to 100 payments in euros from one account, and its counts and sums are right."}
	ErrLater          = &domain.Refusal{Class: domain.Refused, Code: "payment-file-later", Detail: "The file is for a later day than today."}
	ErrAgent          = &domain.Refusal{Class: domain.Refused, Code: "wrong-agent", Detail: "The file names another bank as that of its account."}
	ErrSCA            = &domain.Refusal{Class: domain.Forbidden, Code: "sca-failed", Detail: "The file could not be confirmed."}
	ErrNotCancellable = &domain.Refusal{Class: domain.Conflict, Code: "payment-file-not-cancellable", Detail: "This file can no longer be cancelled."}
	ErrNotComplete    = &domain.Refusal{Class: domain.Conflict, Code: "payment-file-not-complete", Detail: "Not every payment of this file has come to its end."}
	ErrNotExpired     = &domain.Refusal{Class: domain.Conflict, Code: "payment-file-not-expired", Detail: "This file does not wait past its time."}
)

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Submit:
		return s.submit(c)
	case Authorise:
		return s.authorise(c)
	case Complete:
		if s.Phase != Confirmed || c.Failed < 0 || c.Failed > s.Count {
			return nil, ErrNotComplete
		}
		return []Event{Completed{Settled: s.Count - c.Failed, Failed: c.Failed, At: c.At}}, nil
	case Expire:
		if s.Phase != Pending || s.SCA.Waits(c.At) {
			return nil, ErrNotExpired
		}
		return []Event{Expired(c)}, nil
	case Cancel:
		switch s.Phase {
		case Absent:
			return nil, ErrMissing
		case Pending:
			return []Event{Cancelled(c)}, nil
		}
		return nil, ErrNotCancellable
	}
	panic(fmt.Sprintf("paymentfile: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) submit(c Submit) ([]Event, error) {
	asked := c.Asked
	switch {
	case s.Phase != Absent:
		return nil, ErrExists
	case asked.File.IsZero(), asked.Customer.IsZero(), asked.From.IsZero():
		return nil, ErrMissing
	case len(c.Items) < 1, len(c.Items) > Max, !Name(asked.Message.Reveal()), asked.Digest == "", asked.Total != sum(c.Items):
		return nil, ErrInvalid
	}
	asked.Count, asked.List = int64(len(c.Items)), List(c.Items)
	if !slices.ContainsFunc(c.Items, func(item Item) bool { return item.Refused == "" }) { // nothing is left to confirm
		return []Event{asked, Rejected{Code: c.Items[0].Refused, At: asked.At}}, nil
	}
	return []Event{asked, Challenged{Challenge: c.Demand.Challenge, Nonce: c.Demand.Nonce, Methods: c.Demand.Methods,
		Display: domain.NewEvidence(c.Demand.Text), ExpiresAt: c.Demand.ExpiresAt, At: asked.At}}, nil
}

// sum is what the items add up to; the zero amount if that, or one of them, is none.
func sum(items []Item) money.Amount {
	sum := money.Amount{Currency: "EUR"}
	for _, item := range items {
		if !item.Amount.IsPositive() || item.Amount.Currency != sum.Currency || item.Amount.Minor > money.MinorMax || !Name(item.EndToEnd.Reveal()) {
			return money.Amount{}
		}
		if sum.Minor += item.Amount.Minor; sum.Minor > money.MinorMax {
			return money.Amount{}
		}
	}
	return sum
}

// Name tells whether it is one that customers give to files and payments: printable
// ASCII (EPC217-08), not beginning or ending with a space.
func Name(n string) bool {
	return n != "" && len(n) <= NameBytesMax && strings.TrimSpace(n) == n && !strings.ContainsFunc(n, func(r rune) bool { return r < ' ' || r > '~' })
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
	return []Event{Authorised{Challenge: s.SCA.ID, Method: c.Answer.Method, Evidence: c.Answer.Evidence, At: c.At}}, nil
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Submitted:
		s = State{File: e.File, Customer: e.Customer, From: e.From, Count: e.Count, Total: e.Total, Digest: e.Digest, Device: e.Device}
	case Challenged:
		s.Phase, s.SCA = Pending, sca.Of(e.Challenge, e.Methods, e.Display, e.At, e.ExpiresAt)
	case AuthorisationFailed:
		s.SCA, _ = s.SCA.Failed()
	case Authorised:
		s.Phase, s.SCA, s.Method, s.Answered = Confirmed, sca.Challenge{}, e.Method, e.Challenge
	case Completed:
		s.Phase = Over
	case Rejected:
		s.Phase, s.SCA = Declined, sca.Challenge{}
	case Expired:
		s.Phase, s.SCA = TimedOut, sca.Challenge{}
	case Cancelled:
		s.Phase, s.SCA = Withdrawn, sca.Challenge{}
	}
	return s
}

// Statement is what the customer is shown and signs: the file's digest, count and total.
type Statement struct {
	Audience  string `json:"aud"`
	File      string `json:"payment_file"`
	Challenge string `json:"challenge"`
	Nonce     string `json:"nonce"`
	Debtor    string `json:"debtor"`
	Count     string `json:"count"`
	Total     string `json:"total"`
	Currency  string `json:"currency"`
	Fees      string `json:"fees"`
	Digest    string `json:"digest"` // SHA-256 of the file's bytes, hex
	Expiry    string `json:"expiry"`

	Refused       string `json:"refused,omitempty"`        // how many of the payments are rejected already, for what the file says of them
	PayeesMatched string `json:"payees_matched,omitempty"` // how many payees' banks have the account under the name that the file says
}

// Text is the one canonical spelling.
func (s Statement) Text() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic("paymentfile: a struct of strings always marshals: " + err.Error())
	}
	return string(text)
}
