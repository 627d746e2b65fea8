package service

import (
	"net/http"

	"florin/commands"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/money"
	"florin/eventbus"
	"florin/gateway/wire"
	"florin/schemas"
)

// Incoming serves /v1/incoming-payments: what the rail says has come from other banks.
type Incoming struct{ Desk }

// IncomingAnswer is an incoming payment on the wire. It does not name the account or
// its holder: who operates a rail need not know them.
type IncomingAnswer struct {
	Incoming id.Incoming       `json:"incoming"`
	Status   string            `json:"status"`          // credited, suspended, returned
	Reason   string            `json:"reason,omitzero"` // ISO 20022 code: why it goes back
	Return   string            `json:"return,omitzero"` // our name for that on the rail
	Amount   string            `json:"amount,omitzero"`
	Currency money.Currency    `json:"currency,omitzero"`
	Position eventbus.Position `json:"position"`
}

// Receive is ReceivePayment: 201, credited or suspended.
func (s Incoming) Receive(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.ReceivePayment](call.Body)
	if err != nil {
		return err
	}
	amount, err := amountOf(body.Amount, body.Currency)
	if err != nil {
		return err
	}
	to, err := iban.Parse(body.To)
	if err != nil {
		return err
	}
	from, err := iban.Parse(body.From)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Incoming().Receive(r.Context(), s.order(r, call), commands.ReceivePayment{
		Reference: body.Reference, Creditor: to, Debtor: from, DebtorName: evidence(body.Name), Amount: amount, Text: evidence(body.Text)})
	return s.answer(w, func(w http.ResponseWriter, _ string, v any) error { return wire.Pushed(w, v) }, answer, outcome, err)
}

// Recall takes a payment back that the other bank wants.
func (s Incoming) Recall(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.Incoming](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.RecallPayment](call.Body)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Incoming().Recall(r.Context(), s.order(r, call), commands.RecallPayment{
		Incoming: asked, Recall: body.Recall, Reason: body.Reason})
	return s.answer(w, done, answer, outcome, err)
}

func (s Incoming) answer(w http.ResponseWriter, success func(http.ResponseWriter, string, any) error,
	answer commands.IncomingAnswer, outcome commands.Outcome, err error) error {
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	body := IncomingAnswer{Incoming: answer.Incoming, Status: string(answer.Status), Reason: answer.Reason, Return: answer.Return, Position: outcome.Receipt.Last}
	if !answer.Amount.IsZero() {
		body.Amount, body.Currency = answer.Amount.Decimal(), answer.Amount.Currency
	}
	return success(w, "", body)
}
