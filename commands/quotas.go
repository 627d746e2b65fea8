package commands

import (
	"florin/domain/id"
	"florin/domain/payment"
	"florin/domain/paymentfile"
	"florin/domain/quota"
	"florin/domain/standing"
	"florin/domain/transfer"
)

// quotaOf is the stream of what a customer has open of a kind.
func quotaOf(of id.Customer, kind quota.Kind) id.Quota {
	return id.From[id.Quota](DerivedID(of.UUID(), "quota/"+string(kind)))
}

// room takes a place for one more thing of the customer's. Only when there is none left
// does it look which of the others are over; what is over stays so, and is not guarded.
// Ended are those that end in this very commit.
func (w *work) room(of id.Customer, kind quota.Kind, thing string, ended ...string) error {
	named := quotaOf(of, kind)
	state, err := w.bank.quotas.load(w, named)
	if err != nil {
		return err
	}
	take := quota.Take{Asked: quota.Taken{Customer: of, Of: kind, Thing: thing, At: w.order.At}, Over: ended}
	if state.Full(kind) {
		for _, open := range state.Open {
			over, err := w.over(kind, open)
			if err != nil {
				return err
			}
			if over {
				take.Over = append(take.Over, open)
			}
		}
	}
	return w.bank.quotas.decide(w, named, take)
}

func (w *work) over(kind quota.Kind, thing string) (bool, error) {
	switch kind {
	case quota.Cards:
		of, err := id.Parse[id.Card](thing)
		if err != nil {
			return false, err
		}
		state, _, err := w.bank.cards.find(w.ctx, of, w.generation)
		return state.Status.Final(), err
	case quota.Transfers:
		of, err := id.Parse[id.Transfer](thing)
		if err != nil {
			return false, err
		}
		state, _, err := w.bank.transfers.find(w.ctx, of, w.generation)
		return state.Phase != transfer.Pending && state.Phase != transfer.Waiting, err
	case quota.Payments:
		of, err := id.Parse[id.Payment](thing)
		if err != nil {
			return false, err
		}
		state, _, err := w.bank.payments.find(w.ctx, of, w.generation)
		return state.Phase != payment.Pending && state.Phase != payment.Waiting, err
	case quota.PaymentFiles:
		of, err := id.Parse[id.PaymentFile](thing)
		if err != nil {
			return false, err
		}
		state, _, err := w.bank.paymentFiles.find(w.ctx, of, w.generation)
		return state.Phase != paymentfile.Pending && state.Phase != paymentfile.Confirmed, err
	}
	of, err := id.Parse[id.StandingOrder](thing)
	if err != nil {
		return false, err
	}
	state, _, err := w.bank.orders.find(w.ctx, of, w.generation)
	return state.Phase != standing.Pending && state.Phase != standing.Active, err
}
