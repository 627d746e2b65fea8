package commands

import (
	"context"
	"time"

	"florin/domain/batch"
	"florin/domain/id"
	"florin/domain/payment"
	"florin/domain/transfer"
	"florin/eventbus"
)

// overlooking refuses what nobody has looked at in time, so that no money is held for ever.
//
//	transfer.held, payment.held, batch.held -> (Until) -> Reviews.Lapse
type overlooking struct{ bank *Bank }

func (o *overlooking) Name() string { return "reviews" }

func (o *overlooking) Kinds() []string {
	return []string{transfer.Held{}.Kind(), transfer.Released{}.Kind(), transfer.Cancelled{}.Kind(),
		payment.Held{}.Kind(), payment.Released{}.Kind(), payment.Cancelled{}.Kind(),
		batch.Held{}.Kind(), batch.Released{}.Kind(), batch.Cancelled{}.Kind()}
}

// Take sets the alarm of what is held. What was refused by a person rings in vain.
func (o *overlooking) Take(_ context.Context, fact Happened, agenda *Agenda) error {
	until := time.Time{}
	switch e := fact.Event.(type) {
	case transfer.Held:
		until = e.Until
	case payment.Held:
		until = e.Until
	case batch.Held:
		until = e.Until
	default:
		agenda.Clear(fact.Stream)
		return nil
	}
	agenda.Set(fact.Stream, until, "")
	return nil
}

func (o *overlooking) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	of, ok := reviewableIn(alarm.Stream)
	if !ok {
		return nil
	}
	customer, err := o.bank.reviewedOf(ctx, of)
	if err != nil {
		return err
	}
	order := SystemOrder(o.Name(), alarm.Cause, "review.lapse", agenda.Now(), ofCustomer(customer))
	_, _, err = o.bank.Reviews().Lapse(ctx, order, of)
	return settledAlready(err) // a person, or its customer, was first
}

func reviewableIn(stream eventbus.Stream) (of Reviewable, ok bool) {
	named := uuidIn(stream)
	for _, of := range []Reviewable{{Transfer: id.From[id.Transfer](named)}, {Payment: id.From[id.Payment](named)}, {Batch: id.From[id.Batch](named)}} {
		if of.stream() == stream {
			return of, true
		}
	}
	return of, false
}

func (r Reviewable) stream() eventbus.Stream {
	switch {
	case !r.Transfer.IsZero():
		return eventbus.Stream(r.Transfer.Stream())
	case !r.Payment.IsZero():
		return eventbus.Stream(r.Payment.Stream())
	}
	return eventbus.Stream(r.Batch.Stream())
}

func (b *Bank) reviewedOf(ctx context.Context, of Reviewable) (id.Customer, error) {
	switch {
	case !of.Transfer.IsZero():
		state, err := b.transfers.look(ctx, of.Transfer)
		return state.Customer, err
	case !of.Payment.IsZero():
		state, err := b.payments.look(ctx, of.Payment)
		return state.Customer, err
	}
	state, err := b.batches.look(ctx, of.Batch)
	return state.Customer, err
}
