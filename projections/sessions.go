package projections

import (
	"context"
	"fmt"
	"strings"
	"time"

	"florin/domain/id"
	"florin/domain/session"
	"florin/eventbus"
)

// Session is one token family. Whether it may still be used is not decided
// here but by its stream, and per request by Guards.
type Session struct {
	Session    id.Session
	Customer   id.Customer
	Operator   id.Operator
	Client     id.Client
	Device     id.Device
	Grant      id.Grant
	Revoked    bool
	ACR        string
	Scopes     string // separated by spaces
	Generation int64  // of the refresh token
	Refused    int64  // refreshes with another's key
	AuthTime   time.Time
	StartedAt  time.Time
	SeenAt     time.Time // the last token
	ExpiresAt  time.Time // absolute
	RevokedAt  time.Time
	RevokedBy  string
	Reason     string
	Position   eventbus.Position
}

var sessionsTable = table{
	name: "sessions", key: []string{"session"},
	columns: []column{
		{"session", text}, {"customer", text}, {"operator", text}, {"client", text}, {"device", text}, {"login", text},
		{"revoked", bigint}, {"acr", text}, {"scopes", text}, {"generation", bigint}, {"refused", bigint}, {"auth_time", bigint},
		{"started_at", bigint}, {"seen_at", bigint}, {"expires_at", bigint}, {"revoked_at", bigint}, {"revoked_by", text},
		{"reason", text}, {"position", bigint},
	},
	indexes: []index{{"sessions_by_customer", "customer"}},
}

func (s *Session) fields() []any {
	return []any{
		&s.Session, &s.Customer, &s.Operator, &s.Client, &s.Device, &s.Grant,
		&s.Revoked, &s.ACR, &s.Scopes, &s.Generation, &s.Refused, &s.AuthTime,
		&s.StartedAt, &s.SeenAt, &s.ExpiresAt, &s.RevokedAt, &s.RevokedBy,
		&s.Reason, (*uint64)(&s.Position),
	}
}

type sessionsFold struct{ sessions *rows[id.Session, Session] }

func beginSessions(tables []table) fold {
	return sessionsFold{newRows(tables[0], func(k id.Session) []any { return []any{k.String()} }, (*Session).fields)}
}

func (s sessionsFold) flush(w *writer) { s.sessions.flush(w) }
func (s sessionsFold) forget()         { s.sessions.forget() }

func (s sessionsFold) apply(w *writer, _ *commit, f *fact) error {
	if e, ok := f.event.(session.Started); ok {
		s.sessions.add(e.Session, Session{
			Session: e.Session, Customer: e.Customer, Operator: e.Operator, Client: e.Client, Device: e.Device, Grant: e.Grant,
			ACR: e.ACR, Scopes: strings.Join(e.Scopes, " "), AuthTime: e.AuthTime, StartedAt: e.At, SeenAt: e.At,
			ExpiresAt: e.ExpiresAt, Position: f.Position,
		})
		return nil
	}
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	row, ok := s.sessions.get(w, id.From[id.Session](of))
	if !ok {
		return errNoRow
	}
	switch e := f.event.(type) {
	case session.TokenIssued:
		row.ACR, row.SeenAt = e.ACR, e.At
		row.Generation = max(row.Generation, e.Generation)
	case session.TokenRefreshed:
		row.ACR, row.SeenAt, row.Generation = e.ACR, e.At, e.Generation
	case session.TokenRepeated:
		row.ACR, row.SeenAt = e.ACR, e.At
	case session.TokenRefused:
		row.Refused++
	case session.Elevated:
		row.ACR, row.AuthTime, row.SeenAt = e.ACR, e.AuthTime, e.At
	case session.ClientTold: // that it was told changes nothing here
	case session.Revoked:
		row.Revoked, row.RevokedAt, row.RevokedBy, row.Reason = true, e.At, e.By, e.Reason
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	row.Position = f.Position
	return nil
}

// Session gives one session. ErrMissing.
func (r *Reads) Session(ctx context.Context, of id.Session) (Session, error) {
	found, err := r.sessions(ctx, "session = ?", of.String())
	if err == nil && len(found) == 0 {
		return Session{}, ErrMissing
	}
	if err != nil {
		return Session{}, err
	}
	return found[0], nil
}

// SessionsOf lists a customer's sessions, ended ones too, by their identifiers:
// up to limit, above after (zero: from the first).
func (r *Reads) SessionsOf(ctx context.Context, customer id.Customer, after id.Session, limit int) ([]Session, error) {
	return r.sessions(ctx, "customer = ? and session > ? order by session limit ?", customer.String(), after.String(), bounded(limit))
}

func (r *Reads) sessions(ctx context.Context, where string, args ...any) (found []Session, err error) {
	err = r.database.each(ctx, "select "+sessionsTable.names()+" from sessions where "+where, args, func(row scanner) error {
		var s Session
		err := row.Scan(destinations(s.fields())...)
		found = append(found, s)
		return err
	})
	return found, err
}
