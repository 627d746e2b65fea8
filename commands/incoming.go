package commands

import (
	"context"
	"fmt"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/incoming"
	"florin/domain/journal"
	"florin/domain/money"
	"florin/schemas"
)

// Incoming are the verbs of payments that come from other banks.
type Incoming struct{ bank *Bank }

// Incoming gives the verbs of incoming payments.
func (b *Bank) Incoming() Incoming { return Incoming{b} }

// ReceivePayment is what a rail says of a payment that has come.
type ReceivePayment struct {
	Reference  string // the rail's own name for it
	Creditor   iban.IBAN
	Debtor     iban.IBAN
	DebtorName domain.Evidence
	Amount     money.Amount
	Text       domain.Evidence
}

// Reasons that a payment goes back for (ISO 20022 ExternalReturnReason1Code).
const (
	reasonNoAccount = "AC01"
	reasonClosed    = "AC04"
	reasonCurrency  = "AM03"

	railCurrency = "EUR" // SEPA carries nothing else: what comes in another goes back
)

// IncomingAnswer is an incoming payment as the verb left it.
type IncomingAnswer struct {
	Incoming id.Incoming
	Status   incoming.Phase
	Account  id.Account   // zero: no account takes it
	Reason   string       // why it goes back
	Return   string       // our name for that on the rail
	Owed     money.Amount // what the account no longer had
	Amount   money.Amount // zero but of a payment just received
}

// Receive credits the account that the IBAN belongs to. What no account takes lies in
// suspense, and the bank's process gives it back. The rail's name for the payment is
// its identity: under another idempotency key it is incoming-payment-exists.
func (i Incoming) Receive(ctx context.Context, order Order, ask ReceivePayment) (IncomingAnswer, Outcome, error) {
	b := i.bank
	if b.settings.Rail == nil {
		return IncomingAnswer{}, Outcome{}, ErrNoRail
	}
	rail := b.settings.Rail.Name()
	creditor, _, err := b.Accounts().Numbered(ctx, ask.Creditor) // which never changes
	if err != nil {
		return IncomingAnswer{}, Outcome{}, err
	}
	of := id.Named[id.Incoming](string(rail), ask.Reference)
	return execute(ctx, b, "incoming.receive", order, streams(of, creditor), func(w *work) error {
		return receive(w, of, creditor, rail, ask)
	}, incomingAnswer)
}

func receive(w *work, of id.Incoming, creditor id.Account, rail account.Rail, ask ReceivePayment) error {
	b, at := w.bank, w.order.At
	b.incoming.begin(w, of)
	if _, err := b.incoming.load(w, of); err != nil { // opened first, so that its facts come first
		return err
	}
	entry := w.entry(of, "receipt")
	command := incoming.Receive{Journal: entry, Reason: reasonNoAccount, Received: incoming.Received{
		Incoming: of, Rail: string(rail), Reference: ask.Reference, Creditor: domain.NewEvidence(ask.Creditor.String()),
		Debtor: domain.NewEvidence(ask.Debtor.String()), DebtorName: ask.DebtorName, Amount: ask.Amount, Text: ask.Text, At: at}}
	credit := account.Credit{Posting: entry.Stream(), Amount: ask.Amount, At: at}
	if !creditor.IsZero() {
		state, err := b.accounts.load(w, creditor)
		if err != nil {
			return err
		}
		if _, err := state.Decide(credit); err == nil && ask.Amount.Currency == railCurrency {
			command.Account, command.Customer = creditor, state.Customer
			w.under(ofCustomer(state.Customer))
			w.order.Caller.actFor(state.Customer)
		} else if command.Reason = reasonCurrency; state.Status == account.Finished {
			command.Reason = reasonClosed
		}
	}
	if err := b.incoming.decide(w, of, command); err != nil {
		return err
	}
	from := leg{chart: account.Nostro(rail), amount: ask.Amount.Negate()}
	if command.Account.IsZero() {
		return w.post(entry, journal.IncomingPayment, ask.Text, from, leg{chart: account.Suspense, amount: ask.Amount})
	}
	if err := w.post(entry, journal.IncomingPayment, ask.Text, from, leg{account: creditor, amount: ask.Amount}); err != nil {
		return err
	}
	return b.accounts.decide(w, creditor, credit)
}

// RecallPayment is what a rail says when the other bank wants a payment back.
type RecallPayment struct {
	Incoming id.Incoming
	Recall   string // the rail's name for the recall
	Reason   string // ISO 20022 code
}

// Recall takes back what was credited: what the account has that nobody holds, though
// it is frozen, and the rest from the receivables, for its holder owes it. The bank's
// process then tells the rail.
func (i Incoming) Recall(ctx context.Context, order Order, ask RecallPayment) (IncomingAnswer, Outcome, error) {
	b := i.bank
	before, err := b.incoming.look(ctx, ask.Incoming) // only for what never changes: the account
	if err != nil {
		return IncomingAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, "incoming.recall", order, streams(ask.Incoming, before.Account), func(w *work) error {
		return recall(w, ask)
	}, incomingAnswer)
}

func recall(w *work, ask RecallPayment) error {
	b, at := w.bank, w.order.At
	state, err := b.incoming.load(w, ask.Incoming)
	if err != nil {
		return err
	}
	entry := w.entry(ask.Incoming, "return")
	has := money.Amount{Currency: state.Amount.Currency}
	if !state.Account.IsZero() {
		holder, err := b.accounts.load(w, state.Account)
		if err != nil {
			return err
		}
		if holder.Status != account.Finished {
			has.Minor = min(state.Amount.Minor, max(0, holder.Balance-holder.Held))
		}
	}
	owes := state.Amount.Sub(has)
	command := incoming.Recall{Return: returnName(ask.Incoming), Recall: ask.Recall, Reason: ask.Reason, Journal: entry, At: at}
	if owes.IsPositive() {
		command.Owed = owes
	}
	w.order.Caller.actFor(state.Customer)
	if err := b.incoming.decide(w, ask.Incoming, command); err != nil {
		return err
	}
	w.under(ofCustomer(state.Customer))
	legs := []leg{{chart: account.InTransit(account.Rail(state.Rail)), amount: state.Amount}}
	if owes.IsPositive() {
		legs = append(legs, leg{chart: account.Receivables, amount: owes.Negate()})
	}
	if has.IsPositive() {
		legs = append(legs, leg{account: state.Account, amount: has.Negate()})
		if err := b.accounts.decide(w, state.Account, account.Debit{Posting: entry.Stream(), Amount: has, Forced: true, At: at}); err != nil {
			return err
		}
	}
	return w.post(entry, journal.IncomingReturn, domain.Evidence{}, legs...)
}

// GiveBack takes out of suspense what no account takes, to be returned. Only the
// bank's own process asks for it.
func (i Incoming) GiveBack(ctx context.Context, order Order, of id.Incoming) (IncomingAnswer, Outcome, error) {
	b := i.bank
	order.Asked = schemas.GiveBackPayment{Incoming: of}
	return execute(ctx, b, "incoming.give_back", order, streams(of), func(w *work) error {
		state, err := b.incoming.load(w, of)
		if err != nil {
			return err
		}
		entry := w.entry(of, "return")
		if err := b.incoming.decide(w, of, incoming.GiveBack{Return: returnName(of), Journal: entry, At: order.At}); err != nil {
			return err
		}
		return w.post(entry, journal.IncomingReturn, domain.Evidence{}, leg{chart: account.Suspense, amount: state.Amount.Negate()},
			leg{chart: account.InTransit(account.Rail(state.Rail)), amount: state.Amount})
	}, incomingAnswer)
}

// SettleReturn notes that the rail has taken a return.
func (i Incoming) SettleReturn(ctx context.Context, order Order, of id.Incoming) (IncomingAnswer, Outcome, error) {
	b := i.bank
	order.Asked = schemas.SettleReturn{Incoming: of}
	return execute(ctx, b, "incoming.settle_return", order, streams(of), func(w *work) error {
		state, err := b.incoming.load(w, of)
		if err != nil {
			return err
		}
		entry := w.entry(of, "return-settlement")
		if err := b.incoming.decide(w, of, incoming.SettleReturn{Journal: entry, At: order.At}); err != nil {
			return err
		}
		rail := account.Rail(state.Rail)
		return w.post(entry, journal.Settlement, domain.Evidence{}, leg{chart: account.InTransit(rail), amount: state.Amount.Negate()},
			leg{chart: account.Nostro(rail), amount: state.Amount})
	}, incomingAnswer)
}

func incomingAnswer(facts []Fact) (IncomingAnswer, error) {
	var a IncomingAnswer
	for _, fact := range facts {
		switch e := fact.Event.(type) {
		case incoming.Received:
			a.Amount = e.Amount
		case incoming.Credited:
			a.Status, a.Account = incoming.Booked, e.Account
		case incoming.Suspended:
			a.Status, a.Reason = incoming.Held, e.Reason
		case incoming.Returned:
			a.Status, a.Reason, a.Return, a.Owed = incoming.GoingBack, e.Reason, e.Return, e.Owed
		case incoming.ReturnSettled:
			a.Status = incoming.GoneBack
		}
		if _, its := fact.Event.(incoming.Event); its {
			a.Incoming = id.From[id.Incoming](uuidIn(fact.Stream))
		}
	}
	return a, nil
}

// returnName is a return's name on the rail: Max35Text, the same for ever.
func returnName(of id.Incoming) string { u := of.UUID(); return fmt.Sprintf("R%x", u[:]) }
