package commands

import (
	"context"
	"errors"
	"time"

	"florin/domain/id"
	"florin/domain/session"
)

// InspectToken names a token by itself (a refresh token), or by the family of a
// verified access token.
type InspectToken struct {
	Token   string
	Session id.Session
}

// Inspected is what stands behind a token that would be taken now.
type Inspected struct {
	Customer  id.Customer // of Customer, Operator and neither (a client for itself) one holds
	Operator  id.Operator
	Client    id.Client
	ClientID  string
	Device    id.Device
	Session   id.Session
	JKT       string
	Scopes    []string
	IssuedAt  time.Time // of the present refresh token
	ExpiresAt time.Time // of the present refresh token: idle too long, or the family's end
}

// Inspect tells what stands behind a token. One that would not be taken now, for
// whatever reason, is session.ErrGrant: who asks learns nothing more. It is
// decided from the log's own states and changes nothing.
func (s Sessions) Inspect(ctx context.Context, ask InspectToken) (Inspected, error) {
	b, now := s.bank, s.bank.sources.Time()
	var family session.State
	var err error
	if ask.Token != "" {
		var generation int64
		if family, generation, err = s.family(ctx, ask.Token); err == nil && generation != family.Generation {
			err = session.ErrGrant
		}
		if err == nil && !now.Before(family.IdleUntil()) {
			err = session.ErrGrant
		}
	} else {
		family, err = b.sessions.look(ctx, ask.Session)
	}
	switch {
	case err != nil:
		return Inspected{}, err
	case !family.Alive(now):
		return Inspected{}, session.ErrGrant
	}
	clientID, err := b.holders(ctx, family)
	if err != nil {
		return Inspected{}, err
	}
	found := Inspected{
		Customer: family.Customer, Operator: family.Operator, Client: family.Client, ClientID: clientID, Device: family.Device,
		Session: family.Session, JKT: family.JKT, Scopes: family.Scopes, IssuedAt: family.LastAt, ExpiresAt: family.IdleUntil(),
	}
	if family.ExpiresAt.Before(found.ExpiresAt) {
		found.ExpiresAt = family.ExpiresAt
	}
	return found, nil
}

// holders refuses a family whose client, customer or device is no more, and gives
// its client_id.
func (b *Bank) holders(ctx context.Context, family session.State) (clientID string, err error) {
	clientID = family.Operator.String() // of a machine
	if !family.Client.IsZero() {
		software, err := b.clients.look(ctx, family.Client)
		if err != nil {
			return "", err
		}
		clientID = software.ClientID
	}
	app, err := b.Clients().Get(ctx, clientID)
	switch {
	case errors.Is(err, ErrClient), err == nil && app.Disabled:
		return "", session.ErrGrant
	case err != nil:
		return "", err
	}
	if !family.Operator.IsZero() {
		operator, err := b.operators.look(ctx, family.Operator)
		switch {
		case err != nil:
			return "", err
		case !operator.Enabled():
			return "", session.ErrGrant
		}
	}
	if !family.Customer.IsZero() {
		person, err := b.customers.look(ctx, family.Customer)
		switch {
		case err != nil:
			return "", err
		case !person.MayLogIn():
			return "", session.ErrGrant
		}
	}
	if family.Device.IsZero() {
		return clientID, nil
	}
	from, err := b.devices.look(ctx, family.Device)
	if err == nil && !from.Usable() {
		err = session.ErrGrant
	}
	return clientID, err
}
