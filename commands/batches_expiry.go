package commands

import (
	"context"

	"florin/domain/batch"
	"florin/domain/id"
)

// shelving frees the totals of batches that nobody confirmed in time.
//
//	batch.challenged -> (ExpiresAt) -> Batches.Expire
type shelving struct{ bank *Bank }

func (s *shelving) Name() string { return "batch-expiry" }

func (s *shelving) Kinds() []string {
	return []string{batch.Challenged{}.Kind(), batch.Executed{}.Kind(), batch.Rejected{}.Kind(), batch.Expired{}.Kind(), batch.Cancelled{}.Kind()}
}

// Take sets the alarm of a challenge, and strikes it when the challenge is over.
func (s *shelving) Take(_ context.Context, fact Happened, agenda *Agenda) error {
	if e, ok := fact.Event.(batch.Challenged); ok {
		agenda.Set(fact.Stream, e.ExpiresAt, "expire")
	} else {
		agenda.Clear(fact.Stream)
	}
	return nil
}

func (s *shelving) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	late := id.From[id.Batch](uuidIn(alarm.Stream))
	state, err := s.bank.batches.look(ctx, late)
	if err != nil {
		return err
	}
	order := SystemOrder(s.Name(), alarm.Cause, "batch.expire", agenda.Now(), ofCustomer(state.Customer))
	if _, _, err = s.bank.Batches().Expire(ctx, order, late); refused(err) {
		return nil // answered, withdrawn or expired meanwhile
	}
	return err
}
