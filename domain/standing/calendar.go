package standing

import (
	"time"

	"florin/domain"
)

// Frequency is how often a standing order is executed.
type Frequency string

// The frequencies. Once is a transfer of a later day.
const (
	Once      Frequency = "once"
	Daily     Frequency = "daily"
	Weekly    Frequency = "weekly"
	Monthly   Frequency = "monthly"
	Quarterly Frequency = "quarterly"
	Yearly    Frequency = "yearly"
)

// Known tells whether it is a frequency at all.
func (f Frequency) Known() bool {
	switch f {
	case Once, Daily, Weekly, Monthly, Quarterly, Yearly:
		return true
	}
	return false
}

// Bounds of a plan.
const (
	CountMax = 1_000
	YearsMax = 50 // that a first or last day may lie ahead
)

// Plan says on which days an order is executed: on First, and then by Frequency until
// Last (none: "") or Count times (none: 0). Days are those of the customer's calendar
// ("2026-01-31"). A month's day that a month does not have is its last one, and the
// next month's is the plan's own again: 31 January, 28 February, 31 March.
//
// Every day is a business day: the bank's books are open on weekends and holidays, and
// what leaves for another bank leaves that day; when it arrives is the rail's to say.
type Plan struct {
	Frequency Frequency `json:"frequency"`
	First     string    `json:"first"`
	Last      string    `json:"last,omitempty"`
	Count     int64     `json:"count,omitempty"`
}

// ErrSchedule: the days do not make a plan.
var ErrSchedule = &domain.Refusal{Class: domain.Invalid, Code: "invalid-schedule", Detail: "The days of the order do not fit together: a known frequency, a first day that is not over, and a last day or a count, not both."}

// check says whether the plan can be kept from a day on.
func (p Plan) check(today string) error {
	first, err := time.Parse(time.DateOnly, p.First)
	switch {
	case err != nil, !p.Frequency.Known(), p.First < today, p.Count < 0, p.Count > CountMax, p.Last != "" && p.Count > 0,
		p.Frequency == Once && (p.Last != "" || p.Count > 1):
		return ErrSchedule
	}
	now, err := time.Parse(time.DateOnly, today)
	bound := now.AddDate(YearsMax, 0, 0)
	if err != nil || first.After(bound) {
		return ErrSchedule
	}
	if p.Last != "" {
		last, err := time.Parse(time.DateOnly, p.Last)
		if err != nil || last.Before(first) || last.After(bound) {
			return ErrSchedule
		}
	}
	return nil
}

// Day is the n-th day of execution, the first being 0; false: the plan is over before.
func (p Plan) Day(n int64) (string, bool) {
	first, err := time.Parse(time.DateOnly, p.First)
	if err != nil || n < 0 || p.Count > 0 && n >= p.Count || p.Frequency == Once && n > 0 {
		return "", false
	}
	day := first
	switch p.Frequency {
	case Daily:
		day = first.AddDate(0, 0, int(n))
	case Weekly:
		day = first.AddDate(0, 0, 7*int(n))
	case Monthly:
		day = months(first, n)
	case Quarterly:
		day = months(first, 3*n)
	case Yearly:
		day = months(first, 12*n)
	}
	text := day.Format(time.DateOnly)
	return text, p.Last == "" || text <= p.Last
}

// months is the same day so many months later, or the last day of that month.
func months(first time.Time, n int64) time.Time {
	year, month, day := first.Date()
	last := time.Date(year, month+time.Month(n)+1, 0, 0, 0, 0, 0, time.UTC)
	return last.AddDate(0, 0, min(day, last.Day())-last.Day())
}
