package projections

import (
	"context"
	"fmt"
	"time"

	"florin/domain/account"
	"florin/domain/id"
	"florin/eventbus"
)

// Holder is a customer who holds an account: the one it was opened for, who is an
// owner, and whoever has accepted an invitation.
type Holder struct {
	Account  id.Account
	Customer id.Customer
	Role     account.Role
	Since    time.Time
	Position eventbus.Position
}

type holderKey struct {
	account  id.Account
	customer id.Customer
}

var holdersTable = table{
	name: "holders", key: []string{"account", "customer"},
	columns: []column{{"account", text}, {"customer", text}, {"role", text}, {"since", bigint}, {"position", bigint}},
	indexes: []index{{"holders_by_customer", "customer, account"}},
}

func (h *Holder) fields() []any {
	return []any{&h.Account, &h.Customer, (*string)(&h.Role), &h.Since, (*uint64)(&h.Position)}
}

var holderColumns = []Column{
	{"account", Text, "identifier of the account (acc_...)"},
	{"customer", Text, "who holds it (cus_...)"},
	{"role", Text, "owner or reader"},
	{"since", Time, "when the account was opened, or the invitation accepted"},
	{"position", Integer, "log position of the event that says so"},
}

// Invitation waits for its answer. Customer is zero if the name was nobody's.
type Invitation struct {
	Invitation id.Invitation
	Account    id.Account
	Customer   id.Customer
	Role       account.Role
	By         id.Customer
	At         time.Time
	ExpiresAt  time.Time
	Version    eventbus.Version // of the account's stream: where the name lies
	Name       string           // by which the customer was invited, opened from the log; "" once it is erased
}

var invitationsTable = table{
	name: "invitations", key: []string{"invitation"},
	columns: []column{
		{"invitation", text}, {"account", text}, {"customer", text}, {"role", text}, {"invited_by", text},
		{"invited_at", bigint}, {"expires_at", bigint}, {"version", bigint},
	},
	indexes: []index{{"invitations_by_account", "account"}, {"invitations_by_customer", "customer"}},
}

func (i *Invitation) fields() []any {
	return []any{&i.Invitation, &i.Account, &i.Customer, (*string)(&i.Role), &i.By, &i.At, &i.ExpiresAt, (*uint64)(&i.Version)}
}

// share takes in who holds an account.
func (a *accountsFold) share(w *writer, f *fact, row *Account) error {
	switch e := f.event.(type) {
	case account.HolderInvited:
		a.invitations.add(e.Invitation, Invitation{Invitation: e.Invitation, Account: row.Account, Customer: e.Customer, Role: e.Role,
			By: e.By, At: e.At, ExpiresAt: e.ExpiresAt, Version: f.Version})
	case account.InvitationEnded:
		a.answered(w, e.Invitation)
	case account.HolderAdded:
		a.answered(w, e.Invitation)
		a.holders.add(holderKey{row.Account, e.Customer}, Holder{Account: row.Account, Customer: e.Customer, Role: e.Role, Since: e.At, Position: f.Position})
	case account.HolderRemoved:
		key := holderKey{row.Account, e.Customer}
		if _, ok := a.holders.get(w, key); ok {
			a.holders.remove(key)
		}
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	return nil
}

func (a *accountsFold) answered(w *writer, ended id.Invitation) {
	if _, ok := a.invitations.get(w, ended); ok { // remove knows only what was read
		a.invitations.remove(ended)
	}
}

// RoleOf is what a customer may do with an account: NoRole with one that is not there.
func (r *Reads) RoleOf(ctx context.Context, of id.Account, customer id.Customer) (role account.Role, err error) {
	err = r.database.each(ctx, "select role from holders where account = ? and customer = ?", []any{of.String(), customer.String()},
		func(row scanner) error { return row.Scan((*string)(&role)) })
	return role, err
}

// HoldersOf lists who holds an account, whoever has held it longest first.
func (r *Reads) HoldersOf(ctx context.Context, of id.Account) (found []Holder, err error) {
	err = r.database.each(ctx, "select "+holdersTable.names()+" from holders where account = ? order by position", []any{of.String()},
		func(row scanner) error {
			var h Holder
			err := row.Scan(destinations(h.fields())...)
			found = append(found, h)
			return err
		})
	return found, err
}

// InvitationsOf lists the invitations to an account that wait at a time, by expiry.
func (r *Reads) InvitationsOf(ctx context.Context, of id.Account, now time.Time) ([]Invitation, error) {
	return r.invitations(ctx, "account = ?", of.String(), now)
}

// InvitationsTo lists those that a customer may accept.
func (r *Reads) InvitationsTo(ctx context.Context, customer id.Customer, now time.Time) ([]Invitation, error) {
	return r.invitations(ctx, "customer = ?", customer.String(), now)
}

func (r *Reads) invitations(ctx context.Context, where, of string, now time.Time) (found []Invitation, err error) {
	err = r.database.each(ctx, "select "+invitationsTable.names()+" from invitations where "+where+" and expires_at > ? order by expires_at, invitation limit ?",
		[]any{of, micros(now), LimitMax}, func(row scanner) error {
			var i Invitation
			err := row.Scan(destinations(i.fields())...)
			found = append(found, i)
			return err
		})
	if err != nil {
		return nil, err
	}
	for i := range found {
		event, err := r.at(ctx, found[i].Account.Stream(), found[i].Version)
		if err != nil {
			return nil, err
		}
		if e, ok := event.(account.HolderInvited); ok {
			found[i].Name = e.Name.Reveal()
		}
	}
	return found, nil
}

// Hold is money that the bank's own people hold on an account.
type Hold struct {
	Hold   id.Hold
	Minor  int64
	Reason string
	At     time.Time
}

// HoldsOf lists the bank's own holds on an account, the newest first.
func (r *Reads) HoldsOf(ctx context.Context, of id.Account) (found []Hold, err error) {
	err = r.database.each(ctx, "select reservation, minor, reason, booked_at from holds where account = ? and purpose = ? order by position desc",
		[]any{of.String(), purposeHold}, func(row scanner) error {
			var h Hold
			var name string
			if err := row.Scan(&name, &h.Minor, &h.Reason, (*moment)(&h.At)); err != nil {
				return err
			}
			u, err := streamUUID(eventbus.Stream(name))
			h.Hold = id.From[id.Hold](u)
			found = append(found, h)
			return err
		})
	return found, err
}
