package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/terms"
)

var (
	newYear  = time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC) // noon is on 2 January
	earnings = terms.Terms{Interest: terms.Interest{Credit: 365, DayCount: terms.Actual365}, Fees: terms.Fees{Monthly: eur(300), Overdraft: eur(500)}}
)

// january are the figures of an account that has got 1,000.00 on its first day.
func january(change func(*account.Figures)) account.ClosePeriod {
	f := account.Figures{Month: "2026-01", From: "2026-01-02", To: "2026-01-31", Closing: 100_000, Credits: 1, CreditSum: 100_000, Through: 2, Value: 100_000}
	change(&f)
	return account.ClosePeriod{Figures: f, At: newYear}
}

func closedMonth(change func(*account.PeriodClosed)) account.PeriodClosed {
	e := account.PeriodClosed{Month: "2026-01", From: "2026-01-02", To: "2026-01-31", Until: newYear, Opening: eur(0), Closing: eur(100_000),
		Credits: account.Turnover{Count: 1, Sum: eur(100_000)}, Debits: account.Turnover{Sum: eur(0)}, Through: 2, Value: eur(100_000), At: newYear}
	change(&e)
	return e
}

func TestMonthsOfAnAccount(t *testing.T) {
	t.Parallel()
	same := func(*account.Figures) {}
	rich := opened(credited(100_000, 100_000))
	charges := account.Charges{Interest: eur(60_000), Monthly: eur(50_000), Overdraft: eur(500)}
	owing := closedMonth(func(e *account.PeriodClosed) { e.Owed = account.Charges{Monthly: eur(300)} })
	domaintest.Run[account.State](t, []row{
		{Name: "a month is closed", Given: rich, When: january(same), Then: facts{closedMonth(func(*account.PeriodClosed) {})}},
		{Name: "what it has earned and cost is said", Given: rich, When: january(func(f *account.Figures) { f.Interest, f.Charged = eur(100), account.Charges{Monthly: eur(300)} }),
			Then: facts{closedMonth(func(e *account.PeriodClosed) {
				e.Interest, e.Charged, e.Taken = eur(100), account.Charges{Monthly: eur(300)}, account.Charges{Monthly: eur(300)}
			})}},
		{Name: "charges go as far as there is money, the overdraft included, interest first", Given: rich, When: january(func(f *account.Figures) { f.Charged = charges }),
			Then: facts{closedMonth(func(e *account.PeriodClosed) {
				e.Charged, e.Taken = charges, account.Charges{Interest: eur(60_000), Monthly: eur(42_000)}
				e.Owed = account.Charges{Monthly: eur(8_000), Overdraft: eur(500)}
			})}},
		{Name: "a frozen account is charged nothing", Given: append(rich, account.Frozen{Reason: "court-order", At: noon}),
			When: january(func(f *account.Figures) { f.Charged = account.Charges{Monthly: eur(300)} }),
			Then: facts{closedMonth(func(e *account.PeriodClosed) {
				e.Charged, e.Owed = account.Charges{Monthly: eur(300)}, account.Charges{Monthly: eur(300)}
			})}},
		{Name: "what was owed is taken with the next month", Given: append(rich, owing),
			When: account.ClosePeriod{Figures: account.Figures{Month: "2026-02", From: "2026-02-01", To: "2026-02-28", Closing: 100_000, Through: 2, Value: 100_000}, At: newYear.AddDate(0, 1, 0)},
			Then: facts{closedMonth(func(e *account.PeriodClosed) {
				e.Month, e.From, e.To, e.Until, e.At = "2026-02", "2026-02-01", "2026-02-28", newYear.AddDate(0, 1, 0), newYear.AddDate(0, 1, 0)
				e.Opening, e.Credits, e.Taken = eur(100_000), account.Turnover{Sum: eur(0)}, account.Charges{Monthly: eur(300)}
			})}},
		{Name: "not before it is over", Given: rich, When: account.ClosePeriod{Figures: january(same).Figures, At: newYear.Add(-time.Microsecond)}, Refused: account.ErrPeriodOpen},
		{Name: "not twice", Given: append(rich, closedMonth(func(*account.PeriodClosed) {})), When: january(same), Refused: account.ErrPeriod},
		{Name: "not out of order", Given: rich, When: january(func(f *account.Figures) { f.Month = "2026-02" }), Refused: account.ErrPeriod},
		{Name: "not with another sum", Given: rich, When: january(func(f *account.Figures) { f.Closing-- }), Refused: account.ErrFigures},
		{Name: "nor with less than nothing earned", Given: rich, When: january(func(f *account.Figures) { f.Interest = eur(-1) }), Refused: account.ErrFigures},
		{Name: "not of what is not there", When: january(same), Refused: account.ErrMissing},
		{Name: "the bank's own accounts have no months", Given: facts{account.Opened{Account: id.Named[id.Account]("x"), Class: account.Internal, Currency: "EUR", At: noon}},
			When: january(same), Refused: account.ErrMissing},
		{Name: "a product is agreed once", Given: opened(account.ProductAgreed{Product: id.Named[id.Product]("p"), Version: 1, At: noon}),
			When: account.AgreeProduct{Product: id.Named[id.Product]("p"), Version: 2, At: noon}, Refused: account.ErrAgreed},
		{Name: "a product has a version", Given: opened(), When: account.AgreeProduct{Product: id.Named[id.Product]("p"), At: noon}, Refused: account.ErrMissing},
		{Name: "and an account", When: account.AgreeProduct{Product: id.Named[id.Product]("p"), Version: 1, At: noon}, Refused: account.ErrMissing},
	})
}

// A booking counts to the later of two clocks and never goes back; one with a value
// date counts for interest there, in whichever month it was booked.
func TestTallies(t *testing.T) {
	t.Parallel()
	var state account.State
	for _, event := range opened() {
		state = state.Evolve(event)
	}
	at := func(month time.Month, day, hour int) time.Time {
		return time.Date(2026, month, day, hour, 0, 0, 0, time.UTC)
	}
	none := time.Time{}
	for _, tc := range []struct {
		name     string
		bookings []account.Booking
		through  int64
		closing  int64
		value    int64
		spans    []account.Span
	}{
		{"none", nil, 0, 0, 0, []account.Span{{From: "2026-01-02", Days: 30, Balance: eur(0)}}},
		{"one in the middle", []account.Booking{{Version: 2, Minor: 5, At: at(1, 17, 3)}}, 2, 5, 5,
			[]account.Span{{From: "2026-01-02", Days: 15, Balance: eur(0)}, {From: "2026-01-17", Days: 15, Balance: eur(5)}}},
		{"many on one day are one end of it", []account.Booking{{Version: 2, Minor: 5, At: at(1, 2, 13)}, {Version: 3, Minor: -2, At: at(1, 2, 14)}}, 3, 3, 3,
			[]account.Span{{From: "2026-01-02", Days: 30, Balance: eur(3)}}},
		{"the log was later", []account.Booking{{Version: 2, Minor: 5, At: at(1, 31, 23), Recorded: at(2, 1, 0)}}, 0, 0, 0,
			[]account.Span{{From: "2026-01-02", Days: 30, Balance: eur(0)}}},
		{"no time goes back", []account.Booking{{Version: 2, Minor: 5, At: at(1, 20, 0)}, {Version: 3, Minor: 5, At: at(1, 10, 0), Recorded: none}}, 3, 10, 10,
			[]account.Span{{From: "2026-01-02", Days: 18, Balance: eur(0)}, {From: "2026-01-20", Days: 12, Balance: eur(10)}}},
		{"what follows a later month is in none before it", []account.Booking{{Version: 2, Minor: 5, At: at(2, 1, 0)}, {Version: 3, Minor: 5, At: at(1, 31, 23)}}, 0, 0, 0,
			[]account.Span{{From: "2026-01-02", Days: 30, Balance: eur(0)}}},
		{"a value date, however late", []account.Booking{{Version: 2, Minor: 5, At: at(6, 1, 0), ValueDate: "2026-01-31"}}, 0, 0, 5,
			[]account.Span{{From: "2026-01-02", Days: 29, Balance: eur(0)}, {From: "2026-01-31", Days: 1, Balance: eur(5)}}},
		{"a value date of another month", []account.Booking{{Version: 2, Minor: 5, At: at(1, 3, 0), ValueDate: "2026-02-01"}}, 2, 5, 0,
			[]account.Span{{From: "2026-01-02", Days: 30, Balance: eur(0)}}},
	} {
		tally, ok := account.NewTally(state)
		require.True(t, ok)
		for _, booking := range tc.bookings {
			tally.Take(booking)
		}
		f := tally.Figures(earnings)
		require.Equal(t, []any{tc.through, tc.closing, tc.value, tc.spans}, []any{f.Through, f.Closing, f.Value, f.Balances}, tc.name)
		require.Equal(t, f.CreditSum-f.DebitSum, f.Closing, tc.name)
		require.Equal(t, eur(300), f.Charged.Monthly)
		require.Equal(t, money.Amount{}, f.Charged.Overdraft, "no day ended below nought")
	}
	tally, _ := account.NewTally(state)
	tally.Take(account.Booking{Version: 2, Minor: -5, At: at(1, 3, 0)})
	require.Equal(t, eur(500), tally.Figures(earnings).Charged.Overdraft)
	require.Empty(t, tally.Figures(terms.Terms{}).Balances, "nothing is reckoned where nothing is earned")
}
