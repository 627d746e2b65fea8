// Package account decides what may happen to one account: a customer's money at
// the bank, or a place in the bank's own books (the chart).
//
//	(none) -- Open --> open -- Freeze --> frozen -- Unfreeze --> open -- Close --> closed
//
//	available = balance - held + overdraft limit
//
// Money is held by Reserve, and leaves by Debit or by Capture of what is held.
// Balance, holds, overdraft and the day's limit are checked here together, on the
// account's own state and nowhere else, so two commands can never spend one sum.
// Only a Forced debit goes below; the account is then marked overdrawn.
//
// Why the stream holds claims and not legs: a posting lies in one stream, that of
// its transfer or journal entry, and every debit or credit here names it. It must
// never hold a balance that its postings do not add up to.
//
// A day is one where the account lives, and never goes back: an older time counts
// to the latest day.
package account

import (
	"slices"
	"time"

	"florin/domain/id"
	"florin/domain/money"
)

// ReservationsMax bounds the holds on one account at a time.
const ReservationsMax = 100

// spentMax keeps a day without a limit from overflowing.
const spentMax = 1 << 62

// Status of an account.
type Status string

const (
	Absent   Status = ""
	Active   Status = "open"
	OnIce    Status = "frozen"
	Finished Status = "closed"
)

// State is what the rules need to know of an account; its zero value is an
// account that does not exist yet. Sums are minor units of Currency. It holds no
// personal data, so it may be kept in snapshots.
type State struct {
	Account       id.Account     `json:"account"`
	Customer      id.Customer    `json:"customer"`
	Class         Class          `json:"class"`
	Chart         Chart          `json:"chart"`
	Currency      money.Currency `json:"currency"`
	Status        Status         `json:"status"`
	Balance       int64          `json:"balance"`
	Held          int64          `json:"held"`
	Overdraft     int64          `json:"overdraft"`
	DailyLimit    int64          `json:"daily_limit"`   // 0: none
	Day           string         `json:"day"`           // the latest day that payments count to
	Spent         int64          `json:"spent"`         // on that day
	MonthlyLimit  int64          `json:"monthly_limit"` // 0: none
	MonthSpent    int64          `json:"month_spent"`   // in the month of Day
	Cap           Limits         `json:"cap"`           // of what an owner may set
	Zone          string         `json:"zone"`          // where days are counted; "": UTC
	Overdrawn     bool           `json:"overdrawn"`
	Numbered      bool           `json:"numbered"` // it has an IBAN
	Reservations  []Reservation  `json:"reservations"`
	Holders       []Holder       `json:"holders"`                 // beside Customer
	DebitsBlocked bool           `json:"debits_blocked,omitzero"` // nobody collects from it
	Invitations   []Invitation   `json:"invitations"`
	Product       id.Product     `json:"product"` // zero: one that is not data
	Version       int64          `json:"version"`
	Announced     Announced      `json:"announced"`
	OpenedAt      time.Time      `json:"opened_at"`
	ClosedAt      time.Time      `json:"closed_at"`
	Period        Period         `json:"period"`
}

// Reservation is a hold that has not ended.
type Reservation struct {
	Name  string `json:"name"`
	Minor int64  `json:"minor"` // still held
	Day   string `json:"day"`   // the day whose limit it counts against, if any
}

// Available is what a debit may take: of an internal account, always enough.
func (s State) Available() money.Amount {
	return s.amount(s.Balance - s.Held + s.Overdraft)
}

// Booked is the balance.
func (s State) Booked() money.Amount { return s.amount(s.Balance) }

// Reserved finds what is still held under a name.
func (s State) Reserved(name string) (money.Amount, bool) {
	i := s.find(name)
	if i < 0 {
		return money.Amount{}, false
	}
	return s.amount(s.Reservations[i].Minor), true
}

func (s State) amount(minor int64) money.Amount {
	return money.Amount{Minor: minor, Currency: s.Currency}
}

func (s State) find(name string) int {
	return slices.IndexFunc(s.Reservations, func(r Reservation) bool { return r.Name == name })
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Opened:
		s = State{Account: e.Account, Customer: e.Customer, Class: e.Class, Chart: e.Chart, Currency: e.Currency,
			Status: Active, Overdraft: e.OverdraftLimit.Minor, DailyLimit: e.DailyLimit.Minor, OpenedAt: e.At}
	case Numbered:
		s.Numbered = true
	case Debited:
		s.Balance = e.Balance.Minor
		s = s.count(e.Day, e.Amount.Minor)
	case Credited:
		s.Balance = e.Balance.Minor
		s.Overdrawn = s.Overdrawn && s.Balance < -s.Overdraft
	case FundsReserved:
		s = s.hold(Reservation{Name: e.Reservation, Minor: e.Amount.Minor, Day: e.Day})
		s = s.count(e.Day, e.Amount.Minor)
	case ReservationCaptured:
		s.Balance = e.Balance.Minor
		s, _ = s.free(e.Reservation, e.Amount.Minor)
	case ReservationReleased:
		var day string
		s, day = s.free(e.Reservation, e.Amount.Minor)
		s = s.uncount(day, e.Amount.Minor)
	case HoldPlaced:
		s = s.hold(Reservation{Name: e.Hold.Stream(), Minor: e.Amount.Minor})
	case HoldLifted:
		s, _ = s.free(e.Hold.Stream(), e.Amount.Minor)
	case Overdrawn:
		s.Overdrawn = true
	case Frozen:
		s.Status = OnIce
	case Unfrozen:
		s.Status = Active
	case Closed:
		s.Status, s.ClosedAt = Finished, e.At
	default:
		if limited, ok := s.evolveLimits(event); ok {
			return limited
		}
		if debits, ok := s.evolveDebits(event); ok {
			return debits
		}
		if on, ok := s.evolveTerms(event); ok {
			return on
		}
		if closed, ok := s.evolvePeriods(event); ok {
			return closed
		}
		s = s.evolveHolders(event)
	}
	return s
}

// hold and free copy the slice: an older State may still be somebody's.
func (s State) hold(r Reservation) State {
	s.Reservations = append(slices.Clip(s.Reservations), r)
	s.Held += r.Minor
	return s
}

func (s State) free(name string, minor int64) (_ State, day string) {
	i := s.find(name)
	if i < 0 {
		return s, ""
	}
	s.Held -= minor
	s.Reservations = slices.Clone(s.Reservations)
	day = s.Reservations[i].Day
	if s.Reservations[i].Minor -= minor; s.Reservations[i].Minor <= 0 {
		s.Reservations = slices.Delete(s.Reservations, i, i+1)
	}
	return s, day
}
