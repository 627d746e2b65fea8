package commands

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/terms"
)

// What is shown day by day is at the month's end what its closing books, whether the
// running tally was kept or is made anew.
func TestAccruedInterestIsWhatTheClosingBooks(t *testing.T) {
	t.Parallel()
	on := savings
	on.Interest.Debit, on.OverdraftLimit = 1_100, euros(900_000)
	houses(t, func(t *testing.T, h *house) {
		a, b := h.kept(alice, on, 20_000), h.account(bob, "Bob", 2_000_000)
		plain := h.account(alice, "Alice", 5_000)
		periods := h.bank.Periods()
		at := func(day string, hour int) {
			zone, err := h.bank.zone("")
			require.NoError(t, err)
			when, err := time.ParseInLocation(time.DateOnly, day, zone)
			require.NoError(t, err)
			h.clock.Store(when.Add(time.Duration(hour) * time.Hour).UnixMicro())
		}
		asked := func() Accrued {
			accrued, err := periods.Accrued(h.ctx(), a)
			require.NoError(t, err)
			h.bank.accruals.kept = nil
			anew, err := periods.Accrued(h.ctx(), a)
			require.NoError(t, err)
			require.Equal(t, anew, accrued, "kept or made anew")
			return accrued
		}
		first := asked()
		require.Equal(t, Accrued{Month: "2026-01", Earned: euros(0), Owed: euros(0)}, first, "no day is over")
		none, err := periods.Accrued(h.ctx(), plain)
		require.NoError(t, err)
		require.Equal(t, Accrued{}, none)
		before := first
		for day := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC); day.Month() == 1; day = day.AddDate(0, 0, 1) {
			at(day.Format(time.DateOnly), 0)
			today := asked()
			require.Equal(t, day.AddDate(0, 0, -1).Format(time.DateOnly), today.Through)
			require.GreaterOrEqual(t, today.Earned.Minor, before.Earned.Minor)
			require.GreaterOrEqual(t, today.Owed.Minor, before.Owed.Minor)
			if before = today; day.Day()%5 == 0 { // and half of the month it is overdrawn
				from, to, who, minor := a, b, alice, int64(10_000)
				if day.Day() > 20 {
					from, to, who = b, a, bob
				}
				_, _, err := h.send(h.by(who), from, to, minor)
				require.NoError(t, err)
				require.Equal(t, today, asked(), "what is booked today is of a day that is not over")
			}
		}
		at("2026-02-03", 12) // and nobody has closed January yet
		whole := asked()
		require.Equal(t, "2026-01-31", whole.Through, "a month that is over accrues nothing more")
		require.Positive(t, whole.Earned.Minor)
		require.Positive(t, whole.Owed.Minor)
		h.catchUp()
		january := h.closed(a)[0]
		require.Equal(t, []any{january.Interest, january.Charged.Interest}, []any{whole.Earned, whole.Owed})
		february := asked()
		require.Equal(t, []string{"2026-02", "2026-02-02"}, []string{february.Month, february.Through})
		days := []terms.Day{{Date: "2026-02-01", Balance: january.Closing.Minor + january.Interest.Minor - january.Taken.Interest.Minor}}
		days = append(days, terms.Day{Date: "2026-02-02", Balance: days[0].Balance})
		require.Equal(t, []int64{on.Interest.Earned(days).Minor(), on.Interest.Owed(days).Minor()}, []int64{february.Earned.Minor, february.Owed.Minor},
			"from the first of the month on, interest included")
		h.audit()
	})
}
