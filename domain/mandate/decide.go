package mandate

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

// Bounds of what a creditor says.
const (
	NameRunesMax      = 70 // EPC016-06, AT-03
	ReferenceBytesMax = 35 // AT-01
)

// Why a mandate is over by itself.
const (
	ByCustomer   = "customer"
	Unauthorised = "unauthorised"
	Final        = "final-collection"
)

// Why a collection is refused (ISO 20022 ExternalReturnReason1Code).
const (
	NoMandate = "MD01"
	ByDebtor  = "MS02" // the holder does not let this creditor, or this mandate
	OverLimit = "SL01" // a service of the debtor's bank: the limit of one collection
)

// Command is something one may ask of a mandate. The set is sealed.
type Command interface{ mandateCommand() }

type (
	// Grant makes one, or one anew that is over.
	Grant struct{ Asked Granted }
	// Collect takes money by it. Said is what is registered if the bank has not heard
	// of it; Last says that the creditor collects by it no more.
	Collect struct {
		Said        Registered
		DirectDebit id.DirectDebit
		Amount      money.Amount
		Last        bool
		At          time.Time
	}
	// SetLimit bounds one collection; the zero amount lifts the bound.
	SetLimit struct {
		Limit money.Amount
		By    id.Customer
		At    time.Time
	}
	// Suspend, Resume and Cancel are the holder's.
	Suspend struct {
		By id.Customer
		At time.Time
	}
	Resume struct {
		By id.Customer
		At time.Time
	}
	Cancel struct {
		Reason string
		At     time.Time
	}
	// Expire ends one that was not used.
	Expire struct{ At time.Time }
)

func (Grant) mandateCommand()    {}
func (Collect) mandateCommand()  {}
func (SetLimit) mandateCommand() {}
func (Suspend) mandateCommand()  {}
func (Resume) mandateCommand()   {}
func (Cancel) mandateCommand()   {}
func (Expire) mandateCommand()   {}

// Refusals.
var (
	ErrMissing        = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrExists         = &domain.Refusal{Class: domain.Conflict, Code: "mandate-exists", Detail: "There is such a mandate already."}
	ErrOver           = &domain.Refusal{Class: domain.Conflict, Code: "mandate-over", Detail: "This mandate is cancelled or expired."}
	ErrSuspended      = &domain.Refusal{Class: domain.Conflict, Code: "mandate-suspended", Detail: "This mandate is suspended already."}
	ErrNotSuspended   = &domain.Refusal{Class: domain.Conflict, Code: "mandate-not-suspended", Detail: "This mandate is not suspended."}
	ErrNotExpired     = &domain.Refusal{Class: domain.Conflict, Code: "mandate-not-expired", Detail: "This mandate was used not so long ago."}
	ErrNotCollectable = &domain.Refusal{Class: domain.Refused, Code: "mandate-not-collectable", Detail: "Nothing is collected by this mandate."}
	ErrInvalid        = &domain.Refusal{Class: domain.Invalid, Code: "invalid-mandate",
		Detail: "A mandate needs its creditor's identifier and name, of one line and at most 70 characters, and a reference of at most 35 letters, digits and signs without spaces."}
	ErrLimit    = &domain.Refusal{Class: domain.Invalid, Code: "invalid-amount", Detail: "The limit must be more than zero, not too large, and in the account's currency."}
	ErrBlocked  = &domain.Refusal{Class: domain.Conflict, Code: "creditor-blocked", Detail: "This creditor is blocked already."}
	ErrNotBlock = &domain.Refusal{Class: domain.Conflict, Code: "creditor-not-blocked", Detail: "This creditor is not blocked."}
)

// Refuses is why nothing, or not as much, is collected at a time: an ISO 20022 reason,
// or "" if it may be.
func (s State) Refuses(amount money.Amount, at time.Time) string {
	switch {
	case s.Phase == Withdrawn, s.Phase == Lapsed, s.unused(at):
		return NoMandate
	case s.Phase == OnHold:
		return ByDebtor
	case !s.Limit.IsZero() && (amount.Currency != s.Limit.Currency || amount.Minor > s.Limit.Minor):
		return OverLimit
	}
	return ""
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Grant:
		return s.grant(c.Asked)
	case Collect:
		return s.collect(c)
	case SetLimit:
		if err := s.stands(c.At); err != nil {
			return nil, err
		}
		if !isLimit(c.Limit) {
			return nil, ErrLimit
		}
		return []Event{LimitSet(c)}, nil
	case Suspend:
		if err := s.stands(c.At); err != nil {
			return nil, err
		}
		if s.Phase == OnHold {
			return nil, ErrSuspended
		}
		return []Event{Suspended(c)}, nil
	case Resume:
		if err := s.stands(c.At); err != nil {
			return nil, err
		}
		if s.Phase != OnHold {
			return nil, ErrNotSuspended
		}
		return []Event{Resumed(c)}, nil
	case Cancel:
		if err := s.stands(c.At); err != nil {
			return nil, err
		}
		return []Event{Cancelled(c)}, nil
	case Expire:
		if !s.unused(c.At) {
			return nil, ErrNotExpired
		}
		return []Event{Expired(c)}, nil
	}
	panic(fmt.Sprintf("mandate: unknown command %T", command)) // sealed: a bug, not an input
}

// stands checks that it is not over.
func (s State) stands(at time.Time) error {
	switch {
	case s.Phase == Absent:
		return ErrMissing
	case s.Phase == Withdrawn, s.Phase == Lapsed, s.unused(at):
		return ErrOver
	}
	return nil
}

func (s State) grant(asked Granted) ([]Event, error) {
	switch {
	case s.stands(asked.At) == nil:
		return nil, ErrExists
	case asked.Mandate.IsZero(), asked.Account.IsZero(), asked.Customer.IsZero(), asked.Creditor.IsZero(), asked.By.IsZero():
		return nil, ErrMissing
	case !asked.Terms.clean():
		return nil, ErrInvalid
	case !isLimit(asked.Limit):
		return nil, ErrLimit
	}
	return []Event{asked}, nil
}

func (s State) collect(c Collect) ([]Event, error) {
	if s.Refuses(c.Amount, c.At) != "" {
		return nil, ErrNotCollectable
	}
	var events []Event
	if s.Phase == Absent {
		if c.Said.Mandate.IsZero() || c.Said.Account.IsZero() || c.Said.Creditor.IsZero() || !c.Said.Terms.clean() {
			return nil, ErrInvalid
		}
		events = append(events, c.Said)
	}
	events = append(events, Collected{DirectDebit: c.DirectDebit, Amount: c.Amount, At: c.At})
	if c.Last {
		events = append(events, Cancelled{Reason: Final, At: c.At})
	}
	return events, nil
}

// clean tells whether these are terms that a rail carries. Whether the identifier is
// one, who reads the request has found out.
func (t Terms) clean() bool {
	name := t.CreditorName.Reveal()
	return t.CreditorID.Reveal() != "" && name != "" && utf8.RuneCountInString(name) <= NameRunesMax && text.Line(name) && Reference(t.Reference.Reveal())
}

// Reference tells whether it is a mandate's: printable ASCII without spaces.
func Reference(r string) bool {
	return r != "" && len(r) <= ReferenceBytesMax && !strings.ContainsFunc(r, func(c rune) bool { return c <= ' ' || c > '~' })
}

func isLimit(a money.Amount) bool {
	return a == money.Amount{} || a.IsPositive() && a.Minor <= money.MinorMax && a.Currency == "EUR"
}

// CreditorCommand is something one may ask about a creditor. The set is sealed.
type CreditorCommand interface{ creditorCommand() }

type (
	// Block lets it collect nothing.
	Block struct{ Asked CreditorBlocked }
	// Allow ends that.
	Allow struct{ Asked CreditorAllowed }
)

func (Block) creditorCommand() {}
func (Allow) creditorCommand() {}

// Decide answers a command with the facts that follow from it.
func (c Creditor) Decide(command CreditorCommand) ([]CreditorEvent, error) {
	switch command := command.(type) {
	case Block:
		if c.Blocked {
			return nil, ErrBlocked
		}
		return []CreditorEvent{command.Asked}, nil
	case Allow:
		if !c.Blocked {
			return nil, ErrNotBlock
		}
		return []CreditorEvent{command.Asked}, nil
	}
	panic(fmt.Sprintf("mandate: unknown command %T", command)) // sealed: a bug, not an input
}
