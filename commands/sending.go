package commands

import (
	"context"
	"time"

	"florin/domain/account"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/risk"
)

// limitSending lowers what the customer sends, as risk wants it.
func (w *work) limitSending(a attempted, said risk.Assessment, decision id.Decision) error {
	return w.bank.customers.decide(w, a.customer, customer.LimitSending{Hundredths: said.Limit.AtMost,
		Until: w.order.At.Add(time.Duration(said.Limit.Hours) * time.Hour), Decision: decision, At: w.order.At})
}

// lowered is the stricter of a ceiling and of the limit that risk has put on what the
// customer sends to others.
func (b *Bank) lowered(w *work, of id.Customer, own bool, currency money.Currency, ceiling account.Ceiling) (account.Ceiling, error) {
	if own || of.IsZero() {
		return ceiling, nil
	}
	person, err := b.customers.load(w, of)
	if err != nil || !person.Sending.At(w.order.At) {
		return ceiling, err
	}
	minor := risk.MinorOf(person.Sending.Hundredths, currency)
	if ceiling.Minor > 0 && ceiling.Minor <= minor {
		return ceiling, nil
	}
	return account.Ceiling{Minor: minor, Lowered: true}, nil
}

// LiftSendingLimit ends the limit that risk has put on what a customer sends. Refusals:
// not-found, sending-not-limited.
func (c Customers) LiftSendingLimit(ctx context.Context, order Order, of id.Customer) (Outcome, error) {
	return c.decide(ctx, order, "customer.lift_sending_limit", of, customer.LiftSendingLimit{At: order.At})
}
