package iban

import (
	"errors"
	"fmt"
	"strings"
)

// Issuer is a bank as its accounts are numbered: a country and the bank's code
// there. The zero Issuer numbers none.
type Issuer struct {
	country, code string
	digits        int // of an account number
	numbers       uint64
}

// plain are the countries whose account numbers are digits without check digits of
// their own, and how long bank codes are there. Elsewhere a bank needs more than a
// code to number accounts, and NewIssuer refuses.
var plain = map[string]int{"AT": 5, "CH": 5, "DE": 8, "GB": 10, "IE": 10, "LI": 5, "LT": 5, "LU": 3, "NL": 4, "LV": 4}

// ErrIssuer: no accounts can be numbered under this country and code.
var ErrIssuer = errors.New("iban: not a bank code of AT, CH, DE, GB, IE, LI, LT, LU, LV or NL")

// NewIssuer reads "DE99999999": the country, and the bank's code in it. The empty
// text is the zero Issuer.
func NewIssuer(text string) (Issuer, error) {
	if text == "" {
		return Issuer{}, nil
	}
	if len(text) < 3 {
		return Issuer{}, ErrIssuer
	}
	country, code := text[:2], text[2:]
	bban, ok := structures[country]
	if !ok || plain[country] == 0 || plain[country] != len(code) {
		return Issuer{}, ErrIssuer
	}
	i := Issuer{country: country, code: code, numbers: 1}
	for i.digits = 1; i.digits+len(code) < LengthMax; i.digits++ {
		i.numbers *= 10
		if fits(code+strings.Repeat("0", i.digits), bban) {
			return i, nil
		}
	}
	return Issuer{}, ErrIssuer
}

// IsZero tells whether this bank numbers no accounts.
func (i Issuer) IsZero() bool { return i.country == "" }

// Number makes the IBAN of one of the bank's account numbers; a seed beyond them
// all begins again at the first. The same seed is the same IBAN for ever.
func (i Issuer) Number(seed uint64) IBAN {
	bban := fmt.Sprintf("%s%0*d", i.code, i.digits, seed%i.numbers)
	check := 98 - remainder(bban+i.country+"00")
	return IBAN{fmt.Sprintf("%s%02d%s", i.country, check, bban)}
}

// Owns tells whether this bank has issued, or may issue, the number.
func (i Issuer) Owns(number IBAN) bool {
	return !i.IsZero() && strings.HasPrefix(number.text, i.country) && strings.HasPrefix(number.text[4:], i.code)
}
