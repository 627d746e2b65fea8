package account

import (
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/money"
	"florin/domain/text"
)

// Bounds on words.
const (
	ReasonBytesMax  = 64
	ProductBytesMax = 64
	NameRunesMax    = 140
)

// Refusals. Those of a payment keep the codes of the HTTP contract.
var (
	ErrMissing           = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrExists            = &domain.Refusal{Class: domain.Conflict, Code: "account-exists", Detail: "This account is already open."}
	ErrNumbered          = &domain.Refusal{Class: domain.Conflict, Code: "account-numbered", Detail: "The account has an IBAN already."}
	ErrInvalid           = &domain.Refusal{Class: domain.Invalid, Code: "invalid-account", Detail: "An account needs an owner, a currency in use, and limits of its own currency."}
	ErrReason            = &domain.Refusal{Class: domain.Invalid, Code: "invalid-reason", Detail: "Give a reason code of lower-case letters, digits and hyphens."}
	ErrFunds             = &domain.Refusal{Class: domain.Refused, Code: "insufficient-funds", Detail: "There is not enough money available on the account."}
	ErrUnproven          = &domain.Refusal{Class: domain.Refused, Code: "device-unattested", Detail: "This device has not shown well enough what it is: it sends only so much a day. Use one that has."}
	ErrCeiling           = &domain.Refusal{Class: domain.Refused, Code: "device-new", Detail: "This device is new: for a while it sends only little. Use a device that you have had for longer, or wait."}
	ErrLowered           = &domain.Refusal{Class: domain.Refused, Code: "sending-limited", Detail: "For your safety only little leaves your accounts for a while. Please contact the bank."}
	ErrLimit             = &domain.Refusal{Class: domain.Refused, Code: "limit-exceeded", Detail: "This is more than may leave the account in a day or in a month."}
	ErrFrozen            = &domain.Refusal{Class: domain.Refused, Code: "account-frozen", Detail: "The account is frozen."}
	ErrNotFrozen         = &domain.Refusal{Class: domain.Conflict, Code: "account-not-frozen", Detail: "The account is not frozen."}
	ErrClosed            = &domain.Refusal{Class: domain.Refused, Code: "account-closed", Detail: "The account is closed."}
	ErrCurrency          = &domain.Refusal{Class: domain.Refused, Code: "currency-mismatch", Detail: "The account is kept in another currency."}
	ErrAmount            = &domain.Refusal{Class: domain.Invalid, Code: "invalid-amount", Detail: "The amount must be more than zero and not too large."}
	ErrReservations      = &domain.Refusal{Class: domain.Refused, Code: "too-many-reservations", Detail: "Too many payments wait for an answer; finish or cancel some first."}
	ErrReservationExists = &domain.Refusal{Class: domain.Conflict, Code: "reservation-exists", Detail: "Money is already held for this."}
	ErrNoReservation     = &domain.Refusal{Class: domain.Conflict, Code: "reservation-not-found", Detail: "No money is held for this."}
	ErrOverCapture       = &domain.Refusal{Class: domain.Refused, Code: "capture-exceeds-hold", Detail: "This is more than is held."}
	ErrOverRelease       = &domain.Refusal{Class: domain.Refused, Code: "release-exceeds-hold", Detail: "This is more than is held."}
	ErrNotEmpty          = &domain.Refusal{Class: domain.Refused, Code: "account-not-empty", Detail: "The balance must be zero, and nothing held, before the account can be closed."}
)

// Refusal finds the refusal of a payment by its code, as it was kept in the log.
func Refusal(code string) (*domain.Refusal, bool) {
	for _, refusal := range []*domain.Refusal{ErrFunds, ErrLimit, ErrCeiling, ErrLowered, ErrUnproven, ErrFrozen, ErrClosed, ErrCurrency, ErrAmount, ErrReservations, ErrReader} {
		if refusal.Code == code {
			return refusal, true
		}
	}
	return nil, false
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Open:
		return s.open(c)
	case OpenInternal:
		return s.openInternal(c)
	case AssignNumber:
		return s.number(c)
	case Debit:
		return s.debit(c)
	case Credit:
		return s.credit(c)
	case Reserve:
		return s.reserve(c)
	case Capture:
		return s.capture(c)
	case Release:
		return s.release(c)
	case Freeze:
		return s.freeze(c)
	case Unfreeze:
		return s.unfreeze(c)
	case Close:
		return s.close(c)
	case PlaceHold:
		return s.placeHold(c)
	case LiftHold:
		return s.liftHold(c)
	case AgreeLimits:
		return s.agreeLimits(c)
	case ChangeLimits:
		return s.changeLimits(c)
	case ChangeCap:
		return s.changeCap(c)
	case AgreeProduct:
		return s.agreeProduct(c)
	case BlockDirectDebits:
		return s.blockDebits(c)
	case AllowDirectDebits:
		return s.allowDebits(c)
	case AnnounceTerms:
		return s.announceTerms(c)
	case AdoptTerms:
		return s.adoptTerms(c)
	case ClosePeriod:
		return s.closePeriod(c)
	case Invite:
		return s.invite(c)
	case EndInvitation:
		return s.endInvitation(c)
	case Accept:
		return s.accept(c)
	case RemoveHolder:
		return s.removeHolder(c)
	}
	panic(fmt.Sprintf("account: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) open(c Open) ([]Event, error) {
	name := c.Name.Reveal()
	switch {
	case s.Status != Absent:
		return nil, ErrExists
	case c.Account.IsZero(), c.Customer.IsZero(), !c.Currency.Known(),
		!isLimit(c.OverdraftLimit, c.Currency), !isLimit(c.DailyLimit, c.Currency),
		len(c.Product) > ProductBytesMax, !text.Line(c.Product), len([]rune(name)) > NameRunesMax, !text.Line(name):
		return nil, ErrInvalid
	}
	return []Event{Opened{Account: c.Account, Customer: c.Customer, Class: Customers, Name: c.Name, Currency: c.Currency,
		Product: c.Product, OverdraftLimit: c.OverdraftLimit, DailyLimit: c.DailyLimit, At: c.At}}, nil
}

func isLimit(limit money.Amount, currency money.Currency) bool {
	return limit == money.Amount{} || limit.Currency == currency && limit.Minor >= 0 && limit.Minor <= money.MinorMax
}

func (s State) openInternal(c OpenInternal) ([]Event, error) {
	switch {
	case s.Status != Absent:
		return nil, ErrExists
	case !c.Chart.Known(), !c.Currency.Known():
		return nil, ErrInvalid
	}
	return []Event{Opened{Account: c.Chart.In(c.Currency), Class: Internal, Chart: c.Chart, Currency: c.Currency, At: c.At}}, nil
}

func (s State) debit(c Debit) ([]Event, error) {
	if err := s.moves(c.Amount); err != nil {
		return nil, err
	}
	event := Debited{Posting: c.Posting, Amount: c.Amount, Balance: s.amount(s.Balance - c.Amount.Minor), Forced: c.Forced, At: c.At}
	if !c.Forced {
		if err := s.mayTake(c.Amount, c.Limited, c.Ceiling, c.At); err != nil {
			return nil, err
		}
		if c.Limited {
			event.Day = s.day(c.At)
		}
	}
	if event.Balance.Minor < -money.MinorMax {
		return nil, ErrAmount
	}
	return s.marked(event, event.Balance, c.At), nil
}

// moves checks what holds of money in either direction.
func (s State) moves(amount money.Amount) error {
	switch {
	case s.Status == Absent:
		return ErrMissing
	case s.Status == Finished:
		return ErrClosed
	case amount.Currency != s.Currency:
		return ErrCurrency
	case !amount.IsPositive(), amount.Minor > money.MinorMax:
		return ErrAmount
	}
	return nil
}

// mayTake checks freeze, money and limit together.
func (s State) mayTake(amount money.Amount, limited bool, ceiling Ceiling, at time.Time) error {
	switch {
	case s.Status == OnIce:
		return ErrFrozen
	case s.Class != Internal && s.Available().Minor < amount.Minor:
		return ErrFunds
	case limited && !s.withinLimits(amount.Minor, s.day(at)):
		return ErrLimit
	case limited && !s.withinLimit(amount.Minor, s.day(at), ceiling.Minor):
		return ceiling.refusal()
	}
	return nil
}

// marked adds the mark if the balance falls below what the overdraft allows.
func (s State) marked(event Event, balance money.Amount, at time.Time) []Event {
	if s.Class == Internal || s.Overdrawn || balance.Minor >= -s.Overdraft {
		return []Event{event}
	}
	return []Event{event, Overdrawn{Balance: balance, At: at}}
}

func (s State) credit(c Credit) ([]Event, error) {
	if err := s.moves(c.Amount); err != nil {
		return nil, err
	}
	balance := s.amount(s.Balance + c.Amount.Minor)
	if balance.Minor > money.MinorMax {
		return nil, ErrAmount
	}
	return []Event{Credited{Posting: c.Posting, Amount: c.Amount, Balance: balance, At: c.At}}, nil
}

func (s State) reserve(c Reserve) ([]Event, error) {
	if err := s.moves(c.Amount); err != nil {
		return nil, err
	}
	if s.find(c.Reservation) >= 0 {
		return nil, ErrReservationExists
	}
	if err := s.mayTake(c.Amount, c.Limited, c.Ceiling, c.At); err != nil {
		return nil, err
	}
	if len(s.Reservations) >= ReservationsMax {
		return nil, ErrReservations
	}
	if s.Held+c.Amount.Minor > money.MinorMax {
		return nil, ErrAmount
	}
	event := FundsReserved{Reservation: c.Reservation, Amount: c.Amount, At: c.At}
	if c.Limited {
		event.Day = s.day(c.At)
	}
	return []Event{event}, nil
}

func (s State) capture(c Capture) ([]Event, error) {
	if err := s.moves(c.Amount); err != nil {
		return nil, err
	}
	held, ok := s.Reserved(c.Reservation)
	switch {
	case !ok:
		return nil, ErrNoReservation
	case s.Status == OnIce && !c.Forced:
		return nil, ErrFrozen
	case c.Amount.Minor > held.Minor:
		return nil, ErrOverCapture
	}
	balance := s.amount(s.Balance - c.Amount.Minor)
	if balance.Minor < -money.MinorMax {
		return nil, ErrAmount
	}
	event := ReservationCaptured{Reservation: c.Reservation, Posting: c.Posting, Amount: c.Amount, Balance: balance, At: c.At}
	return s.marked(event, balance, c.At), nil
}

func (s State) release(c Release) ([]Event, error) {
	held, ok := s.Reserved(c.Reservation)
	switch {
	case !ok:
		return nil, ErrNoReservation
	case c.Amount == money.Amount{}:
		c.Amount = held
	case c.Amount.Currency != s.Currency:
		return nil, ErrCurrency
	case !c.Amount.IsPositive(), c.Amount.Minor > held.Minor:
		return nil, ErrOverRelease
	}
	return []Event{ReservationReleased(c)}, nil
}

func isCode(code string) bool {
	for _, r := range code {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return false
		}
	}
	return code != "" && len(code) <= ReasonBytesMax
}
