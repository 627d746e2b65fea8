package commands

import (
	"context"

	"florin/domain/id"
	"florin/domain/mandate"
)

// disusing ends mandates by which nothing was collected for mandate.UnusedMonths.
//
//	mandate.granted, registered, collected -> (36 months later) -> Mandates.Expire
type disusing struct{ bank *Bank }

func (d *disusing) Name() string { return "mandate-expiry" }

func (d *disusing) Kinds() []string {
	return []string{mandate.Granted{}.Kind(), mandate.Registered{}.Kind(), mandate.Collected{}.Kind(), mandate.Cancelled{}.Kind(), mandate.Expired{}.Kind()}
}

// Take sets the alarm of a mandate's end, later with each use of it.
func (d *disusing) Take(ctx context.Context, fact Happened, agenda *Agenda) error {
	switch fact.Event.(type) {
	case mandate.Cancelled, mandate.Expired:
		agenda.Clear(fact.Stream)
		return nil
	}
	state, err := d.bank.mandates.look(ctx, id.From[id.Mandate](uuidIn(fact.Stream)))
	if err == nil {
		agenda.Set(fact.Stream, state.ExpiresAt(), "")
	}
	return err
}

func (d *disusing) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	of := id.From[id.Mandate](uuidIn(alarm.Stream))
	state, err := d.bank.mandates.look(ctx, of)
	if err != nil {
		return err
	}
	order := SystemOrder(d.Name(), alarm.Cause, "mandate.expire", agenda.Now(), ofCustomer(state.Customer))
	_, _, err = d.bank.Mandates().Expire(ctx, order, of)
	return settledAlready(err) // used, cancelled or expired meanwhile
}
