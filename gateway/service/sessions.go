package service

import (
	"net/http"
	"strings"
	"time"

	"florin/domain/id"
	"florin/gateway/wire"
)

// Sessions serves /v1/sessions: a customer's own token families.
type Sessions struct{ Desk }

// SessionAnswer is a session on the wire.
type SessionAnswer struct {
	Session   id.Session `json:"session_id"`
	Device    id.Device  `json:"device_id,omitzero"`
	Client    id.Client  `json:"client,omitzero"`
	Current   bool       `json:"current"`
	Status    string     `json:"status"`
	ACR       string     `json:"acr"`
	Scopes    []string   `json:"scopes"`
	StartedAt time.Time  `json:"started_at"`
	SeenAt    time.Time  `json:"seen_at,omitzero"` // the last token
	ExpiresAt time.Time  `json:"expires_at"`
	EndedAt   time.Time  `json:"ended_at,omitzero"`
}

// SessionList is a page of sessions.
type SessionList struct {
	Sessions []SessionAnswer `json:"sessions"`
}

// List is the caller's own sessions.
func (s Sessions) List(w http.ResponseWriter, r *http.Request) error {
	page, err := s.page(r, "sessions")
	if err != nil {
		return err
	}
	after, err := marked[id.Session](page)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "sessions"); err != nil {
		return err
	}
	caller := CallOf(r.Context()).Caller
	rows, err := s.Reads.SessionsOf(r.Context(), caller.Customer, after, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, last.Session.String())
	}
	list := SessionList{Sessions: make([]SessionAnswer, 0, len(rows))}
	for _, row := range rows {
		answer := SessionAnswer{
			Session: row.Session, Device: row.Device, Client: row.Client, Current: row.Session == caller.Session, Status: "active",
			ACR: row.ACR, Scopes: strings.Fields(row.Scopes), StartedAt: row.StartedAt, SeenAt: row.SeenAt, ExpiresAt: row.ExpiresAt, EndedAt: row.RevokedAt,
		}
		if row.Revoked {
			answer.Status = "revoked"
		}
		list.Sessions = append(list.Sessions, answer)
	}
	return wire.OK(w, list)
}

// End ends a session of the caller's.
func (s Sessions) End(w http.ResponseWriter, r *http.Request) error {
	asked, err := pathID[id.Session](r)
	if err != nil {
		return err
	}
	outcome, err := s.Bank.Sessions().Revoke(r.Context(), s.order(r, CallOf(r.Context())), asked, "ended-by-customer")
	if err != nil {
		return refused(w, outcome, err)
	}
	if err := s.settled(r, outcome); err != nil {
		return err
	}
	answered(w, outcome)
	return wire.OK(w, EndedAnswer{Session: asked, Status: "revoked"})
}
