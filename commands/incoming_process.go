package commands

import (
	"context"
	"fmt"
	"time"

	"florin/domain/id"
	"florin/domain/incoming"
)

// returning gives back what no account takes and what was recalled, and tells the rail
// until it has taken it.
//
//	incoming.suspended -> Incoming.GiveBack -> incoming.returned
//	incoming.returned --> Rail.Return -------> Incoming.SettleReturn
//
// What it tells is the same return under the same name each time.
type returning struct {
	bank *Bank
	rest time.Time // until when the rail is left alone
}

func (r *returning) Name() string { return "incoming-returns" }

func (r *returning) Kinds() []string {
	return []string{incoming.Suspended{}.Kind(), incoming.Returned{}.Kind(), incoming.ReturnSettled{}.Kind()}
}

// Take notes that something has to go back.
func (r *returning) Take(_ context.Context, fact Happened, agenda *Agenda) error {
	if _, over := fact.Event.(incoming.ReturnSettled); over {
		agenda.Clear(fact.Stream)
		return nil
	}
	agenda.Set(fact.Stream, agenda.Now(), railTell)
	return nil
}

func (r *returning) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	of := id.From[id.Incoming](uuidIn(alarm.Stream))
	state, err := r.bank.incoming.look(ctx, of)
	if err != nil {
		return err
	}
	now := r.bank.sources.Time()
	order := func(name string) Order {
		return SystemOrder(r.Name(), alarm.Cause, name, now, ofCustomer(state.Customer))
	}
	switch {
	case state.Phase == incoming.Held:
		_, _, err := r.bank.Incoming().GiveBack(ctx, order("incoming.give_back"), of)
		return settledAlready(err)
	case state.Phase != incoming.GoingBack:
		return nil
	case now.Sub(agenda.Now()) > railPause, now.Before(r.rest):
		agenda.Set(alarm.Stream, maxTime(now, r.rest), alarm.Note)
		return nil
	}
	telling, cancel := context.WithTimeout(ctx, railTimeout)
	defer cancel()
	if err := r.bank.settings.Rail.Return(telling, RailReturn{
		Return: state.Return, Original: state.Reference, Amount: state.Amount, Reason: state.Reason}); err != nil {
		r.rest = now.Add(time.Second)
		return fmt.Errorf("commands: rail %s: %w", state.Rail, err)
	}
	_, _, err = r.bank.Incoming().SettleReturn(ctx, order("incoming.settle_return"), of)
	return settledAlready(err)
}
