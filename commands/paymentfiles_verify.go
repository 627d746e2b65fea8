package commands

import (
	"context"
	"slices"
	"sync"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/payment"
)

// fileAsking is how many payees of a file are asked for at a time.
const fileAsking = 8

// verified asks the creditors' banks before a file is taken in, so that its customer sees
// what they say before confirming it (Regulation (EU) 2024/886), but not for a repeat. All
// together are asked no longer than a single payee is: what is not said by then is
// unavailable.
func (p PaymentFiles) verified(ctx context.Context, order Order, from id.Account, items []FiledPayment) ([]FiledPayment, error) {
	_, repeated, err := p.bank.log.Find(ctx, order.ID)
	if err != nil || repeated {
		return items, err
	}
	state, err := p.bank.accounts.look(ctx, from)
	if err != nil || !owns(order.Caller, state) { // nobody asks other banks about their customers from an account of nobody's
		return items, err
	}
	asking, cancel := context.WithTimeout(ctx, railTimeout)
	defer cancel()
	items = slices.Clone(items)
	next := make(chan *FiledPayment)
	var all sync.WaitGroup
	for range fileAsking {
		all.Go(func() {
			for one := range next {
				one.Verified = RailPayee{Result: payment.NotVerified}
				if asking.Err() == nil {
					one.Verified = p.bank.Payments().VerifyPayee(asking, domain.NewEvidence(one.Creditor), one.CreditorName)
				}
			}
		})
	}
	for i := range items {
		if items[i].Refused == "" {
			next <- &items[i]
		}
	}
	close(next)
	all.Wait()
	return items, nil
}

// deviceMayFile refuses a file of more than the caller's device, which is new or has not
// shown what it is, may still send today: its payments would be refused one by one once
// it is confirmed.
func (w *work) deviceMayFile(debtor account.State, total money.Amount) error {
	ceiling, err := w.bank.deviceCeiling(w, false, total.Currency)
	if err != nil {
		return err
	}
	return debtor.Allows(total, ceiling, w.order.At)
}
