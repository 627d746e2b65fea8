package calendar

import "time"

// Frankfurt is the place whose days T2 keeps, the euro's settlement system.
const Frankfurt = "Europe/Berlin"

// BankDaysAfter is the date of the n-th banking business day after a day, such as the
// tenth one; "" of what is no date. A banking business day is one on which T2 is open:
// no Saturday or Sunday, and none of New Year, Good Friday, Easter Monday, 1 May,
// Christmas and the day after (ECB, calendar of T2).
func BankDaysAfter(day string, n int) string {
	date, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	for n > 0 {
		date = date.AddDate(0, 0, 1)
		if isBankDay(date) {
			n--
		}
	}
	return date.Format(time.DateOnly)
}

func isBankDay(date time.Time) bool {
	if date.Weekday() == time.Saturday || date.Weekday() == time.Sunday {
		return false
	}
	switch date.Format("01-02") {
	case "01-01", "05-01", "12-25", "12-26":
		return false
	}
	sunday := easter(date.Year())
	return !date.Equal(sunday.AddDate(0, 0, -2)) && !date.Equal(sunday.AddDate(0, 0, 1))
}

// easter is Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms,
// chapter 8).
func easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	h := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	l := (32 + 2*(b%4) + 2*(c/4) - h - c%4) % 7
	m := (a + 11*h + 22*l) / 451
	march := h + l - 7*m + 114
	return time.Date(year, time.Month(march/31), march%31+1, 0, 0, 0, 0, time.UTC)
}
