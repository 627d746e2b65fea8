package card

import (
	"fmt"
	"strings"
	"time"

	"florin/domain"
	"florin/domain/money"
	"florin/domain/text"
)

// TokenBytesMax bounds the maker's word for a card.
const TokenBytesMax = 64

// Refusals. Those of an authorisation are what the network is told.
var (
	ErrMissing   = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrExists    = &domain.Refusal{Class: domain.Conflict, Code: "card-exists", Detail: "This card has been issued already."}
	ErrInvalid   = &domain.Refusal{Class: domain.Invalid, Code: "invalid-card", Detail: "A card needs an owner, an account and a currency; its maker gives a token, the last four digits, and the month it expires."}
	ErrLimits    = &domain.Refusal{Class: domain.Refused, Code: "invalid-card-limits", Detail: "Limits are in the account's currency, more than zero, and not above what the bank permits."}
	ErrReason    = &domain.Refusal{Class: domain.Invalid, Code: "invalid-reason", Detail: "Give a reason code of lower-case letters, digits and hyphens."}
	ErrMade      = &domain.Refusal{Class: domain.Conflict, Code: "card-personalised", Detail: "This card has been made already."}
	ErrNotFrozen = &domain.Refusal{Class: domain.Conflict, Code: "card-not-frozen", Detail: "The card is not frozen."}
	ErrByBank    = &domain.Refusal{Class: domain.Refused, Code: "card-frozen-by-bank", Detail: "The bank has frozen this card. Please get in touch with it."}

	ErrNotActive = &domain.Refusal{Class: domain.Refused, Code: "card-not-active", Detail: "The card has not been made yet."}
	ErrFrozen    = &domain.Refusal{Class: domain.Refused, Code: "card-frozen", Detail: "The card is frozen."}
	ErrClosed    = &domain.Refusal{Class: domain.Refused, Code: "card-closed", Detail: "The card has been closed or replaced."}
	ErrExpired   = &domain.Refusal{Class: domain.Refused, Code: "card-expired", Detail: "The card has expired."}
	ErrLimit     = &domain.Refusal{Class: domain.Refused, Code: "card-limit-exceeded", Detail: "This is more than the card's limits let through."}
	ErrCurrency  = &domain.Refusal{Class: domain.Refused, Code: "currency-mismatch", Detail: "The account is kept in another currency."}
	ErrAmount    = &domain.Refusal{Class: domain.Invalid, Code: "invalid-amount", Detail: "The amount must be more than zero and not too large."}
)

// Refusal finds the refusal of an authorisation by its code, as the log keeps it.
func Refusal(code string) (*domain.Refusal, bool) {
	for _, refusal := range []*domain.Refusal{ErrNotActive, ErrFrozen, ErrClosed, ErrExpired, ErrLimit, ErrCurrency, ErrAmount} {
		if refusal.Code == code {
			return refusal, true
		}
	}
	return nil, false
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	if c, ok := command.(Issue); ok {
		return s.issue(c)
	}
	if s.Status == Absent {
		return nil, ErrMissing
	}
	switch c := command.(type) {
	case Personalise:
		return s.personalise(c)
	case Freeze:
		return s.freeze(c)
	case Unfreeze:
		return s.unfreeze(c)
	case SetLimits:
		return s.setLimits(c)
	case Replace:
		if err := s.mayEnd(c.Reason); err != nil {
			return nil, err
		}
		if s.Status == OnIce && s.ByBank && !c.ByBank {
			return nil, ErrByBank
		}
		return []Event{Replaced{By: c.By, Reason: c.Reason, At: c.At}}, nil
	case CarrySpending:
		return []Event{SpendingCarried(c)}, nil
	case Close:
		if err := s.mayEnd(c.Reason); err != nil {
			return nil, err
		}
		return []Event{Closed(c)}, nil
	case Authorise:
		return s.authorise(c)
	case Release:
		return []Event{AuthorisationReleased(c)}, nil
	}
	panic(fmt.Sprintf("card: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) issue(c Issue) ([]Event, error) {
	switch {
	case s.Status != Absent:
		return nil, ErrExists
	case c.Card.IsZero(), c.Customer.IsZero(), c.Account.IsZero(), !c.Currency.Known():
		return nil, ErrInvalid
	case !c.Limits.within(c.Most, c.Currency):
		return nil, ErrLimits
	}
	return []Event{Issued{Card: c.Card, Customer: c.Customer, Account: c.Account, Currency: c.Currency,
		Limits: c.Limits, Replaces: c.Replaces, At: c.At}}, nil
}

func (s State) personalise(c Personalise) ([]Event, error) {
	_, err := time.Parse(monthLayout, c.Expires)
	switch {
	case s.Made:
		return nil, ErrMade
	case s.Status.Final():
		return nil, ErrClosed
	case c.Token == "", len(c.Token) > TokenBytesMax, !text.Line(c.Token), err != nil,
		len(c.LastFour) != 4, strings.Trim(c.LastFour, "0123456789") != "":
		return nil, ErrInvalid
	}
	return []Event{Personalised(c)}, nil
}

func (s State) freeze(c Freeze) ([]Event, error) {
	switch {
	case !text.Code(c.Reason):
		return nil, ErrReason
	case s.Status.Final():
		return nil, ErrClosed
	case !s.Made:
		return nil, ErrNotActive
	case s.Status == OnIce && (s.ByBank || !c.ByBank): // the bank may take over a customer's freeze
		return nil, ErrFrozen
	}
	return []Event{Frozen(c)}, nil
}

func (s State) unfreeze(c Unfreeze) ([]Event, error) {
	switch {
	case !text.Code(c.Reason):
		return nil, ErrReason
	case s.Status.Final():
		return nil, ErrClosed
	case s.Status != OnIce:
		return nil, ErrNotFrozen
	case s.ByBank && !c.ByBank:
		return nil, ErrByBank
	}
	return []Event{Unfrozen{Reason: c.Reason, At: c.At}}, nil
}

func (s State) setLimits(c SetLimits) ([]Event, error) {
	switch {
	case s.Status.Final():
		return nil, ErrClosed
	case !c.Limits.within(c.Most, s.Currency):
		return nil, ErrLimits
	}
	return []Event{LimitsSet{Limits: c.Limits, At: c.At}}, nil
}

// within tells whether each limit is one, and at most the bank's own where it has one.
func (l Limits) within(most Limits, currency money.Currency) bool {
	none := money.Amount{}
	fits := func(limit, most money.Amount) bool {
		switch {
		case limit == none:
			return most == none // no limit at all is more than any
		case limit.Currency != currency, limit.Minor <= 0, limit.Minor > money.MinorMax: // nought is stored as no limit: who wants no spending freezes the card
			return false
		}
		return most == none || limit.Minor <= most.Minor
	}
	return fits(l.Each, most.Each) && fits(l.Day, most.Day) && fits(l.Month, most.Month)
}

func (s State) mayEnd(reason string) error {
	switch {
	case !text.Code(reason):
		return ErrReason
	case s.Status.Final():
		return ErrClosed
	}
	return nil
}

func (s State) authorise(c Authorise) ([]Event, error) {
	event := Authorised{Authorisation: c.Authorisation, Amount: c.Amount, Day: s.day(c.At), Offline: c.Offline, At: c.At}
	switch {
	case !c.Amount.IsPositive(), c.Amount.Minor > money.MinorMax:
		return nil, ErrAmount
	case c.Amount.Currency != s.Currency:
		return nil, ErrCurrency
	case c.Offline:
		return []Event{event}, nil
	}
	if err := s.usable(c.At); err != nil {
		return nil, err
	}
	if !s.affords(c.Amount.Minor, event.Day) {
		return nil, ErrLimit
	}
	return []Event{event}, nil
}

func (s State) usable(at time.Time) error {
	switch {
	case s.Status == OnIce:
		return ErrFrozen
	case s.Status.Final():
		return ErrClosed
	case !s.Made:
		return ErrNotActive
	case at.UTC().Format(monthLayout) > s.Expires:
		return ErrExpired
	}
	return nil
}

func (s State) affords(minor int64, day string) bool {
	spent, monthly := s.Spent, s.Monthly
	if day != s.Day {
		spent = 0
	}
	if day[:len(monthLayout)] != s.Month {
		monthly = 0
	}
	fits := func(limit money.Amount, sum int64) bool { return limit == money.Amount{} || sum <= limit.Minor }
	return fits(s.Limits.Each, minor) && fits(s.Limits.Day, spent+minor) && fits(s.Limits.Month, monthly+minor)
}
