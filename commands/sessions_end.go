package commands

import (
	"context"
	"errors"

	"florin/domain/id"
	"florin/domain/session"
)

// Revoke ends a family; reason is a code. A customer ends only an own one: any
// other is not-found. A device that is not the customer's may end the family that it
// was let look by, and no other (session.ErrStranger).
func (s Sessions) Revoke(ctx context.Context, order Order, ended id.Session, reason string) (Outcome, error) {
	return s.end(ctx, order, ended, reason, func(w *work, state session.State) error {
		switch {
		case state.Session.IsZero(), !s.bank.mayTouch(order.Caller, state.Customer):
			return session.ErrUnknown
		case ended == order.Caller.Session:
			return nil
		}
		return w.known()
	})
}

// known refuses a customer's session on a device that is not theirs: a password and
// a code that was sent let in, and no further than to look (session.ErrStranger).
func (w *work) known() error {
	caller := w.order.Caller
	if caller.Customer.IsZero() || caller.Device.IsZero() {
		return nil // an operator, or a third party with what the customer agreed to
	}
	from, err := w.bank.devices.load(w, caller.Device)
	if err == nil && from.Customer != caller.Customer {
		err = session.ErrStranger
	}
	return err
}

// LogOut is what an ID token of ours names: a family, and whose it is.
type LogOut struct {
	ClientID string
	Customer id.Customer
	Session  id.Session
}

// LogOut ends the family that a customer has logged out of, as the client asked
// (OpenID Connect RP-Initiated Logout 1.0). One that is over, or is another's, is
// no error and no fact.
func (s Sessions) LogOut(ctx context.Context, order Order, ask LogOut) (Outcome, error) {
	of := id.Named[id.Client](ask.ClientID)
	order.Caller.ActorType, order.Caller.Actor, order.Caller.Client = ActorClient, of.UUID(), of
	order.Caller.OnBehalfOf = ask.Customer.UUID()
	outcome, err := s.end(ctx, order, ask.Session, "logout", func(_ *work, state session.State) error {
		return unknownUnless(!state.Session.IsZero() && state.Customer == ask.Customer && state.Client == of)
	})
	if errors.Is(err, session.ErrUnknown) {
		return outcome, nil
	}
	return outcome, err
}

// RevokeToken is RFC 7009: a refresh token, or the family of a verified access
// token. It counts with its own client and key alone; JKT may be empty for a
// confidential client, which has proven itself by its assertion.
type RevokeToken struct {
	ClientID, JKT, Token string
	Session              id.Session
}

// RevokeToken ends the family that a token is of. A token that means nothing is
// no error and no fact.
func (s Sessions) RevokeToken(ctx context.Context, order Order, ask RevokeToken) (Outcome, error) {
	ended := ask.Session
	if ask.Token != "" {
		family, _, err := s.family(ctx, ask.Token)
		if errors.Is(err, session.ErrGrant) {
			return Outcome{}, nil
		}
		if err != nil {
			return Outcome{}, err
		}
		ended = family.Session
	}
	app, err := s.bank.Clients().Get(ctx, ask.ClientID)
	if err != nil {
		return Outcome{}, err
	}
	outcome, err := s.end(ctx, order, ended, "logout", func(_ *work, state session.State) error {
		return unknownUnless(!state.Session.IsZero() && state.Client == app.ID && (!app.ID.IsZero() || state.Operator == app.Operator) &&
			(state.JKT == ask.JKT || ask.JKT == "" && app.Confidential))
	})
	if errors.Is(err, session.ErrUnknown) {
		return outcome, nil
	}
	return outcome, err
}

func unknownUnless(theirs bool) error {
	if theirs {
		return nil
	}
	return session.ErrUnknown
}

func (s Sessions) end(ctx context.Context, order Order, ended id.Session, reason string, may func(*work, session.State) error) (Outcome, error) {
	b := s.bank
	_, outcome, err := execute(ctx, b, "session.revoke", order, streams(ended), func(w *work) error {
		state, err := b.sessions.load(w, ended)
		if err == nil {
			err = may(w, state)
		}
		if err != nil {
			return err
		}
		return b.sessions.decide(w, ended, session.Revoke{By: order.Caller.ActorType, Reason: reason, At: order.At})
	}, nothing)
	return outcome, err
}
