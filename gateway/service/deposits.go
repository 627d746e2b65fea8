package service

import (
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/id"
	"florin/domain/money"
	"florin/eventbus"
	"florin/gateway/wire"
	"florin/schemas"
)

// Deposits serves /v1/deposits. Who may call it is the route's to say: a role
// that posts to the ledger or, in a sandbox, a customer.
type Deposits struct{ Desk }

// DepositAnswer is a deposit on the wire.
type DepositAnswer struct {
	Journal  id.Journal        `json:"journal"`
	To       id.Account        `json:"to"`
	Amount   string            `json:"amount"`
	Currency money.Currency    `json:"currency"`
	Status   string            `json:"status"`
	Position eventbus.Position `json:"position"`
	At       time.Time         `json:"at"`
}

// Make books a deposit.
func (s Deposits) Make(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.Deposit](call.Body)
	if err != nil {
		return err
	}
	amount, err := amountOf(body.Amount, body.Currency)
	if err != nil {
		return err
	}
	booked, outcome, err := s.Bank.Deposits().Deposit(r.Context(), s.order(r, call), commands.MakeDeposit{
		To: body.To, Amount: amount, Reference: evidence(body.Reference)})
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.Created(w, "/v1/accounts/"+booked.To.String()+"/transactions", DepositAnswer{
		Journal: booked.Journal, To: booked.To, Amount: booked.Amount.Decimal(), Currency: booked.Amount.Currency,
		Status: "posted", Position: outcome.Receipt.Last, At: booked.At,
	})
}
