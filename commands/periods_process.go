package commands

import (
	"context"
	"errors"

	"florin/domain/account"
	"florin/domain/id"
	"florin/eventbus"
)

// closing closes the months of customers' accounts as soon as they are over.
//
//	account.opened, account.period_closed -> (the first moment after the month, where the account lives) -> Periods.Close
//
// When it rings it closes all months that are over, in order: after a stop of a year,
// or when a sandbox's clock has jumped, it comes to the same sums as if it had never
// been away, for interest counts by value date. The commands' ids follow from account
// and month, so whatever it has forgotten, no month is closed twice.
//
// Why one alarm for each account, some 300 bytes of memory: a tick looks at what is due
// and a save writes what has changed, so a million of them cost no more than the few that
// end just now.
type closing struct{ bank *Bank }

func (c *closing) Name() string { return "periods" }

func (c *closing) Kinds() []string {
	return []string{account.Opened{}.Kind(), account.PeriodClosed{}.Kind()}
}

// PerTick keeps the end of a month from holding up what other processes have to do.
func (c *closing) PerTick() int { return 200 }

// Take sets the alarm by how the account stands now.
func (c *closing) Take(ctx context.Context, fact Happened, agenda *Agenda) error {
	if e, ok := fact.Event.(account.Opened); ok && e.Class != account.Customers {
		return nil
	}
	state, err := c.bank.accounts.look(ctx, id.From[id.Account](uuidIn(fact.Stream)))
	if err == nil {
		c.plan(state, agenda)
	}
	return err
}

func (c *closing) plan(state account.State, agenda *Agenda) {
	if _, until, ok := state.NextPeriod(); ok {
		agenda.Set(eventbus.Stream(state.Account.Stream()), until, "close")
	} else {
		agenda.Clear(eventbus.Stream(state.Account.Stream()))
	}
}

// monthsMax bounds what one alarm does at once.
const monthsMax = 24

func (c *closing) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	of := id.From[id.Account](uuidIn(alarm.Stream))
	for range monthsMax {
		state, err := c.bank.accounts.look(ctx, of)
		if err != nil {
			return err
		}
		month, until, ok := state.NextPeriod()
		if !ok || agenda.Now().Before(until) {
			c.plan(state, agenda)
			return nil
		}
		order := SystemOrder(c.Name(), alarm.Cause, month, agenda.Now(), ofCustomer(state.Customer))
		order.ID, order.Intent = DerivedID(of.UUID(), "period/"+month), nil
		if _, _, err := c.bank.Periods().Close(ctx, order, of, month); err != nil && !errors.Is(err, account.ErrPeriod) { // which is: another process was first
			return err
		}
	}
	agenda.Set(alarm.Stream, agenda.Now(), alarm.Note) // the rest at the next tick
	return nil
}
