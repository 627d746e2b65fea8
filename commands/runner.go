package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"florin/domain"
	"florin/domain/id"
	"florin/eventbus"
)

// runner is a process with its place in the log and its agenda.
type runner struct {
	process
	bank  *Bank
	kinds map[string]bool
	file  kept // the checkpoint's

	working sync.RWMutex // one Take or Ring at a time; rings of a parallel process share it
	saving  sync.Mutex   // one save at a time
	mu      sync.Mutex   // guards what follows
	mark    checkpoint
	alarms  map[string]Alarm // by key; put and drop change it
	queue   queue
	changed map[string]bool // keys of alarms since the last save
	restart string
	dirty   bool
}

func (r *runner) position() eventbus.Position {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mark.Position
}

func (r *runner) health() ProcessHealth {
	r.mu.Lock()
	defer r.mu.Unlock()
	health := ProcessHealth{Name: r.Name(), Position: r.mark.Position, Waiting: len(r.alarms), Restart: r.restart}
	for _, alarm := range r.alarms {
		if alarm.Tries >= parkAfter {
			health.Parked = append(health.Parked, alarm)
		}
	}
	slices.SortFunc(health.Parked, func(a, b Alarm) int { return cmp.Compare(a.Position, b.Position) })
	return health
}

// hear takes in one commit and moves the mark past it.
func (r *runner) hear(ctx context.Context, record eventbus.Record) error {
	r.working.Lock()
	defer r.working.Unlock()
	for _, recorded := range record.Events {
		if !r.kinds[recorded.Kind] {
			continue
		}
		if err := r.take(ctx, record, recorded); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mark = checkpoint{Position: record.Last(), Commit: record.ID, Hash: hexHash(record.Hash)}
	r.dirty = true
	return nil
}

// happened is a fact with what the commit around it says.
func happened(record eventbus.Record, recorded eventbus.Recorded, event domain.Event) Happened {
	fact := Happened{Fact: Fact{recorded.Stream, recorded.Version, event}, EventID: recorded.ID, Position: recorded.Position,
		At: record.Header.BookedAt, Reason: record.Header.Reason}
	if record.Header.ActorType == ActorCustomer {
		fact.By = id.From[id.Customer](record.Header.Actor)
	}
	return fact
}

// take has the process hear of one event; a failure becomes an alarm. Only the
// end of the log or of ctx is an error.
func (r *runner) take(ctx context.Context, record eventbus.Record, recorded eventbus.Recorded) error {
	agenda := &Agenda{now: r.bank.sources.Time(), cause: recorded.ID, at: recorded.Position, waiting: r.waiting}
	event, err := r.bank.treaty.DecodeAny(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
	if err == nil {
		err = r.Take(ctx, happened(record, recorded, event), agenda)
	}
	if over(ctx, err) {
		return err
	}
	if err != nil {
		alarm := Alarm{Stream: recorded.Stream, Cause: recorded.ID, Position: recorded.Position, Retake: true}
		r.later(alarm, err, agenda.now)
		return nil
	}
	r.note(agenda)
	return nil
}

func (r *runner) waiting(note string) (streams []eventbus.Stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, alarm := range r.alarms {
		if alarm.Note == note && !alarm.Retake {
			streams = append(streams, alarm.Stream)
		}
	}
	slices.Sort(streams)
	return streams
}

func (r *runner) note(agenda *Agenda) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range agenda.cleared {
		r.drop(key)
	}
	for _, alarm := range agenda.set {
		r.put(alarm)
	}
	r.dirty = true
}

// later puts an alarm that failed back on the agenda: after 1, 2, 4, ... seconds,
// an hour at most.
func (r *runner) later(alarm Alarm, failure error, now time.Time) {
	delay := min(time.Second<<min(alarm.Tries, 12), time.Hour)
	alarm.Tries, alarm.Failure, alarm.Due = alarm.Tries+1, failure.Error(), now.Add(delay)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(alarm)
}

// tick rings what is due, in order, and as many at once as the process allows.
func (r *runner) tick(ctx context.Context, now time.Time) error {
	most := math.MaxInt
	if p, ok := r.process.(paced); ok {
		most = p.PerTick()
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(1)
	if p, is := r.process.(parallel); is {
		group.SetLimit(p.RingsMax())
	}
	for _, alarm := range r.due(now, most) {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return r.ring(ctx, alarm, now)
		})
	}
	return group.Wait()
}

func (r *runner) ring(ctx context.Context, alarm Alarm, now time.Time) error {
	if _, is := r.process.(parallel); is && !alarm.Retake {
		r.working.RLock()
		defer r.working.RUnlock()
	} else {
		r.working.Lock()
		defer r.working.Unlock()
	}
	agenda := &Agenda{now: now, cause: alarm.Cause, at: alarm.Position, cleared: []string{alarm.key()}, waiting: r.waiting}
	var err error
	if alarm.Retake {
		err = r.retake(ctx, alarm, agenda)
	} else {
		err = r.Ring(ctx, alarm, agenda)
	}
	switch {
	case over(ctx, err):
		return err
	case err != nil:
		r.later(alarm, err, now)
	default:
		r.note(agenda)
	}
	return nil
}

// retake has the process hear once more of a fact that it failed to take in.
func (r *runner) retake(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	for record, err := range r.bank.log.ReadAll(ctx, alarm.Position-1) {
		if err != nil {
			return err
		}
		for _, recorded := range record.Events {
			if recorded.Position != alarm.Position {
				continue
			}
			event, err := r.bank.treaty.DecodeAny(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
			if err != nil {
				return err
			}
			return r.Take(ctx, happened(record, recorded, event), agenda)
		}
		break
	}
	return fmt.Errorf("commands: position %d is not in the log", alarm.Position)
}

// over tells the errors after which this process of the operating system can do
// no more: nothing is held against the alarm.
func over(ctx context.Context, err error) bool {
	return err != nil && (ctx.Err() != nil || errors.Is(err, eventbus.ErrStopped) || errors.Is(err, eventbus.ErrClosed))
}
