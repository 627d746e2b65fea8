package commands

import (
	"context"

	"florin/domain"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/eventbus"
)

// recoveryAddress is where the code of a recovery goes: to verified contacts alone,
// or to the one that an operator has written down, if the recovery is on a permit.
// No message of a recovery has a link in it, so no forged Host can bend one.
func (n *notifying) recoveryAddress(ctx context.Context, told notice) (domain.Profile, error) {
	kind := kindOf(told.channel)
	state, err := n.bank.recoveries.look(ctx, id.From[id.Recovery](uuidIn(told.fact)))
	if err != nil {
		return domain.Profile{}, err
	}
	if !state.Permit.IsZero() {
		permit, err := n.bank.permittedRecovery(ctx, told.customer, state.Permit)
		switch {
		case err != nil:
			return domain.Profile{}, err
		case permit.Contact == kind:
			return permit.Address, nil
		case permit.Contact != "":
			return domain.Profile{}, nil
		}
	}
	reached, err := n.bank.contactsOf(ctx, told.customer, 0)
	return reached.verified(kind), err
}

// recoveryCode derives the code of a recovery; not wanted: it is over, or the
// customer is none any more.
func (n *notifying) recoveryCode(ctx context.Context, told notice) (code string, wanted bool, err error) {
	of := id.From[id.Recovery](uuidIn(told.fact))
	state, err := n.bank.recoveries.look(ctx, of)
	if err != nil || !state.Open(n.bank.sources.Time()) {
		return "", false, err
	}
	person, err := n.bank.customers.look(ctx, told.customer)
	if err != nil || !person.MayLogIn() {
		return "", false, err
	}
	code, err = n.bank.recoveryCode(of, state.Salt)
	return code, true, err
}

// objection is what a contact can stop a permitted recovery with; not wanted: it is
// over, or another took its place.
func (n *notifying) objection(ctx context.Context, told notice) (token string, wanted bool, err error) {
	event, err := n.bank.customerEvent(ctx, told.customer, eventbus.Version(told.step))
	if err != nil {
		return "", false, err
	}
	permitted, _ := event.(customer.RecoveryPermitted)
	person, err := n.bank.customers.look(ctx, told.customer)
	if err != nil || permitted.Recovery.IsZero() || person.Permit.Recovery != permitted.Recovery {
		return "", false, err
	}
	token, err = n.bank.objection(told.customer, permitted.Recovery)
	return token, true, err
}
