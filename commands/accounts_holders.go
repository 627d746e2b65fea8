package commands

import (
	"context"
	"time"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/customer"
	"florin/domain/id"
)

// InviteHolder asks a customer of the bank to hold an account too, by user name.
// Why not by phone or e-mail: those may be the names of somebody who has not yet
// shown that they are theirs.
type InviteHolder struct {
	Account id.Account
	Name    domain.Profile
	Role    account.Role
}

// HolderAnswer is a holder or an invitation as the verb left it.
type HolderAnswer struct {
	Account    id.Account
	Invitation id.Invitation
	Customer   id.Customer // not of an invitation: whose the name is, is nobody's to know
	Role       account.Role
	ExpiresAt  time.Time
	At         time.Time
}

// Invite invites. A name that is nobody's gets the same answer as any other, and an
// invitation that nobody can accept.
func (a Accounts) Invite(ctx context.Context, order Order, ask InviteHolder) (HolderAnswer, Outcome, error) {
	b := a.bank
	invitation := id.From[id.Invitation](DerivedID(order.ID, "invitation"))
	return execute(ctx, b, "account.invite_holder", order, streams(ask.Account), func(w *work) error {
		state, err := b.accounts.load(w, ask.Account)
		if err != nil {
			return err
		}
		if err := mayMove(order.Caller, state); err != nil {
			return err
		}
		if ask.Role == account.Owner { // who would pay in the stead of a device, or a customer, that may not
			ceiling, err := b.newDeviceCeiling(w, order.Caller.Device, false, state.Currency)
			if err == nil {
				err = b.payable(w, order.Caller.Customer)
			}
			if err == nil && ceiling > 0 {
				err = account.ErrCeiling
			}
			if err != nil {
				return err
			}
		}
		invited, err := b.invited(w, ask.Name)
		if err != nil {
			return err
		}
		w.under(ofCustomer(state.Customer)) // whose account it is
		return b.accounts.decide(w, ask.Account, account.Invite{Invitation: invitation, Customer: invited, Name: ask.Name, Role: ask.Role,
			By: order.Caller.Customer, At: order.At})
	}, holderAnswer)
}

// invited is the active customer with this user name; zero if there is none.
func (b *Bank) invited(w *work, name domain.Profile) (id.Customer, error) {
	normal, ok := normalUser(name.Reveal())
	if !ok {
		return id.Customer{}, nil
	}
	claim, err := b.nameClaim(nameUser, normal)
	if err != nil {
		return id.Customer{}, err
	}
	held, err := b.names.load(w, claim)
	if err != nil || held.Holder().IsZero() {
		return id.Customer{}, err
	}
	person, err := b.customers.load(w, held.Holder())
	if err != nil || person.Status != customer.Active || person.Erasing {
		return id.Customer{}, err
	}
	return held.Holder(), nil
}

// EndInvitation is withdrawn by an owner, or declined by who was invited.
func (a Accounts) EndInvitation(ctx context.Context, order Order, of id.Account, ended id.Invitation) (HolderAnswer, Outcome, error) {
	return a.hold(ctx, order, "account.end_invitation", of, account.EndInvitation{Invitation: ended, By: order.Caller.Customer, At: order.At})
}

// Accept makes the caller a holder of the account that they were invited to.
func (a Accounts) Accept(ctx context.Context, order Order, of id.Account, accepted id.Invitation) (HolderAnswer, Outcome, error) {
	return a.hold(ctx, order, "account.accept_invitation", of, account.Accept{Invitation: accepted, By: order.Caller.Customer, At: order.At})
}

// RemoveHolder ends another's part in an account of the caller's, or the caller's own.
func (a Accounts) RemoveHolder(ctx context.Context, order Order, of id.Account, removed id.Customer) (HolderAnswer, Outcome, error) {
	return a.hold(ctx, order, "account.remove_holder", of, account.RemoveHolder{Customer: removed, By: order.Caller.Customer, At: order.At})
}

// hold is for whom the aggregate itself knows: it decides who may.
func (a Accounts) hold(ctx context.Context, order Order, verb string, of id.Account, command account.Command) (HolderAnswer, Outcome, error) {
	b := a.bank
	return execute(ctx, b, verb, order, streams(of), func(w *work) error {
		return b.accounts.decide(w, of, command)
	}, holderAnswer)
}

func holderAnswer(facts []Fact) (HolderAnswer, error) {
	var answer HolderAnswer
	for _, fact := range facts {
		answer.Account = id.From[id.Account](uuidIn(fact.Stream))
		switch e := fact.Event.(type) {
		case account.HolderInvited:
			answer.Invitation, answer.Role, answer.ExpiresAt, answer.At = e.Invitation, e.Role, e.ExpiresAt, e.At
		case account.InvitationEnded:
			answer.Invitation, answer.At = e.Invitation, e.At
		case account.HolderAdded:
			answer.Invitation, answer.Customer, answer.Role, answer.At = e.Invitation, e.Customer, e.Role, e.At
		case account.HolderRemoved:
			answer.Customer, answer.At = e.Customer, e.At
		}
	}
	return answer, nil
}
