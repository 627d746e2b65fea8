package calendar_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/calendar"
)

func TestDays(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ zone, at, day string }{
		{"UTC", "2026-01-01T23:59:59Z", "2026-01-01"},
		{"Europe/Berlin", "2026-01-01T22:59:59Z", "2026-01-01"},
		{"Europe/Berlin", "2026-01-01T23:00:00Z", "2026-01-02"},
		{"Europe/Berlin", "2026-06-30T21:59:59Z", "2026-06-30"},
		{"Europe/Berlin", "2026-06-30T22:00:00Z", "2026-07-01"},
		{"Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29"}, // a day of 23 hours
		{"Europe/Berlin", "2026-03-29T21:59:59Z", "2026-03-29"},
		{"Europe/Berlin", "2026-03-29T22:00:00Z", "2026-03-30"},
		{"Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25"}, // a day of 25
		{"Europe/Berlin", "2026-10-25T22:59:59Z", "2026-10-25"},
		{"Europe/Berlin", "2026-10-25T23:00:00Z", "2026-10-26"},
		{"Pacific/Kiritimati", "2026-01-01T10:00:00Z", "2026-01-02"},
		{"Pacific/Pago_Pago", "2026-01-01T10:59:59Z", "2025-12-31"},
		{"America/Sao_Paulo", "2018-11-04T02:59:59Z", "2018-11-03"}, // whose next day began at one o'clock
		{"America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-04"},
		{"Asia/Kathmandu", "2026-01-01T18:15:00Z", "2026-01-02"},
		{"Nowhere/At_All", "2026-01-01T23:59:59Z", "2026-01-01"},
	} {
		at, err := time.Parse(time.RFC3339, tc.at)
		require.NoError(t, err)
		require.Equal(t, tc.day, calendar.Day(tc.zone, at), "%s in %s", tc.at, tc.zone)
		require.Equal(t, tc.day, calendar.Day(tc.zone, at.In(time.FixedZone("x", 9*3600))), "wherever the clock stands")
		require.Equal(t, tc.day[:7], calendar.Month(tc.day))
	}
	require.Empty(t, calendar.Month(""))
}

func TestPlacesAreThoseOfTheDatabase(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"UTC", "Europe/Berlin", "America/Argentina/ComodRivadavia", "Etc/GMT+12", "Asia/Ho_Chi_Minh"} {
		require.True(t, calendar.Known(good), good)
	}
	for _, bad := range []string{"", "Local", "Mars/Olympus", "europe/berlin", "Europe/Berlin ", "../../etc/passwd", "/etc/localtime", "Europe/../Europe/Berlin",
		"+01:00", "Europe/Berl\u0456n", "Europe/Berlin\x00", "CET0CEST"} {
		require.False(t, calendar.Known(bad), bad)
	}
}
