package commands

import (
	"context"

	"florin/domain/authorisation"
	"florin/domain/id"
)

// unholding frees what is held for shops that do not come for it.
//
//	authorisation.approved -> (ExpiresAt) -> Authorisations.Expire
//
// The command's id follows from the fact, so doing it twice, or after a restart from
// the beginning of the log, changes nothing.
type unholding struct{ bank *Bank }

func (u *unholding) Name() string { return "authorisation-expiry" }

func (u *unholding) Kinds() []string {
	return []string{authorisation.Approved{}.Kind(), authorisation.Captured{}.Kind(), authorisation.Reversed{}.Kind(), authorisation.Expired{}.Kind()}
}

// Take sets the alarm of a hold, and strikes it when nothing is held any more.
func (u *unholding) Take(_ context.Context, fact Happened, agenda *Agenda) error {
	over := false
	switch event := fact.Event.(type) {
	case authorisation.Approved:
		if event.Held.IsPositive() {
			agenda.Set(fact.Stream, event.ExpiresAt, "")
		}
	case authorisation.Captured:
		over = event.Held.IsZero()
	case authorisation.Reversed:
		over = event.Held.IsZero()
	case authorisation.Expired:
		over = true
	}
	if over {
		agenda.Clear(fact.Stream)
	}
	return nil
}

func (u *unholding) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	late := id.From[id.Authorisation](uuidIn(alarm.Stream))
	state, err := u.bank.authorisations.look(ctx, late)
	if err != nil {
		return err
	}
	order := SystemOrder(u.Name(), alarm.Cause, "authorisation.expire", agenda.Now(), ofCustomer(state.Customer))
	_, _, err = u.bank.Authorisations().Expire(ctx, order, late)
	if refused(err) {
		return nil // taken or given back meanwhile
	}
	return err
}
