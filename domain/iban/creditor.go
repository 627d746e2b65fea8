package iban

import "florin/domain"

// ErrCreditor refuses what cannot name a creditor of direct debits.
var ErrCreditor = &domain.Refusal{Class: domain.Invalid, Code: "invalid-creditor-identifier",
	Detail: "This is not a SEPA creditor identifier: country, check digits, business code and national identifier, in capitals and digits without spaces."}

// CreditorMax is the longest identifier (EPC262-08: Max35Text).
const CreditorMax = 35

// Creditor is a SEPA creditor identifier without its business code, which tells no
// creditors apart (EPC262-08): two spellings that differ there alone are one creditor.
// The zero value is none.
type Creditor struct{ text, key string }

// ParseCreditor reads one, such as DE98ZZZ09999999999; anything else is ErrCreditor.
func ParseCreditor(text string) (Creditor, error) {
	if len(text) < 8 || len(text) > CreditorMax || !fits(text[:7], "2a2n3c") {
		return Creditor{}, ErrCreditor
	}
	for _, c := range []byte(text[7:]) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return Creditor{}, ErrCreditor
		}
	}
	if check := text[2:4]; check < "02" || check > "98" || remainder(text[7:]+text[:4]) != 1 {
		return Creditor{}, ErrCreditor
	}
	return Creditor{text, text[:4] + text[7:]}, nil
}

// String is the identifier as it was written.
func (c Creditor) String() string { return c.text }

// Key is what two identifiers of one creditor have in common.
func (c Creditor) Key() string { return c.key }

// IsZero tells whether there is none.
func (c Creditor) IsZero() bool { return c.text == "" }
