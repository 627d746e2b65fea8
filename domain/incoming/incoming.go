// Package incoming decides what may happen to one payment that came from another bank.
//
//	(none) -- Receive --> credited ------- Recall -----.
//	              |                                    +--> returned -- SettleReturn --> return_settled
//	              '-----> suspended ----- GiveBack ----'
//
// Money for an account that takes it is credited at once, frozen or not: a freeze
// keeps money in. Money for nobody, or for an account that is closed or kept in
// another currency, lies in suspense with the reason, and goes back.
//
// A payment has the rail's own name, under which it is booked once for ever. It must
// never be given back twice, nor to anybody but the bank that it came from.
//
// Why a recall takes what the account has and books the rest to the receivables: the
// bank owes the money to the other bank, and the customer owes it to the bank; an
// account is not overdrawn by what its holder never asked for.
package incoming

import (
	"fmt"
	"strings"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/text"
)

// Phase is where a payment stands; it is also its status on the wire.
type Phase string

const (
	Absent    Phase = ""
	Booked    Phase = "credited"
	Held      Phase = "suspended"
	GoingBack Phase = "returned" // in transit
	GoneBack  Phase = "return-settled"
)

// Bounds of what a rail says.
const (
	ReferenceBytesMax = 64
	NameRunesMax      = 140
)

// Event is a fact about one incoming payment. The set is sealed by incomingEvent.
type Event interface {
	domain.Event
	incomingEvent()
}

type (
	// Received: a rail says that money has come.
	Received struct {
		Incoming   id.Incoming     `json:"incoming"`
		Rail       string          `json:"rail"`
		Reference  string          `json:"reference"` // the rail's own name for it
		Creditor   domain.Evidence `json:"creditor"`  // IBAN
		Debtor     domain.Evidence `json:"debtor"`    // IBAN
		DebtorName domain.Evidence `json:"debtor_name"`
		Amount     money.Amount    `json:"amount"`
		Text       domain.Evidence `json:"text,omitzero"` // remittance
		At         time.Time       `json:"at"`
	}
	// Credited: it is on the account.
	Credited struct {
		Account  id.Account  `json:"account"`
		Customer id.Customer `json:"customer"`
		Journal  id.Journal  `json:"journal"`
		At       time.Time   `json:"at"`
	}
	// Suspended: no account takes it. Reason is an ISO 20022 ExternalReturnReason1Code.
	Suspended struct {
		Reason  string     `json:"reason"`
		Journal id.Journal `json:"journal"`
		At      time.Time  `json:"at"`
	}
	// Returned: it is on its way back, and the rail is told so until it has taken it.
	// Recall is what the other bank asked for it by, if it did; Owed what the account
	// no longer had.
	Returned struct {
		Return  string       `json:"return"` // our name for it on the rail
		Reason  string       `json:"reason"`
		Recall  string       `json:"recall,omitempty"`
		Owed    money.Amount `json:"owed,omitzero"`
		Journal id.Journal   `json:"journal"`
		At      time.Time    `json:"at"`
	}
	// ReturnSettled: the other bank has it back.
	ReturnSettled struct {
		Journal id.Journal `json:"journal"`
		At      time.Time  `json:"at"`
	}
)

func (Received) Kind() string      { return "incoming.received" }
func (Credited) Kind() string      { return "incoming.credited" }
func (Suspended) Kind() string     { return "incoming.suspended" }
func (Returned) Kind() string      { return "incoming.returned" }
func (ReturnSettled) Kind() string { return "incoming.return_settled" }

func (Received) incomingEvent()      {}
func (Credited) incomingEvent()      {}
func (Suspended) incomingEvent()     {}
func (Returned) incomingEvent()      {}
func (ReturnSettled) incomingEvent() {}

// Command is something one may ask of an incoming payment. The set is sealed.
type Command interface{ incomingCommand() }

type (
	// Receive takes it in: for an account, or with the reason why for none.
	Receive struct {
		Received
		Account  id.Account // zero: none takes it
		Customer id.Customer
		Reason   string
		Journal  id.Journal
	}
	// Recall gives back what was credited, for the other bank wants it.
	Recall struct {
		Return  string
		Reason  string
		Recall  string
		Owed    money.Amount
		Journal id.Journal
		At      time.Time
	}
	// GiveBack gives back what no account takes.
	GiveBack struct {
		Return  string
		Journal id.Journal
		At      time.Time
	}
	// SettleReturn notes that the rail has taken the return.
	SettleReturn struct {
		Journal id.Journal
		At      time.Time
	}
)

func (Receive) incomingCommand()      {}
func (Recall) incomingCommand()       {}
func (GiveBack) incomingCommand()     {}
func (SettleReturn) incomingCommand() {}

// Refusals.
var (
	ErrMissing       = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrExists        = &domain.Refusal{Class: domain.Conflict, Code: "incoming-payment-exists", Detail: "This payment was already booked."}
	ErrInvalid       = &domain.Refusal{Class: domain.Invalid, Code: "invalid-incoming-payment", Detail: "An incoming payment needs the rail's name for it, both accounts, the debtor's name, and clean text."}
	ErrAmount        = &domain.Refusal{Class: domain.Invalid, Code: "invalid-amount", Detail: "The amount must be more than zero and not too large."}
	ErrReason        = &domain.Refusal{Class: domain.Invalid, Code: "invalid-rail-reason", Detail: "A reason of the rail is a code of up to four capital letters and digits."}
	ErrNotRecallable = &domain.Refusal{Class: domain.Conflict, Code: "incoming-payment-not-recallable", Detail: "This payment is not on an account any more."}
	ErrNotReturnable = &domain.Refusal{Class: domain.Conflict, Code: "incoming-payment-not-returnable", Detail: "This payment is not one that goes back."}
)

// State is what the rules need to know of an incoming payment; its zero value is one
// that has not come. It holds no personal data.
type State struct {
	Incoming  id.Incoming  `json:"incoming"`
	Rail      string       `json:"rail"`
	Reference string       `json:"reference"`
	Amount    money.Amount `json:"amount"`
	Account   id.Account   `json:"account"`
	Customer  id.Customer  `json:"customer"`
	Reason    string       `json:"reason"` // why it goes back
	Return    string       `json:"return"`
	Phase     Phase        `json:"phase"`
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Receive:
		return s.receive(c)
	case Recall:
		return s.recall(c)
	case GiveBack:
		return s.giveBack(c)
	case SettleReturn:
		if s.Phase != GoingBack || c.Journal.IsZero() {
			return nil, s.otherwise(ErrNotReturnable)
		}
		return []Event{ReturnSettled(c)}, nil
	}
	panic(fmt.Sprintf("incoming: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) receive(c Receive) ([]Event, error) {
	switch {
	case s.Phase != Absent:
		return nil, ErrExists
	case c.Incoming.IsZero(), c.Rail == "", c.Journal.IsZero(), !name(c.Reference), c.Creditor.Reveal() == "", c.Debtor.Reveal() == "",
		c.DebtorName.Reveal() == "", len([]rune(c.DebtorName.Reveal())) > NameRunesMax, !text.Line(c.DebtorName.Reveal()), !text.Reference(c.Text.Reveal()):
		return nil, ErrInvalid
	case !c.Amount.IsPositive(), c.Amount.Minor > money.MinorMax, !c.Amount.Currency.Known():
		return nil, ErrAmount
	case c.Account.IsZero() && !reason(c.Reason):
		return nil, ErrReason
	case c.Account.IsZero():
		return []Event{c.Received, Suspended{Reason: c.Reason, Journal: c.Journal, At: c.At}}, nil
	}
	return []Event{c.Received, Credited{Account: c.Account, Customer: c.Customer, Journal: c.Journal, At: c.At}}, nil
}

func (s State) recall(c Recall) ([]Event, error) {
	switch {
	case s.Phase == Absent:
		return nil, ErrMissing
	case !reason(c.Reason):
		return nil, ErrReason
	case !name(c.Recall):
		return nil, ErrInvalid
	case s.Phase != Booked, c.Return == "", c.Journal.IsZero():
		return nil, ErrNotRecallable
	}
	return []Event{Returned(c)}, nil
}

func (s State) giveBack(c GiveBack) ([]Event, error) {
	if s.Phase != Held || c.Return == "" || c.Journal.IsZero() {
		return nil, s.otherwise(ErrNotReturnable)
	}
	return []Event{Returned{Return: c.Return, Reason: s.Reason, Journal: c.Journal, At: c.At}}, nil
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
		s = State{Incoming: e.Incoming, Rail: e.Rail, Reference: e.Reference, Amount: e.Amount}
	case Credited:
		s.Phase, s.Account, s.Customer = Booked, e.Account, e.Customer
	case Suspended:
		s.Phase, s.Reason = Held, e.Reason
	case Returned:
		s.Phase, s.Return, s.Reason = GoingBack, e.Return, e.Reason
	case ReturnSettled:
		s.Phase = GoneBack
	}
	return s
}
