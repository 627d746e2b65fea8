package account_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/domain/domaintest"
	"florin/domain/money"
)

func limits(daily, monthly int64) (l account.Limits) {
	if daily > 0 {
		l.Daily = eur(daily)
	}
	if monthly > 0 {
		l.Monthly = eur(monthly)
	}
	return l
}

// living is an account in a place, with 100.00 a day and 250.00 a month, and much money.
func living(zone string, more ...account.Event) facts {
	agreed := account.LimitsAgreed{Limits: limits(10000, 25000), Cap: limits(50000, 0), Zone: zone, At: noon}
	return opened(append(facts{agreed, credited(1_000_000, 1_000_000)}, more...)...)
}

func TestLimitsAreChanged(t *testing.T) {
	t.Parallel()
	agree := account.AgreeLimits{Limits: limits(10000, 25000), Cap: limits(50000, 0), Zone: "Europe/Berlin", At: noon}
	with := func(change func(*account.AgreeLimits)) account.AgreeLimits { c := agree; change(&c); return c }
	change := func(daily, monthly int64, confirmed bool) account.ChangeLimits {
		return account.ChangeLimits{Limits: limits(daily, monthly), Confirmed: confirmed, At: noon}
	}
	changed := func(daily, monthly int64) facts {
		return facts{account.LimitsChanged{Limits: limits(daily, monthly), At: noon}}
	}
	domaintest.Run[account.State](t, []row{
		{Name: "limits are agreed", Given: opened(), When: agree, Then: facts{account.LimitsAgreed(agree)}},
		{Name: "once", Given: living("UTC"), When: agree, Refused: account.ErrSameLimits},
		{Name: "not of what is not there", When: agree, Refused: account.ErrMissing},
		{Name: "a place is in the database", Given: opened(), When: with(func(c *account.AgreeLimits) { c.Zone = "Mars/Olympus" }), Refused: account.ErrZone},
		{Name: "a place is somewhere", Given: opened(), When: with(func(c *account.AgreeLimits) { c.Zone = "" }), Refused: account.ErrZone},
		{Name: "limits are of the account's currency", Given: opened(),
			When: with(func(c *account.AgreeLimits) { c.Limits.Daily = money.Amount{Minor: 1, Currency: "USD"} }), Refused: account.ErrLimits},
		{Name: "limits are within the cap", Given: opened(), When: with(func(c *account.AgreeLimits) { c.Limits.Daily = eur(50001) }), Refused: account.ErrLimits},
		{Name: "no limit is beyond every cap", Given: opened(), When: with(func(c *account.AgreeLimits) { c.Limits = limits(0, 1) }), Refused: account.ErrLimits},
		{Name: "a narrower day holds at once", Given: living("UTC"), When: change(9999, 25000, false), Then: changed(9999, 25000)},
		{Name: "a wider one is confirmed", Given: living("UTC"), When: change(10001, 25000, false), Refused: account.ErrWider},
		{Name: "and then holds", Given: living("UTC"), When: change(10001, 25000, true), Then: changed(10001, 25000)},
		{Name: "one narrower and one wider is wider", Given: living("UTC"), When: change(9999, 25001, false), Refused: account.ErrWider},
		{Name: "none is the widest", Given: living("UTC"), When: change(10000, 0, false), Refused: account.ErrWider},
		{Name: "the cap is not passed, confirmed or not", Given: living("UTC"), When: change(50001, 25000, true), Refused: account.ErrCap},
		{Name: "nor by none", Given: living("UTC"), When: change(0, 25000, true), Refused: account.ErrCap},
		{Name: "the same limits are no change", Given: living("UTC"), When: change(10000, 25000, true), Refused: account.ErrSameLimits},
		{Name: "less than nothing is no limit", Given: living("UTC"), When: account.ChangeLimits{Limits: account.Limits{Daily: eur(-1)}, At: noon}, Refused: account.ErrLimits},
		{Name: "a closed account has none to change", Given: living("UTC", closed()), When: change(1, 1, true), Refused: account.ErrClosed},
		{Name: "the bank's cap narrows what is beyond it", Given: living("UTC"), When: account.ChangeCap{Cap: limits(5000, 30000), Reason: "fraud", At: noon},
			Then: facts{account.CapChanged{Limits: limits(5000, 25000), Cap: limits(5000, 30000), Reason: "fraud", At: noon}}},
		{Name: "a cap has a reason", Given: living("UTC"), When: account.ChangeCap{Cap: limits(5000, 0), At: noon}, Refused: account.ErrReason},
		{Name: "the same cap is no change", Given: living("UTC"), When: account.ChangeCap{Cap: limits(50000, 0), Reason: "x", At: noon}, Refused: account.ErrSameLimits},
	})
}

func TestDaysAndMonthsAreThoseOfThePlace(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return when
	}
	pay := func(minor int64, when string) account.Debit {
		return account.Debit{Posting: "transfer/2", Amount: eur(minor), Limited: true, At: at(when)}
	}
	spent := func(minor int64, day string) account.Debited {
		return account.Debited{Posting: "transfer/1", Amount: eur(minor), Balance: eur(1_000_000 - minor), Day: day, At: noon}
	}
	paid := func(minor, before int64, day, when string) facts {
		return facts{account.Debited{Posting: "transfer/2", Amount: eur(minor), Balance: eur(1_000_000 - before - minor), Day: day, At: at(when)}}
	}
	berlin := func(more ...account.Event) facts { return living("Europe/Berlin", more...) }
	three := facts{spent(10000, "2026-03-27"), spent(10000, "2026-03-28"), spent(5000, "2026-03-29")}
	domaintest.Run[account.State](t, []row{
		{Name: "the day ends at the place's midnight", Given: berlin(spent(10000, "2026-03-27")), When: pay(1, "2026-03-27T22:59:59Z"), Refused: account.ErrLimit},
		{Name: "and a new one begins", Given: berlin(spent(10000, "2026-03-27")), When: pay(1, "2026-03-27T23:00:00Z"), Then: paid(1, 10000, "2026-03-28", "2026-03-27T23:00:00Z")},
		{Name: "a day of 23 hours is one day", Given: berlin(spent(10000, "2026-03-29")), When: pay(1, "2026-03-29T21:59:59Z"), Refused: account.ErrLimit},
		{Name: "and ends an hour sooner", Given: berlin(spent(10000, "2026-03-29")), When: pay(1, "2026-03-29T22:00:00Z"), Then: paid(1, 10000, "2026-03-30", "2026-03-29T22:00:00Z")},
		{Name: "a day of 25 hours is one day", Given: berlin(spent(10000, "2026-10-25")), When: pay(1, "2026-10-25T22:59:59Z"), Refused: account.ErrLimit},
		{Name: "the month's limit may be used to the last cent", Given: berlin(spent(10000, "2026-03-27"), spent(10000, "2026-03-28")),
			When: pay(5000, "2026-03-29T12:00:00Z"), Then: paid(5000, 10000, "2026-03-29", "2026-03-29T12:00:00Z")},
		{Name: "one cent beyond it is refused", Given: berlin(spent(10000, "2026-03-27"), spent(10000, "2026-03-28")), When: pay(5001, "2026-03-29T12:00:00Z"), Refused: account.ErrLimit},
		{Name: "a new day opens no new month", Given: berlin(three...), When: pay(1, "2026-03-31T21:59:59Z"), Refused: account.ErrLimit},
		{Name: "a new month does", Given: berlin(three...), When: pay(10000, "2026-03-31T22:00:00Z"), Then: paid(10000, 5000, "2026-04-01", "2026-03-31T22:00:00Z")},
		{Name: "a clock that goes back opens no second month", Given: berlin(three...), When: pay(1, "2026-02-01T12:00:00Z"), Refused: account.ErrLimit},
	})
	var state account.State
	for _, fact := range berlin(spent(10000, "2026-03-30"), account.FundsReserved{Reservation: "transfer/9", Amount: eur(9000), Day: "2026-03-31", At: noon}) {
		state = state.Evolve(fact)
	}
	require.Equal(t, []int64{9000, 19000}, []int64{state.Spent, state.MonthSpent})
	state = state.Evolve(account.ReservationReleased{Reservation: "transfer/9", Amount: eur(9000), At: noon})
	require.Equal(t, []int64{0, 10000}, []int64{state.Spent, state.MonthSpent}, "a released hold gives its day and its month their share back")
	state = state.Evolve(account.FundsReserved{Reservation: "transfer/8", Amount: eur(100), Day: "2026-03-31", At: noon}).Evolve(spent(200, "2026-04-02"))
	state = state.Evolve(account.ReservationReleased{Reservation: "transfer/8", Amount: eur(100), At: noon})
	require.Equal(t, []int64{200, 200}, []int64{state.Spent, state.MonthSpent}, "of another month, none")
}

// A new device is told at once what it may not send: of one sum on any day, and of what
// is left of today.
func TestWhatADeviceMaySend(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	euros := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }
	spent := account.State{Class: account.Customers, Currency: "EUR", Day: "2026-01-02", Spent: 60}
	for name, c := range map[string]struct {
		ceiling    account.Ceiling
		minor      int64
		any, today error
	}{
		"nothing is said of an old device": {account.Ceiling{}, 1_000_000, nil, nil},
		"up to the ceiling":                {account.Ceiling{Minor: 100}, 40, nil, nil},
		"more than is left of today":       {account.Ceiling{Minor: 100}, 41, nil, account.ErrCeiling},
		"more than on any day":             {account.Ceiling{Minor: 100}, 101, account.ErrCeiling, account.ErrCeiling},
		"of a device that shows nothing":   {account.Ceiling{Minor: 100, Unproven: true}, 101, account.ErrUnproven, account.ErrUnproven},
	} {
		require.Equal(t, c.any, c.ceiling.Allows(euros(c.minor)), name)
		require.Equal(t, c.today, spent.Allows(euros(c.minor), c.ceiling, now), name)
		require.Equal(t, c.any, spent.Allows(euros(c.minor), c.ceiling, now.Add(24*time.Hour)), name)
	}
}
