package account

import (
	"slices"
	"time"

	"florin/domain/calendar"
	"florin/domain/money"
	"florin/domain/terms"
)

// Figures are those of a month, as Tally makes them.
type Figures struct {
	Month, From, To string
	Closing         int64
	Credits, Debits int64
	CreditSum       int64
	DebitSum        int64
	Through         int64
	Position        int64
	Value           int64
	Balances        []Span // none of an account that neither earns nor costs anything
	Interest        money.Amount
	Charged         Charges
}

// Tally takes in an account's bookings after those of the months that are closed, in
// their order, and makes the figures of the next one.
type Tally struct {
	state   State
	until   time.Time
	figures Figures
	counted time.Time
	days    []string
	moved   []int64 // by day: of value
}

// Booking is a fact that has moved the balance. Recorded is the log's own time.
type Booking struct {
	Version, Position int64
	Minor             int64 // negative: money has left
	At, Recorded      time.Time
	ValueDate         string // "": the day to which it counts
}

// NewTally begins the next month of an account; ok is false if there is none.
func NewTally(s State) (t *Tally, ok bool) {
	month, until, ok := s.NextPeriod()
	if !ok {
		return nil, false
	}
	t = &Tally{state: s, until: until, counted: s.Period.Until,
		figures: Figures{Month: month, Closing: s.Period.Balance, Value: s.Period.Value, Through: s.Period.Through}}
	t.days = calendar.DaysOf(month)
	if s.Period.Month == "" {
		opened := calendar.Day(s.Zone, s.OpenedAt)
		t.days = slices.DeleteFunc(t.days, func(day string) bool { return day < opened })
	}
	t.figures.From, t.figures.To = t.days[0], t.days[len(t.days)-1]
	t.moved = make([]int64, len(t.days))
	return t, true
}

// Counts is the time to which a booking counts after another one.
func Counts(before, at, recorded time.Time) time.Time {
	for _, later := range []time.Time{at, recorded} {
		if later.After(before) {
			before = later
		}
	}
	return before
}

// Take takes in the next booking; what counts to a later month is passed over, but for
// what has a value date in this one.
func (t *Tally) Take(b Booking) {
	t.counted = Counts(t.counted, b.At, b.Recorded)
	inside := t.counted.Before(t.until)
	if inside {
		f := &t.figures
		f.Through, f.Position, f.Closing = b.Version, b.Position, f.Closing+b.Minor
		if b.Minor > 0 {
			f.Credits, f.CreditSum = f.Credits+1, f.CreditSum+b.Minor
		} else {
			f.Debits, f.DebitSum = f.Debits+1, f.DebitSum-b.Minor
		}
	}
	value := b.ValueDate
	switch {
	case value == "" && !inside, value != "" && (value < t.figures.From || value > t.figures.To):
		return
	case value == "":
		value = calendar.Day(t.state.Zone, t.counted)
	}
	day, _ := slices.BinarySearch(t.days, value)
	t.moved[min(day, len(t.moved)-1)] += b.Minor
}

// Figures are those of the month on the terms of the account's product.
func (t *Tally) Figures(on terms.Terms) Figures {
	f, days, below := t.figures, make([]terms.Day, len(t.days)), false
	for i, date := range t.days {
		f.Value += t.moved[i]
		days[i] = terms.Day{Date: date, Balance: f.Value}
		below = below || f.Value < 0
	}
	if on.Interest == (terms.Interest{}) && on.Fees == (terms.Fees{}) {
		return f
	}
	f.Balances = spans(days, t.state.Currency)
	f.Interest = t.state.some(min(on.Interest.Earned(days).Minor(), money.MinorMax))
	f.Charged = Charges{Interest: t.state.some(min(on.Interest.Owed(days).Minor(), money.MinorMax)), Monthly: on.Fees.Monthly}
	if below {
		f.Charged.Overdraft = on.Fees.Overdraft
	}
	return f
}

// Accrued is what the month has earned and cost up to a date, that one included: what
// Figures come to at the month's end, and until then what it would be rounded to if the
// month had ended with that date.
func (t *Tally) Accrued(on terms.Interest, through string) (earned, owed money.Amount) {
	days, value := []terms.Day{}, t.figures.Value
	for i, date := range t.days {
		if date > through {
			break
		}
		value += t.moved[i]
		days = append(days, terms.Day{Date: date, Balance: value})
	}
	return t.state.amount(min(on.Earned(days).Minor(), money.MinorMax)), t.state.amount(min(on.Owed(days).Minor(), money.MinorMax))
}

// Ended is the last date of the month that is over at a time, where the account lives;
// "" if none is.
func (t *Tally) Ended(now time.Time) string {
	switch yesterday := calendar.After(calendar.Day(t.state.Zone, now), -1); {
	case yesterday < t.figures.From:
		return ""
	case yesterday > t.figures.To:
		return t.figures.To
	default:
		return yesterday
	}
}

// Month is the one that the tally is of.
func (t *Tally) Month() string { return t.figures.Month }

func spans(days []terms.Day, currency money.Currency) (all []Span) {
	for _, day := range days {
		if n := len(all); n > 0 && all[n-1].Balance.Minor == day.Balance {
			all[n-1].Days++
			continue
		}
		all = append(all, Span{From: day.Date, Days: 1, Balance: money.Amount{Minor: day.Balance, Currency: currency}})
	}
	return all
}
