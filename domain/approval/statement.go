package approval

import (
	"encoding/json"
	"time"
)

// Statement is what the approving device displays and its SCA key signs: who asks,
// from where, for what, and how much. Every field is text exactly as displayed, so
// comparing is not parsing. The number is no part of it: it has to be typed.
type Statement struct {
	Audience        string `json:"aud"`
	Approval        string `json:"approval_id"`
	Purpose         string `json:"purpose"`
	Client          string `json:"client"`            // the software, by the name it is registered under
	Asker           string `json:"asker,omitempty"`   // the device, as it describes itself
	From            string `json:"from,omitempty"`    // address that the request came from
	Scopes          string `json:"scope,omitempty"`   // what the third party may do
	Message         string `json:"message,omitempty"` // that the third party shows as well
	Amount          string `json:"amount,omitempty"`
	Currency        string `json:"currency,omitempty"`
	Creditor        string `json:"creditor_name,omitempty"`
	CreditorAccount string `json:"creditor_account,omitempty"`
	Reference       string `json:"reference,omitempty"`
	Expiry          string `json:"expiry"` // RFC 3339 UTC, whole seconds
}

// Text is the one canonical spelling: a JSON object with the members in the order
// above.
func (s Statement) Text() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic("approval: a struct of strings always marshals: " + err.Error())
	}
	return string(text)
}

// Spell writes a time as statements do.
func Spell(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }
