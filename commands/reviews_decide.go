package commands

import (
	"florin/domain/account"
	"florin/domain/batch"
	"florin/domain/payment"
	"florin/domain/transfer"
)

// releaseTransfer posts what is held, unless an account's rule says no by now.
func (w *work) releaseTransfer(state transfer.State) error {
	if state.Phase != transfer.Reviewed {
		return transfer.ErrNotHeld
	}
	refused, err := wouldRefuse(w, state)
	if err != nil {
		return err
	}
	if err := w.bank.transfers.decide(w, state.Transfer, transfer.Release{Refused: refused, At: w.order.At}); err != nil {
		return err
	}
	return w.endHeld(state, refused == "")
}

// releasePayment lets what is held be submitted.
func (w *work) releasePayment(state payment.State) error {
	if state.Phase != payment.Reviewed {
		return payment.ErrNotHeld
	}
	refused, err := mayLeave(w, state)
	if err != nil {
		return err
	}
	if err := w.bank.payments.decide(w, state.Payment, payment.Release{Refused: refused, At: w.order.At}); err != nil || refused == "" {
		return err
	}
	return w.bank.accounts.decide(w, state.From, account.Release{Reservation: state.Reservation(), At: w.order.At})
}

// releaseBatch executes what is held.
func (w *work) releaseBatch(state batch.State) error {
	if state.Phase != batch.Reviewed {
		return batch.ErrNotHeld
	}
	items, own, err := w.batchItems(state)
	if err != nil {
		return err
	}
	taken, err := w.takeAll(state, items, own, true)
	if err != nil {
		return err
	}
	if err := w.bank.batches.decide(w, state.Batch, batch.Release{Refused: taken.refused, Item: taken.item, Failed: taken.failed, At: w.order.At}); err != nil {
		return err
	}
	if taken.refused != "" {
		return w.dropBatch(state, taken.refused)
	}
	return w.postAll(state, items, taken)
}

// refuser frees what is held. lapsed: because nobody has looked at it.
func refuser(lapsed bool) reviewer {
	code := transfer.ErrRefused.Code
	if lapsed {
		code = transfer.ErrReviewLapsed.Code
	}
	return reviewer{
		transfer: func(w *work, state transfer.State) error {
			if err := w.bank.transfers.decide(w, state.Transfer, transfer.Refuse{Lapsed: lapsed, At: w.order.At}); err != nil {
				return err
			}
			return w.endHeld(state, false)
		},
		payment: func(w *work, state payment.State) error {
			if err := w.bank.payments.decide(w, state.Payment, payment.Refuse{Lapsed: lapsed, At: w.order.At}); err != nil {
				return err
			}
			return w.bank.accounts.decide(w, state.From, account.Release{Reservation: state.Reservation(), At: w.order.At})
		},
		batch: func(w *work, state batch.State) error {
			if err := w.bank.batches.decide(w, state.Batch, batch.Refuse{Lapsed: lapsed, At: w.order.At}); err != nil {
				return err
			}
			return w.dropBatch(state, code)
		},
	}
}
