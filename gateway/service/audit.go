package service

import (
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/projections"
)

// Audit serves /v1/audit: the log, filtered and paged. Sealed fields stay sealed.
// Reading it is itself recorded, before the answer is given.
type Audit struct{ Desk }

// EventAnswer is an event of the log on the wire, as it is stored.
type EventAnswer struct {
	Position    eventbus.Position `json:"position"`
	EventID     uuid.UUID         `json:"event_id"`
	Stream      eventbus.Stream   `json:"stream"`
	Version     eventbus.Version  `json:"version"`
	Kind        string            `json:"kind"`
	Data        jsontext.Value    `json:"data"`
	Hash        string            `json:"hash"`
	CommitID    uuid.UUID         `json:"commit_id"`
	RecordedAt  time.Time         `json:"recorded_at"`
	BookedAt    time.Time         `json:"booked_at,omitzero"`
	ActorType   string            `json:"actor_type"`
	Actor       uuid.UUID         `json:"actor,omitzero"`
	Customer    id.Customer       `json:"customer,omitzero"`
	Approver    id.Operator       `json:"approver,omitzero"`
	Client      id.Client         `json:"client,omitzero"`
	Device      id.Device         `json:"device,omitzero"`
	Session     id.Session        `json:"session,omitzero"`
	ACR         string            `json:"acr,omitzero"`
	Reason      string            `json:"reason,omitzero"`
	Correlation uuid.UUID         `json:"correlation,omitzero"`
	Causation   uuid.UUID         `json:"causation,omitzero"`
}

// EventList is a page of events, in the order of the log.
type EventList struct {
	Events []EventAnswer `json:"events"`
}

// Events is the log by any filter.
func (s Audit) Events(w http.ResponseWriter, r *http.Request) error {
	names := []string{"stream", "kind", "correlation", "customer", "actor", "device", "session", "from", "to"}
	query, err := wire.Query(r, append(names, "limit", "cursor")...)
	if err != nil {
		return err
	}
	filter, err := auditFilter(query)
	if err != nil {
		return err
	}
	return s.list(w, r, "audit-events", filter, names)
}

// Stream is one stream of the log, from its first event.
func (s Audit) Stream(w http.ResponseWriter, r *http.Request) error {
	stream := eventbus.Stream(pathText(r, "context") + "/" + pathText(r, "id"))
	if !stream.Valid() {
		return problem.NotFound
	}
	return s.list(w, r, "audit-stream", projections.AuditFilter{Stream: stream}, nil)
}

// Timeline is all that one correlation has led to.
func (s Audit) Timeline(w http.ResponseWriter, r *http.Request) error {
	correlation, err := uuid.Parse(pathText(r, "correlation"))
	if err != nil {
		return problem.NotFound
	}
	return s.list(w, r, "audit-timeline", projections.AuditFilter{Correlation: correlation}, nil)
}

func (s Audit) list(w http.ResponseWriter, r *http.Request, resource string, filter projections.AuditFilter, more []string) error {
	page, err := s.page(r, resource+"\x00"+r.URL.Path+"\x00"+unpaged(r.URL.Query()), more...)
	if err != nil {
		return err
	}
	after, err := page.position()
	if err != nil {
		return err
	}
	if err := s.fresh(r, "audit"); err != nil {
		return err
	}
	if err := s.record(r, resource); err != nil {
		return err
	}
	rows, err := s.Reads.AuditEvents(r.Context(), filter, after, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, further := cut(rows, page.limit)
	if further {
		page.next(w, r, s.Cursors, positionMark(last.Position))
	}
	list := EventList{Events: make([]EventAnswer, 0, len(rows))}
	for _, row := range rows {
		answer, err := s.event(r, row)
		if err != nil {
			return err
		}
		list.Events = append(list.Events, answer)
	}
	return wire.OK(w, list)
}

// unpaged is the question without the place in the answer, which a cursor is bound to.
func unpaged(query url.Values) string {
	query.Del("cursor")
	query.Del("limit")
	return query.Encode()
}

// record writes down who is shown what. It is durable before anything is shown.
func (s Audit) record(r *http.Request, resource string) error {
	of, _ := id.Parse[id.Customer](r.URL.Query().Get("customer")) // no customer: it is of nobody in particular
	return s.look(r, resource, of)
}

// event adds to a row what only the log holds.
func (s Audit) event(r *http.Request, row projections.AuditEvent) (EventAnswer, error) {
	answer := EventAnswer{
		Position: row.Position, EventID: row.EventID, Stream: row.Stream, Version: row.Version, Kind: row.Kind,
		CommitID: row.CommitID, RecordedAt: row.RecordedAt, BookedAt: row.BookedAt, ActorType: row.ActorType, Actor: row.Actor,
		Customer: row.Customer, Approver: row.Approver, Client: row.Client, Device: row.Device, Session: row.Session,
		ACR: row.ACR, Reason: row.Reason, Correlation: row.Correlation, Causation: row.Causation,
	}
	for recorded, err := range s.Log.ReadStream(r.Context(), row.Stream, row.Version-1) {
		if err != nil {
			return answer, err
		}
		answer.Data, answer.Hash = jsontext.Value(recorded.Data), hashText(recorded.Hash)
		break
	}
	return answer, nil
}

// auditFilter reads what is asked for. Identifiers are as on the wire.
func auditFilter(query url.Values) (f projections.AuditFilter, err error) {
	f.Kind = query.Get("kind")
	if f.Stream = eventbus.Stream(query.Get("stream")); f.Stream != "" && !f.Stream.Valid() {
		return f, problem.BadParameter
	}
	read := func(name string, parse func(string) error) {
		if text := query.Get(name); text != "" && err == nil && parse(text) != nil {
			err = problem.BadParameter.With("The parameter " + name + " cannot be read.")
		}
	}
	read("correlation", func(text string) (err error) { f.Correlation, err = uuid.Parse(text); return err })
	read("actor", func(text string) (err error) { f.Actor, err = uuid.Parse(text); return err })
	read("customer", func(text string) (err error) { f.Customer, err = id.Parse[id.Customer](text); return err })
	read("device", func(text string) (err error) { f.Device, err = id.Parse[id.Device](text); return err })
	read("session", func(text string) (err error) { f.Session, err = id.Parse[id.Session](text); return err })
	read("from", func(text string) (err error) { f.From, err = time.Parse(time.RFC3339, text); return err })
	read("to", func(text string) (err error) { f.To, err = time.Parse(time.RFC3339, text); return err })
	return f, err
}
