package commands

import (
	"context"
	"time"

	"florin/domain/device"
	"florin/domain/id"
	"florin/domain/transfer"
)

// expiring frees the funds of challenges that nobody answered in time, and of those
// that a device has asked for which is revoked since: whoever holds it began them.
//
//	transfer.challenged -> (ExpiresAt) -> Transfers.Expire
//	device.revoked ------> at once -----> Transfers.Cancel
//
// The command's id follows from the fact, so doing it twice, or after a restart from
// the beginning of the log, changes nothing.
type expiring struct{ bank *Bank }

func (e *expiring) Name() string { return "transfer-expiry" }

func (e *expiring) Kinds() []string {
	return []string{transfer.Challenged{}.Kind(), transfer.Authorised{}.Kind(), transfer.Rejected{}.Kind(),
		transfer.Expired{}.Kind(), transfer.Cancelled{}.Kind(), device.Revoked{}.Kind()}
}

// dropped marks a challenge that is to go with its device.
const dropped = "device-revoked"

// Take sets the alarm of a challenge, and strikes it when the challenge is over. Its
// note is the device that asked for the transfer.
func (e *expiring) Take(ctx context.Context, fact Happened, agenda *Agenda) error {
	switch event := fact.Event.(type) {
	case transfer.Challenged:
		state, err := e.bank.transfers.look(ctx, id.From[id.Transfer](uuidIn(fact.Stream)))
		if err != nil {
			return err
		}
		agenda.Set(fact.Stream, event.ExpiresAt, state.Device.String())
	default:
		endWaiting(fact, agenda)
	}
	return nil
}

// endWaiting strikes the alarm of a challenge that is over; if it is a device that is
// revoked, all whose note it is are due at once.
func endWaiting(fact Happened, agenda *Agenda) {
	if _, gone := fact.Event.(device.Revoked); !gone {
		agenda.Clear(fact.Stream)
		return
	}
	for _, stream := range agenda.Waiting(id.From[id.Device](uuidIn(fact.Stream)).String()) {
		agenda.Set(stream, agenda.Now(), dropped)
	}
}

// dropOrder is the envelope of the command that ends what goes with its device. Its
// reason says so: a customer's own withdrawal has none.
func dropOrder(p process, verb string, alarm Alarm, of id.Customer, at time.Time) Order {
	order := SystemOrder(p.Name(), alarm.Cause, verb+"/"+string(alarm.Stream), at, ofCustomer(of))
	order.Caller.Reason = dropped
	return order
}

func (e *expiring) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	late := id.From[id.Transfer](uuidIn(alarm.Stream))
	state, err := e.bank.transfers.look(ctx, late)
	if err != nil {
		return err
	}
	if alarm.Note == dropped {
		_, _, err = e.bank.Transfers().Cancel(ctx, dropOrder(e, "transfer.cancel", alarm, state.Customer, agenda.Now()), late)
	} else {
		order := SystemOrder(e.Name(), alarm.Cause, "transfer.expire", agenda.Now(), ofCustomer(state.Customer))
		_, _, err = e.bank.Transfers().Expire(ctx, order, late)
	}
	if refused(err) {
		return nil // answered, withdrawn or expired meanwhile
	}
	return err
}
