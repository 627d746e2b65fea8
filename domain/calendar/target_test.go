package calendar_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/calendar"
)

func TestBankDays(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		day  string
		n    int
		then string
	}{
		{"2026-01-02", 0, "2026-01-02"}, // a Friday
		{"2026-01-02", 1, "2026-01-05"},
		{"2026-01-03", 1, "2026-01-05"}, // from a Saturday
		{"2026-01-02", 10, "2026-01-16"},
		{"2026-01-02", 15, "2026-01-23"},
		{"2025-12-31", 1, "2026-01-02"}, // New Year
		{"2026-04-02", 1, "2026-04-07"}, // Good Friday to Easter Monday
		{"2024-03-28", 1, "2024-04-02"},
		{"2038-04-22", 1, "2038-04-27"}, // as late as Easter comes
		{"2285-03-19", 1, "2285-03-24"}, // and as early
		{"2026-04-30", 1, "2026-05-04"}, // 1 May is a Friday
		{"2026-12-24", 1, "2026-12-28"}, // Christmas
		{"2026-06-03", 1, "2026-06-04"}, // Corpus Christi: T2 is open
	} {
		require.Equal(t, tc.then, calendar.BankDaysAfter(tc.day, tc.n), "%d after %s", tc.n, tc.day)
	}
	require.Empty(t, calendar.BankDaysAfter("x", 1))
}
