package commands

import (
	"context"
	"time"

	"florin/domain"
	"florin/domain/batch"
	"florin/domain/id"
	"florin/domain/payment"
	"florin/domain/transfer"
	"florin/schemas"
)

// Reviews are the verbs of those who look at what risk has held: transfers, payments and
// batches that their customers have confirmed. Whether the caller may is the gateway's to
// know. Refusals: not-found, review-over.
type Reviews struct{ bank *Bank }

// Reviews gives the verbs of reviews.
func (b *Bank) Reviews() Reviews { return Reviews{b} }

// Reviewable is what may be held: one of its fields is set.
type Reviewable struct {
	Transfer id.Transfer
	Payment  id.Payment
	Batch    id.Batch
}

// ParseReviewable reads an identifier of any of them; false: it is none.
func ParseReviewable(text string) (r Reviewable, ok bool) {
	var err error
	if r.Transfer, err = id.Parse[id.Transfer](text); err == nil {
		return r, true
	}
	if r.Payment, err = id.Parse[id.Payment](text); err == nil {
		return Reviewable{Payment: r.Payment}, true
	}
	r.Batch, err = id.Parse[id.Batch](text)
	return Reviewable{Batch: r.Batch}, err == nil
}

// String is the identifier.
func (r Reviewable) String() string {
	switch {
	case !r.Transfer.IsZero():
		return r.Transfer.String()
	case !r.Payment.IsZero():
		return r.Payment.String()
	}
	return r.Batch.String()
}

// ReviewAnswer is what a review came to. Code is that of the rule by which nothing is made
// of it though it was released, or review-refused.
type ReviewAnswer struct {
	Status string // of the transfer, payment or batch
	Code   string
	At     time.Time
}

// defaultReviewWithin is how long people have to look: over a weekend.
const defaultReviewWithin = 72 * time.Hour

// reviewUntil is when what is held now is refused, if nobody has said anything.
func (w *work) reviewUntil() time.Time {
	within := w.bank.settings.Money.ReviewWithin
	if within <= 0 {
		within = defaultReviewWithin
	}
	return w.order.At.Add(within)
}

// Release lets go what is held: the transfer or batch is posted, the payment submitted,
// unless a rule says no by now.
func (r Reviews) Release(ctx context.Context, order Order, of Reviewable) (ReviewAnswer, Outcome, error) {
	return r.end(ctx, order, "review.release", of, reviewer{
		transfer: func(w *work, state transfer.State) error { return w.releaseTransfer(state) },
		payment:  func(w *work, state payment.State) error { return w.releasePayment(state) },
		batch:    func(w *work, state batch.State) error { return w.releaseBatch(state) },
	})
}

// Refuse ends what is held, and frees the funds.
func (r Reviews) Refuse(ctx context.Context, order Order, of Reviewable) (ReviewAnswer, Outcome, error) {
	return r.end(ctx, order, "review.refuse", of, refuser(false))
}

// Lapse ends what nobody has looked at in time. Only the bank's own process asks for it.
func (r Reviews) Lapse(ctx context.Context, order Order, of Reviewable) (ReviewAnswer, Outcome, error) {
	order.Asked = schemas.LapseReview{About: of.String()}
	return r.end(ctx, order, "review.lapse", of, refuser(true))
}

// reviewer is a word on each kind of thing.
type reviewer struct {
	transfer func(w *work, state transfer.State) error
	payment  func(w *work, state payment.State) error
	batch    func(w *work, state batch.State) error
}

func (r Reviews) end(ctx context.Context, order Order, verb string, of Reviewable, say reviewer) (ReviewAnswer, Outcome, error) {
	b := r.bank
	switch {
	case !of.Transfer.IsZero():
		before, err := b.transfers.look(ctx, of.Transfer) // only for what never changes
		if err != nil {
			return ReviewAnswer{}, Outcome{}, err
		}
		return execute(ctx, b, verb, order, streams(of.Transfer, before.From, before.To, before.Customer), func(w *work) error {
			return reviewed(w, b.transfers, of.Transfer, func(s transfer.State) id.Customer { return s.Customer }, say.transfer)
		}, reviewAnswer)
	case !of.Payment.IsZero():
		before, err := b.payments.look(ctx, of.Payment)
		if err != nil {
			return ReviewAnswer{}, Outcome{}, err
		}
		return execute(ctx, b, verb, order, streams(of.Payment, before.From, before.Customer), func(w *work) error {
			return reviewed(w, b.payments, of.Payment, func(s payment.State) id.Customer { return s.Customer }, say.payment)
		}, reviewAnswer)
	}
	before, err := b.batches.look(ctx, of.Batch)
	if err != nil {
		return ReviewAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, verb, order, streams(of.Batch, before.From, before.Customer), func(w *work) error {
		return reviewed(w, b.batches, of.Batch, func(s batch.State) id.Customer { return s.Customer }, say.batch)
	}, reviewAnswer)
}

// reviewed says something of a thing on its customer's behalf.
func reviewed[I named, S domain.Aggregate[S, C, E], C any, E domain.Event](w *work, all *shelf[I, S, C, E], of I,
	whose func(S) id.Customer, say func(*work, S) error) error {
	state, err := all.load(w, of)
	if err != nil {
		return err
	}
	customer := whose(state)
	if customer.IsZero() {
		return transfer.ErrMissing
	}
	w.order.Caller.actFor(customer)
	w.under(ofCustomer(customer))
	return say(w, state)
}

// reviewAnswer is told by the facts of the thing that was reviewed, whatever it was. A
// rejection is no refusal of the reviewer's command.
func reviewAnswer(facts []Fact) (a ReviewAnswer, _ error) {
	for _, fact := range facts {
		switch e := fact.Event.(type) {
		case batch.Rejected:
			return ReviewAnswer{string(batch.Declined), e.Code, e.At}, nil
		case batch.Executed:
			return ReviewAnswer{string(batch.Done), "", e.At}, nil
		case payment.Rejected:
			return ReviewAnswer{string(payment.Declined), e.Code, e.At}, nil
		case payment.Released:
			a = ReviewAnswer{string(payment.Ready), "", e.At}
		case transfer.Rejected:
			a = ReviewAnswer{string(transfer.Declined), e.Code, e.At}
		case transfer.Posted:
			a = ReviewAnswer{string(transfer.Done), "", e.At}
		}
	}
	return a, nil
}
