// Package money is amounts and postings: whole minor units of one ISO 4217
// currency, and sets of legs that sum to nought. There are no floats here and
// nothing ever rounds.
//
// Currencies and their digits come from bojanz/currency (CLDR); its decimal
// parser reads the text.
package money

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bojanz/currency"
)

// MinorMax bounds the absolute value of every amount, in minor units: the
// largest integer that every JSON reader keeps exact (RFC 8259 section 6).
const MinorMax = 1<<53 - 1

// Currency is an ISO 4217 alphabetic code in upper case.
type Currency string

// Amount is a sum of money in minor units (cents, yen, fils). The zero Amount
// is no money of no currency.
type Amount struct {
	Minor    int64    `json:"minor"`
	Currency Currency `json:"currency"`
}

var (
	// ErrCurrency: not a currency that ISO 4217 lists, or not in upper case.
	ErrCurrency = errors.New("money: unknown currency")
	// ErrSyntax: not a decimal with exactly the currency's digits.
	ErrSyntax = errors.New("money: not a decimal with the currency's digits")
	// ErrRange: beyond MinorMax.
	ErrRange = errors.New("money: amount out of range")
)

// Known tells whether c is a currency in use.
func (c Currency) Known() bool { return c != "" && currency.IsValid(string(c)) } // the library takes "" for valid

// Digits is the number of decimals of c; ok is false for an unknown currency.
func (c Currency) Digits() (digits int, ok bool) {
	d, ok := currency.GetDigits(string(c))
	return int(d), ok
}

// Parse reads the decimal string of the HTTP contract: an optional minus, no
// leading zeros, exactly the currency's digits ("100.00" EUR, "100" JPY).
func Parse(text string, c Currency) (Amount, error) {
	digits, ok := c.Digits()
	if !ok {
		return Amount{}, ErrCurrency
	}
	if !canonical(text, digits) {
		return Amount{}, ErrSyntax
	}
	amount, err := currency.NewAmount(text, string(c))
	if err != nil {
		return Amount{}, ErrSyntax
	}
	minor, err := amount.Int64()
	if err != nil || minor > MinorMax || minor < -MinorMax {
		return Amount{}, ErrRange
	}
	return Amount{minor, c}, nil
}

func canonical(text string, digits int) bool {
	whole, fraction, dotted := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	switch {
	case dotted != (digits > 0), len(fraction) != digits, whole == "", len(whole) > 1 && whole[0] == '0':
		return false
	}
	return strings.Trim(whole+fraction, "0123456789") == ""
}

// Decimal writes the amount as Parse reads it, without the currency.
func (a Amount) Decimal() string {
	amount, err := currency.NewAmountFromInt64(a.Minor, string(a.Currency))
	if err != nil {
		return fmt.Sprint(a.Minor) // unknown currency: only the zero Amount gets here
	}
	return amount.Number()
}

// String is for logs and tests: "12.50 EUR".
func (a Amount) String() string { return a.Decimal() + " " + string(a.Currency) }

// Local writes the amount as people of a language do ("1.234,50 €" in "de"): for
// them to read, never to be parsed.
func (a Amount) Local(language string) string {
	amount, err := currency.NewAmountFromInt64(a.Minor, string(a.Currency))
	if err != nil {
		return a.String()
	}
	return currency.NewFormatter(currency.NewLocale(language)).Format(amount)
}

// IsPositive, IsNegative and IsZero look at the sign alone.
func (a Amount) IsPositive() bool { return a.Minor > 0 }
func (a Amount) IsNegative() bool { return a.Minor < 0 }
func (a Amount) IsZero() bool     { return a.Minor == 0 }

// Negate turns a debit into a credit.
func (a Amount) Negate() Amount { return Amount{-a.Minor, a.Currency} }

// Add sums two amounts of one currency. Adding to the zero Amount gives the
// other. Mixed currencies are a bug of the caller's, not an input: they panic.
func (a Amount) Add(b Amount) Amount {
	switch {
	case a == Amount{}:
		return b
	case b == Amount{}:
		return a
	case a.Currency != b.Currency:
		panic("money: adding " + string(b.Currency) + " to " + string(a.Currency))
	}
	return Amount{a.Minor + b.Minor, a.Currency} // both within 2^53 at rest: cannot overflow int64
}

// Sub is Add of the negation.
func (a Amount) Sub(b Amount) Amount { return a.Add(b.Negate()) }

// Less compares two amounts of one currency.
func (a Amount) Less(b Amount) bool {
	if a.Currency != b.Currency {
		panic("money: comparing " + string(b.Currency) + " with " + string(a.Currency))
	}
	return a.Minor < b.Minor
}
