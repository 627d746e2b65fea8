package commands

import (
	"context"
	"errors"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/transfer"
)

// expiring frees the funds of challenges that nobody answered in time.
//
//	transfer.challenged -> (ExpiresAt) -> Transfers.Expire
//
// The command's id follows from the challenge, so expiring twice, or after a
// restart from the beginning of the log, changes nothing.
type expiring struct{ bank *Bank }

func (e *expiring) Name() string { return "transfer-expiry" }

func (e *expiring) Kinds() []string {
	return []string{transfer.Challenged{}.Kind(), transfer.Authorised{}.Kind(), transfer.Rejected{}.Kind(),
		transfer.Expired{}.Kind(), transfer.Cancelled{}.Kind()}
}

// Take sets the alarm of a challenge, and strikes it when the challenge is over.
func (e *expiring) Take(_ context.Context, fact Happened, agenda *Agenda) error {
	if challenged, ok := fact.Event.(transfer.Challenged); ok {
		agenda.Set(fact.Stream, challenged.ExpiresAt, "")
	} else {
		agenda.Clear(fact.Stream)
	}
	return nil
}

func (e *expiring) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	late := id.From[id.Transfer](uuidIn(alarm.Stream))
	state, err := e.bank.transfers.look(ctx, late)
	if err != nil {
		return err
	}
	order := SystemOrder(e.Name(), alarm.Cause, "transfer.expire", agenda.Now(), ofCustomer(state.Customer))
	_, _, err = e.bank.Transfers().Expire(ctx, order, late)
	if _, refused := errors.AsType[*domain.Refusal](err); refused {
		return nil // answered, withdrawn or expired meanwhile
	}
	return err
}
