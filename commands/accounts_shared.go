package commands

import (
	"context"

	"florin/domain/account"
	"florin/domain/id"
)

// What somebody began on an account that others hold too is theirs to see as well: by
// the role that a customer has now, whatever it was then. Whoever began it sees it for
// ever, for it is their own doing; who holds the account no more, nothing of the others'.

// Sees tells whether a caller may see what a customer began on an account, and whether
// they began it themselves. A third party sees what it, or its customer, began: a consent
// of one holder says nothing of the others.
func (a Accounts) Sees(ctx context.Context, caller Caller, began id.Customer, from id.Account) (sees, own bool, err error) {
	switch {
	case began.IsZero():
		return false, false, nil
	case caller.is(began):
		return true, true, nil
	case caller.Customer.IsZero(), caller.third(), from.IsZero():
		return false, false, nil
	}
	state, err := a.bank.accounts.look(ctx, from)
	return err == nil && state.RoleOf(caller.Customer) != account.NoRole, false, err
}

// mayStop is nil for whoever began what moves money from an account, and for its owners;
// a reader is told that they may only look, and for all others it is not there.
func (w *work) mayStop(caller Caller, began id.Customer, from id.Account) error {
	switch {
	case caller.is(began):
		return nil
	case began.IsZero(), caller.third(), from.IsZero():
		return account.ErrMissing
	}
	state, err := w.bank.accounts.load(w, from)
	if err != nil {
		return err
	}
	return mayMove(caller, state)
}
