package commands

import (
	"context"

	"florin/domain/batch"
	"florin/domain/id"
	"florin/domain/sca"
	"florin/domain/transfer"
)

// Authorise executes a challenged batch whose displayed total and list were
// confirmed, as a transfer is: with the same one text for every failure.
func (t Batches) Authorise(ctx context.Context, order Order, authorised id.Batch, said Confirmation) (BatchAnswer, Outcome, error) {
	b := t.bank
	before, err := b.batches.look(ctx, authorised) // only for what never changes
	if err != nil {
		return BatchAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, "batch.authorise", order, streams(authorised, before.From, before.Customer), func(w *work) error {
		state, err := b.batches.load(w, authorised)
		switch {
		case err != nil:
			return err
		case !order.Caller.is(state.Customer):
			return batch.ErrMissing
		case state.Phase != batch.Pending:
			return batch.ErrSCA // and no one-time password is spent
		}
		w.under(ofCustomer(state.Customer))
		return w.authoriseBatch(state, said)
	}, func(facts []Fact) (BatchAnswer, error) {
		answer, err := batchAnswer(facts)
		if err == nil && answer.Status == batch.TimedOut { // found too late by the answer itself
			err = batch.ErrSCA
		}
		return answer, err
	})
}

func (w *work) authoriseBatch(state batch.State, said Confirmation) error {
	b, at := w.bank, w.order.At
	items, own, err := w.batchItems(state)
	if err != nil {
		return err
	}
	var taken takings
	proven, err := w.proves(awaited{state.Customer, state.Device, state.SCA.AskedAt, own, state.Total}, said)
	if err != nil {
		return err
	}
	command := batch.Authorise{Answer: said.answer(proven), ReviewUntil: w.reviewUntil(), At: at}
	if state.SCA.Waits(at) && state.SCA.Confirmed(command.Answer) {
		if taken, err = w.takeAll(state, items, own, !state.Suspect); err != nil {
			return err
		}
		command.Refused, command.Item, command.Failed = taken.refused, taken.item, taken.failed
	}
	if err := b.batches.decide(w, state.Batch, command); err != nil {
		return err
	}
	after, err := b.batches.load(w, state.Batch)
	switch {
	case err != nil || after.Phase == batch.Pending || after.Phase == batch.Reviewed: // failed, and may be tried again; or a person looks at it
		return err
	case after.Phase == batch.TimedOut:
		return w.dropBatch(state, "batch-expired")
	case after.Phase != batch.Done && command.Refused != "":
		return w.dropBatch(state, command.Refused)
	case after.Phase != batch.Done:
		return w.dropBatch(state, sca.FailedCode)
	}
	return w.postAll(state, items, taken)
}

// takings are what became of the movements of a batch: the rule that refuses an item or
// (0) the whole, and of each by itself those of all.
type takings struct {
	refused      string
	item, failed int64
	each         []string
}

// takeAll asks whether the customer may still pay, and moves the money if it is to move.
func (w *work) takeAll(state batch.State, items []BatchItem, own, move bool) (t takings, err error) {
	t.refused, err = codeOf(w.permitsOwner(own, state.Customer, state.From))
	switch {
	case err != nil || t.refused != "" || !move:
	case state.Mode == batch.Each:
		t.each, err = w.takeEach(state, items)
		t.item, t.failed = refusedIn(t.each)
		if t.item > 0 { // of all of them
			t.refused = t.each[0]
		}
	default:
		t.refused, err = codeOf(try(w, func() error { return w.takeBatch(state.Batch, state.From, items, &t.item) }))
	}
	return t, err
}

// postAll posts the transfers whose money was taken.
func (w *work) postAll(state batch.State, items []BatchItem, taken takings) error {
	if state.Mode == batch.Each {
		return w.endEach(state, items, taken.each)
	}
	for _, item := range items {
		if err := w.bank.transfers.decide(w, item.transfer, transfer.Execute{At: w.order.At}); err != nil {
			return err
		}
	}
	return nil
}

// batchItems are the transfers that wait with a batch, as their own streams have them.
func (w *work) batchItems(state batch.State) (items []BatchItem, own bool, err error) {
	own = true
	for i := range state.Count {
		one, err := w.bank.transfers.load(w, BatchTransfer(state.Batch, i))
		switch {
		case err != nil:
			return nil, false, err
		case one.Phase != transfer.Joined: // of each by itself: refused before
			continue
		}
		stays, err := w.own(one.From, one.To)
		if err != nil {
			return nil, false, err
		}
		own, items = own && stays, append(items, BatchItem{To: one.To, Amount: one.Amount, transfer: one.Transfer})
	}
	return items, own, nil
}
