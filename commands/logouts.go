package commands

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"florin/domain/client"
	"florin/domain/id"
	"florin/domain/session"
	"florin/schemas"
	"florin/schemas/seal"
)

// LogoutSender tells clients that a session is over (OpenID Connect Back-Channel
// Logout 1.0). It is called by one process, one message at a time, within
// logoutTimeout. Nil: the client has it. ErrUndeliverable (wrapped): it will not
// take it, ever. After any other error it is told again, later each time. The same
// logout may come twice with the same ID. An error must not hold what a client said.
type LogoutSender interface {
	LogOut(ctx context.Context, logout Logout) error
}

// Logout is what a client is told.
type Logout struct {
	ID       uuid.UUID // jti: that of every try
	URI      string
	ClientID string
	Customer id.Customer
	Session  id.Session
	At       time.Time // of this try
	Key      func() (keyID string, key *ecdsa.PrivateKey, err error)

	Algorithm string // of the client's ID tokens, "" for ES256; RS256 takes RSAKey
	RSAKey    func() (keyID string, key *rsa.PrivateKey, err error)
}

// How long a client is tried to be told, and how long one try may take.
const (
	logoutLife    = 24 * time.Hour
	logoutTimeout = 5 * time.Second
	logoutsPause  = 5 * time.Second // of one round; the rest waits for the next
)

// leaving tells clients of ended sessions, whatever ended them.
//
//	session.revoked -> alarm -> (told already?) -> LogoutSender -> session.client_told
//
// Why the fact comes after the answer: a process that dies in between tells the
// client once more, with the same jti, which does no harm; the other way round it
// would never be told.
type leaving struct{ bank *Bank }

func (l *leaving) Name() string { return "logouts" }

func (l *leaving) Kinds() []string { return []string{session.Revoked{}.Kind()} }

// Take notes the session if its client wants to be told.
func (l *leaving) Take(ctx context.Context, fact Happened, agenda *Agenda) error {
	app, _, err := l.whom(ctx, id.From[id.Session](uuidIn(fact.Stream)))
	if err == nil && app.Logout.BackchannelURI != "" && agenda.Now().Before(fact.At.Add(logoutLife)) {
		agenda.Set(fact.Stream, agenda.Now(), fact.At.Add(logoutLife).UTC().Format(time.RFC3339))
	}
	return err
}

// whom finds which client to tell of a session; none is the zero client.
func (l *leaving) whom(ctx context.Context, of id.Session) (app client.State, family session.State, err error) {
	if family, err = l.bank.sessions.look(ctx, of); err != nil || family.Told || family.Customer.IsZero() || family.Client.IsZero() {
		return app, family, err
	}
	app, err = l.bank.clients.look(ctx, family.Client)
	return app, family, err
}

// Ring tells one client of one session, unless it was told or it is too late.
func (l *leaving) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	now, of := l.bank.sources.Time(), id.From[id.Session](uuidIn(alarm.Stream))
	until, err := time.Parse(time.RFC3339, alarm.Note)
	if err != nil {
		return err
	}
	if now.Sub(agenda.Now()) > logoutsPause {
		agenda.Set(alarm.Stream, now, alarm.Note)
		return nil
	}
	app, family, err := l.whom(ctx, of)
	if err != nil || app.Logout.BackchannelURI == "" {
		return err
	}
	if !now.Before(until) {
		return l.note(ctx, alarm, of, session.ToldLate)
	}
	sending, cancel := context.WithTimeout(ctx, logoutTimeout)
	defer cancel()
	err = l.bank.settings.Logouts.LogOut(sending, Logout{
		ID: DerivedID(alarm.Cause, "logout"), URI: app.Logout.BackchannelURI, ClientID: app.ClientID, Customer: family.Customer, Session: of, At: l.bank.sources.Wall(),
		Key: l.bank.Signings().Current, Algorithm: app.IDTokens.Algorithm, RSAKey: l.bank.Signings().CurrentRSA,
	})
	switch {
	case errors.Is(err, ErrUndeliverable):
		return l.note(ctx, alarm, of, session.ToldRefused)
	case err != nil:
		return fmt.Errorf("commands: tell a client of a logout: %w", err)
	}
	return l.note(ctx, alarm, of, session.ToldTaken)
}

func (l *leaving) note(ctx context.Context, alarm Alarm, of id.Session, outcome string) error {
	now := l.bank.sources.Time()
	order := SystemOrder(l.Name(), alarm.Cause, "session.tell_client", now, seal.Subject{})
	order.Intent = nil
	order.Asked = schemas.TellClient{Session: of, Outcome: outcome}
	_, _, err := execute(ctx, l.bank, "session.tell_client", order, streams(of), func(w *work) error {
		return l.bank.sessions.decide(w, of, session.TellClient{Outcome: outcome, At: now})
	}, nothing)
	return err
}
