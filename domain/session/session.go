// Package session decides about families of tokens: one login, one key, one
// chain of refresh tokens.
//
//	(none) -- Start, Issue --> alive -- Refresh --> alive (generation + 1) ... -- Revoke --> ended
//	                             \-- Elevate --> for five minutes more than the device
//
// A refresh token is used once. Which one it is, is told by counting generations,
// never by comparing times. The one before the current may come once more if its
// answer was lost: same key and same Idempotency-Key, successor not used yet.
// Anything else that is older than the current is reuse and ends the family. A
// true token with another key ends nothing: it is refused and noted.
//
// Operators who log in have a family like a customer's, but a short one
// (OperatorIdleMax, OperatorLifeMax), and no device: the key is the family's own.
// Operators and machines that come for themselves (client_credentials) have no
// chain: one token of AccessTTL, given for an assertion signed a moment ago. Their
// class is ACRKey and their auth_time is now, because asking for the token was the
// authentication. It never passes for a customer's second factor.
package session

import (
	"crypto/subtle"
	"fmt"
	"time"

	"florin/domain"
)

// State is what the rules need to know of a family.
type State struct {
	Started
	Generation int64     // of the current refresh token; 0: there never was one
	RetryHash  string    // of the refresh that made the current one
	LastAt     time.Time // when a refresh token was last given out
	RefusedAt  time.Time
	Elevation  Elevated // the login itself, or the latest step-up
	Ended      bool
	Told       bool // the client, that it has ended
}

// Alive tells whether tokens of the family are believed at a time.
func (s State) Alive(at time.Time) bool {
	return !s.Session.IsZero() && !s.Ended && at.Before(s.ExpiresAt)
}

// IdleUntil is when the present refresh token is over if it is not shown before.
func (s State) IdleUntil() time.Time {
	if !s.Operator.IsZero() {
		return s.LastAt.Add(OperatorIdleMax)
	}
	return s.LastAt.Add(IdleMax)
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	if c, first := command.(Start); first {
		if !s.Session.IsZero() {
			return nil, ErrExists
		}
		return []Event{Started(c)}, nil
	}
	if s.Session.IsZero() {
		return nil, ErrUnknown
	}
	switch c := command.(type) {
	case Issue:
		return s.issue(c)
	case Refresh:
		return s.refresh(c)
	case Elevate:
		if !s.Alive(c.At) {
			return nil, ErrGrant
		}
		return []Event{Elevated(c)}, nil
	case Revoke:
		if s.Ended {
			return nil, nil
		}
		return []Event{Revoked(c)}, nil
	case TellClient:
		return s.tell(c)
	}
	panic(fmt.Sprintf("session: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) issue(c Issue) ([]Event, error) {
	if !s.Alive(c.At) {
		return nil, ErrGrant
	}
	var generation int64
	if c.RefreshHash != "" {
		generation = s.Generation + 1
	}
	return []Event{TokenIssued{
		JTI: c.JTI, Generation: generation, RefreshHash: c.RefreshHash, ACR: s.Elevation.ACR, Scopes: s.Scopes,
		ExpiresAt: s.until(c.At), At: c.At,
	}}, nil
}

// until is the end of an access token: never after the family's.
func (s State) until(at time.Time) time.Time {
	if end := at.Add(AccessTTL); end.Before(s.ExpiresAt) {
		return end
	}
	return s.ExpiresAt
}

func (s State) refresh(c Refresh) ([]Event, error) {
	switch {
	case !s.Alive(c.At), s.Generation == 0, c.Generation < 1, c.Generation > s.Generation, !c.At.Before(s.IdleUntil()), c.Client != s.Client:
		return nil, ErrGrant
	case subtle.ConstantTimeCompare([]byte(c.JKT), []byte(s.JKT)) != 1:
		if c.At.Sub(s.RefusedAt) < foldRefusals {
			return nil, nil
		}
		return []Event{TokenRefused{Reason: "wrong-key", Generation: c.Generation, At: c.At}}, nil
	case c.Generation < s.Generation && !s.retries(c):
		return []Event{Revoked{By: "system", Reason: "refresh-token-reused", At: c.At}}, nil
	}
	scopes, ok := s.Scopes, true
	if len(c.Scopes) > 0 {
		scopes, ok = domain.Scopes(c.Scopes, s.Scopes)
	}
	switch {
	case !ok:
		return nil, ErrScope
	case c.Generation < s.Generation:
		return []Event{TokenRepeated{JTI: c.JTI, Generation: s.Generation, ACR: ACRDevice, Scopes: scopes, ExpiresAt: s.until(c.At), At: c.At}}, nil
	}
	return []Event{TokenRefreshed{
		JTI: c.JTI, Generation: s.Generation + 1, RefreshHash: c.RefreshHash, RetryHash: c.RetryHash,
		ACR: ACRDevice, Scopes: scopes, ExpiresAt: s.until(c.At), At: c.At,
	}}, nil
}

// retries tells whether the token before the current one comes because its
// answer was lost. The current one is unused, or it would not be the current.
func (s State) retries(c Refresh) bool {
	switch {
	case c.Generation != s.Generation-1:
		return false
	case s.Retry == RetryUntilUsed:
		return true
	}
	return s.Retry == RetryKeyed && s.RetryHash != "" && subtle.ConstantTimeCompare([]byte(s.RetryHash), []byte(c.RetryHash)) == 1
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Started:
		s = State{Started: e, Elevation: Elevated{Grant: e.Grant, ACR: e.ACR, AMR: e.AMR, AuthTime: e.AuthTime, At: e.At}}
	case TokenIssued:
		if e.Generation > 0 {
			s.Generation, s.LastAt = e.Generation, e.At
		}
	case TokenRefreshed:
		s.Generation, s.RetryHash, s.LastAt = e.Generation, e.RetryHash, e.At
	case TokenRepeated:
		s.LastAt = e.At
	case TokenRefused:
		s.RefusedAt = e.At
	case Elevated:
		s.Elevation = e
	case Revoked:
		s.Ended = true
	case ClientTold:
		s.Told = true
	}
	return s
}
