package projections

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/google/uuid"

	"florin/domain/id"
	"florin/eventbus"
)

// AuditFilter says which events are asked for; zero fields ask for all.
type AuditFilter struct {
	Stream      eventbus.Stream
	Kind        string
	Correlation uuid.UUID
	Customer    id.Customer
	Actor       uuid.UUID
	ActorType   string // not together with Stream
	Device      id.Device
	Session     id.Session
	From, To    time.Time // by the log's clock: from inclusive, to exclusive
}

// ErrFilter: a timeline needs exactly one of correlation, customer and stream.
var ErrFilter = errors.New("projections: a timeline is of one correlation, one customer or one stream")

// Timeline lists the events of one correlation, customer or stream in the order
// of the log: up to limit above the position after. ErrFilter.
func (r *Reads) Timeline(ctx context.Context, of AuditFilter, after eventbus.Position, limit int) ([]AuditEvent, error) {
	named := 0
	for _, is := range []bool{of.Stream != "", of.Correlation != uuid.Nil, !of.Customer.IsZero()} {
		if is {
			named++
		}
	}
	if named != 1 || of != (AuditFilter{Stream: of.Stream, Correlation: of.Correlation, Customer: of.Customer}) {
		return nil, ErrFilter
	}
	return r.AuditEvents(ctx, of, after, limit)
}

// AuditEvents lists events in the order of the log: up to limit above the
// position after. By stream, correlation or customer it costs what it finds; by
// anything else it may read all events up to the last one it finds.
func (r *Reads) AuditEvents(ctx context.Context, filter AuditFilter, after eventbus.Position, limit int) ([]AuditEvent, error) {
	limit = bounded(limit)
	switch where, args := filter.ofCommits(); {
	case filter.Stream != "":
		return r.auditStream(ctx, filter, after, limit)
	case len(args) > 0:
		return r.auditCommits(ctx, where, args, filter, after, limit)
	}
	where, args := filter.ofEvents()
	return r.auditEvents(ctx, "e.position > ?"+where+" order by e.position limit ?", append(append([]any{int64(after)}, args...), limit))
}

// ofCommits is the part of the filter that whole commits meet or do not.
func (f AuditFilter) ofCommits() (where string, args []any) {
	var out strings.Builder
	add := func(condition string, arg any) {
		out.WriteString(" and " + condition)
		args = append(args, arg)
	}
	if f.Correlation != uuid.Nil {
		add("correlation = ?", f.Correlation.String())
	}
	if !f.Customer.IsZero() {
		add("customer = ?", f.Customer.String())
	}
	if f.Actor != uuid.Nil {
		add("actor = ?", f.Actor.String())
	}
	if f.ActorType != "" {
		add("actor_type = ?", f.ActorType)
	}
	if !f.Device.IsZero() {
		add("device = ?", f.Device.String())
	}
	if !f.Session.IsZero() {
		add("session = ?", f.Session.String())
	}
	if !f.From.IsZero() {
		add("recorded_at >= ?", f.From.UnixMicro())
	}
	if !f.To.IsZero() {
		add("recorded_at < ?", f.To.UnixMicro())
	}
	return out.String(), args
}

// ofEvents is the rest of it.
func (f AuditFilter) ofEvents() (where string, args []any) {
	if f.Stream != "" {
		where, args = where+" and e.stream = ?", append(args, string(f.Stream))
	}
	if f.Kind != "" {
		where, args = where+" and e.kind = ?", append(args, f.Kind)
	}
	return where, args
}

const auditColumns = `select e.position, e.commit_position, e.event_id, e.stream, e.version, e.kind, c.position, c.first_position, c.commit_id,
  c.recorded_at, c.booked_at, c.actor_type, c.actor, c.customer, c.approver, c.client, c.device, c.session, c.acr, c.reason, c.correlation, c.causation
  from audit_events e join audit_commits c on c.position = e.commit_position where `

func (r *Reads) auditEvents(ctx context.Context, where string, args []any) (found []AuditEvent, err error) {
	err = r.database.each(ctx, auditColumns+where, args, func(row scanner) error {
		var e AuditEvent
		err := row.Scan(destinations(append(e.eventFields(), e.AuditCommit.fields()...))...)
		found = append(found, e)
		return err
	})
	return found, err
}

// auditCommits goes from commit to commit, for those are what the indexes find.
func (r *Reads) auditCommits(ctx context.Context, where string, args []any, f AuditFilter, after eventbus.Position, limit int) ([]AuditEvent, error) {
	var found []AuditEvent
	page := "select position, first_position from audit_commits where position > ?" + where + " order by position limit ?"
	rest, restArgs := f.ofEvents()
	for low := after; len(found) < limit; {
		type span struct{ last, first eventbus.Position }
		var spans []span
		err := r.database.each(ctx, page, append(append([]any{int64(low)}, args...), limit), func(row scanner) error {
			var s span
			err := row.Scan((*uint64)(&s.last), (*uint64)(&s.first))
			spans = append(spans, s)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, s := range spans {
			from := max(s.first, after+1)
			args := append(append([]any{int64(from), int64(s.last)}, restArgs...), limit-len(found))
			events, err := r.auditEvents(ctx, "e.position >= ? and e.position <= ?"+rest+" order by e.position limit ?", args)
			if err != nil {
				return nil, err
			}
			if found = append(found, events...); len(found) >= limit {
				break
			}
			low = s.last
		}
		if len(spans) < limit {
			break
		}
	}
	return found, nil
}

// auditStream asks the log which events the stream has, and the tables who made
// them; what the tables do not show yet is not shown.
func (r *Reads) auditStream(ctx context.Context, f AuditFilter, after eventbus.Position, limit int) ([]AuditEvent, error) {
	begin, err := r.versionAt(ctx, f.Stream, after)
	if err != nil {
		return nil, err
	}
	reached, _, _, _ := r.progress.of("audit")
	where, args := f.ofCommits()
	where = strings.ReplaceAll(where, " and ", " and c.")
	rest, restArgs := f.ofEvents()
	var found []AuditEvent
	for e, err := range r.log.ReadStream(ctx, f.Stream, begin) {
		if err != nil {
			return nil, fmt.Errorf("projections: reading %s: %w", f.Stream, err)
		}
		if e.Position > reached || len(found) >= limit {
			break
		}
		events, err := r.auditEvents(ctx, "e.position = ?"+rest+where, append(append([]any{int64(e.Position)}, restArgs...), args...))
		if err != nil {
			return nil, err
		}
		found = append(found, events...)
	}
	return found, nil
}

// versionAt is the version of the stream's last event at or below a position,
// found by halving: versions are dense and grow with positions.
func (r *Reads) versionAt(ctx context.Context, stream eventbus.Stream, at eventbus.Position) (eventbus.Version, error) {
	if at == 0 {
		return 0, nil
	}
	head, err := r.log.Version(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("projections: reading %s: %w", stream, err)
	}
	above := sort.Search(int(head), func(version int) bool { // is the event after this version above at?
		for e, problem := range r.log.ReadStream(ctx, stream, eventbus.Version(version)) {
			if problem != nil {
				err = problem
				return true
			}
			return e.Position > at
		}
		return true // enqueued and not durable yet
	})
	if err != nil {
		return 0, fmt.Errorf("projections: reading %s: %w", stream, err)
	}
	return eventbus.Version(above), nil
}
