package service

import (
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/proposal"
	"florin/domain/text"
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

// Make books a deposit. One by an operator's hand carries a reason, and above a
// limit it is a proposal in production: 202.
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
	order, byHand := s.order(r, call), call.Caller.ActorType == commands.ActorOperator && !s.alone()
	order.Caller.Reason = body.Reason
	if (byHand || body.Reason != "") && !text.Code(body.Reason) {
		return customer.ErrReason
	}
	if byHand && s.Bank.TakesTwo(amount) {
		return s.propose(w, r, order, commands.Propose{Type: proposal.Deposit,
			Details: proposal.Details{Account: body.To, Amount: amount, Reference: evidence(body.Reference)}})
	}
	booked, outcome, err := s.Bank.Deposits().Deposit(r.Context(), order, commands.MakeDeposit{
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
