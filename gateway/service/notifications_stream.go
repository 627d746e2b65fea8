package service

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
)

// Bounds of a customer's stream.
const (
	lookEvery     = 500 * time.Millisecond // for the end of token and session
	streamPageMax = 100                    // entries read at once
)

// inboxRead says in a stream that all was read up to a position.
type inboxRead struct {
	Through eventbus.Position `json:"through"`
}

// Stream is the caller's inbox as it changes, as server-sent events: id is a position
// of the log, so that whoever was cut off goes on by Last-Event-ID, and loses and
// doubles nothing. Without one, or after, it begins now. An entry comes when it is
// filed and again when it is read, always as it is then.
//
//	id: 1234
//	event: notification | inbox-read
//	data: {...}
//
// It ends when the token expires or the session is revoked, and a reader who takes
// nothing for ten seconds is cut off.
func (s Notifications) Stream(w http.ResponseWriter, r *http.Request) error {
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
	call := CallOf(r.Context())
	bell, err := s.bells.hang(call.Caller.Customer)
	if err != nil {
		return err
	}
	defer s.bells.take(call.Caller.Customer, bell)
	head, err := s.Log.Head(r.Context()) // after the bell was hung: what comes later rings
	switch {
	case err != nil:
		return err
	case after > head.Position:
		return problem.PositionAhead
	case after == 0:
		after = head.Position
	}
	stream, err := newEventStream(w)
	if err != nil {
		return err
	}
	s.pump(r.Context(), call, stream, bell, after, head.Position)
	return nil
}

// pump sends what changes, until the stream's time is over or the client is gone.
// Why it reads the inbox again whenever its bell rings, and is handed nothing: then
// nothing waits in memory for a slow reader.
func (s Notifications) pump(ctx context.Context, call Call, stream *eventStream, bell *bell, after, known eventbus.Position) {
	beat, look := time.NewTicker(heartbeat), time.NewTicker(lookEvery)
	defer beat.Stop()
	defer look.Stop()
	for {
		err := s.Reads.WaitFor(ctx, "notifications", known)
		if err == nil {
			after, err = s.sendFrom(ctx, call, stream, after)
		}
		for waiting := true; waiting && err == nil; {
			select {
			case <-bell.rung:
				known, waiting = bell.position(), false
			case <-beat.C:
				err = stream.comment("still here")
			case <-look.C:
				if s.Revoked(call) || !s.Bank.Sources().Now().Before(call.ExpiresAt) {
					return
				}
			case <-bell.gone:
				return
			case <-ctx.Done():
				return
			}
		}
		if err != nil { // the client goes on by Last-Event-ID
			return
		}
	}
}

// sendFrom sends all that is above the position, in the order of the log, and gives
// the position that was sent last.
func (s Notifications) sendFrom(ctx context.Context, call Call, stream *eventStream, after eventbus.Position) (eventbus.Position, error) {
	owner := call.Caller.Customer
	for {
		// First how far all was read, then the entries: whatever lies below it is among them.
		through, at, err := s.Reads.ReadThrough(ctx, owner)
		if err != nil {
			return after, err
		}
		rows, err := s.Reads.NotificationsFrom(ctx, owner, after, streamPageMax)
		if err != nil {
			return after, err
		}
		preferred, err := s.Bank.Notifications().Preferences(ctx, owner)
		if err != nil {
			return after, err
		}
		for _, row := range rows {
			if after < at && at < row.Position {
				if after, err = stream.sendAs(at, "inbox-read", inboxRead{through}); err != nil {
					return after, err
				}
			}
			if s.Revoked(call) {
				return after, context.Canceled
			}
			if after, err = stream.sendAs(row.Position, "notification", notificationOf(row, preferred.Language)); err != nil {
				return after, err
			}
		}
		if len(rows) == streamPageMax {
			continue
		}
		if after < at {
			after, err = stream.sendAs(at, "inbox-read", inboxRead{through})
		}
		return after, err
	}
}

// sendAs sends one event with the position as its id, and gives the position back.
func (s *eventStream) sendAs(position eventbus.Position, event string, data any) (eventbus.Position, error) {
	body, err := json.Marshal(data, json.Deterministic(true))
	if err != nil {
		return position, err
	}
	return position, s.send(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", position, event, body))
}
