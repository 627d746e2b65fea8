// Package terms is what an account earns and what it costs: the conditions that a
// product is made of, and the arithmetic that follows from them.
//
//	interest of a period = sum over its days (balance at the day's end x rate x days) / (10,000 x year)
//
// The sum is kept as an exact fraction (Fraction): numerators are minor units times
// basis points times days, denominators 3,650,000 (act/365) or 3,600,000 (30/360).
// Nothing is rounded from day to day; a period is rounded once, when it is
// capitalised, half to even, and what rounding drops is not carried on.
//
// Conditions and balances come in and amounts come out: there must be no account
// here, no clock and no calendar but that of dates.
package terms

import "florin/domain/money"

// Terms are the conditions of an account, in its currency. A zero amount is none.
type Terms struct {
	OverdraftLimit money.Amount `json:"overdraft_limit,omitzero"`
	Interest       Interest     `json:"interest,omitzero"`
	Fees           Fees         `json:"fees,omitzero"`
	Limits         Limits       `json:"limits,omitzero"`
}

// Interest is paid on what an account has, and charged on what it owes, at the end
// of each day. Rates are basis points a year.
type Interest struct {
	Credit   int64    `json:"credit_basis_points,omitzero"`
	Debit    int64    `json:"debit_basis_points,omitzero"`
	DayCount DayCount `json:"day_count,omitzero"`
}

// Fees are charged when a month is closed: the monthly one for every month, the
// overdraft's for one on which some day ended below nought.
type Fees struct {
	Monthly   money.Amount `json:"monthly,omitzero"`
	Overdraft money.Amount `json:"overdraft,omitzero"`
}

// Limits are what an account begins with: what may leave it, and how far its owner
// may widen that.
type Limits struct {
	Daily      money.Amount `json:"daily,omitzero"`
	Monthly    money.Amount `json:"monthly,omitzero"`
	DailyCap   money.Amount `json:"daily_cap,omitzero"`
	MonthlyCap money.Amount `json:"monthly_cap,omitzero"`
}

// Worse tells whether a holder is in any respect worse off with these terms than with
// others: less overdraft, interest that earns less or costs more, higher fees, narrower
// limits. Another day count is taken for worse, for nobody can say beforehand.
func (t Terms) Worse(than Terms) bool {
	i, before := t.Interest, than.Interest
	narrower := func(limit, before money.Amount) bool { // none is the widest
		return !limit.IsZero() && (before.IsZero() || limit.Minor < before.Minor)
	}
	return t.OverdraftLimit.Minor < than.OverdraftLimit.Minor ||
		i.Credit < before.Credit || i.Debit > before.Debit || before.DayCount != "" && i.DayCount != before.DayCount ||
		t.Fees.Monthly.Minor > than.Fees.Monthly.Minor || t.Fees.Overdraft.Minor > than.Fees.Overdraft.Minor ||
		narrower(t.Limits.Daily, than.Limits.Daily) || narrower(t.Limits.Monthly, than.Limits.Monthly) ||
		narrower(t.Limits.DailyCap, than.Limits.DailyCap) || narrower(t.Limits.MonthlyCap, than.Limits.MonthlyCap)
}

// BasisPointsMax bounds a rate: 100 % a year.
const BasisPointsMax = 10_000

// In tells whether these are terms that an account of the currency can have.
func (t Terms) In(currency money.Currency) bool {
	for _, amount := range []money.Amount{t.OverdraftLimit, t.Fees.Monthly, t.Fees.Overdraft,
		t.Limits.Daily, t.Limits.Monthly, t.Limits.DailyCap, t.Limits.MonthlyCap} {
		if amount != (money.Amount{}) && (amount.Currency != currency || amount.Minor <= 0 || amount.Minor > money.MinorMax) {
			return false
		}
	}
	return t.Interest.valid() && within(t.Limits.Daily, t.Limits.DailyCap) && within(t.Limits.Monthly, t.Limits.MonthlyCap)
}

func (i Interest) valid() bool {
	switch {
	case i.Credit < 0, i.Credit > BasisPointsMax, i.Debit < 0, i.Debit > BasisPointsMax:
		return false
	case i.Credit == 0 && i.Debit == 0:
		return i.DayCount == ""
	}
	return i.DayCount.Known()
}

// within compares limits, of which none is the widest.
func within(limit, cap money.Amount) bool {
	return cap.IsZero() || !limit.IsZero() && limit.Minor <= cap.Minor
}
