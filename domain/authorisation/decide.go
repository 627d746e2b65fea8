package authorisation

import (
	"fmt"
	"strings"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/text"
)

// MerchantRunesMax bounds the words that say who and where a shop is.
const MerchantRunesMax = 100

// Command is something one may ask of an authorisation. The set is sealed.
type Command interface{ authorisationCommand() }

type (
	// Request asks for money. Refused is the code of the rule that says no; "" approves.
	Request struct {
		Authorisation id.Authorisation
		Card          id.Card
		Customer      id.Customer
		Account       id.Account
		Amount        money.Amount
		Merchant      domain.Evidence
		Category      string
		Offline       bool
		Day           string
		Refused       string
		At            time.Time
	}
	// Capture takes an amount: first from what is held. Final frees the rest.
	Capture struct {
		Journal id.Journal
		Amount  money.Amount
		Final   bool
		At      time.Time
	}
	// Reverse frees what is held; an amount of zero: all of it.
	Reverse struct {
		Amount money.Amount
		At     time.Time
	}
	// Expire frees what is held once its time is over.
	Expire struct{ At time.Time }
	// Refund gives back what was taken.
	Refund struct {
		Journal id.Journal
		Amount  money.Amount
		At      time.Time
	}
)

func (Request) authorisationCommand() {}
func (Capture) authorisationCommand() {}
func (Reverse) authorisationCommand() {}
func (Expire) authorisationCommand()  {}
func (Refund) authorisationCommand()  {}

// Refusals.
var (
	ErrMissing  = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrExists   = &domain.Refusal{Class: domain.Conflict, Code: "authorisation-exists", Detail: "This authorisation has been asked for already."}
	ErrMerchant = &domain.Refusal{Class: domain.Invalid, Code: "invalid-merchant", Detail: "A merchant is one line of at most 100 characters, and its category four digits."}
	ErrDeclined = &domain.Refusal{Class: domain.Conflict, Code: "authorisation-declined", Detail: "This authorisation was declined: nothing can be taken under it."}
	ErrNotHeld  = &domain.Refusal{Class: domain.Refused, Code: "authorisation-not-held", Detail: "This is more than is still held under the authorisation."}
	ErrRefund   = &domain.Refusal{Class: domain.Refused, Code: "refund-exceeds-capture", Detail: "This is more than was captured and not refunded yet."}
	ErrCurrency = &domain.Refusal{Class: domain.Refused, Code: "currency-mismatch", Detail: "The authorisation is in another currency."}
	ErrAmount   = &domain.Refusal{Class: domain.Invalid, Code: "invalid-amount", Detail: "The amount must be more than zero and not too large."}
)

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	if c, ok := command.(Request); ok {
		return s.request(c)
	}
	switch s.Phase {
	case Absent:
		return nil, ErrMissing
	case Refused:
		return nil, ErrDeclined
	}
	switch c := command.(type) {
	case Capture:
		return s.capture(c)
	case Reverse:
		return s.reverse(c)
	case Expire:
		if s.Held == 0 || c.At.Before(s.ExpiresAt) {
			return nil, ErrNotHeld
		}
		return []Event{Expired{Amount: s.Remaining(), At: c.At}}, nil
	case Refund:
		if err := s.fits(c.Amount); err != nil {
			return nil, err
		}
		if c.Amount.Minor > s.Captured-s.Refunded {
			return nil, ErrRefund
		}
		return []Event{Refunded(c)}, nil
	}
	panic(fmt.Sprintf("authorisation: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) request(c Request) ([]Event, error) {
	merchant := c.Merchant.Reveal()
	switch {
	case s.Phase != Absent:
		return nil, ErrExists
	case c.Authorisation.IsZero(), c.Card.IsZero(), c.Account.IsZero():
		return nil, ErrMissing
	case len([]rune(merchant)) > MerchantRunesMax, !text.Line(merchant),
		c.Category != "" && (len(c.Category) != 4 || strings.Trim(c.Category, "0123456789") != ""):
		return nil, ErrMerchant
	}
	requested := Requested{Authorisation: c.Authorisation, Card: c.Card, Customer: c.Customer, Account: c.Account, Amount: c.Amount,
		Merchant: c.Merchant, Category: c.Category, Offline: c.Offline, At: c.At}
	switch {
	case c.Refused != "":
		return []Event{requested, Declined{Code: c.Refused, At: c.At}}, nil
	case c.Offline:
		return []Event{requested, Approved{Held: money.Amount{Currency: c.Amount.Currency}, Day: c.Day, At: c.At}}, nil
	}
	return []Event{requested, Approved{Held: c.Amount, Day: c.Day, ExpiresAt: c.At.Add(ExpiresAfter), At: c.At}}, nil
}

// fits checks what holds of every amount under an authorisation.
func (s State) fits(amount money.Amount) error {
	switch {
	case !amount.IsPositive(), amount.Minor > money.MinorMax:
		return ErrAmount
	case amount.Currency != s.Amount.Currency:
		return ErrCurrency
	}
	return nil
}

func (s State) capture(c Capture) ([]Event, error) {
	if err := s.fits(c.Amount); err != nil {
		return nil, err
	}
	if s.Captured+c.Amount.Minor > money.MinorMax {
		return nil, ErrAmount
	}
	left := s.amount(max(0, s.Held-c.Amount.Minor))
	events := []Event{Captured{Journal: c.Journal, Amount: c.Amount, Held: left, At: c.At}}
	if c.Final && left.IsPositive() {
		events = append(events, Reversed{Amount: left, Held: s.amount(0), At: c.At})
	}
	return events, nil
}

func (s State) reverse(c Reverse) ([]Event, error) {
	if c.Amount == (money.Amount{}) {
		c.Amount = s.Remaining()
	}
	if c.Amount.IsZero() && s.Held == 0 {
		return nil, ErrNotHeld
	}
	if err := s.fits(c.Amount); err != nil {
		return nil, err
	}
	if c.Amount.Minor > s.Held {
		return nil, ErrNotHeld
	}
	return []Event{Reversed{Amount: c.Amount, Held: s.amount(s.Held - c.Amount.Minor), At: c.At}}, nil
}
