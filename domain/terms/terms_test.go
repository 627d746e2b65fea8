package terms_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"florin/domain/money"
	"florin/domain/terms"
)

func eur(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

func TestTermsFitTheirCurrency(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		terms terms.Terms
		good  bool
	}{
		{"none at all", terms.Terms{}, true},
		{"all of them", terms.Terms{OverdraftLimit: eur(50_000), Interest: terms.Interest{Credit: 150, Debit: 900, DayCount: terms.Thirty360},
			Fees: terms.Fees{Monthly: eur(300), Overdraft: eur(500)}, Limits: terms.Limits{Daily: eur(1), Monthly: eur(2), DailyCap: eur(1), MonthlyCap: eur(3)}}, true},
		{"a fee of another currency", terms.Terms{Fees: terms.Fees{Monthly: money.Amount{Minor: 1, Currency: "USD"}}}, false},
		{"a fee below nought", terms.Terms{Fees: terms.Fees{Overdraft: eur(-1)}}, false},
		{"a fee of no money", terms.Terms{Fees: terms.Fees{Overdraft: eur(0)}}, false},
		{"an overdraft beyond what money can be", terms.Terms{OverdraftLimit: eur(money.MinorMax + 1)}, false},
		{"a rate without a day count", terms.Terms{Interest: terms.Interest{Credit: 1}}, false},
		{"a day count without a rate", terms.Terms{Interest: terms.Interest{DayCount: terms.Actual365}}, false},
		{"a day count that nobody knows", terms.Terms{Interest: terms.Interest{Credit: 1, DayCount: "act/act"}}, false},
		{"a rate below nought", terms.Terms{Interest: terms.Interest{Debit: -1, DayCount: terms.Actual365}}, false},
		{"a rate of usurers", terms.Terms{Interest: terms.Interest{Debit: 10_001, DayCount: terms.Actual365}}, false},
		{"a limit beyond its cap", terms.Terms{Limits: terms.Limits{Daily: eur(2), DailyCap: eur(1)}}, false},
		{"no limit below a cap", terms.Terms{Limits: terms.Limits{MonthlyCap: eur(1)}}, false},
	} {
		require.Equal(t, tc.good, tc.terms.In("EUR"), tc.name)
	}
}

func TestWorseForWhoeverHoldsTheAccount(t *testing.T) {
	t.Parallel()
	before := terms.Terms{OverdraftLimit: eur(50_000), Interest: terms.Interest{Credit: 150, Debit: 900, DayCount: terms.Actual365},
		Fees: terms.Fees{Monthly: eur(300), Overdraft: eur(500)}, Limits: terms.Limits{Daily: eur(100), DailyCap: eur(200)}}
	for _, tc := range []struct {
		name   string
		worse  bool
		change func(*terms.Terms)
	}{
		{"the same", false, func(*terms.Terms) {}},
		{"better in everything", false, func(t *terms.Terms) {
			*t = terms.Terms{OverdraftLimit: eur(60_000), Interest: terms.Interest{Credit: 151, Debit: 899, DayCount: terms.Actual365}, Limits: terms.Limits{Daily: eur(101)}}
		}},
		{"less overdraft", true, func(t *terms.Terms) { t.OverdraftLimit = eur(49_999) }},
		{"no overdraft", true, func(t *terms.Terms) { t.OverdraftLimit = money.Amount{} }},
		{"earning less", true, func(t *terms.Terms) { t.Interest.Credit = 149 }},
		{"costing more", true, func(t *terms.Terms) { t.Interest.Debit = 901 }},
		{"one better, one worse", true, func(t *terms.Terms) { t.Interest.Credit, t.Fees.Monthly = 500, eur(301) }},
		{"another day count", true, func(t *terms.Terms) { t.Interest.DayCount = terms.Thirty360 }},
		{"a higher fee for overdrawing", true, func(t *terms.Terms) { t.Fees.Overdraft = eur(501) }},
		{"a lower fee", false, func(t *terms.Terms) { t.Fees.Monthly = eur(1) }},
		{"a narrower limit", true, func(t *terms.Terms) { t.Limits.Daily = eur(99) }},
		{"a limit where there was none", true, func(t *terms.Terms) { t.Limits.Monthly = eur(99_999) }},
		{"a cap where there was none", true, func(t *terms.Terms) { t.Limits.MonthlyCap = eur(99_999) }},
		{"no cap any more", false, func(t *terms.Terms) { t.Limits.DailyCap = money.Amount{} }},
	} {
		after := before
		tc.change(&after)
		require.Equal(t, tc.worse, after.Worse(before), tc.name)
	}
	require.True(t, terms.Terms{Fees: terms.Fees{Monthly: eur(1)}}.Worse(terms.Terms{}), "a fee where there was none")
	require.False(t, terms.Terms{Interest: terms.Interest{Credit: 1, DayCount: terms.Actual365}}.Worse(terms.Terms{}), "interest where there was none")
}

// days are those of a time with one balance.
func days(from, to string, balance int64) (all []terms.Day) {
	first, _ := time.Parse(time.DateOnly, from)
	last, _ := time.Parse(time.DateOnly, to)
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		all = append(all, terms.Day{Date: day.Format(time.DateOnly), Balance: balance})
	}
	return all
}

func TestInterest(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name          string
		interest      terms.Interest
		days          []terms.Day
		earned, owed  int64
		exact, divide int64 // of what is earned
	}{
		{name: "a year at two per cent", interest: terms.Interest{Credit: 200, DayCount: terms.Actual365}, days: days("2026-01-01", "2026-12-31", 1_000_000), earned: 20_000},
		{name: "a leap year has a day more", interest: terms.Interest{Credit: 365, DayCount: terms.Actual365}, days: days("2028-01-01", "2028-12-31", 1_000_000), earned: 36_600},
		{name: "a leap year of 360 days", interest: terms.Interest{Credit: 365, DayCount: terms.Thirty360}, days: days("2028-01-01", "2028-12-31", 1_000_000), earned: 36_500},
		{name: "January", interest: terms.Interest{Credit: 200, DayCount: terms.Actual365}, days: days("2026-01-01", "2026-01-31", 1_000_000), earned: 1_699}, // 1698.63
		{name: "each month alike", interest: terms.Interest{Credit: 120, DayCount: terms.Thirty360}, days: days("2026-02-01", "2026-02-28", 1_000_000), earned: 1_000},
		{name: "the 31st", interest: terms.Interest{Credit: 120, DayCount: terms.Thirty360}, days: days("2026-03-01", "2026-03-31", 1_000_000), earned: 1_000},
		{name: "a broken month", interest: terms.Interest{Credit: 120, DayCount: terms.Thirty360}, days: days("2026-03-16", "2026-03-31", 1_000_000), earned: 500},
		{name: "what is owed earns nothing", interest: terms.Interest{Credit: 200, Debit: 1_000, DayCount: terms.Actual365}, days: days("2026-01-01", "2026-12-31", -100_000), owed: 10_000},
		{name: "half a cent goes to the even one below", interest: terms.Interest{Credit: 1, DayCount: terms.Thirty360}, days: days("2026-01-01", "2026-01-01", 9_000_000), earned: 2},
		{name: "and to the even one above", interest: terms.Interest{Credit: 1, DayCount: terms.Thirty360}, days: days("2026-01-01", "2026-01-01", 5_400_000), earned: 2},
		{name: "as much money as there can be", interest: terms.Interest{Credit: 10_000, DayCount: terms.Actual365}, days: days("2026-01-01", "2026-12-31", money.MinorMax), earned: money.MinorMax},
		{name: "no rate", days: days("2026-01-01", "2026-12-31", 1_000_000)},
		{name: "no date", interest: terms.Interest{Credit: 200, DayCount: terms.Thirty360}, days: []terms.Day{{Date: "2026-02-30", Balance: 1 << 50}}},
	} {
		require.Equal(t, tc.earned, tc.interest.Earned(tc.days).Minor(), tc.name)
		require.Equal(t, tc.owed, tc.interest.Owed(tc.days).Minor(), tc.name)
	}
	third := terms.Interest{Credit: 200, DayCount: terms.Actual365}.Earned(days("2026-01-01", "2026-01-01", 100))
	require.Equal(t, terms.Fraction{Numerator: big.NewInt(20_000), Denominator: 3_650_000}, third, "nothing is rounded before the end")
}

// However a time is cut, its days count the same, and a whole year has its days.
func TestDaysAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		interest := terms.Interest{Credit: rapid.Int64Range(1, terms.BasisPointsMax).Draw(t, "rate"), DayCount: rapid.SampledFrom([]terms.DayCount{terms.Actual365, terms.Thirty360}).Draw(t, "days")}
		year := rapid.IntRange(2000, 2100).Draw(t, "year")
		first := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		all := days(first.Format(time.DateOnly), first.AddDate(1, 0, -1).Format(time.DateOnly), rapid.Int64Range(1, money.MinorMax).Draw(t, "balance"))
		cut := rapid.IntRange(0, len(all)).Draw(t, "cut")
		whole, parts := interest.Earned(all).Numerator, new(big.Int).Add(interest.Earned(all[:cut]).Numerator, interest.Earned(all[cut:]).Numerator)
		require.Zero(t, whole.Cmp(parts))
		var weight int64
		for _, day := range all {
			weight += interest.DayCount.Weight(day.Date)
		}
		if interest.DayCount == terms.Thirty360 {
			require.Equal(t, int64(360), weight)
		} else {
			require.Equal(t, int64(len(all)), weight)
		}
	})
}
