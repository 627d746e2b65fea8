// Package iban says what an IBAN (ISO 13616-1:2020) and a BIC (ISO 9362:2022) are,
// and makes the bank's own account numbers.
//
//	DE 21 99999999 0000000042
//	|  |  |        +- account number, digits
//	|  |  +- bank code of the country
//	|  +- check digits: ISO 7064 mod 97-10
//	+- ISO 3166 country
//
// Both are taken in one spelling alone, the electronic one: ASCII capitals and
// digits, nothing between them. Why spaces and small letters are refused and not
// repaired: the text is signed and shown back to be confirmed, and a letter of
// another alphabet that looks the same must not pass by way of a repair. An app
// takes the spaces out before it signs.
//
// An IBAN names a person: outside this package it lies in a sealed type.
package iban

import (
	"strconv"
	"strings"

	"florin/domain"
)

// LengthMax is that of the longest IBAN which the standard permits.
const LengthMax = 34

// Refusals.
var (
	ErrInvalid = &domain.Refusal{Class: domain.Invalid, Code: "invalid-iban",
		Detail: "This is not an IBAN: capital letters and digits without spaces, of its country's length, with right check digits."}
	ErrBIC = &domain.Refusal{Class: domain.Invalid, Code: "invalid-bic",
		Detail: "This is not a BIC: eight or eleven capital letters and digits, such as DEUTDEFF."}
	ErrBICCountry = &domain.Refusal{Class: domain.Refused, Code: "bic-country",
		Detail: "This bank is in another country than the account."}
)

// IBAN is a number that has passed Parse; the zero value is none.
type IBAN struct{ text string }

// Parse reads the electronic format; anything else is ErrInvalid.
func Parse(text string) (IBAN, error) {
	if len(text) < 4 || len(text) > LengthMax || !fits(text[2:4], "2n") {
		return IBAN{}, ErrInvalid
	}
	bban, known := structures[text[:2]]
	if !known || !fits(text[4:], bban) || remainder(text[4:]+text[:4]) != 1 {
		return IBAN{}, ErrInvalid
	}
	if check := text[2:4]; check < "02" || check > "98" { // what make cannot make
		return IBAN{}, ErrInvalid
	}
	return IBAN{text}, nil
}

// String is the electronic format.
func (i IBAN) String() string { return i.text }

// IsZero tells whether there is none.
func (i IBAN) IsZero() bool { return i.text == "" }

// Country is the ISO 3166 code it begins with.
func (i IBAN) Country() string { return i.text[:2] }

// fits tells whether the text has a structure such as "4a6n8n": so many capital
// letters (a), digits (n), or either (c), in this order, and no more.
func fits(text, structure string) bool {
	for structure != "" {
		kind := strings.IndexAny(structure, "anc")
		count, err := strconv.Atoi(structure[:kind])
		if err != nil || len(text) < count {
			return false
		}
		for _, c := range []byte(text[:count]) {
			digit, letter := '0' <= c && c <= '9', 'A' <= c && c <= 'Z'
			if !(digit && structure[kind] != 'a' || letter && structure[kind] != 'n') {
				return false
			}
		}
		text, structure = text[count:], structure[kind+1:]
	}
	return text == ""
}

// remainder is the text modulo 97, letters read as 10 to 35 (ISO 7064).
func remainder(text string) int {
	rest := 0
	for _, c := range []byte(text) {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest
}
