package service

import (
	"crypto/sha256"
	"net/http"

	"github.com/go-json-experiment/json"

	"florin/commands"
	"florin/gateway/token"
	"florin/schemas"
)

// statement is what a customer is shown and confirms; its text is its one spelling.
type statement interface{ Text() string }

// said is what a florin-txn+jwt says: the statement as displayed, and when.
type said[S statement] struct {
	Statement S      `json:",embed"`
	IssuedAt  int64  `json:"iat"`
	ID        string `json:"jti"`
}

// confirmed finds out which of the caller's keys signed the statement of a challenge.
// What cannot be read or verified goes on unproven, so that the attempt counts.
func confirmed[S statement](d Desk, r *http.Request, body schemas.AuthoriseTransfer) (S, commands.Confirmation, error) {
	var none S
	call := CallOf(r.Context())
	answer := commands.Confirmation{Method: commands.MethodSCAKey, OTP: body.OTP, Evidence: evidence(body.Authorization)}
	if body.Assertion != nil {
		return confirmedByPasskey[S](d, r, body, answer)
	}
	keys, err := d.Bank.Devices().Keys(r.Context(), call.Caller.Device)
	if err != nil {
		return none, answer, err
	}
	key := keys.SCA
	if body.OTP != "" {
		answer.Method, key = commands.MethodTOTP, keys.Device
	}
	signed, err := token.OpenConsent[said[S]](body.Authorization, key)
	if err != nil || signed.ID == "" || !token.Recent(signed.IssuedAt, d.Bank.Sources().Wall()) {
		return none, answer, nil
	}
	answer.Text, answer.Proven = signed.Statement.Text(), true
	return signed.Statement, answer, nil
}

// confirmedByPasskey finds out whether one of the caller's passkeys signed the
// statement as it was displayed: the challenge is the SHA-256 of its one spelling.
func confirmedByPasskey[S statement](d Desk, r *http.Request, body schemas.AuthoriseTransfer, answer commands.Confirmation) (S, commands.Confirmation, error) {
	var none, shown S
	answer.Method, answer.Evidence = commands.MethodPasskey, evidence(body.Authorization+"\n"+string(body.Assertion))
	if body.OTP != "" {
		return none, answer, nil
	}
	have, err := d.Bank.Factors().List(r.Context(), CallOf(r.Context()).Caller.Customer)
	if err != nil {
		return none, answer, err
	}
	if err := json.Unmarshal([]byte(body.Authorization), &shown, json.RejectUnknownMembers(true)); err != nil || shown.Text() != body.Authorization {
		return none, answer, nil
	}
	challenge := sha256.Sum256([]byte(body.Authorization))
	assertion, err := d.Party.Asserted(string(body.Assertion), challenge[:], have)
	if err != nil {
		return none, answer, nil
	}
	answer.Text, answer.Proven, answer.Passkey = body.Authorization, true, assentOf(assertion)
	return shown, answer, nil
}
