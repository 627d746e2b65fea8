package service

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
)

// heartbeat keeps proxies from taking a quiet stream for a dead one.
const heartbeat = 15 * time.Second

// Follow is the log as it grows, as server-sent events: id is the position, so
// a client that was cut off goes on by Last-Event-ID. The stream ends when the
// token expires or its session is revoked.
func (s Audit) Follow(w http.ResponseWriter, r *http.Request) error {
	query, err := wire.Query(r, "after")
	if err != nil {
		return err
	}
	from := query.Get("after")
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		from = last
	}
	after, err := wire.ParsePosition(from)
	if err != nil {
		return err
	}
	head, err := s.Log.Head(r.Context())
	if err != nil {
		return err
	}
	if after > head.Position {
		return problem.PositionAhead
	}
	if err := s.record(r, "audit-follow"); err != nil {
		return err
	}
	call := CallOf(r.Context())
	ctx, cancel := context.WithTimeout(r.Context(), call.ExpiresAt.Sub(s.Bank.Sources().Now()))
	defer cancel()
	stream, err := newEventStream(w)
	if err != nil {
		return err
	}
	s.pump(ctx, call, stream, after)
	return nil
}

// pump sends commits until the stream's time is over or the client is gone.
func (s Audit) pump(ctx context.Context, call Call, stream *eventStream, after eventbus.Position) {
	commits := make(chan eventbus.Record)
	go func() {
		defer close(commits)
		for record, err := range s.Log.Subscribe(ctx, after) {
			if err != nil {
				return
			}
			select {
			case commits <- record:
			case <-ctx.Done():
				return
			}
		}
	}()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		var err error
		select {
		case record, open := <-commits:
			if !open {
				return
			}
			if err = stream.sendCommit(record, after); err == nil {
				err = s.Settled(ctx, record.Last()) // it may be what ends this session
			}
		case <-beat.C:
			err = stream.comment("still here")
		case <-ctx.Done():
			return
		}
		if err != nil || s.Revoked(call) {
			return
		}
	}
}

// eventStream writes server-sent events (WHATWG HTML, section 9.2).
type eventStream struct {
	w     http.ResponseWriter
	flush func() error
	cut   func() // ends a write under way
}

// writeWithin is how long a reader may take nothing. What its connection's buffers
// hold is all that waits for it.
const writeWithin = 10 * time.Second

func newEventStream(w http.ResponseWriter) (*eventStream, error) {
	control := http.NewResponseController(w)
	if err := control.SetWriteDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	cut := func() { _ = control.SetWriteDeadline(time.Unix(1, 0)) } // long ago
	stream := &eventStream{w, control.Flush, cut}
	return stream, stream.comment("begun")
}

// send writes a text and hands it on; a reader who does not take it in time is cut off.
func (s *eventStream) send(text string) error {
	slow := time.AfterFunc(writeWithin, s.cut)
	defer slow.Stop()
	if _, err := io.WriteString(s.w, text); err != nil {
		return err
	}
	return s.flush()
}

// sendCommit sends a commit's events above the position.
func (s *eventStream) sendCommit(record eventbus.Record, after eventbus.Position) error {
	for _, e := range record.Events {
		if e.Position <= after {
			continue // the client has the commit's beginning
		}
		h := record.Header
		body, err := json.Marshal(EventAnswer{
			Position: e.Position, EventID: e.ID, Stream: e.Stream, Version: e.Version, Kind: e.Kind,
			Data: jsontext.Value(e.Data), Hash: hashText(e.Hash), CommitID: record.ID, RecordedAt: record.RecordedAt, BookedAt: h.BookedAt,
			ActorType: h.ActorType, Actor: h.Actor, Approver: id.From[id.Operator](h.Approver), Client: id.From[id.Client](h.Client),
			Device: id.From[id.Device](h.Device), Session: id.From[id.Session](h.Session), ACR: h.ACR, Reason: h.Reason,
			Correlation: h.Correlation, Causation: h.Causation,
		})
		if err != nil {
			return err
		}
		if err := s.send(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", e.Position, e.Kind, body)); err != nil {
			return err
		}
	}
	return nil
}

func (s *eventStream) comment(text string) error { return s.send(": " + text + "\n\n") }

func hashText(h eventbus.Hash) string { return hex.EncodeToString(h[:]) }

func positionMark(p eventbus.Position) string { return strconv.FormatUint(uint64(p), 10) }
