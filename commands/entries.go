package commands

import (
	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/money"
)

// leg is one leg of a journal entry to come: of a customer's account, or of one in
// the chart.
type leg struct {
	account id.Account
	chart   account.Chart // "": account
	amount  money.Amount
}

// entry names the journal entry of one step of a thing, the same each time.
func (w *work) entry(of interface{ Stream() string }, step string) id.Journal {
	return id.Named[id.Journal](of.Stream(), step)
}

// post writes a journal entry and moves the accounts of the chart along its legs,
// opening those that are used for the first time. Customers' accounts the caller moves
// itself, for there is more than one way to take money from them.
func (w *work) post(entry id.Journal, purpose journal.Purpose, reference domain.Evidence, legs ...leg) error {
	b, at := w.bank, w.order.At
	b.journals.begin(w, entry)
	sum := make([]money.Leg, len(legs))
	for i, leg := range legs {
		place := leg.account
		if leg.chart != "" {
			var err error
			if place, err = w.internal(leg.chart, leg.amount.Currency); err != nil {
				return err
			}
		}
		sum[i] = money.Leg{Account: place, Amount: leg.amount}
	}
	posting, err := money.NewPosting(sum...)
	if err != nil {
		return err
	}
	if err := b.journals.decide(w, entry, journal.Post{Journal: entry, Purpose: purpose, Legs: posting, Reference: reference, At: at}); err != nil {
		return err
	}
	for i, leg := range legs {
		if leg.chart == "" {
			continue
		}
		if err := w.moveInternal(sum[i], entry); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) moveInternal(leg money.Leg, entry id.Journal) error {
	if leg.IsNegative() {
		return w.bank.accounts.decide(w, leg.Account, account.Debit{Posting: entry.Stream(), Amount: leg.Negate(), At: w.order.At})
	}
	return w.bank.accounts.decide(w, leg.Account, account.Credit{Posting: entry.Stream(), Amount: leg.Amount, At: w.order.At})
}
