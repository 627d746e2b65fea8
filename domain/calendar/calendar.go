// Package calendar says which day it is for somebody: the civil date of a moment
// in a place, by the IANA time zone database.
//
// The database is compiled in, as the list of currencies is: reference data, and
// no question to the machine that runs the bank. Why that is pure enough for this
// floor: a day is asked for once, when something is decided, and from then on it
// stands in the event; no state is ever folded by it. So another edition of the
// database changes no past.
//
// Days are dates, and never counted in hours: one with a change of the clock has
// 23 or 25.
package calendar

import (
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the same places on every machine
)

// UTC is the place of whoever has named none.
const UTC = "UTC"

// ZoneBytesMax bounds a name; the longest of the database has 32.
const ZoneBytesMax = 64

// places remembers what was read: parsing a place for every payment would cost more
// than deciding it.
var places sync.Map // name -> *time.Location

// Known tells whether the database has a place by this name, written as it is there.
func Known(zone string) bool {
	_, ok := place(zone)
	return ok
}

func place(zone string) (*time.Location, bool) {
	if found, ok := places.Load(zone); ok {
		return found.(*time.Location), true
	}
	if zone == "" || zone == "Local" || len(zone) > ZoneBytesMax || strings.Trim(zone, letters) != "" || strings.Contains(zone, "..") || zone[0] == '/' {
		return nil, false
	}
	found, err := time.LoadLocation(zone)
	if err != nil || found.String() != zone {
		return nil, false
	}
	places.Store(zone, found)
	return found, true
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/"

// Day is the date of a moment in a place, such as "2026-01-02"; a place that is not
// known is UTC.
func Day(zone string, at time.Time) string {
	if found, ok := place(zone); ok {
		return at.In(found).Format(time.DateOnly)
	}
	return at.UTC().Format(time.DateOnly)
}

// Start is the first moment of a date in a place; ok is false of what is no date, or
// was none there. Where clocks go forward at midnight a day begins later.
func Start(zone, day string) (_ time.Time, ok bool) {
	found, known := place(zone)
	if !known {
		found = time.UTC
	}
	date, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return time.Time{}, false
	}
	start := time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, found).Add(-gapMax)
	for range 2 * gapMax / gapStep {
		if start.In(found).Format(time.DateOnly) >= day {
			break
		}
		start = start.Add(gapStep)
	}
	return start.UTC(), start.In(found).Format(time.DateOnly) == day
}

// Clocks change by no more than this, and in steps of this.
const (
	gapMax  = 3 * time.Hour
	gapStep = 15 * time.Minute
)

// After is the date so many days later; "" of what is no date.
func After(day string, days int) string {
	date, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return date.AddDate(0, 0, days).Format(time.DateOnly)
}

// AheadMonthsMax is how far away a day may be on which something is to be executed.
const AheadMonthsMax = 12

// Ahead tells whether a date is today or later, and no more than AheadMonthsMax away;
// what is no date is not.
func Ahead(day, today string) bool {
	now, err := time.Parse(time.DateOnly, today)
	if err != nil {
		return false
	}
	date, err := time.Parse(time.DateOnly, day)
	return err == nil && !date.Before(now) && !date.After(now.AddDate(0, AheadMonthsMax, 0))
}

// Month is that of a day, such as "2026-01"; "" of none.
func Month(day string) string {
	return day[:max(strings.LastIndexByte(day, '-'), 0)]
}

// MonthAfter is the month that follows one, such as "2026-02"; "" of what is none.
func MonthAfter(month string) string {
	first, err := time.Parse(monthOnly, month)
	if err != nil {
		return ""
	}
	return first.AddDate(0, 1, 0).Format(monthOnly)
}

// DaysOf are the dates of a month; none of what is no month.
func DaysOf(month string) (days []string) {
	first, err := time.Parse(monthOnly, month)
	if err != nil {
		return nil
	}
	for day := first; day.Month() == first.Month(); day = day.AddDate(0, 0, 1) {
		days = append(days, day.Format(time.DateOnly))
	}
	return days
}

// MonthStart is the first moment of a month in a place; the zero time of what is no
// month. A place that left out the first of it begins with the second.
func MonthStart(zone, month string) time.Time {
	for _, day := range DaysOf(month) {
		if start, ok := Start(zone, day); ok {
			return start
		}
	}
	return time.Time{}
}

const monthOnly = "2006-01"
