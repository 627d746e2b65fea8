package commands

import (
	"time"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/payment"
)

// PaymentAnswer is a payment as the verb left it. What the verb did not touch is
// zero: an authorisation knows no reference.
type PaymentAnswer struct {
	Payment      id.Payment
	Status       payment.Phase
	Customer     id.Customer
	From         id.Account
	Creditor     domain.Evidence
	CreditorName domain.Evidence
	Amount       money.Amount // of a return what came back
	Reference    domain.Evidence
	ExecuteOn    string // day; "": at once
	Payee        payment.Match
	PayeeName    domain.Evidence
	Exemption    string // from strong authentication, if it goes without
	Challenge    Challenge
	Message      string // its name on the rail, once it is submitted
	Reason       string // of a rejection by the rail or of a return
	Recall       RecallAnswer
	At           time.Time
}

// RecallAnswer is how the last recall of a payment stands; zero: it was not recalled.
type RecallAnswer struct {
	Status   string
	Reason   string // ISO 20022 code of the recall
	Denial   string // and of the other bank's no
	AnswerBy time.Time
}

// How a recall stands.
const (
	RecallAsked  = "asked"
	RecallDenied = "denied"
)

// paymentAnswer makes the answer of every verb of payments from its facts: a
// rejection by the bank is the refusal that its code names.
func paymentAnswer(facts []Fact) (PaymentAnswer, error) {
	var (
		answer  PaymentAnswer
		refused error
	)
	for _, fact := range facts {
		event, ok := fact.Event.(payment.Event)
		if !ok {
			continue
		}
		answer.Payment = id.From[id.Payment](uuidIn(fact.Stream))
		if err := answer.take(event); err != nil {
			refused = err
		}
	}
	return answer, refused
}

// take folds one fact into the answer; the error is the refusal it stands for.
func (a *PaymentAnswer) take(event payment.Event) error {
	switch e := event.(type) {
	case payment.Initiated:
		a.Customer, a.From, a.Creditor, a.CreditorName = e.Customer, e.From, e.Creditor, e.CreditorName
		a.Amount, a.Reference, a.At = e.Amount, e.Reference, e.At
	case payment.PayeeVerified:
		a.Payee, a.PayeeName = e.Result, e.Name
	case payment.Assessed:
		a.Exemption = e.Exemption
	case payment.Challenged:
		a.Status, a.Challenge = payment.Pending, Challenge{e.Challenge, e.Nonce, e.Methods, e.Display, e.ExpiresAt}
	case payment.Authorised:
		a.Status, a.At = payment.Ready, e.At
	case payment.Dated:
		a.ExecuteOn = e.Day
	case payment.Scheduled:
		a.Status, a.At = payment.Waiting, e.At
	case payment.Held:
		a.Status, a.At = payment.Reviewed, e.At
	case payment.FellDue:
		a.Status, a.At = payment.Ready, e.At
	case payment.Released:
		a.Status, a.At = payment.Ready, e.At
	case payment.Submitted:
		a.Status, a.Message, a.At = payment.Sent, e.Message, e.At
	case payment.Accepted:
		a.Status, a.At = payment.Taken, e.At
	case payment.Settled:
		a.Status, a.At = payment.Done, e.At
	case payment.Returned:
		a.Status, a.Amount, a.Reason, a.At = payment.GivenBack, e.Amount, e.Reason, e.At
	case payment.Recalled:
		a.Status, a.Recall, a.At = payment.Done, RecallAnswer{Status: RecallAsked, Reason: e.Reason, AnswerBy: e.AnswerBy}, e.At
	case payment.RecallDenied:
		a.Status, a.Recall, a.At = payment.Done, RecallAnswer{Status: RecallDenied, Denial: e.Reason}, e.At
	case payment.Cancelled:
		a.Status, a.At = payment.Withdrawn, e.At
	case payment.Expired:
		a.Status, a.At = payment.TimedOut, e.At
	case payment.AuthorisationFailed:
		a.Status, a.At = payment.Pending, e.At
		return payment.ErrSCA
	case payment.Rejected:
		a.Status, a.Reason, a.At = payment.Declined, e.Reason, e.At
		if e.Code != payment.RailRejected { // which is no answer to who asked for it
			return paymentRejection(e.Code)
		}
	}
	return nil
}

// paymentRejection is what the customer is told of a code kept in the log. One that
// no rule uses any more still gets its answer.
func paymentRejection(code string) *domain.Refusal {
	if refusal, ok := payment.Refusal(code); ok {
		return refusal
	}
	if refusal, ok := account.Refusal(code); ok {
		return refusal
	}
	if code == customer.ErrPaused.Code {
		return customer.ErrPaused
	}
	return &domain.Refusal{Class: domain.Refused, Code: code, Detail: "The payment was refused."}
}
