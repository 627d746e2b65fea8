// Package payment decides what may happen to one payment to an account at another
// bank, which leaves on a rail.
//
//	(none) -- Initiate --> challenged -- Authorise --> authorised -- Submit --> submitted
//	              |             |                          |                   |      |
//	              |             +-- Expire --> expired     |     (the rail says)      +-- accepted
//	              |             '-- five failures          |                   |      |
//	              '--> rejected <-------'                  |                   +------'
//	                                  cancelled <-- Cancel-'                   |
//	                      held (review.go)     settled, rejected or returned <-----'
//	                                          '-- a late return --> returned
//
// A settled payment may be recalled: recall.go. One of a later day waits for it before
// it is authorised: scheduled.go.
//
// Money is held from the beginning, and leaves the debtor's account when the payment
// is submitted: it is then in transit on the rail, and at the nostro once it is
// settled. Whatever moves money lies in journal entries (journal.posted); the facts
// here name them and hold no legs.
//
// A payment is submitted once, under a message identification that follows from its
// own identifier, so that a rail told twice knows it. It must never be submitted on a
// challenge whose displayed statement was not confirmed word for word, and never be
// taken for rejected because the rail did not answer: it stays submitted, and people
// look into it.
//
// Why a customer may cancel only what is not submitted: afterwards the money is the
// rail's to give back.
package payment

import (
	"time"

	"florin/domain/id"
	"florin/domain/money"
)

// FailuresMax is how many failed authorisations reject a payment.
const FailuresMax = 5

// Phase is where a payment stands; it is also its status on the wire.
type Phase string

const (
	Absent    Phase = ""
	Pending   Phase = "challenged"
	Reviewed  Phase = "held"       // confirmed, and waits for a person's look
	Ready     Phase = "authorised" // confirmed, or exempt: about to be submitted
	Waiting   Phase = "scheduled"  // confirmed, and for a later day
	Sent      Phase = "submitted"
	Taken     Phase = "accepted" // by the rail
	Done      Phase = "settled"
	Declined  Phase = "rejected" // by the bank or the rail
	TimedOut  Phase = "expired"
	Withdrawn Phase = "cancelled"
	GivenBack Phase = "returned"
)

// Awaited tells whether the rail owes an answer.
func (p Phase) Awaited() bool { return p == Sent || p == Taken }

// Over tells whether nothing more is to be expected of the payment, but that what is
// settled may still come back.
func (p Phase) Over() bool {
	switch p {
	case Done, Declined, TimedOut, Withdrawn, GivenBack:
		return true
	}
	return false
}

// State is what the rules need to know of a payment; its zero value is a payment
// that does not exist yet. It holds no personal data: of the displayed statement only
// a digest, and that only while an answer is awaited.
type State struct {
	Payment      id.Payment     `json:"payment"`
	Customer     id.Customer    `json:"customer"`
	From         id.Account     `json:"from"`
	Amount       money.Amount   `json:"amount"`
	Rail         string         `json:"rail"`
	File         id.PaymentFile `json:"payment_file"` // that it is of; zero: none
	Device       id.Device      `json:"device"`       // that asked for it
	Day          string         `json:"day"`          // that it waits for; "": none
	Due          time.Time      `json:"due"`
	Phase        Phase          `json:"phase"`
	Code         string         `json:"code"` // of the rejection
	Challenge    id.Challenge   `json:"challenge"`
	Methods      []string       `json:"methods"`
	Displayed    digest         `json:"displayed"`
	AskedAt      time.Time      `json:"asked_at"` // when the challenge was made
	Suspect      bool           `json:"suspect"`  // risk wants a person to look at it, once it is confirmed
	ReviewUntil  time.Time      `json:"review_until"`
	ExpiresAt    time.Time      `json:"expires_at"`
	Failures     int            `json:"failures"`
	SubmittedAt  time.Time      `json:"submitted_at"`
	Investigated bool           `json:"investigated"` // the rail has owed an answer for too long
	Returned     money.Amount   `json:"returned"`     // less than Amount if the other side kept a charge
	SettledAt    time.Time      `json:"settled_at"`
	Recalls      int            `json:"recalls"` // how often it was recalled
	Recall       Recalling      `json:"recall"`
}

// Reservation is the name under which the debtor's funds are held: the payment's stream.
func (s State) Reservation() string { return s.Payment.Stream() }

// Held tells whether the debtor's funds are held: of a payment of a later day only
// from that day on.
func (s State) Held() bool {
	return s.Phase == Ready || s.Phase == Reviewed || s.Phase == Pending && s.Day == ""
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Initiated:
		s = State{Payment: e.Payment, Customer: e.Customer, From: e.From, Amount: e.Amount, Rail: e.Rail, Device: e.Device}
	case Filed:
		s.File = e.File
	case Dated:
		s.Day, s.Due = e.Day, e.Due
	case Challenged:
		s.Phase, s.Challenge, s.Methods, s.AskedAt, s.ExpiresAt = Pending, e.Challenge, e.Methods, e.At, e.ExpiresAt
		s.Displayed = digestOf(e.Display.Reveal())
	case AuthorisationFailed:
		s.Failures++
	case Assessed:
		s.Suspect = e.Outcome == Hold
	case Authorised, Released:
		s = s.become(Ready)
	case Scheduled:
		s = s.become(Waiting)
	case FellDue:
		s = s.become(Ready)
	case Held:
		s = s.become(Reviewed)
		s.ReviewUntil = e.Until
	case Submitted:
		s = s.become(Sent)
		s.SubmittedAt = e.At
	case Accepted:
		s = s.become(Taken)
	case InvestigationOpened:
		s.Investigated = true
	case Settled:
		s = s.become(Done)
		s.SettledAt = e.At
	case Rejected:
		s = s.become(Declined)
		s.Code = e.Code
	case Returned:
		s = s.become(GivenBack)
		s.Returned, s.Recall = e.Amount, Recalling{}
	case Recalled:
		s.Recalls, s.Recall = s.Recalls+1, Recalling{Name: e.Recall, Reason: e.Reason, At: e.At, AnswerBy: e.AnswerBy}
	case RecallDenied:
		s.Recall = Recalling{}
	case RecallDelayed:
		s.Recall.Overdue = true
	case Expired:
		s = s.become(TimedOut)
	case Cancelled:
		s = s.become(Withdrawn)
	}
	return s // Ordered and PayeeVerified change nothing that a rule asks for
}

// become leaves the challenge behind.
func (s State) become(phase Phase) State {
	s.Phase, s.Displayed, s.Methods = phase, digest{}, nil
	return s
}
