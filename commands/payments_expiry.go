package commands

import (
	"context"

	"florin/domain/device"
	"florin/domain/id"
	"florin/domain/payment"
)

// lingering frees the funds of payments whose challenge nobody answered in time, and
// of those that a device has asked for which is revoked since, as expiring does for
// transfers.
//
//	payment.challenged -> (ExpiresAt) -> Payments.Expire
//	device.revoked -----> at once -----> Payments.Cancel
type lingering struct{ bank *Bank }

func (l *lingering) Name() string { return "payment-expiry" }

func (l *lingering) Kinds() []string {
	return []string{payment.Challenged{}.Kind(), payment.Authorised{}.Kind(), payment.Rejected{}.Kind(), payment.Expired{}.Kind(),
		payment.Cancelled{}.Kind(), device.Revoked{}.Kind()}
}

// Take sets the alarm of a challenge, and strikes it when the challenge is over. Its
// note is the device that asked for the payment.
func (l *lingering) Take(ctx context.Context, fact Happened, agenda *Agenda) error {
	switch event := fact.Event.(type) {
	case payment.Challenged:
		state, err := l.bank.payments.look(ctx, id.From[id.Payment](uuidIn(fact.Stream)))
		if err != nil {
			return err
		}
		agenda.Set(fact.Stream, event.ExpiresAt, state.Device.String())
	default:
		endWaiting(fact, agenda)
	}
	return nil
}

func (l *lingering) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	late := id.From[id.Payment](uuidIn(alarm.Stream))
	state, err := l.bank.payments.look(ctx, late)
	if err != nil || state.Phase != payment.Pending {
		return err
	}
	if alarm.Note == dropped {
		_, _, err = l.bank.Payments().Cancel(ctx, dropOrder(l, "payment.cancel", alarm, state.Customer, agenda.Now()), late)
	} else {
		order := SystemOrder(l.Name(), alarm.Cause, "payment.expire", agenda.Now(), ofCustomer(state.Customer))
		_, _, err = l.bank.Payments().Expire(ctx, order, late)
	}
	return settledAlready(err) // answered, withdrawn or expired meanwhile
}
