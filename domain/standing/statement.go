package standing

import "encoding/json"

// Statement is what the customer is shown and signs: the series as a whole. Every
// field is text exactly as displayed, so comparing is not parsing.
type Statement struct {
	Audience     string `json:"aud"`
	Order        string `json:"standing_order"`
	Challenge    string `json:"challenge"`
	Nonce        string `json:"nonce"`
	Debtor       string `json:"debtor"`
	Creditor     string `json:"creditor"`
	CreditorName string `json:"creditor_name"`
	Amount       string `json:"amount"` // of each transfer
	Currency     string `json:"currency"`
	Fees         string `json:"fees"`
	Frequency    string `json:"frequency"`
	First        string `json:"first"`
	Last         string `json:"last"`  // "": none
	Count        string `json:"count"` // "": none
	Expiry       string `json:"expiry"`
	Payee        string `json:"payee,omitempty"`      // Match, of one at another bank: what that says of the name
	PayeeName    string `json:"payee_name,omitempty"` // of the holder, where that is nearly the name
}

// Text is the one canonical spelling: a JSON object with the members in the order
// above. Methods that sign a hash (passkeys) sign the SHA-256 of it.
func (s Statement) Text() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic("standing: a struct of strings always marshals: " + err.Error())
	}
	return string(text)
}
