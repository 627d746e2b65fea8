package commands

import (
	"context"
	"time"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/money"
)

// Deposits are the verbs of money that comes in from outside.
type Deposits struct{ bank *Bank }

// Deposits gives the verbs of deposits.
func (b *Bank) Deposits() Deposits { return Deposits{b} }

// MakeDeposit says what came in, on which rail ("": cash), and whose it is.
type MakeDeposit struct {
	To        id.Account
	Amount    money.Amount
	Reference domain.Evidence
	Rail      account.Rail
}

// DepositAnswer is a deposit that is booked.
type DepositAnswer struct {
	Journal id.Journal
	To      id.Account
	Amount  money.Amount
	Balance money.Amount // of the account after it
	At      time.Time
}

// Deposit books what came in: the rail's nostro account is debited, the
// customer's account credited, in one journal entry.
func (d Deposits) Deposit(ctx context.Context, order Order, ask MakeDeposit) (DepositAnswer, Outcome, error) {
	b := d.bank
	entry := id.From[id.Journal](DerivedID(order.ID, "journal"))
	if ask.Rail == "" {
		ask.Rail = account.Cash
	}
	nostro := account.Nostro(ask.Rail)
	return execute(ctx, b, "deposit.make", order, streams(entry, nostro.In(ask.Amount.Currency), ask.To), func(w *work) error {
		return deposit(w, entry, ask)
	}, depositAnswer)
}

func deposit(w *work, entry id.Journal, ask MakeDeposit) error {
	b, at := w.bank, w.order.At
	if ask.Rail == "" {
		ask.Rail = account.Cash
	}
	b.journals.begin(w, entry)
	creditor, err := b.accounts.load(w, ask.To)
	switch {
	case err != nil:
		return err
	case creditor.Class != account.Customers:
		return account.ErrMissing
	}
	w.order.Caller.actFor(creditor.Customer)
	credit := account.Credit{Posting: entry.Stream(), Amount: ask.Amount, At: at}
	if _, err := creditor.Decide(credit); err != nil {
		return err // before legs are made of an amount that is none
	}
	source, err := w.internal(account.Nostro(ask.Rail), ask.Amount.Currency)
	if err != nil {
		return err
	}
	legs, err := money.NewPosting(money.Leg{Account: source, Amount: ask.Amount.Negate()}, money.Leg{Account: ask.To, Amount: ask.Amount})
	if err != nil {
		return err
	}
	w.under(ofCustomer(creditor.Customer))
	if err := b.journals.decide(w, entry, journal.Post{Journal: entry, Purpose: journal.Deposit, Legs: legs, Reference: ask.Reference, At: at}); err != nil {
		return err
	}
	if err := b.accounts.decide(w, source, account.Debit{Posting: entry.Stream(), Amount: ask.Amount, At: at}); err != nil {
		return err
	}
	return b.accounts.decide(w, ask.To, credit)
}

func depositAnswer(facts []Fact) (DepositAnswer, error) {
	var answer DepositAnswer
	for _, fact := range facts {
		switch e := fact.Event.(type) {
		case journal.Posted:
			answer.Journal, answer.At = e.Journal, e.At
		case account.Credited:
			answer.To, answer.Amount, answer.Balance = id.From[id.Account](uuidIn(fact.Stream)), e.Amount, e.Balance
		}
	}
	return answer, nil
}
