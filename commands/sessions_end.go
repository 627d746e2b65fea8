package commands

import (
	"context"
	"errors"
	"time"

	"florin/domain/id"
	"florin/domain/session"
	"florin/schemas"
)

// Revoke ends a family; reason is a code. A customer ends only an own one: any
// other is not-found.
func (s Sessions) Revoke(ctx context.Context, order Order, ended id.Session, reason string) (Outcome, error) {
	return s.end(ctx, order, ended, reason, func(state session.State) bool {
		return !state.Session.IsZero() && s.bank.mayTouch(order.Caller, state.Customer)
	})
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
	outcome, err := s.end(ctx, order, ask.Session, "logout", func(state session.State) bool {
		return !state.Session.IsZero() && state.Customer == ask.Customer && state.Client == of
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
	outcome, err := s.end(ctx, order, ended, "logout", func(state session.State) bool {
		return !state.Session.IsZero() && state.Client == app.ID && (!app.ID.IsZero() || state.Operator == app.Operator) &&
			(state.JKT == ask.JKT || ask.JKT == "" && app.Confidential)
	})
	if errors.Is(err, session.ErrUnknown) {
		return outcome, nil
	}
	return outcome, err
}

func (s Sessions) end(ctx context.Context, order Order, ended id.Session, reason string, may func(session.State) bool) (Outcome, error) {
	b := s.bank
	_, outcome, err := execute(ctx, b, "session.revoke", order, streams(ended), func(w *work) error {
		state, err := b.sessions.load(w, ended)
		switch {
		case err != nil:
			return err
		case !may(state):
			return session.ErrUnknown
		}
		return b.sessions.decide(w, ended, session.Revoke{By: order.Caller.ActorType, Reason: reason, At: order.At})
	}, nothing)
	return outcome, err
}

// UseElevation makes a family's elevation last five minutes from now; without one
// it is session.ErrElevation. To be called by what needs the elevation.
func (s Sessions) UseElevation(ctx context.Context, order Order, of id.Session) (Outcome, error) {
	b := s.bank
	order.Asked = schemas.UseElevation{Session: of}
	_, outcome, err := execute(ctx, b, "session.use_elevation", order, streams(of), func(w *work) error {
		return b.sessions.decide(w, of, session.UseElevation{At: order.At})
	}, nothing)
	return outcome, err
}

// Strength is a family's class of authentication now, and when it was earned.
func (s Sessions) Strength(ctx context.Context, of id.Session) (acr string, authTime time.Time, err error) {
	state, err := s.bank.sessions.look(ctx, of)
	now := s.bank.sources.Time()
	switch {
	case err != nil:
		return "", time.Time{}, err
	case !state.Alive(now):
		return "", time.Time{}, session.ErrUnknown
	}
	acr, authTime = state.Strength(now)
	return acr, authTime, nil
}
