package commands

import (
	"context"

	"florin/domain/batch"
	"florin/domain/device"
	"florin/domain/id"
)

// shelving frees the totals of batches that nobody confirmed in time, and of those
// that a device has asked for which is revoked since, as expiring does for transfers.
//
//	batch.challenged -> (ExpiresAt) -> Batches.Expire
//	device.revoked ---> at once -----> Batches.Cancel
type shelving struct{ bank *Bank }

func (s *shelving) Name() string { return "batch-expiry" }

func (s *shelving) Kinds() []string {
	return []string{batch.Challenged{}.Kind(), batch.Held{}.Kind(), batch.Executed{}.Kind(), batch.Rejected{}.Kind(), batch.Expired{}.Kind(), batch.Cancelled{}.Kind(),
		device.Revoked{}.Kind()}
}

// Take sets the alarm of a challenge, and strikes it when the challenge is over. Its
// note is the device that asked for the batch.
func (s *shelving) Take(ctx context.Context, fact Happened, agenda *Agenda) error {
	switch event := fact.Event.(type) {
	case batch.Challenged:
		state, err := s.bank.batches.look(ctx, id.From[id.Batch](uuidIn(fact.Stream)))
		if err != nil {
			return err
		}
		agenda.Set(fact.Stream, event.ExpiresAt, state.Device.String())
	default:
		endWaiting(fact, agenda)
	}
	return nil
}

func (s *shelving) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	late := id.From[id.Batch](uuidIn(alarm.Stream))
	state, err := s.bank.batches.look(ctx, late)
	if err != nil {
		return err
	}
	if alarm.Note == dropped {
		_, _, err = s.bank.Batches().Cancel(ctx, dropOrder(s, "batch.cancel", alarm, state.Customer, agenda.Now()), late)
	} else {
		order := SystemOrder(s.Name(), alarm.Cause, "batch.expire", agenda.Now(), ofCustomer(state.Customer))
		_, _, err = s.bank.Batches().Expire(ctx, order, late)
	}
	return settledAlready(err) // answered, withdrawn or expired meanwhile
}
