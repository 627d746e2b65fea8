package account

import (
	"time"

	"florin/domain"
	"florin/domain/calendar"
	"florin/domain/money"
)

// A customer's account is closed month by month where it lives, in order, from the
// one it was opened in to the one it ends in.
//
// A booking counts to the later of the bank's time and the log's own, never before
// one that stands before it in the stream, nor in a month that is closed: so nothing
// is ever booked into a closed period, whatever clocks do. For interest it counts to
// its value date, which is that day unless the event says another: what a month has
// earned and cost has the value date of the first day after it, however late the
// books are closed. So a bank that was away for a year comes to the same sums.
//
// What there is no money for is not taken: a charge goes as far as the available
// money, the overdraft included, and never below; a frozen account is charged
// nothing. What is left is owed, without interest, and taken first when the next
// month is closed. An account that is closed gets and owes nothing any more.

type (
	// Turnover is how much was booked in one direction.
	Turnover struct {
		Count int64        `json:"count"`
		Sum   money.Amount `json:"sum"`
	}
	// Span is days in a row that ended with one balance, by value date.
	Span struct {
		From    string       `json:"from"`
		Days    int64        `json:"days"`
		Balance money.Amount `json:"balance"`
	}
	// Charges are what an account costs its holders.
	Charges struct {
		Interest  money.Amount `json:"interest,omitzero"` // on what was owed to the bank
		Monthly   money.Amount `json:"monthly_fee,omitzero"`
		Overdraft money.Amount `json:"overdraft_fee,omitzero"`
	}
	// PeriodClosed: a month of the account is over. Opening and all that was booked
	// in it make Closing; interest and charges for it are booked in the same commit,
	// as the first of what follows.
	PeriodClosed struct {
		Month    string       `json:"month"` // 2026-01
		From     string       `json:"from"`  // the day the account was opened, in its first month
		To       string       `json:"to"`
		Until    time.Time    `json:"until"` // the first moment after it, where the account lives
		Opening  money.Amount `json:"opening"`
		Closing  money.Amount `json:"closing"`
		Credits  Turnover     `json:"credits"`
		Debits   Turnover     `json:"debits"`
		Through  int64        `json:"through"`            // version of the account's stream: the last booking before Until
		Position int64        `json:"position,omitempty"` // of that booking in the log; none: nothing was booked in it
		Value    money.Amount `json:"value"`              // at the end of To by value date
		Balances []Span       `json:"balances,omitempty"` // what interest was reckoned on
		Interest money.Amount `json:"interest,omitzero"`  // that the account has earned
		Charged  Charges      `json:"charged,omitzero"`   // for this month
		Taken    Charges      `json:"taken,omitzero"`     // now, with what was owed from before
		Owed     Charges      `json:"owed,omitzero"`      // for want of money
		At       time.Time    `json:"at"`
	}
)

func (PeriodClosed) Kind() string  { return "account.period_closed" }
func (PeriodClosed) accountEvent() {}

// ClosePeriod closes the account's next month with the figures that its bookings
// come to.
type ClosePeriod struct {
	Figures Figures
	At      time.Time
}

func (ClosePeriod) accountCommand() {}

// Refusals.
var (
	ErrPeriod     = &domain.Refusal{Class: domain.Conflict, Code: "period-closed", Detail: "This month of the account is closed already, or is not the next one."}
	ErrPeriodOpen = &domain.Refusal{Class: domain.Refused, Code: "period-open", Detail: "This month is not over yet."}
	ErrFigures    = &domain.Refusal{Class: domain.Refused, Code: "period-unbalanced", Detail: "These figures are not those of the account's bookings."}
)

// Period is what the account knows of the months that are closed.
type Period struct {
	Month   string    `json:"month"` // the last one; "": none
	Until   time.Time `json:"until"`
	Balance int64     `json:"balance"` // at its end
	Value   int64     `json:"value"`   // by value date
	Through int64     `json:"through"`
	Owed    Charges   `json:"owed"`
}

// NextPeriod is the month that is to be closed next, and the first moment after it;
// ok is false if there is none any more.
func (s State) NextPeriod() (month string, until time.Time, ok bool) {
	if s.Class != Customers || s.Status == Absent {
		return "", time.Time{}, false
	}
	if month = calendar.MonthAfter(s.Period.Month); s.Period.Month == "" {
		month = calendar.Month(calendar.Day(s.Zone, s.OpenedAt))
	}
	if s.Status == Finished && month > calendar.Month(calendar.Day(s.Zone, s.ClosedAt)) {
		return "", time.Time{}, false
	}
	return month, calendar.MonthStart(s.Zone, calendar.MonthAfter(month)), true
}

// Settle says what of the charges is taken, and what stays owed, if the account gets
// this interest first.
func (s State) Settle(interest money.Amount, charged Charges) (taken, owed Charges) {
	left := s.Available().Add(interest).Minor
	if s.Status != Active {
		left = 0
	}
	before := s.Period.Owed
	for _, one := range []struct {
		due, before money.Amount
		taken, owed *money.Amount
	}{
		{charged.Interest, before.Interest, &taken.Interest, &owed.Interest},
		{charged.Monthly, before.Monthly, &taken.Monthly, &owed.Monthly},
		{charged.Overdraft, before.Overdraft, &taken.Overdraft, &owed.Overdraft},
	} {
		due := one.due.Minor + one.before.Minor
		take := min(due, max(left, 0), money.MinorMax)
		left -= take
		*one.taken, *one.owed = s.some(take), s.some(due-take)
	}
	return taken, owed
}

// some is an amount that there is; none is the zero amount.
func (s State) some(minor int64) money.Amount {
	if minor == 0 {
		return money.Amount{}
	}
	return s.amount(minor)
}

func (s State) closePeriod(c ClosePeriod) ([]Event, error) {
	month, until, ok := s.NextPeriod()
	f := c.Figures
	switch {
	case s.Status == Absent, s.Class != Customers:
		return nil, ErrMissing
	case !ok, f.Month != month:
		return nil, ErrPeriod
	case c.At.Before(until):
		return nil, ErrPeriodOpen
	case !f.balanced(s):
		return nil, ErrFigures
	}
	if s.Status == Finished {
		f.Interest, f.Charged = money.Amount{}, Charges{}
	}
	event := PeriodClosed{Month: month, From: f.From, To: f.To, Until: until, Opening: s.amount(s.Period.Balance), Closing: s.amount(f.Closing),
		Credits: Turnover{f.Credits, s.amount(f.CreditSum)}, Debits: Turnover{f.Debits, s.amount(f.DebitSum)},
		Through: f.Through, Position: f.Position, Value: s.amount(f.Value), Balances: f.Balances, Interest: f.Interest, Charged: f.Charged, At: c.At}
	event.Taken, event.Owed = s.Settle(f.Interest, f.Charged)
	if s.Status == Finished {
		event.Owed = Charges{}
	}
	return []Event{event}, nil
}

func (f Figures) balanced(s State) bool {
	return s.Period.Balance+f.CreditSum-f.DebitSum == f.Closing && f.Through >= s.Period.Through && f.Interest.Minor >= 0
}

func (s State) evolvePeriods(event Event) (State, bool) {
	e, ok := event.(PeriodClosed)
	if ok {
		s.Period = Period{Month: e.Month, Until: e.Until, Balance: e.Closing.Minor, Value: e.Value.Minor, Through: e.Through, Owed: e.Owed}
	}
	return s, ok
}
