package payment

import (
	"crypto/sha256"
	"encoding/json"
	"time"
)

// Statement is what the customer is shown and signs: dynamic linking (PSD2 RTS
// art. 5). Every field is text exactly as displayed, so comparing is not parsing.
type Statement struct {
	Audience     string `json:"aud"`
	Payment      string `json:"payment"`
	Challenge    string `json:"challenge"`
	Nonce        string `json:"nonce"`
	Debtor       string `json:"debtor"`
	Creditor     string `json:"creditor"` // IBAN
	CreditorName string `json:"creditor_name"`
	Payee        string `json:"payee"`      // Match: what the creditor's bank says of the name
	PayeeName    string `json:"payee_name"` // of the holder, where that is nearly the name; else ""
	Amount       string `json:"amount"`
	Currency     string `json:"currency"`
	Fees         string `json:"fees"`
	Expiry       string `json:"expiry"`               // RFC 3339 UTC, whole seconds
	ExecuteOn    string `json:"execute_on,omitempty"` // of a later day; absent: at once
}

// Text is the one canonical spelling: a JSON object with the members in the order
// above. Methods that sign a hash (passkeys) sign the SHA-256 of it.
func (s Statement) Text() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic("payment: a struct of strings always marshals: " + err.Error())
	}
	return string(text)
}

// Spell writes a time as statements do.
func Spell(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }

type digest [sha256.Size]byte

// digestOf is what a state keeps of a statement: enough to compare every field,
// nothing that names a person. The digest of erased text matches nothing.
func digestOf(text string) digest {
	if text == "" {
		return digest{}
	}
	return sha256.Sum256([]byte(text))
}
