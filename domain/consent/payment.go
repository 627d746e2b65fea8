package consent

import (
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
)

// How long the customer's yes to a payment is good for.
const (
	// ConfirmedTTL: for so long after the login that showed who agreed, the yes is
	// the payment's own strong authentication with dynamic linking (PSD2 RTS art. 4
	// and 5): the page had named amount and payee, and the code that came of it is
	// good for nothing else. Later the customer confirms the payment once more.
	ConfirmedTTL = 15 * time.Minute
	// PaymentTTL: after it the payment is not made at all.
	PaymentTTL = 24 * time.Hour
)

type (
	// NameDebtor says with Push from which account the payment is to be made.
	NameDebtor struct {
		Debtor id.Account
		At     time.Time
	}
	// Pay makes the payment that was agreed to, as Transfer. Everything that it
	// says has to be what the customer was shown.
	Pay struct {
		Client   id.Client
		Customer id.Customer
		Transfer id.Transfer
		From, To id.Account
		Amount   money.Amount
		// Reference is the remittance text; none if none was shown.
		Reference string
		At        time.Time
	}
	// Revoke takes the yes back. By and Reason are codes.
	Revoke struct {
		By     string
		Reason string
		At     time.Time
	}
)

func (NameDebtor) consentCommand() {}
func (Pay) consentCommand()        {}
func (Revoke) consentCommand()     {}

type (
	// DebtorNamed: the payment is asked for from this account and no other.
	DebtorNamed struct {
		Debtor id.Account `json:"debtor"`
		At     time.Time  `json:"at"`
	}
	// PaymentMade: the one payment was asked for, and is not made again, whatever
	// becomes of it.
	PaymentMade struct {
		Transfer id.Transfer `json:"transfer"`
		At       time.Time   `json:"at"`
	}
	// Revoked: the customer, or who acts for the bank, took the yes back.
	Revoked struct {
		Client   id.Client   `json:"client"`
		Customer id.Customer `json:"customer"`
		By       string      `json:"by"` // customer, operator, system
		Reason   string      `json:"reason"`
		At       time.Time   `json:"at"`
	}
)

func (DebtorNamed) Kind() string { return "consent.debtor_named" }
func (PaymentMade) Kind() string { return "consent.payment_made" }
func (Revoked) Kind() string     { return "consent.revoked" }

func (DebtorNamed) consentEvent() {}
func (PaymentMade) consentEvent() {}
func (Revoked) consentEvent()     {}

// Refusals of a payment, each forbidden: another attempt with the same token and
// the same words has the same answer.
var (
	// ErrNoPayment: the token stands for no payment at all.
	ErrNoPayment = &domain.Refusal{Class: domain.Forbidden, Code: "consent-required", Detail: "The customer has not agreed to this payment."}
	// ErrOther: account, payee, amount, currency or reference is another than was shown.
	ErrOther = &domain.Refusal{Class: domain.Forbidden, Code: "consent-mismatch", Detail: "This is not the payment that the customer agreed to."}
	// ErrPaid: the one payment was made already.
	ErrPaid = &domain.Refusal{Class: domain.Forbidden, Code: "consent-used", Detail: "The payment that the customer agreed to was made already."}
	// ErrLate: the yes is too old.
	ErrLate = &domain.Refusal{Class: domain.Forbidden, Code: "consent-expired", Detail: "It is too long ago that the customer agreed to this payment."}
	// ErrRevoked: the yes was taken back.
	ErrRevoked = &domain.Refusal{Class: domain.Forbidden, Code: "consent-revoked", Detail: "The customer does not agree to this any more."}
	// ErrUnknown: there is no such consent, or it is another's.
	ErrUnknown = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
)

// Confirms tells whether the yes is strong authentication of the payment itself
// at this time. That it was strong enough is for who knows the classes.
func (s State) Confirms(at time.Time) bool {
	return s.phase == redeemed && !s.Revoked && at.Before(s.Granted.AuthTime.Add(ConfirmedTTL))
}

// Stands tells whether the customer has agreed, and has not taken it back.
func (s State) Stands() bool {
	return !s.Revoked && (s.phase == granted || s.phase == redeemed)
}

func (s State) nameDebtor(c NameDebtor) ([]Event, error) {
	if s.phase != pushed && s.phase != asked || s.Payment.IsZero() || c.Debtor.IsZero() || !s.Debtor.IsZero() {
		return nil, ErrDetails
	}
	return []Event{DebtorNamed(c)}, nil
}

func (s State) pay(c Pay) ([]Event, error) {
	switch {
	case s.phase != redeemed, s.Granted.Payment.IsZero(), c.Client != s.Client, c.Customer != s.Granted.Customer:
		return nil, ErrNoPayment
	case s.Revoked:
		return nil, ErrRevoked
	case !s.agrees(c):
		return nil, ErrOther
	case !s.Paid.IsZero():
		return nil, ErrPaid
	case !c.At.Before(s.Granted.At.Add(PaymentTTL)):
		return nil, ErrLate
	}
	return []Event{PaymentMade{Transfer: c.Transfer, At: c.At}}, nil
}

// agrees compares what is asked with what was granted, word for word. What was
// erased agrees with nothing.
func (s State) agrees(c Pay) bool {
	agreed := s.Granted.Payment
	return c.Amount == agreed.Amount && c.To.String() == agreed.CreditorAccount.Reveal() && !c.To.IsZero() &&
		c.Reference == agreed.Reference.Reveal() && !agreed.Reference.Erased() &&
		(s.Debtor.IsZero() || s.Debtor == c.From)
}

func (s State) revoke(c Revoke) ([]Event, error) {
	switch {
	case s.phase != granted && s.phase != redeemed:
		return nil, ErrUnknown
	case s.Revoked:
		return nil, nil
	}
	return []Event{Revoked{Client: s.Client, Customer: s.Granted.Customer, By: c.By, Reason: c.Reason, At: c.At}}, nil
}
