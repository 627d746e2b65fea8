package service

import (
	"context"
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/account"
	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// HolderAnswer is who holds an account, in which role.
type HolderAnswer struct {
	Customer id.Customer       `json:"customer_id"`
	Name     string            `json:"name,omitzero"`
	Role     string            `json:"role"` // owner or reader; none: removed
	Since    time.Time         `json:"since,omitzero"`
	Position eventbus.Position `json:"position,omitzero"`
}

// InvitationAnswer is an invitation to hold an account. An owner is shown the name
// that was given; whoever is invited, who has invited them.
type InvitationAnswer struct {
	Invitation id.Invitation     `json:"invitation"`
	Account    id.Account        `json:"account"`
	UserName   string            `json:"user_name,omitzero"`
	InvitedBy  string            `json:"invited_by,omitzero"`
	Role       string            `json:"role,omitzero"`
	Status     string            `json:"status"` // waiting or ended
	At         time.Time         `json:"at"`
	ExpiresAt  time.Time         `json:"expires_at,omitzero"`
	Position   eventbus.Position `json:"position,omitzero"`
}

// HolderList is who holds an account; an owner is shown who is invited, too.
type HolderList struct {
	Holders     []HolderAnswer     `json:"holders"`
	Invitations []InvitationAnswer `json:"invitations"`
}

// InvitationList is what a customer may accept.
type InvitationList struct {
	Invitations []InvitationAnswer `json:"invitations"`
}

// Invite asks another customer to hold the account too. The answer is the same
// whether the name is somebody's or not.
func (s Accounts) Invite(w http.ResponseWriter, r *http.Request) error {
	asked, call, body, err := commandOn[schemas.InviteHolder](r)
	if err != nil {
		return err
	}
	invited, outcome, err := s.Bank.Accounts().Invite(r.Context(), s.order(r, call), commands.InviteHolder{
		Account: asked, Name: profile(body.UserName), Role: account.Role(body.Role)})
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.Created(w, holdersPath(asked), InvitationAnswer{Invitation: invited.Invitation, Account: asked, Role: string(invited.Role),
		Status: "waiting", At: invited.At, ExpiresAt: invited.ExpiresAt, Position: outcome.Receipt.Last})
}

func holdersPath(of id.Account) string { return "/v1/accounts/" + of.String() + "/holders" }

// commandOn reads the account of the path and the body of a command about it.
func commandOn[B any](r *http.Request) (id.Account, Call, B, error) {
	call := CallOf(r.Context())
	body, err := wire.Decode[B](call.Body)
	if err != nil {
		return id.Account{}, call, body, err
	}
	asked, err := pathID[id.Account](r)
	return asked, call, body, err
}

// EndInvitation withdraws one, or declines it.
func (s Accounts) EndInvitation(w http.ResponseWriter, r *http.Request) error {
	asked, call, body, err := commandOn[schemas.EndInvitation](r)
	if err != nil {
		return err
	}
	ended, outcome, err := s.Bank.Accounts().EndInvitation(r.Context(), s.order(r, call), asked, body.Invitation)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, InvitationAnswer{Invitation: ended.Invitation, Account: asked, Status: "ended", At: ended.At, Position: outcome.Receipt.Last})
}

// Accept makes the caller a holder of the account.
func (s Accounts) Accept(w http.ResponseWriter, r *http.Request) error {
	asked, call, body, err := commandOn[schemas.AcceptInvitation](r)
	if err != nil {
		return err
	}
	added, outcome, err := s.Bank.Accounts().Accept(r.Context(), s.order(r, call), asked, body.Invitation)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.Created(w, holdersPath(asked), HolderAnswer{Customer: added.Customer, Role: string(added.Role), Since: added.At, Position: outcome.Receipt.Last})
}

// RemoveHolder ends another's part in the account, or the caller's own.
func (s Accounts) RemoveHolder(w http.ResponseWriter, r *http.Request) error {
	asked, call, body, err := commandOn[schemas.RemoveHolder](r)
	if err != nil {
		return err
	}
	removed, outcome, err := s.Bank.Accounts().RemoveHolder(r.Context(), s.order(r, call), asked, body.Holder)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, HolderAnswer{Customer: removed.Customer, Position: outcome.Receipt.Last})
}

// Holders is who holds an account, by the names that they gave the bank.
func (s Accounts) Holders(w http.ResponseWriter, r *http.Request) error {
	row, role, err := s.held(r)
	if err != nil {
		return err
	}
	holders, err := s.Reads.HoldersOf(r.Context(), row.Account)
	if err != nil {
		return err
	}
	list := HolderList{Holders: make([]HolderAnswer, 0, len(holders)), Invitations: []InvitationAnswer{}}
	for _, holder := range holders {
		name, err := s.Bank.Customers().Name(r.Context(), holder.Customer)
		if err != nil {
			return err
		}
		list.Holders = append(list.Holders, HolderAnswer{Customer: holder.Customer, Name: name.Reveal(), Role: string(holder.Role),
			Since: holder.Since, Position: holder.Position})
	}
	if role != account.Owner {
		return wire.OK(w, list)
	}
	waiting, err := s.Reads.InvitationsOf(r.Context(), row.Account, s.Bank.Sources().Time())
	if err != nil {
		return err
	}
	for _, invitation := range waiting {
		answer := invitationOf(invitation)
		answer.UserName = invitation.Name
		list.Invitations = append(list.Invitations, answer)
	}
	return wire.OK(w, list)
}

// Invitations is what the caller may accept.
func (s Accounts) Invitations(w http.ResponseWriter, r *http.Request) error {
	if err := s.fresh(r, "accounts"); err != nil {
		return err
	}
	waiting, err := s.Reads.InvitationsTo(r.Context(), CallOf(r.Context()).Caller.Customer, s.Bank.Sources().Time())
	if err != nil {
		return err
	}
	list := InvitationList{Invitations: make([]InvitationAnswer, 0, len(waiting))}
	for _, invitation := range waiting {
		answer, err := s.received(r.Context(), invitation)
		if err != nil {
			return err
		}
		list.Invitations = append(list.Invitations, answer)
	}
	return wire.OK(w, list)
}

func (s Accounts) received(ctx context.Context, invitation projections.Invitation) (InvitationAnswer, error) {
	answer := invitationOf(invitation)
	name, err := s.Bank.Customers().Name(ctx, invitation.By)
	answer.InvitedBy = name.Reveal()
	return answer, err
}

func invitationOf(row projections.Invitation) InvitationAnswer {
	return InvitationAnswer{Invitation: row.Invitation, Account: row.Account, Role: string(row.Role), Status: "waiting", At: row.At, ExpiresAt: row.ExpiresAt}
}
