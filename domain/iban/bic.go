package iban

import "strings"

// BIC reads a business identifier code in its one spelling: eight characters or
// eleven. The country need not be one with IBANs. ErrBIC.
func BIC(text string) error {
	if !fits(text, "4c2a2c") && !fits(text, "4c2a2c3c") {
		return ErrBIC
	}
	return nil
}

// territories have BICs of their own and the IBANs of another country (IBAN registry,
// "includes other countries/territories"; EPC409-09).
var territories = map[string]string{
	"FI": "AX",
	"FR": "BL GF GP MF MQ NC PF PM RE TF WF YT",
	"GB": "GG IM JE",
}

// HeldAt is nil if the account can be at the bank that a BIC names: its fifth and sixth
// letters are the country of the IBAN, or a territory that has the same IBANs. ErrBIC,
// ErrBICCountry. Which bank of the country it is, nobody can tell from the two alone.
func (i IBAN) HeldAt(bic string) error {
	if err := BIC(bic); err != nil {
		return err
	}
	if country := bic[4:6]; country != i.Country() && !strings.Contains(territories[i.Country()], country) {
		return ErrBICCountry
	}
	return nil
}
