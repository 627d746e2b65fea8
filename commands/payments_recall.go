package commands

import (
	"context"
	"fmt"

	"florin/domain/id"
	"florin/domain/payment"
	"florin/schemas"
)

// RecallOwn is a payment to another bank that is wanted back.
type RecallOwn struct {
	Payment  id.Payment
	Reason   string         // ISO 20022 ExternalCancellationReason1Code
	Evidence payment.Signed // what the caller's device signed
}

// Recall asks the other bank for a settled payment: by its customer, by an owner of the
// account that it left, or by the bank itself. The bank's process sends what this writes down. Refusals: not-found,
// payment-not-recallable, recall-runs, recalls-used-up, recall-too-late.
func (p Payments) Recall(ctx context.Context, order Order, ask RecallOwn) (PaymentAnswer, Outcome, error) {
	b := p.bank
	before, err := b.payments.look(ctx, ask.Payment) // only for what never changes: from
	if err != nil {
		return PaymentAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, "payment.recall", order, streams(ask.Payment, before.From), func(w *work) error {
		state, err := b.payments.load(w, ask.Payment)
		if err != nil {
			return err
		}
		caller := &w.order.Caller
		byBank := caller.Customer.IsZero()
		if !byBank {
			if err := w.mayStop(*caller, state.Customer, state.From); err != nil {
				return err
			}
		}
		command := payment.Recall{ByBank: byBank, Asked: payment.Recalled{Recall: recallName(state), Reason: ask.Reason,
			By: caller.Customer, Evidence: ask.Evidence, TokenID: caller.TokenID, At: order.At}}
		if byBank {
			caller.actFor(state.Customer)
		}
		w.under(ofCustomer(state.Customer))
		if !byBank {
			w.under(ofCustomer(caller.Customer)) // whose signature it keeps
		}
		return b.payments.decide(w, ask.Payment, command)
	}, paymentAnswer)
}

// AnswerRecall takes in what the other bank says of a recall: RailReturned, or
// RailRejected. payment-not-recalled or payment-not-returnable: it was said before.
func (p Payments) AnswerRecall(ctx context.Context, order Order, of id.Payment, recall string, said RailAnswer) (PaymentAnswer, Outcome, error) {
	b := p.bank
	order.Asked = schemas.AnswerRecall{Payment: of, Recall: recall, Status: string(said.Status), Reason: said.Reason, Return: said.Return}
	return p.recallAnswered(ctx, order, "payment.answer_recall", of, func(w *work, state payment.State) error {
		if said.Status == RailReturned {
			return answered{w, state, said}.decide()
		}
		return b.payments.decide(w, of, payment.DenyRecall{Recall: recall, Reason: said.Reason, At: w.order.At})
	})
}

// SimulateDenial has the other bank say no to a recall, in a sandbox.
func (p Payments) SimulateDenial(ctx context.Context, order Order, of id.Payment, reason string) (PaymentAnswer, Outcome, error) {
	return p.recallAnswered(ctx, order, "payment.simulate_denial", of, func(w *work, state payment.State) error {
		return p.bank.payments.decide(w, of, payment.DenyRecall{Recall: state.Recall.Name, Reason: reason, At: w.order.At})
	})
}

func (p Payments) recallAnswered(ctx context.Context, order Order, verb string, of id.Payment, decide func(*work, payment.State) error) (PaymentAnswer, Outcome, error) {
	b := p.bank
	before, err := b.payments.look(ctx, of) // only for what never changes: from
	if err != nil {
		return PaymentAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, verb, order, streams(of, before.From), func(w *work) error {
		state, err := b.payments.load(w, of)
		if err != nil {
			return err
		}
		w.order.Caller.actFor(state.Customer)
		return decide(w, state)
	}, paymentAnswer)
}

// DelayRecall notes that the other bank has not answered a recall in time.
func (p Payments) DelayRecall(ctx context.Context, order Order, of id.Payment) (PaymentAnswer, Outcome, error) {
	b := p.bank
	order.Asked = schemas.DelayRecall{Payment: of}
	return execute(ctx, b, "payment.delay_recall", order, streams(of), func(w *work) error {
		return b.payments.decide(w, of, payment.DelayRecall{At: order.At})
	}, paymentAnswer)
}

// recallName is the next recall's name on the rail: Max35Text, the same for ever.
func recallName(of payment.State) string {
	u := of.Payment.UUID()
	return fmt.Sprintf("C%d%x", of.Recalls+1, u[:])
}
