package account

import (
	"slices"
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Role is what a holder may do with an account.
type Role string

const (
	NoRole Role = ""
	Owner  Role = "owner"  // everything, and decides on the other holders
	Reader Role = "reader" // looks
)

// Bounds of holders. Whoever opened the account is one more.
const (
	HoldersMax     = 10
	InvitationsMax = 5
	InvitationTTL  = 7 * 24 * time.Hour
)

// Holder is a customer beside the one the account was opened for.
type Holder struct {
	Customer id.Customer `json:"customer"`
	Role     Role        `json:"role"`
	Since    time.Time   `json:"since"`
}

// Invitation is one that waits for its answer. Customer is zero if the name was
// nobody's: then nobody can accept it, and nobody is told so.
type Invitation struct {
	Invitation id.Invitation `json:"invitation"`
	Customer   id.Customer   `json:"customer"`
	Role       Role          `json:"role"`
	By         id.Customer   `json:"by,omitzero"` // the owner who asked
	ExpiresAt  time.Time     `json:"expires_at"`
}

type (
	// HolderInvited: an owner has asked somebody to hold the account too. Name is
	// what the owner called them by.
	HolderInvited struct {
		Invitation id.Invitation  `json:"invitation"`
		Customer   id.Customer    `json:"customer,omitzero"`
		Name       domain.Profile `json:"name"`
		Role       Role           `json:"role"`
		By         id.Customer    `json:"by"`
		ExpiresAt  time.Time      `json:"expires_at"`
		At         time.Time      `json:"at"`
	}
	// InvitationEnded: an owner has withdrawn it, or who was invited has declined.
	InvitationEnded struct {
		Invitation id.Invitation `json:"invitation"`
		By         id.Customer   `json:"by"`
		At         time.Time     `json:"at"`
	}
	// HolderAdded: who was invited holds the account.
	HolderAdded struct {
		Invitation id.Invitation `json:"invitation"`
		Customer   id.Customer   `json:"customer"`
		Role       Role          `json:"role"`
		At         time.Time     `json:"at"`
	}
	// HolderRemoved: the customer holds the account no more.
	HolderRemoved struct {
		Customer id.Customer `json:"customer"`
		By       id.Customer `json:"by"`
		At       time.Time   `json:"at"`
	}
)

func (HolderInvited) Kind() string   { return "account.holder_invited" }
func (InvitationEnded) Kind() string { return "account.invitation_ended" }
func (HolderAdded) Kind() string     { return "account.holder_added" }
func (HolderRemoved) Kind() string   { return "account.holder_removed" }

func (HolderInvited) accountEvent()   {}
func (InvitationEnded) accountEvent() {}
func (HolderAdded) accountEvent()     {}
func (HolderRemoved) accountEvent()   {}

type (
	// Invite asks somebody to hold the account too.
	Invite struct {
		Invitation id.Invitation
		Customer   id.Customer // zero: the name is nobody's
		Name       domain.Profile
		Role       Role
		By         id.Customer
		At         time.Time
	}
	// EndInvitation withdraws or declines.
	EndInvitation struct {
		Invitation id.Invitation
		By         id.Customer
		At         time.Time
	}
	// Accept makes whoever was invited a holder.
	Accept struct {
		Invitation id.Invitation
		By         id.Customer
		At         time.Time
	}
	// RemoveHolder ends a holder's part; an owner does it, or the holder.
	RemoveHolder struct {
		Customer id.Customer
		By       id.Customer
		At       time.Time
	}
)

func (Invite) accountCommand()        {}
func (EndInvitation) accountCommand() {}
func (Accept) accountCommand()        {}
func (RemoveHolder) accountCommand()  {}

// Refusals.
var (
	ErrReader      = &domain.Refusal{Class: domain.Forbidden, Code: "account-read-only", Detail: "You may look at this account, and nothing more."}
	ErrRole        = &domain.Refusal{Class: domain.Invalid, Code: "invalid-role", Detail: "A holder is an owner or a reader."}
	ErrHolder      = &domain.Refusal{Class: domain.Conflict, Code: "holder-exists", Detail: "This customer holds the account already."}
	ErrHolders     = &domain.Refusal{Class: domain.Refused, Code: "too-many-holders", Detail: "The account has as many holders, or invitations that wait, as it may have."}
	ErrFirstHolder = &domain.Refusal{Class: domain.Refused, Code: "first-holder", Detail: "Whoever the account was opened for holds it until it is closed."}
	ErrInvitation  = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
)

// RoleOf is what a customer may do with the account.
func (s State) RoleOf(customer id.Customer) Role {
	switch {
	case customer.IsZero(), s.Class != Customers:
		return NoRole
	case customer == s.Customer:
		return Owner
	}
	if i := s.holder(customer); i >= 0 {
		return s.Holders[i].Role
	}
	return NoRole
}

// HoldersSince lists all who have held the account since before a time and whose role is
// one of these: first whom it was opened for, then in the order of joining. An account of
// the bank's own has none.
func (s State) HoldersSince(at time.Time, roles ...Role) (all []id.Customer) {
	if s.RoleOf(s.Customer) == Owner && slices.Contains(roles, Owner) {
		all = append(all, s.Customer)
	}
	for _, holder := range s.Holders {
		if slices.Contains(roles, holder.Role) && !holder.Since.After(at) {
			all = append(all, holder.Customer)
		}
	}
	return all
}

// SameOwners tells whether two accounts belong to the same persons: money between
// them leaves nobody.
func SameOwners(a, b State) bool {
	return a.Class == Customers && b.Class == Customers && a.ownedBy(b) && b.ownedBy(a)
}

func (s State) ownedBy(other State) bool {
	if other.RoleOf(s.Customer) != Owner {
		return false
	}
	for _, holder := range s.Holders {
		if holder.Role == Owner && other.RoleOf(holder.Customer) != Owner {
			return false
		}
	}
	return true
}

func (s State) holder(customer id.Customer) int {
	return slices.IndexFunc(s.Holders, func(h Holder) bool { return h.Customer == customer })
}

func (s State) invitation(named id.Invitation) int {
	return slices.IndexFunc(s.Invitations, func(i Invitation) bool { return i.Invitation == named })
}

// owned checks what every change by a holder needs.
func (s State) owned(by id.Customer) error {
	switch role := s.RoleOf(by); {
	case role == NoRole:
		return ErrMissing
	case role != Owner:
		return ErrReader
	case s.Status == Finished:
		return ErrClosed
	}
	return nil
}

func (s State) invite(c Invite) ([]Event, error) {
	if err := s.owned(c.By); err != nil {
		return nil, err
	}
	waiting := 0
	for _, invitation := range s.Invitations {
		if c.At.Before(invitation.ExpiresAt) {
			waiting++
		}
	}
	switch {
	case c.Role != Owner && c.Role != Reader:
		return nil, ErrRole
	case c.Name.IsZero():
		return nil, ErrInvalid
	case s.RoleOf(c.Customer) != NoRole: // which an owner sees anyway
		return nil, ErrHolder
	case waiting >= InvitationsMax, len(s.Holders)+waiting >= HoldersMax:
		return nil, ErrHolders
	}
	return []Event{HolderInvited{Invitation: c.Invitation, Customer: c.Customer, Name: c.Name, Role: c.Role, By: c.By,
		ExpiresAt: c.At.Add(InvitationTTL), At: c.At}}, nil
}

// invited finds an invitation that may still be answered by this customer.
func (s State) invited(named id.Invitation, by id.Customer, at time.Time) (Invitation, error) {
	i := s.invitation(named)
	if i < 0 || by.IsZero() || s.Invitations[i].Customer != by || !at.Before(s.Invitations[i].ExpiresAt) {
		return Invitation{}, ErrInvitation
	}
	return s.Invitations[i], nil
}

func (s State) endInvitation(c EndInvitation) ([]Event, error) {
	if _, err := s.invited(c.Invitation, c.By, c.At); err != nil {
		if err := s.owned(c.By); err != nil {
			return nil, err
		}
		if s.invitation(c.Invitation) < 0 {
			return nil, ErrInvitation
		}
	}
	return []Event{InvitationEnded(c)}, nil
}

func (s State) accept(c Accept) ([]Event, error) {
	invitation, err := s.invited(c.Invitation, c.By, c.At)
	switch {
	case err != nil:
		return nil, err
	case s.Status == Finished:
		return nil, ErrClosed
	case s.RoleOf(c.By) != NoRole:
		return nil, ErrHolder
	}
	return []Event{HolderAdded{Invitation: c.Invitation, Customer: c.By, Role: invitation.Role, At: c.At}}, nil
}

func (s State) removeHolder(c RemoveHolder) ([]Event, error) {
	if s.RoleOf(c.By) == NoRole {
		return nil, ErrMissing
	}
	if c.By != c.Customer {
		if err := s.owned(c.By); err != nil {
			return nil, err
		}
	}
	switch {
	case c.Customer == s.Customer:
		return nil, ErrFirstHolder
	case s.holder(c.Customer) < 0:
		return nil, ErrMissing
	}
	events := []Event{HolderRemoved(c)}
	for _, invitation := range s.Invitations { // nobody joins by the word of who holds it no more
		if invitation.By == c.Customer && c.At.Before(invitation.ExpiresAt) {
			events = append(events, InvitationEnded{Invitation: invitation.Invitation, By: c.By, At: c.At})
		}
	}
	return events, nil
}

// evolveHolders copies the slices: an older State may still be somebody's.
func (s State) evolveHolders(event Event) State {
	switch e := event.(type) {
	case HolderInvited:
		s.Invitations = slices.DeleteFunc(slices.Clone(s.Invitations), func(i Invitation) bool { return !e.At.Before(i.ExpiresAt) })
		s.Invitations = append(s.Invitations, Invitation{Invitation: e.Invitation, Customer: e.Customer, Role: e.Role, By: e.By, ExpiresAt: e.ExpiresAt})
	case InvitationEnded:
		s.Invitations = s.without(e.Invitation)
	case HolderAdded:
		s.Invitations = s.without(e.Invitation)
		s.Holders = append(slices.Clip(s.Holders), Holder{Customer: e.Customer, Role: e.Role, Since: e.At})
	case HolderRemoved:
		s.Holders = slices.DeleteFunc(slices.Clone(s.Holders), func(h Holder) bool { return h.Customer == e.Customer })
	}
	return s
}

func (s State) without(ended id.Invitation) []Invitation {
	return slices.DeleteFunc(slices.Clone(s.Invitations), func(i Invitation) bool { return i.Invitation == ended })
}
