package commands

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/transfer"
	"florin/eventbus"
)

// TransferAnswer is a transfer as the verb left it. What the verb did not touch
// is zero: an authorisation knows no reference.
type TransferAnswer struct {
	Transfer  id.Transfer
	Status    transfer.Phase
	Customer  id.Customer
	From, To  id.Account
	Amount    money.Amount
	Reference domain.Evidence
	Original  id.Transfer // of a reversal
	Exemption string      // from strong authentication, if it was posted without
	Payee     id.Payee    // the creditor is one of the customer's
	Consent   id.Consent  // a third party asked for it, under this
	Challenge Challenge   // if it was challenged
	ExecuteOn string      // day; "": at once
	At        time.Time
}

// Challenge is what the customer has to answer. Display is transfer.Statement's
// text, verbatim; it is erased with the evidence.
type Challenge struct {
	ID        id.Challenge
	Nonce     string
	Methods   []string
	Display   domain.Evidence
	ExpiresAt time.Time
}

// transferAnswer makes the answer of every verb of transfers from its facts: a
// rejection is the refusal that its code names.
func transferAnswer(facts []Fact) (TransferAnswer, error) {
	var (
		answer  TransferAnswer
		refused error
	)
	for _, fact := range facts {
		event, ok := fact.Event.(transfer.Event)
		if !ok {
			continue
		}
		if _, original := event.(transfer.Reversed); original {
			continue // the answer is the reversing transfer
		}
		answer.Transfer = id.From[id.Transfer](uuidIn(fact.Stream))
		if err := answer.take(event); err != nil {
			refused = err
		}
	}
	return answer, refused
}

// take folds one fact into the answer; the error is the refusal it stands for.
func (a *TransferAnswer) take(event transfer.Event) error {
	switch e := event.(type) {
	case transfer.Initiated:
		a.Customer, a.From, a.To, a.Amount = e.Customer, e.From, e.To, e.Amount
		a.Reference, a.Original, a.At = e.Reference, e.Original, e.At
	case transfer.Assessed:
		a.Exemption = e.Exemption
	case transfer.Dated:
		a.ExecuteOn = e.Day
	case transfer.Scheduled:
		a.Status, a.At = transfer.Waiting, e.At
	case transfer.Held:
		a.Status, a.At = transfer.Reviewed, e.At
	case transfer.Batched:
		a.Status = transfer.Joined
	case transfer.PayeeNamed:
		a.Payee = e.Payee
	case transfer.Consented:
		a.Consent = e.Consent
	case transfer.Challenged:
		a.Status, a.Challenge = transfer.Pending, Challenge{e.Challenge, e.Nonce, e.Methods, e.Display, e.ExpiresAt}
	case transfer.Posted:
		a.Status, a.At = transfer.Done, e.At
		a.moved(e.Legs)
	case transfer.Cancelled:
		a.Status, a.At = transfer.Withdrawn, e.At
	case transfer.Expired:
		a.Status, a.At = transfer.TimedOut, e.At
	case transfer.AuthorisationFailed:
		a.Status, a.At = transfer.Pending, e.At
		return transfer.ErrSCA
	case transfer.Rejected:
		a.Status, a.At = transfer.Declined, e.At
		return rejection(e.Code)
	}
	return nil
}

// moved reads from the legs what an authorisation's own facts do not repeat.
func (a *TransferAnswer) moved(legs money.Posting) {
	if !a.From.IsZero() {
		return
	}
	for _, leg := range legs.Legs() {
		if leg.IsNegative() {
			a.From = leg.Account
		} else {
			a.To, a.Amount = leg.Account, leg.Amount
		}
	}
}

// rejection is what the customer is told of a code kept in the log. One that no
// rule uses any more still gets its answer.
func rejection(code string) *domain.Refusal {
	if refusal, ok := transfer.Refusal(code); ok {
		return refusal
	}
	if refusal, ok := account.Refusal(code); ok {
		return refusal
	}
	if code == customer.ErrPaused.Code {
		return customer.ErrPaused
	}
	return &domain.Refusal{Class: domain.Refused, Code: code, Detail: "The transfer was refused."}
}

// uuidIn is the identifier in a stream's name; streams are made from identifiers.
func uuidIn(stream eventbus.Stream) uuid.UUID {
	_, text, _ := strings.Cut(string(stream), "/")
	return uuid.MustParse(text)
}
