package commands

import (
	"context"
	"time"

	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/money"
)

// LimitsAnswer is what may leave an account from now on.
type LimitsAnswer struct {
	Account id.Account
	Limits  account.Limits
	Cap     account.Limits // zero unless this verb has changed it
	At      time.Time
}

// SetLimits asks for other limits; a zero amount leaves that one as it is.
type SetLimits struct {
	Account  id.Account
	Limits   account.Limits
	FreshSCA bool // the owner has just authenticated strongly
}

// SetLimits changes what may leave an account of the caller's. Narrower limits hold
// at once; wider ones need a fresh strong authentication, and end at the bank's cap.
func (a Accounts) SetLimits(ctx context.Context, order Order, ask SetLimits) (LimitsAnswer, Outcome, error) {
	b := a.bank
	return execute(ctx, b, "account.set_limits", order, streams(ask.Account), func(w *work) error {
		state, err := b.accounts.load(w, ask.Account)
		if err != nil {
			return err
		}
		if err := mayMove(order.Caller, state); err != nil {
			return err
		}
		return b.accounts.decide(w, ask.Account, account.ChangeLimits{Limits: merged(ask.Limits, state.Limits()), Confirmed: ask.FreshSCA, At: order.At})
	}, limitsAnswer)
}

// SetCap changes what the owners of an account may set; reason is a code. It is for
// operators alone: the route says so.
func (a Accounts) SetCap(ctx context.Context, order Order, of id.Account, limits account.Limits, reason string) (LimitsAnswer, Outcome, error) {
	b := a.bank
	return execute(ctx, b, "account.set_cap", order, streams(of), func(w *work) error {
		state, err := b.accounts.load(w, of)
		if err != nil {
			return err
		}
		w.order.Caller.actFor(state.Customer)
		return b.accounts.decide(w, of, account.ChangeCap{Cap: merged(limits, state.Cap), Reason: reason, At: order.At})
	}, limitsAnswer)
}

// merged takes what is not said from what there is.
func merged(said, there account.Limits) account.Limits {
	if said.Daily == (money.Amount{}) {
		said.Daily = there.Daily
	}
	if said.Monthly == (money.Amount{}) {
		said.Monthly = there.Monthly
	}
	return said
}

func limitsAnswer(facts []Fact) (LimitsAnswer, error) {
	var answer LimitsAnswer
	for _, fact := range facts {
		of := id.From[id.Account](uuidIn(fact.Stream))
		switch e := fact.Event.(type) {
		case account.LimitsChanged:
			answer = LimitsAnswer{Account: of, Limits: e.Limits, At: e.At}
		case account.CapChanged:
			answer = LimitsAnswer{Account: of, Limits: e.Limits, Cap: e.Cap, At: e.At}
		}
	}
	return answer, nil
}
