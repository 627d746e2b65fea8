package commands

import (
	"context"
	"fmt"
	"time"

	"florin/domain/device"
	"florin/domain/id"
	"florin/domain/standing"
)

// ordering executes standing orders on their days, and ends those that nobody
// confirmed, or that a device has asked for which is revoked since.
//
//	standing.challenged -> (ExpiresAt) -> StandingOrders.Expire
//	device.revoked ------> at once -----> StandingOrders.Cancel, of what still waits
//	standing.authorised -> (the next occurrence's next try) -> StandingOrders.Execute, again and again
//
// When it rings it does all that has become due, in order: after a stop of a week, or
// when a sandbox's clock has jumped, as many occurrences as the order's rules make up
// for. The commands' ids follow from order, occurrence and try, so whatever it has
// forgotten, nothing happens twice.
type ordering struct{ bank *Bank }

func (o *ordering) Name() string { return "standing-orders" }

func (o *ordering) Kinds() []string {
	return []string{standing.Challenged{}.Kind(), standing.Authorised{}.Kind(), standing.Rejected{}.Kind(), standing.Expired{}.Kind(),
		standing.Executed{}.Kind(), standing.Failed{}.Kind(), standing.Skipped{}.Kind(), standing.Cancelled{}.Kind(), standing.Ended{}.Kind(),
		device.Revoked{}.Kind()}
}

// Take sets the alarm by how the order stands now, whichever fact led there. The note of
// one that waits is the device that asked for it.
func (o *ordering) Take(ctx context.Context, fact Happened, agenda *Agenda) error {
	if _, gone := fact.Event.(device.Revoked); gone {
		endWaiting(fact, agenda)
		return nil
	}
	state, err := o.bank.orders.look(ctx, id.From[id.StandingOrder](uuidIn(fact.Stream)))
	if err != nil {
		return err
	}
	return o.plan(state, fact, agenda)
}

func (o *ordering) plan(state standing.State, fact Happened, agenda *Agenda) error {
	if state.Phase == standing.Pending {
		agenda.Set(fact.Stream, state.SCA.ExpiresAt, state.Device.String())
		return nil
	}
	day, ok := state.Next()
	if !ok {
		agenda.Clear(fact.Stream)
		return nil
	}
	zone, err := o.bank.zone(state.Zone)
	if err == nil {
		agenda.Set(fact.Stream, slotTime(day, state.Slot+1, zone), "execute")
	}
	return err
}

// ringsMax bounds what one alarm does at once: the tries of all that is made up for.
const ringsMax = standing.MissedMax*standing.SlotsMax + 2

func (o *ordering) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	due := id.From[id.StandingOrder](uuidIn(alarm.Stream))
	for range ringsMax {
		state, err := o.bank.orders.look(ctx, due)
		if err != nil {
			return err
		}
		more, err := o.act(ctx, due, state, alarm, agenda.Now())
		switch {
		case refused(err) || err == nil && !more: // nothing is due, or it was done by another
			return o.plan(state, Happened{Fact: Fact{Stream: alarm.Stream}}, agenda)
		case err != nil:
			return err
		}
	}
	agenda.Set(alarm.Stream, agenda.Now(), alarm.Note) // the rest at the next tick
	return nil
}

// act does the one thing that is due next.
func (o *ordering) act(ctx context.Context, due id.StandingOrder, state standing.State, alarm Alarm, now time.Time) (more bool, err error) {
	orders, order := o.bank.StandingOrders(), func(name string) Order {
		order := SystemOrder(o.Name(), alarm.Cause, name, now, ofCustomer(state.Customer))
		order.ID, order.Intent = DerivedID(due.UUID(), name), nil
		return order
	}
	if state.Phase == standing.Pending {
		switch {
		case alarm.Note == dropped:
			_, _, err = orders.Cancel(ctx, dropOrder(o, "standing.cancel", alarm, state.Customer, now), due)
			return true, err
		case state.SCA.Waits(now):
			return false, nil
		}
		_, _, err = orders.Expire(ctx, order("expire"), due)
		return true, err
	}
	day, ok := state.Next()
	if !ok {
		return false, nil
	}
	zone, err := o.bank.zone(state.Zone)
	if err != nil {
		return false, err
	}
	if state.Missed(now.In(zone).Format(time.DateOnly)) > 0 {
		_, _, err = orders.Skip(ctx, order(fmt.Sprintf("skip/%d/%s", state.Settled, now.In(zone).Format(time.DateOnly))), due)
		return true, err
	}
	slot := slotAt(day, now, zone)
	if slot <= state.Slot {
		return false, nil
	}
	_, _, err = orders.Execute(ctx, order(fmt.Sprintf("execute/%d/%d", state.Settled, slot)), due, state.Settled, slot)
	return true, err
}
