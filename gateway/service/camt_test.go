package service

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/money"
	"florin/projections"
)

// The value date is the day from which a booking counts for interest: its own, or
// that of the day it is in, which is the account's and not UTC's, and never the day of
// a clock that was behind.
func TestEntriesHaveTheValueDateThatInterestCountsFrom(t *testing.T) {
	t.Parallel()
	late := time.Date(2026, 1, 31, 22, 59, 59, 0, time.UTC)
	next := late.Add(2 * time.Second) // past midnight in Berlin, and not in UTC
	for name, c := range map[string]struct {
		booked, counted time.Time
		value           string // of the booking
		zone, want      string
	}{
		"the day it is in":                         {late, late, "", "Europe/Berlin", "2026-01-31"},
		"booked by a clock that was behind":        {late, next, "", "Europe/Berlin", "2026-02-01"},
		"the same where midnight is later":         {late, next, "", "UTC", "2026-01-31"},
		"a value date before the booking":          {next, next, "2026-01-15", "Europe/Berlin", "2026-01-15"},
		"a value date after the booking":           {late, late, "2026-02-03", "UTC", "2026-02-03"},
		"a value date of its own in another month": {late, next, "2026-01-31", "Europe/Berlin", "2026-01-31"},
	} {
		row := projections.Transaction{Amount: money.Amount{Minor: -100, Currency: "EUR"}, BookedAt: c.booked, CountedAt: c.counted, ValueDate: c.value}
		entry := entryOf(row, c.zone)
		require.Equal(t, c.want, entry.Value, name)
		require.Equal(t, isoTime(c.counted), entry.Booked, name)
	}
}
