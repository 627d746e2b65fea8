package standing

import (
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/sca"
	"florin/domain/text"
)

// Command is something one may ask of a standing order. The set is sealed.
type Command interface{ standingCommand() }

type (
	// Order asks for one. Today is the day in the zone; Demand is the challenge to set.
	Order struct {
		Asked  Ordered
		Today  string
		Demand sca.Demand
	}
	// Authorise answers the challenge.
	Authorise struct {
		Answer sca.Answer
		At     time.Time
	}
	// Expire ends a challenge whose time has run out.
	Expire struct{ At time.Time }
	// Cancel withdraws the order: what is executed stays.
	Cancel struct{ At time.Time }
	// Settle says what became of an occurrence's transfer or payment on a day that is Today: Code
	// is the rule that refused it, or "". Again: it may be tried again by that rule,
	// and Slot is the last try that the day has had until now. Ends: no later one can do better.
	Settle struct {
		Occurrence int64
		Today      string
		Slot       int64
		Transfer   id.Transfer
		Payment    id.Payment
		Code       string
		Again      bool
		Ends       bool
		At         time.Time
	}
	// Skip gives up the occurrences that are too long ago.
	Skip struct {
		Today string
		At    time.Time
	}
)

func (Order) standingCommand()     {}
func (Authorise) standingCommand() {}
func (Expire) standingCommand()    {}
func (Cancel) standingCommand()    {}
func (Settle) standingCommand()    {}
func (Skip) standingCommand()      {}

// Refusals.
var (
	ErrMissing        = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrExists         = &domain.Refusal{Class: domain.Conflict, Code: "standing-order-exists", Detail: "This standing order was already made."}
	ErrReference      = &domain.Refusal{Class: domain.Invalid, Code: "invalid-reference", Detail: text.ReferenceRule}
	ErrSameAccount    = &domain.Refusal{Class: domain.Invalid, Code: "transfer-same-account", Detail: "Choose two different accounts."}
	ErrAmount         = &domain.Refusal{Class: domain.Invalid, Code: "invalid-amount", Detail: "The amount must be more than zero and not too large."}
	ErrSCA            = &domain.Refusal{Class: domain.Forbidden, Code: "sca-failed", Detail: "The standing order could not be confirmed."}
	ErrNotCancellable = &domain.Refusal{Class: domain.Conflict, Code: "standing-order-over", Detail: "This standing order is over."}
	ErrNotExpired     = &domain.Refusal{Class: domain.Conflict, Code: "standing-order-not-expired", Detail: "This standing order does not wait past its time."}
	ErrNotDue         = &domain.Refusal{Class: domain.Conflict, Code: "standing-order-not-due", Detail: "This occurrence is not the one to be executed now."}
)

// Reasons of an end.
const Completed = "completed"

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Order:
		return s.order(c)
	case Authorise:
		return s.authorise(c)
	case Expire:
		if s.Phase != Pending || s.SCA.Waits(c.At) {
			return nil, ErrNotExpired
		}
		return []Event{Expired(c)}, nil
	case Cancel:
		return s.cancel(c)
	case Settle:
		return s.settle(c)
	case Skip:
		return s.skip(c)
	}
	panic(fmt.Sprintf("standing: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) order(c Order) ([]Event, error) {
	asked := c.Asked
	switch {
	case s.Phase != Absent:
		return nil, ErrExists
	case asked.Order.IsZero(), asked.Customer.IsZero(), asked.From.IsZero(), asked.To.IsZero() && asked.Payee.IsZero():
		return nil, ErrMissing
	case !asked.To.IsZero() && !asked.Payee.IsZero():
		return nil, ErrCreditor
	case asked.From == asked.To:
		return nil, ErrSameAccount
	case !text.Reference(asked.Reference.Reveal()):
		return nil, ErrReference
	case !asked.Amount.IsPositive(), asked.Amount.Minor > money.MinorMax, !asked.Amount.Currency.Known():
		return nil, ErrAmount
	}
	if err := asked.Payee.check(asked.Amount); err != nil {
		return nil, err
	}
	if err := asked.Plan.check(c.Today); err != nil {
		return nil, err
	}
	return []Event{asked, Challenged{Challenge: c.Demand.Challenge, Nonce: c.Demand.Nonce, Methods: c.Demand.Methods,
		Display: domain.NewEvidence(c.Demand.Text), ExpiresAt: c.Demand.ExpiresAt, At: asked.At}}, nil
}

// authorise has one answer for everything that is wrong: a failure, counted while the
// challenge stands.
func (s State) authorise(c Authorise) ([]Event, error) {
	switch {
	case s.Phase != Pending:
		return nil, ErrSCA
	case !s.SCA.Waits(c.At):
		return []Event{Expired{At: c.At}}, nil
	case s.SCA.Confirmed(c.Answer):
		return []Event{Authorised{Challenge: s.SCA.ID, Method: c.Answer.Method, Evidence: c.Answer.Evidence, At: c.At}}, nil
	}
	events := []Event{AuthorisationFailed{Challenge: s.SCA.ID, Method: s.SCA.Method(c.Answer), At: c.At}}
	if _, over := s.SCA.Failed(); over {
		events = append(events, Rejected{Code: ErrSCA.Code, At: c.At})
	}
	return events, nil
}

func (s State) cancel(c Cancel) ([]Event, error) {
	switch s.Phase {
	case Absent:
		return nil, ErrMissing
	case Pending, Active:
		return []Event{Cancelled(c)}, nil
	}
	return nil, ErrNotCancellable
}

// Due tells whether an occurrence is the one to be tried on a day, by the given one of its tries.
func (s State) Due(occurrence, slot int64, today string) bool {
	day, ok := s.Next()
	return ok && occurrence == s.Settled && day <= today && slot > s.Slot && slot <= SlotsMax && s.Missed(today) == 0
}

func (s State) settle(c Settle) ([]Event, error) {
	if !s.Due(c.Occurrence, c.Slot, c.Today) {
		return nil, ErrNotDue
	}
	day, _ := s.Next()
	var events []Event
	if c.Code == "" {
		events = []Event{Executed{Occurrence: c.Occurrence, Day: day, Transfer: c.Transfer, Payment: c.Payment, At: c.At}}
	} else {
		again := c.Again && !c.Ends && c.Slot < SlotsMax
		events = []Event{Failed{Occurrence: c.Occurrence, Day: day, Slot: c.Slot, Transfer: c.Transfer, Payment: c.Payment, Code: c.Code, Final: !again, At: c.At}}
		if c.Ends {
			return append(events, Ended{Reason: c.Code, At: c.At}), nil
		}
		if again {
			return events, nil
		}
	}
	return s.close(events, c.Occurrence+1, c.At), nil
}

func (s State) skip(c Skip) ([]Event, error) {
	count := s.Missed(c.Today)
	if _, ok := s.Next(); !ok || count == 0 {
		return nil, ErrNotDue
	}
	return s.close([]Event{Skipped{Occurrence: s.Settled, Count: count, At: c.At}}, s.Settled+count, c.At), nil
}

// close ends the order if the plan has no further day.
func (s State) close(events []Event, settled int64, at time.Time) []Event {
	if _, more := s.Plan.Day(settled); !more {
		events = append(events, Ended{Reason: Completed, At: at})
	}
	return events
}
