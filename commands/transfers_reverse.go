package commands

import (
	"context"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/transfer"
)

// ReverseTransfer asks for a posted transfer to be given back.
type ReverseTransfer struct {
	Transfer  id.Transfer
	Amount    money.Amount // zero: all that is left to give back
	Reference domain.Evidence
}

// Reverse books a transfer in the other direction that names the original. The
// debtor gets the amount; the creditor gives what it still has, even if frozen,
// and owes the rest: that is booked to the receivables. Whether the caller may,
// and who has to approve, is the gateway's to know.
func (t Transfers) Reverse(ctx context.Context, order Order, ask ReverseTransfer) (TransferAnswer, Outcome, error) {
	b := t.bank
	before, err := b.transfers.look(ctx, ask.Transfer) // only for what never changes: from, to
	if err != nil {
		return TransferAnswer{}, Outcome{}, err
	}
	reversal := id.From[id.Transfer](DerivedID(order.ID, "reversal"))
	owed := account.Receivables.In(before.Amount.Currency)
	return execute(ctx, b, "transfer.reverse", order, streams(ask.Transfer, reversal, before.From, before.To, owed), func(w *work) error {
		return reverse(w, reversal, ask)
	}, transferAnswer)
}

func reverse(w *work, reversal id.Transfer, ask ReverseTransfer) error {
	b, at := w.bank, w.order.At
	b.transfers.begin(w, reversal)
	original, err := b.transfers.load(w, ask.Transfer)
	if err != nil {
		return err
	}
	w.order.Caller.actFor(original.Customer)
	amount := ask.Amount
	if amount == (money.Amount{}) {
		amount = original.Reversible()
	}
	if err := b.transfers.decide(w, ask.Transfer, transfer.Reverse{Reversal: reversal, Amount: amount, At: at}); err != nil {
		return err
	}
	has, owes, err := giveBack(w, original, reversal, amount)
	if err != nil {
		return err
	}
	legs := []money.Leg{{Account: original.From, Amount: amount}}
	if has.IsPositive() {
		legs = append(legs, money.Leg{Account: original.To, Amount: has.Negate()})
	}
	if owes.IsPositive() {
		legs = append(legs, money.Leg{Account: account.Receivables.In(amount.Currency), Amount: owes.Negate()})
	}
	posting, err := money.NewPosting(legs...)
	if err != nil {
		return err
	}
	w.under(ofCustomer(original.Customer))
	return b.transfers.decide(w, reversal, transfer.GiveBack{Transfer: reversal, Original: ask.Transfer,
		From: original.To, To: original.From, Amount: amount, Reference: ask.Reference, Legs: posting, At: at})
}

// giveBack moves the money: what the creditor has that nobody holds, and what it
// owes for the rest.
func giveBack(w *work, original transfer.State, reversal id.Transfer, amount money.Amount) (has, owes money.Amount, err error) {
	b, at := w.bank, w.order.At
	creditor, err := b.accounts.load(w, original.To)
	if err != nil {
		return has, owes, err
	}
	has = amount
	if creditor.Status == account.Finished {
		has.Minor = 0
	}
	has.Minor = min(has.Minor, max(0, creditor.Balance-creditor.Held))
	owes = amount.Sub(has)
	if has.IsPositive() {
		debit := account.Debit{Posting: reversal.Stream(), Amount: has, Forced: true, At: at}
		if err := b.accounts.decide(w, original.To, debit); err != nil {
			return has, owes, err
		}
	}
	if owes.IsPositive() {
		receivables, err := w.internal(account.Receivables, amount.Currency)
		if err != nil {
			return has, owes, err
		}
		if err := b.accounts.decide(w, receivables, account.Debit{Posting: reversal.Stream(), Amount: owes, At: at}); err != nil {
			return has, owes, err
		}
	}
	return has, owes, b.accounts.decide(w, original.From, account.Credit{Posting: reversal.Stream(), Amount: amount, At: at})
}
