// Package directdebit decides what may happen to one collection by another bank: a
// SEPA Core direct debit.
//
//	(none) -- Collect --> collected -- Refund --> refunded -- SettleClaim --> refund-settled
//	              |                                   '------ DenyClaim ----> refund-denied
//	              '-----> refused
//
// A collection is answered at once: it is booked, or refused with the reason that the
// other bank is told. It has the rail's own name, under which it counts once for ever.
//
// Whoever was collected from gets the money back without a reason for eight weeks, and
// for thirteen months if nobody was authorised to collect (EPC016-06, 4.3.4; Directive
// (EU) 2015/2366, articles 71, 73, 76, 77). A refund pays at once; the bank then claims
// the money from the other one. It must never be paid twice.
//
// Why a denied claim is the bank's loss and not taken from the customer again: what
// was paid back is the customer's. If they had no right to it, people see to that.
package directdebit

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/text"
)

// How long a customer may ask for the money back.
const (
	RefundWeeks        = 8  // without a reason
	UnauthorisedMonths = 13 // of what nobody was authorised to collect
)

// Bounds of what a rail says.
const (
	ReferenceBytesMax = 35
	NameRunesMax      = 70
)

// Phase is where a collection stands; it is also its status on the wire.
type Phase string

const (
	Absent    Phase = ""
	Booked    Phase = "collected"
	Declined  Phase = "refused"
	PaidBack  Phase = "refunded" // and claimed
	Reclaimed Phase = "refund-settled"
	Lost      Phase = "refund-denied"
)

// Grounds of a refund.
type Grounds string

const (
	NoReason     Grounds = "no-reason"
	Unauthorised Grounds = "unauthorised"
)

// ISO 20022 ExternalReturnReason1Code of a refund.
func (g Grounds) Reason() string {
	if g == Unauthorised {
		return "MD01"
	}
	return "MD06"
}

// Command is something one may ask of a collection. The set is sealed.
type Command interface{ directDebitCommand() }

type (
	// Collect takes it in: booked by a mandate, or refused with the Reason.
	Collect struct {
		Received
		Account  id.Account // zero: the number is none of the bank's
		Customer id.Customer
		Mandate  id.Mandate
		Reason   string
		Journal  id.Journal
	}
	// Refund pays the money back. At must be within the time that Grounds leave.
	Refund struct{ Asked Refunded }
	// SettleClaim and DenyClaim are what the other bank says of it.
	SettleClaim struct {
		Journal id.Journal
		At      time.Time
	}
	DenyClaim struct {
		Reason  string
		Journal id.Journal
		At      time.Time
	}
)

func (Collect) directDebitCommand()     {}
func (Refund) directDebitCommand()      {}
func (SettleClaim) directDebitCommand() {}
func (DenyClaim) directDebitCommand()   {}

// Refusals.
var (
	ErrMissing       = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrExists        = &domain.Refusal{Class: domain.Conflict, Code: "direct-debit-exists", Detail: "This collection was already answered."}
	ErrAmount        = &domain.Refusal{Class: domain.Invalid, Code: "invalid-amount", Detail: "The amount must be more than zero and not too large."}
	ErrReason        = &domain.Refusal{Class: domain.Invalid, Code: "invalid-rail-reason", Detail: "A reason of the rail is a code of up to four capital letters and digits."}
	ErrGrounds       = &domain.Refusal{Class: domain.Invalid, Code: "invalid-refund-grounds", Detail: "The grounds of a refund are no-reason or unauthorised."}
	ErrNotRefundable = &domain.Refusal{Class: domain.Conflict, Code: "direct-debit-not-refundable", Detail: "This direct debit is none that could be paid back."}
	ErrTooLate       = &domain.Refusal{Class: domain.Refused, Code: "refund-too-late", Detail: "A direct debit is paid back for eight weeks, and one that nobody authorised for thirteen months."}
	ErrNotClaimed    = &domain.Refusal{Class: domain.Conflict, Code: "refund-not-claimed", Detail: "The other bank owes nothing for this direct debit."}
	ErrInvalid       = &domain.Refusal{Class: domain.Invalid, Code: "invalid-direct-debit",
		Detail: "A direct debit needs the rail's and the creditor's name for it, both accounts, its creditor and mandate, a sequence of FRST, RCUR, FNAL or OOFF, and clean text."}
)

// State is what the rules need to know of a collection; its zero value is one that has
// not come. It holds no personal data.
type State struct {
	DirectDebit id.DirectDebit `json:"direct_debit"`
	Rail        string         `json:"rail"`
	Reference   string         `json:"reference"`
	Amount      money.Amount   `json:"amount"`
	Account     id.Account     `json:"account"`
	Customer    id.Customer    `json:"customer"`
	Mandate     id.Mandate     `json:"mandate"`
	Phase       Phase          `json:"phase"`
	Refund      string         `json:"refund"`
	Grounds     Grounds        `json:"grounds"`
	CollectedAt time.Time      `json:"collected_at"`
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Collect:
		return s.collect(c)
	case Refund:
		return s.refund(c.Asked)
	case SettleClaim:
		if s.Phase != PaidBack || c.Journal.IsZero() {
			return nil, s.otherwise(ErrNotClaimed)
		}
		return []Event{ClaimSettled(c)}, nil
	case DenyClaim:
		switch {
		case s.Phase != PaidBack, c.Journal.IsZero():
			return nil, s.otherwise(ErrNotClaimed)
		case !reason(c.Reason):
			return nil, ErrReason
		}
		return []Event{ClaimDenied(c)}, nil
	}
	panic(fmt.Sprintf("directdebit: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) collect(c Collect) ([]Event, error) {
	switch {
	case s.Phase != Absent:
		return nil, ErrExists
	case !c.complete():
		return nil, ErrInvalid
	case !c.Amount.IsPositive(), c.Amount.Minor > money.MinorMax, !c.Amount.Currency.Known():
		return nil, ErrAmount
	case c.Reason != "" && !reason(c.Reason):
		return nil, ErrReason
	case c.Reason != "":
		return []Event{c.Received, Refused{Account: c.Account, Customer: c.Customer, Reason: c.Reason, At: c.At}}, nil
	case c.Account.IsZero(), c.Customer.IsZero(), c.Mandate.IsZero(), c.Journal.IsZero():
		return nil, ErrInvalid
	}
	return []Event{c.Received, Collected{Account: c.Account, Customer: c.Customer, Mandate: c.Mandate, Journal: c.Journal, At: c.At}}, nil
}

// complete tells whether the rail has said all that has to be kept.
func (r Received) complete() bool {
	creditor := r.CreditorName.Reveal()
	return !r.DirectDebit.IsZero() && r.Rail != "" && name(r.Reference) && name(r.EndToEnd.Reveal()) && name(r.Mandate.Reveal()) &&
		r.Debtor.Reveal() != "" && r.Creditor.Reveal() != "" && r.CreditorID.Reveal() != "" &&
		creditor != "" && utf8.RuneCountInString(creditor) <= NameRunesMax && text.Line(creditor) && text.Reference(r.Text.Reveal()) && r.known()
}

func (r Received) known() bool {
	switch r.Sequence {
	case "FRST", "RCUR", "FNAL", "OOFF":
		return true
	}
	return false
}

// Last tells whether the creditor says that it collects by this mandate no more.
func (r Received) Last() bool { return r.Sequence == "FNAL" || r.Sequence == "OOFF" }

func (s State) refund(asked Refunded) ([]Event, error) {
	var until time.Time
	switch asked.Grounds {
	case NoReason:
		until = s.CollectedAt.AddDate(0, 0, 7*RefundWeeks)
	case Unauthorised:
		until = s.CollectedAt.AddDate(0, UnauthorisedMonths, 0)
	default:
		return nil, ErrGrounds
	}
	switch {
	case s.Phase != Booked, asked.Refund == "", asked.Journal.IsZero():
		return nil, s.otherwise(ErrNotRefundable)
	case asked.At.After(until):
		return nil, ErrTooLate
	}
	return []Event{asked}, nil
}

func (s State) otherwise(refusal error) error {
	if s.Phase == Absent {
		return ErrMissing
	}
	return refusal
}

// name tells whether it is a name that rails give: printable ASCII without spaces.
func name(n string) bool {
	return n != "" && len(n) <= ReferenceBytesMax && !strings.ContainsFunc(n, func(r rune) bool { return r <= ' ' || r > '~' })
}

func reason(code string) bool {
	return code != "" && len(code) <= 4 && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Received:
		s = State{DirectDebit: e.DirectDebit, Rail: e.Rail, Reference: e.Reference, Amount: e.Amount}
	case Collected:
		s.Phase, s.Account, s.Customer, s.Mandate, s.CollectedAt = Booked, e.Account, e.Customer, e.Mandate, e.At
	case Refused:
		s.Phase, s.Account, s.Customer = Declined, e.Account, e.Customer
	case Refunded:
		s.Phase, s.Refund, s.Grounds = PaidBack, e.Refund, e.Grounds
	case ClaimSettled:
		s.Phase = Reclaimed
	case ClaimDenied:
		s.Phase = Lost
	}
	return s
}
