package commands

import (
	"context"
	"time"

	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/money"
)

// PlaceHold has the bank's own people hold money on an account.
type PlaceHold struct {
	Account id.Account
	Amount  money.Amount
	Reason  string // code, which the holders are shown
}

// HoldAnswer is a hold as the verb left it.
type HoldAnswer struct {
	Hold    id.Hold
	Account id.Account
	Amount  money.Amount
	Reason  string
	Lifted  bool
	At      time.Time
}

// PlaceHold holds money that is available. It is for operators alone: the route says so.
func (a Accounts) PlaceHold(ctx context.Context, order Order, ask PlaceHold) (HoldAnswer, Outcome, error) {
	hold := id.From[id.Hold](DerivedID(order.ID, "hold"))
	return a.seize(ctx, order, "account.place_hold", ask.Account, account.PlaceHold{Hold: hold, Amount: ask.Amount, Reason: ask.Reason, At: order.At})
}

// LiftHold frees it.
func (a Accounts) LiftHold(ctx context.Context, order Order, of id.Account, lifted id.Hold, reason string) (HoldAnswer, Outcome, error) {
	return a.seize(ctx, order, "account.lift_hold", of, account.LiftHold{Hold: lifted, Reason: reason, At: order.At})
}

func (a Accounts) seize(ctx context.Context, order Order, verb string, of id.Account, command account.Command) (HoldAnswer, Outcome, error) {
	b := a.bank
	return execute(ctx, b, verb, order, streams(of), func(w *work) error {
		state, err := b.accounts.load(w, of)
		if err != nil {
			return err
		}
		w.order.Caller.actFor(state.Customer)
		return b.accounts.decide(w, of, command)
	}, holdAnswer)
}

func holdAnswer(facts []Fact) (HoldAnswer, error) {
	var answer HoldAnswer
	for _, fact := range facts {
		of := id.From[id.Account](uuidIn(fact.Stream))
		switch e := fact.Event.(type) {
		case account.HoldPlaced:
			answer = HoldAnswer{Hold: e.Hold, Account: of, Amount: e.Amount, Reason: e.Reason, At: e.At}
		case account.HoldLifted:
			answer = HoldAnswer{Hold: e.Hold, Account: of, Amount: e.Amount, Reason: e.Reason, Lifted: true, At: e.At}
		}
	}
	return answer, nil
}
