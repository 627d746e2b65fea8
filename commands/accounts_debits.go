package commands

import (
	"context"
	"time"

	"florin/domain/account"
	"florin/domain/customer"
	"florin/domain/iban"
	"florin/domain/id"
)

// DirectDebitsAnswer tells whether anybody may collect from an account.
type DirectDebitsAnswer struct {
	Account id.Account
	Blocked bool
	At      time.Time
}

// BlockDirectDebits lets nobody collect from an account of the caller's, whatever
// mandates there are. direct-debits-blocked: it is so already.
func (a Accounts) BlockDirectDebits(ctx context.Context, order Order, of id.Account) (DirectDebitsAnswer, Outcome, error) {
	return a.changeDebits(ctx, order, "account.block_direct_debits", of, account.BlockDirectDebits{Asked: account.DirectDebitsBlocked{By: order.Caller.Customer, At: order.At}})
}

// AllowDirectDebits ends BlockDirectDebits; what mandates and blocked creditors say
// counts again.
func (a Accounts) AllowDirectDebits(ctx context.Context, order Order, of id.Account) (DirectDebitsAnswer, Outcome, error) {
	return a.changeDebits(ctx, order, "account.allow_direct_debits", of, account.AllowDirectDebits{Asked: account.DirectDebitsAllowed{By: order.Caller.Customer, At: order.At}})
}

func (a Accounts) changeDebits(ctx context.Context, order Order, verb string, of id.Account, command account.Command) (DirectDebitsAnswer, Outcome, error) {
	b := a.bank
	return execute(ctx, b, verb, order, streams(of), func(w *work) error {
		if _, err := w.held(of); err != nil {
			return err
		}
		return b.accounts.decide(w, of, command)
	}, func(facts []Fact) (DirectDebitsAnswer, error) {
		answer := DirectDebitsAnswer{Account: of}
		for _, fact := range facts {
			switch e := fact.Event.(type) {
			case account.DirectDebitsBlocked:
				answer.Blocked, answer.At = true, e.At
			case account.DirectDebitsAllowed:
				answer.At = e.At
			}
		}
		return answer, nil
	})
}

// NumberOwner is whom the account with a number was opened for; zero: it is none of the
// bank's.
func (a Accounts) NumberOwner(ctx context.Context, number iban.IBAN) (id.Customer, error) {
	of, found, err := a.Numbered(ctx, number)
	if err != nil || !found {
		return id.Customer{}, err
	}
	state, err := a.bank.accounts.look(ctx, of)
	return state.Customer, err
}

// orphaned tells whether nobody who owns an account is alive any more.
func (b *Bank) orphaned(w *work, of account.State) (bool, error) {
	owners := of.HoldersSince(w.order.At, account.Owner)
	for _, owner := range owners {
		person, err := b.customers.load(w, owner)
		if err != nil || person.Status != customer.Deceased {
			return false, err
		}
	}
	return len(owners) > 0, nil
}
