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

func TestStartsOfDays(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ zone, day, start string }{
		{"UTC", "2026-01-02", "2026-01-02T00:00:00Z"},
		{"", "2026-01-02", "2026-01-02T00:00:00Z"},
		{"Europe/Berlin", "2026-01-02", "2026-01-01T23:00:00Z"},
		{"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z"},
		{"Europe/Berlin", "2026-03-30", "2026-03-29T22:00:00Z"},
		{"Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z"},
		{"Europe/Berlin", "2026-10-26", "2026-10-25T23:00:00Z"},
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"}, // at one o'clock
		{"America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00Z"}, // whose last hour came twice
		{"America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00Z"},
		{"Asia/Kathmandu", "2026-01-02", "2026-01-01T18:15:00Z"},
	} {
		start, ok := calendar.Start(tc.zone, tc.day)
		require.True(t, ok, tc.day)
		require.Equal(t, tc.start, start.Format(time.RFC3339), "%s in %s", tc.day, tc.zone)
		require.Equal(t, tc.day, calendar.Day(tc.zone, start))
		require.Equal(t, calendar.After(tc.day, -1), calendar.Day(tc.zone, start.Add(-time.Microsecond)))
	}
	for _, none := range []string{"", "2026-02-30", "2026-1-2", "02.01.2026", "2026-01-02T00:00:00Z"} {
		_, ok := calendar.Start("UTC", none)
		require.False(t, ok, none)
		require.Empty(t, calendar.After(none, 1))
	}
	_, ok := calendar.Start("Pacific/Apia", "2011-12-30") // which Samoa has left out
	require.False(t, ok)
}

func TestADayIsAhead(t *testing.T) {
	t.Parallel()
	for day, ahead := range map[string]bool{"2026-02-28": true, "2026-03-01": true, "2027-02-28": true, "2027-03-01": false, "2026-02-27": false,
		"": false, "2026-02-30": false, "2026-2-28": false, "28.02.2026": false} {
		require.Equal(t, ahead, calendar.Ahead(day, "2026-02-28"), day)
	}
	require.False(t, calendar.Ahead("2026-02-28", "today"))
}
