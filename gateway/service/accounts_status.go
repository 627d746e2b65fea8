package service

import (
	"context"
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/proposal"
	"florin/eventbus"
	"florin/gateway/wire"
	"florin/schemas"
)

// AccountStatusAnswer is an account as an operator, or its owner, left it.
type AccountStatusAnswer struct {
	Account  id.Account        `json:"account"`
	Status   string            `json:"status"`
	Reason   string            `json:"status_reason,omitzero"`
	Position eventbus.Position `json:"position"`
	At       time.Time         `json:"at"`
}

// HoldAnswer is money that the bank's own people hold on an account.
type HoldAnswer struct {
	Hold     id.Hold           `json:"hold"`
	Account  id.Account        `json:"account"`
	Amount   string            `json:"amount"`
	Currency money.Currency    `json:"currency"`
	Reason   string            `json:"reason"`
	Status   string            `json:"status"` // held or released
	Position eventbus.Position `json:"position,omitzero"`
	At       time.Time         `json:"at"`
}

// HoldList is all that the bank holds on an account.
type HoldList struct {
	Holds []HoldAnswer `json:"holds"`
}

// Freeze stops money from leaving.
func (s Accounts) Freeze(w http.ResponseWriter, r *http.Request) error {
	asked, call, body, err := commandOn[schemas.FreezeAccount](r)
	if err != nil {
		return err
	}
	order, err := s.reasoned(r, call, body.Reason)
	if err != nil {
		return err
	}
	return s.change(w, r, order, asked, s.Bank.Accounts().Freeze)
}

// Unfreeze ends a freeze. In production it takes two: 202.
func (s Accounts) Unfreeze(w http.ResponseWriter, r *http.Request) error {
	asked, call, body, err := commandOn[schemas.UnfreezeAccount](r)
	if err != nil {
		return err
	}
	order, err := s.reasoned(r, call, body.Reason)
	switch {
	case err != nil:
		return err
	case s.alone():
		return s.change(w, r, order, asked, s.Bank.Accounts().Unfreeze)
	}
	return s.propose(w, r, order, commands.Propose{Type: proposal.Unfreezing, Details: proposal.Details{Account: asked}})
}

// Close ends an empty account: an owner's, or any by an operator.
func (s Accounts) Close(w http.ResponseWriter, r *http.Request) error {
	asked, call, body, err := commandOn[schemas.CloseAccount](r)
	if err != nil {
		return err
	}
	order, err := s.reasoned(r, call, body.Reason)
	if err != nil {
		return err
	}
	return s.change(w, r, order, asked, s.Bank.Accounts().Close)
}

func (s Accounts) change(w http.ResponseWriter, r *http.Request, order commands.Order, of id.Account,
	verb func(context.Context, commands.Order, id.Account, string) (commands.AccountAnswer, commands.Outcome, error)) error {
	changed, outcome, err := verb(r.Context(), order, of, order.Caller.Reason)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, AccountStatusAnswer{Account: changed.Account, Status: string(changed.Status), Reason: changed.Reason,
		Position: outcome.Receipt.Last, At: changed.At})
}

// PlaceHold holds money on an account for a reason that its holders are shown.
func (s Accounts) PlaceHold(w http.ResponseWriter, r *http.Request) error {
	asked, call, body, err := commandOn[schemas.PlaceHold](r)
	if err != nil {
		return err
	}
	amount, err := amountOf(body.Amount, body.Currency)
	if err != nil {
		return err
	}
	order, err := s.reasoned(r, call, body.Reason)
	if err != nil {
		return err
	}
	held, outcome, err := s.Bank.Accounts().PlaceHold(r.Context(), order, commands.PlaceHold{Account: asked, Amount: amount, Reason: body.Reason})
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.Created(w, "/v1/accounts/"+asked.String()+"/holds", holdOf(held, outcome))
}

// LiftHold frees what an operator has held.
func (s Accounts) LiftHold(w http.ResponseWriter, r *http.Request) error {
	asked, call, body, err := commandOn[schemas.LiftHold](r)
	if err != nil {
		return err
	}
	order, err := s.reasoned(r, call, body.Reason)
	if err != nil {
		return err
	}
	lifted, outcome, err := s.Bank.Accounts().LiftHold(r.Context(), order, asked, body.Hold, body.Reason)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, holdOf(lifted, outcome))
}

func holdOf(held commands.HoldAnswer, outcome commands.Outcome) HoldAnswer {
	answer := HoldAnswer{Hold: held.Hold, Account: held.Account, Amount: held.Amount.Decimal(), Currency: held.Amount.Currency,
		Reason: held.Reason, Status: "held", Position: outcome.Receipt.Last, At: held.At}
	if held.Lifted {
		answer.Status = "released"
	}
	return answer
}

// Holds is what the bank's own people hold on an account, the newest first.
func (s Accounts) Holds(w http.ResponseWriter, r *http.Request) error {
	row, _, err := s.held(r)
	if err != nil {
		return err
	}
	holds, err := s.Reads.HoldsOf(r.Context(), row.Account)
	if err != nil {
		return err
	}
	list := HoldList{Holds: make([]HoldAnswer, 0, len(holds))}
	for _, hold := range holds {
		list.Holds = append(list.Holds, HoldAnswer{Hold: hold.Hold, Account: row.Account, Amount: money.Amount{Minor: hold.Minor, Currency: row.Currency}.Decimal(),
			Currency: row.Currency, Reason: hold.Reason, Status: "held", At: hold.At})
	}
	return wire.OK(w, list)
}
