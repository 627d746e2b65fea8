// Package transfer decides what may happen to one transfer between two accounts
// of the bank.
//
//	                            .--> posted -- Reverse (parts) --> reversed
//	                           /       ^
//	(none) -- Initiate -------+        | Authorise: the statement is confirmed
//	                          |\       |
//	                          | '--> challenged --+-- five failures --> rejected
//	                          |                   +-- Expire ---------> expired
//	                          |\                  |'-- Cancel ---------> cancelled
//	                          | \                 '-- of a later day --> scheduled (scheduled.go)
//	                          | '--> batched --> posted or rejected, with its batch
//	                          |      held --> posted or rejected, by a person (review.go)
//	                          '--> rejected
//
// rejected, expired, cancelled and reversed are final; posted only ever gives
// back. A refusal by a rule of money, limit or risk is a fact (rejected), so the
// same request gets the same answer for ever, and auditors see what was tried.
//
// A transfer never touches an account: the command that posts it debits and
// credits both in the same commit (package commands). It must never be posted on a
// challenge whose displayed statement was not confirmed word for word, and nothing
// is ever edited: a reversal is a transfer of its own.
package transfer

import (
	"time"

	"florin/domain/id"
	"florin/domain/money"
)

// FailuresMax is how many failed authorisations reject a transfer.
const FailuresMax = 5

// Phase is where a transfer stands; it is also its status on the wire.
type Phase string

const (
	Absent    Phase = ""
	Pending   Phase = "challenged"
	Joined    Phase = "batched"
	Waiting   Phase = "scheduled"
	Reviewed  Phase = "held" // for a person's look
	Done      Phase = "posted"
	Declined  Phase = "rejected"
	TimedOut  Phase = "expired"
	Withdrawn Phase = "cancelled"
	GivenBack Phase = "reversed" // wholly; partly reversed ones stay posted
)

// Final tells whether nothing can happen any more.
func (p Phase) Final() bool {
	return p == Declined || p == TimedOut || p == Withdrawn || p == GivenBack
}

// State is what the rules need to know of a transfer; its zero value is a
// transfer that does not exist yet. It holds no personal data: of the displayed
// statement only a digest, and that only while an answer is awaited.
type State struct {
	Transfer  id.Transfer  `json:"transfer"`
	Customer  id.Customer  `json:"customer"`
	From      id.Account   `json:"from"`
	To        id.Account   `json:"to"`
	Amount    money.Amount `json:"amount"`
	Original  id.Transfer  `json:"original"`
	Device    id.Device    `json:"device"` // that asked for it
	Batch     id.Batch     `json:"batch"`  // that it is one of, if any
	Day       string       `json:"day"`    // on which it is executed; "": when it is confirmed
	Due       time.Time    `json:"due"`
	Phase     Phase        `json:"phase"`
	Code      string       `json:"code"` // of the rejection
	Challenge id.Challenge `json:"challenge"`
	Methods   []string     `json:"methods"`
	Displayed digest       `json:"displayed"`
	AskedAt   time.Time    `json:"asked_at"` // when the challenge was made
	Suspect   bool         `json:"suspect"`  // risk wants a person to look at it, once it is confirmed
	ExpiresAt time.Time    `json:"expires_at"`
	Failures  int          `json:"failures"`
	Reversed  int64        `json:"reversed"` // minor units given back so far

	ReviewUntil time.Time `json:"review_until"` // of what is held
}

// Reservation is the name under which the debtor's funds are held, and Posting
// the name of the posting: both are the transfer's stream.
func (s State) Reservation() string { return s.Transfer.Stream() }

// Reversible is what may still be given back.
func (s State) Reversible() money.Amount {
	if s.Phase != Done || !s.Original.IsZero() {
		return money.Amount{Currency: s.Amount.Currency}
	}
	return money.Amount{Minor: s.Amount.Minor - s.Reversed, Currency: s.Amount.Currency}
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Initiated:
		s = State{Transfer: e.Transfer, Customer: e.Customer, From: e.From, To: e.To, Amount: e.Amount, Original: e.Original, Device: e.Device}
	case Challenged:
		s.Phase, s.Challenge, s.Methods, s.AskedAt, s.ExpiresAt = Pending, e.Challenge, e.Methods, e.At, e.ExpiresAt
		s.Displayed = digestOf(e.Display.Reveal())
	case Assessed:
		s.Suspect = e.Outcome == Hold
	case Dated:
		s.Day, s.Due = e.Day, e.Due
	case Scheduled:
		s = s.settle(Waiting)
	case Held:
		s = s.settle(Reviewed)
		s.ReviewUntil = e.Until
	case Batched:
		s.Phase, s.Batch = Joined, e.Batch
	case AuthorisationFailed:
		s.Failures++
	case Posted:
		s = s.settle(Done)
	case Rejected:
		s = s.settle(Declined)
		s.Code = e.Code
	case Expired:
		s = s.settle(TimedOut)
	case Cancelled:
		s = s.settle(Withdrawn)
	case Reversed:
		if s.Reversed += e.Amount.Minor; s.Reversed >= s.Amount.Minor {
			s.Phase = GivenBack
		}
	}
	return s // PayeeNamed, Authorised and Released change nothing that a rule asks for
}

// settle leaves the challenge behind.
func (s State) settle(phase Phase) State {
	s.Phase, s.Displayed, s.Methods = phase, digest{}, nil
	return s
}
