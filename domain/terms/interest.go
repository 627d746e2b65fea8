package terms

import (
	"math/big"
	"time"
)

// DayCount says how many days count from one date to the next, and how many make a year.
type DayCount string

const (
	// Actual365 counts each day once, in a year of 365 days, leap years too (ISDA
	// 2006, section 4.16(d)).
	Actual365 DayCount = "act/365"
	// Thirty360 counts each month for 30 days, in a year of 360 (30E/360, ISDA 2006,
	// section 4.16(g)): the 30th of a month with 31 days counts nothing, and the last
	// of February what is missing.
	Thirty360 DayCount = "30/360"
)

// Known tells whether the bank counts so.
func (d DayCount) Known() bool { return d == Actual365 || d == Thirty360 }

func (d DayCount) year() int64 {
	if d == Thirty360 {
		return 360
	}
	return 365
}

// Weight is how many days count for a balance that a date ended with: those from it
// to the next one. A date that is none counts nothing.
func (d DayCount) Weight(date string) int64 {
	day, err := time.Parse(time.DateOnly, date)
	switch {
	case err != nil:
		return 0
	case d == Thirty360:
		next := day.AddDate(0, 0, 1)
		months := int64(next.Year()-day.Year())*12 + int64(next.Month()-day.Month())
		return 30*months + int64(min(next.Day(), 30)-min(day.Day(), 30))
	}
	return 1
}

// Day is the balance that a date ended with, in minor units.
type Day struct {
	Date    string
	Balance int64
}

// Fraction is an exact sum of money: Numerator / Denominator minor units.
type Fraction struct {
	Numerator   *big.Int
	Denominator int64
}

// Earned is what the days have earned on the balances above nought, and Owed what
// they cost on those below: both at least nought.
func (i Interest) Earned(days []Day) Fraction { return i.sum(days, i.Credit, 1) }

// Owed is what the balances below nought cost.
func (i Interest) Owed(days []Day) Fraction { return i.sum(days, i.Debit, -1) }

func (i Interest) sum(days []Day, rate, sign int64) Fraction {
	sum := new(big.Int)
	for _, day := range days {
		if balance := day.Balance * sign; balance > 0 && rate > 0 {
			each := new(big.Int).Mul(big.NewInt(balance), big.NewInt(rate*i.DayCount.Weight(day.Date)))
			sum.Add(sum, each)
		}
	}
	return Fraction{sum, 10_000 * i.DayCount.year()}
}

// Minor rounds to whole minor units, half to even.
func (f Fraction) Minor() int64 {
	whole, rest := new(big.Int).QuoRem(f.Numerator, big.NewInt(f.Denominator), new(big.Int))
	switch twice := rest.Lsh(rest, 1).Cmp(big.NewInt(f.Denominator)); {
	case twice > 0, twice == 0 && whole.Bit(0) == 1:
		whole.Add(whole, big.NewInt(1))
	}
	return whole.Int64()
}
