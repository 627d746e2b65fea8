package commands

import (
	"context"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/money"
	"florin/domain/payment"
	"florin/schemas"
)

// Submit takes the money of an authorised payment out of the debtor's account and
// writes down what the rail is to be told: only then is it told. Only the bank's own
// process asks for it.
func (p Payments) Submit(ctx context.Context, order Order, submitted id.Payment) (PaymentAnswer, Outcome, error) {
	b := p.bank
	order.Asked = schemas.SubmitPayment{Payment: submitted}
	before, err := b.payments.look(ctx, submitted) // only for what never changes: from
	if err != nil {
		return PaymentAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, "payment.submit", order, streams(submitted, before.From), func(w *work) error {
		return submit(w, submitted)
	}, func(facts []Fact) (PaymentAnswer, error) {
		answer, _ := paymentAnswer(facts) // a rejection is no refusal of the process
		return answer, nil
	})
}

func submit(w *work, submitted id.Payment) error {
	b, at := w.bank, w.order.At
	state, err := b.payments.load(w, submitted)
	if err != nil {
		return err
	}
	refused, err := mayLeave(w, state)
	if err != nil {
		return err
	}
	entry := w.entry(submitted, "submission")
	if err := b.payments.decide(w, submitted, payment.Submit{Message: message(submitted), EndToEnd: message(submitted), Journal: entry, Refused: refused, At: at}); err != nil {
		return err
	}
	if refused != "" {
		return b.accounts.decide(w, state.From, account.Release{Reservation: state.Reservation(), At: at})
	}
	first, err := b.initiated(w.ctx, submitted)
	if err != nil {
		return err
	}
	w.under(ofCustomer(state.Customer))
	transit := account.InTransit(account.Rail(state.Rail))
	if err := w.post(entry, journal.Payment, first.Reference, leg{account: state.From, amount: state.Amount.Negate()}, leg{chart: transit, amount: state.Amount}); err != nil {
		return err
	}
	return b.accounts.decide(w, state.From, account.Capture{Reservation: state.Reservation(), Posting: entry.Stream(), Amount: state.Amount, At: at})
}

// Answer takes in what the rail says of a submitted payment. Refusals:
// payment-not-awaited and payment-not-returnable if it was said before.
func (p Payments) Answer(ctx context.Context, order Order, of id.Payment, said RailAnswer) (PaymentAnswer, Outcome, error) {
	order.Asked = schemas.AnswerPayment{Payment: of, Status: string(said.Status), Reason: said.Reason, Return: said.Return}
	return p.answer(ctx, order, "payment.answer", of, said)
}

// ReturnPayment is a payment that came back, as the rail says by itself.
type ReturnPayment struct {
	Payment id.Payment
	Amount  money.Amount
	Reason  string // ISO 20022 code
	Return  string // the rail's name for it
}

// Return takes in that a payment came back, however long after it was settled. The
// debtor gets it though the account is frozen; of a closed account it goes to suspense.
func (p Payments) Return(ctx context.Context, order Order, ask ReturnPayment) (PaymentAnswer, Outcome, error) {
	return p.answer(ctx, order, "payment.return", ask.Payment, RailAnswer{Status: RailReturned, Amount: ask.Amount, Reason: ask.Reason, Return: ask.Return})
}

// Simulate has the rail say what became of a payment, in a sandbox. Refusals: those of
// what a rail says.
func (p Payments) Simulate(ctx context.Context, order Order, of id.Payment, status RailStatus, reason string) (PaymentAnswer, Outcome, error) {
	return p.answer(ctx, order, "payment.simulate", of, RailAnswer{Status: status, Reason: reason})
}

func (p Payments) answer(ctx context.Context, order Order, verb string, of id.Payment, said RailAnswer) (PaymentAnswer, Outcome, error) {
	b := p.bank
	before, err := b.payments.look(ctx, of) // only for what never changes: from, rail
	if err != nil {
		return PaymentAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, verb, order, streams(of, before.From), func(w *work) error {
		state, err := b.payments.load(w, of)
		if err != nil {
			return err
		}
		w.order.Caller.actFor(state.Customer)
		return answered{w, state, said}.decide()
	}, paymentAnswer)
}

// answered is what a rail said, and of what.
type answered struct {
	*work
	state payment.State
	said  RailAnswer
}

func (a answered) decide() error {
	b, at, of := a.bank, a.order.At, a.state.Payment
	rail := account.Rail(a.state.Rail)
	transit, nostro := account.InTransit(rail), account.Nostro(rail)
	sum := a.state.Amount
	switch a.said.Status {
	case RailAccepted:
		return b.payments.decide(a.work, of, payment.Accept{At: at})
	case RailSettled:
		entry := a.entry(of, "settlement")
		if err := b.payments.decide(a.work, of, payment.Settle{Journal: entry, At: at}); err != nil {
			return err
		}
		return a.post(entry, journal.Settlement, domain.Evidence{}, leg{chart: transit, amount: sum.Negate()}, leg{chart: nostro, amount: sum})
	case RailRejected:
		entry := a.entry(of, "rejection")
		if err := b.payments.decide(a.work, of, payment.Reject{Reason: a.said.Reason, Journal: entry, At: at}); err != nil {
			return err
		}
		return a.giveBack(entry, leg{chart: transit, amount: sum.Negate()})
	case RailReturned:
		entry := a.entry(of, "return")
		if err := b.payments.decide(a.work, of, payment.Return{Return: a.said.Return, Amount: a.said.Amount, Reason: a.said.Reason, Journal: entry, At: at}); err != nil {
			return err
		}
		return a.giveBack(entry, a.sources(transit, nostro)...)
	}
	return payment.ErrNotAwaited
}

// sources are where money that comes back comes from. What was still in transit left
// it nevertheless, and what the other side keeps is lost at the nostro.
func (a answered) sources(transit, nostro account.Chart) []leg {
	back, sum := a.said.Amount, a.state.Amount
	if !a.state.Phase.Awaited() {
		return []leg{{chart: nostro, amount: back.Negate()}}
	}
	legs := []leg{{chart: transit, amount: sum.Negate()}}
	if kept := sum.Sub(back); kept.IsPositive() {
		legs = append(legs, leg{chart: nostro, amount: kept})
	}
	return legs
}

// giveBack credits the debtor with all that the sources give.
func (a answered) giveBack(entry id.Journal, sources ...leg) error {
	var back money.Amount
	for _, source := range sources {
		back = back.Sub(source.amount)
	}
	debtor, err := a.bank.accounts.load(a.work, a.state.From)
	if err != nil {
		return err
	}
	first, err := a.bank.initiated(a.ctx, a.state.Payment)
	if err != nil {
		return err
	}
	a.under(ofCustomer(a.state.Customer))
	credit := account.Credit{Posting: entry.Stream(), Amount: back, At: a.order.At}
	if _, err := debtor.Decide(credit); err != nil {
		return a.post(entry, journal.PaymentReturn, first.Reference, append(sources, leg{chart: account.Suspense, amount: back})...)
	}
	if err := a.post(entry, journal.PaymentReturn, first.Reference, append(sources, leg{account: a.state.From, amount: back})...); err != nil {
		return err
	}
	return a.bank.accounts.decide(a.work, a.state.From, credit)
}

// Investigate notes that the rail has owed an answer for too long.
func (p Payments) Investigate(ctx context.Context, order Order, of id.Payment) (PaymentAnswer, Outcome, error) {
	b := p.bank
	order.Asked = schemas.InvestigatePayment{Payment: of}
	return execute(ctx, b, "payment.investigate", order, streams(of), func(w *work) error {
		return b.payments.decide(w, of, payment.Investigate{At: order.At})
	}, paymentAnswer)
}
