package projections

import (
	"time"

	"github.com/google/uuid"

	"florin/domain/id"
	"florin/eventbus"
)

// AuditEvent is one event of the log: what happened in which stream, and who
// did it through what. Its data is read from the log.
type AuditEvent struct {
	Position eventbus.Position
	EventID  uuid.UUID
	Stream   eventbus.Stream
	Version  eventbus.Version
	Kind     string
	AuditCommit
}

// AuditCommit is what the events of one commit share.
type AuditCommit struct {
	Commit      eventbus.Position // of the commit: its last event's
	First       eventbus.Position // of its first event
	CommitID    uuid.UUID
	RecordedAt  time.Time
	BookedAt    time.Time
	ActorType   string
	Actor       uuid.UUID
	Customer    id.Customer // who acted, or on whose behalf
	Approver    id.Operator
	Client      id.Client
	Device      id.Device
	Session     id.Session
	ACR         string
	Reason      string
	Correlation uuid.UUID
	Causation   uuid.UUID
}

var auditCommitsTable = table{
	name: "audit_commits", key: []string{"position"},
	columns: []column{
		{"position", bigint}, {"first_position", bigint}, {"commit_id", text}, {"recorded_at", bigint}, {"booked_at", bigint},
		{"actor_type", text}, {"actor", text}, {"customer", text}, {"approver", text}, {"client", text}, {"device", text},
		{"session", text}, {"acr", text}, {"reason", text}, {"correlation", text}, {"causation", text},
	},
	indexes: []index{
		{"audit_by_correlation", "correlation, position"},
		{"audit_by_customer", "customer, position"},
	},
}

// Why no index by stream: versions are dense, so the log itself finds the
// positions of a stream's events faster than any tree here could be kept.
var auditEventsTable = table{
	name: "audit_events", key: []string{"position"},
	columns: []column{
		{"position", bigint}, {"commit_position", bigint}, {"event_id", text}, {"stream", text}, {"version", bigint}, {"kind", text},
	},
}

func (c *AuditCommit) fields() []any {
	return []any{
		(*uint64)(&c.Commit), (*uint64)(&c.First), &c.CommitID, &c.RecordedAt, &c.BookedAt,
		&c.ActorType, &c.Actor, &c.Customer, &c.Approver, &c.Client, &c.Device,
		&c.Session, &c.ACR, &c.Reason, &c.Correlation, &c.Causation,
	}
}

func (e *AuditEvent) eventFields() []any {
	return []any{
		(*uint64)(&e.Position), (*uint64)(&e.Commit), &e.EventID, (*string)(&e.Stream), (*uint64)(&e.Version), &e.Kind,
	}
}

// auditRow is the part of an AuditEvent that lies in audit_events; it is what
// there is most of, so it is kept small.
type auditRow struct {
	event  *eventbus.Recorded
	commit eventbus.Position
}

func (r *auditRow) fields() []any {
	e := r.event
	return []any{
		(*uint64)(&e.Position), (*uint64)(&r.commit), &e.ID, (*string)(&e.Stream), (*uint64)(&e.Version), &e.Kind,
	}
}

// auditFold keeps one row per event and one per commit. It decodes nothing, so
// nothing can park here.
type auditFold struct {
	commits added[AuditCommit]
	events  added[auditRow]
}

func beginAudit(tables []table) fold {
	return &auditFold{
		commits: added[AuditCommit]{table: tables[0], fields: (*AuditCommit).fields},
		events:  added[auditRow]{table: tables[1], fields: (*auditRow).fields},
	}
}

func (a *auditFold) flush(w *writer) {
	a.commits.flush(w)
	a.events.flush(w)
}

func (a *auditFold) forget() {
	a.commits.forget()
	a.events.forget()
}

func (a *auditFold) apply(_ *writer, c *commit, f *fact) error {
	if f.Index == 0 {
		a.commits.add(auditCommit(c.record))
	}
	a.events.add(auditRow{f.Recorded, c.record.Last()})
	return nil
}

func auditCommit(record eventbus.Record) AuditCommit {
	h := record.Header
	c := AuditCommit{
		Commit: record.Last(), First: record.First, CommitID: record.ID, RecordedAt: record.RecordedAt, BookedAt: h.BookedAt,
		ActorType: h.ActorType, Actor: h.Actor, Customer: id.From[id.Customer](h.OnBehalfOf), Approver: id.From[id.Operator](h.Approver),
		Client: id.From[id.Client](h.Client), Device: id.From[id.Device](h.Device), Session: id.From[id.Session](h.Session),
		ACR: h.ACR, Reason: h.Reason, Correlation: h.Correlation, Causation: h.Causation,
	}
	if h.ActorType == "customer" {
		c.Customer = id.From[id.Customer](h.Actor)
	}
	return c
}
