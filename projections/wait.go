package projections

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"florin/eventbus"
)

// WaitMax bounds every WaitFor, whatever its context allows.
const WaitMax = 5 * time.Second

var (
	// ErrUnknown: there is no projection or view of that name.
	ErrUnknown = errors.New("projections: no such projection or view")
	// ErrBehind: the projection did not get there in time; ask again later.
	ErrBehind = errors.New("projections: still behind the position asked for")
	// ErrStopped: the projections are not being followed any more.
	ErrStopped = errors.New("projections: stopped")
)

// progress is how far each projection is visible to queries.
type progress struct {
	mu        sync.Mutex
	positions map[string]eventbus.Position
	changed   chan struct{} // closed and replaced when anything changes
	wanted    chan struct{} // somebody waits: the next batch should not
	stopped   error
}

func newProgress() *progress {
	return &progress{positions: map[string]eventbus.Position{}, changed: make(chan struct{}), wanted: make(chan struct{}, 1)}
}

func (p *progress) start() { p.stop(nil) }

// stop tells everyone who waits why it is in vain; nil begins anew.
func (p *progress) stop(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = err
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *progress) advance(live []*target) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range live {
		p.positions[t.name] = t.position
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *progress) of(projection string) (position eventbus.Position, known bool, changed <-chan struct{}, stopped error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	position, known = p.positions[projection]
	return position, known, p.changed, p.stopped
}

// WaitFor returns nil once queries of the projection show everything up to
// position. A parked stream does not hold it back. Errors: eventbus.ErrAhead at
// once for a position beyond the log's durable head, ErrBehind after WaitMax or
// the context's deadline, ErrStopped (wrapping why) if nobody follows the log any
// more, ErrUnknown.
func (r *Reads) WaitFor(ctx context.Context, projection string, position eventbus.Position) error {
	reached, known, changed, stopped := r.progress.of(projection)
	switch {
	case !known:
		return fmt.Errorf("%w: %q", ErrUnknown, projection)
	case reached >= position:
		return nil
	}
	head, err := r.log.Head(ctx)
	if err != nil {
		return fmt.Errorf("projections: asking for the log's head: %w", err)
	}
	if position > head.Position {
		return eventbus.ErrAhead
	}
	ctx, cancel := context.WithTimeout(ctx, WaitMax)
	defer cancel()
	for {
		if reached >= position {
			return nil
		}
		if stopped != nil {
			return stopped
		}
		signal(r.progress.wanted)
		select {
		case <-changed:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return ErrBehind
			}
			return ctx.Err()
		}
		reached, _, changed, stopped = r.progress.of(projection)
	}
}

// Caught waits, as long as ctx allows, until every projection shows what is
// durable now. Whoever serves waits for it after a start: read models that are
// being made anew are empty until then. Errors: of ctx, of the log, ErrStopped.
func (r *Reads) Caught(ctx context.Context) error {
	head, err := r.log.Head(ctx)
	if err != nil {
		return fmt.Errorf("projections: asking for the log's head: %w", err)
	}
	for _, d := range definitions {
		for {
			err := r.WaitFor(ctx, d.name, head.Position)
			if err == nil {
				break
			}
			if !errors.Is(err, ErrBehind) || ctx.Err() != nil {
				return err
			}
		}
	}
	return nil
}

// Status is how one projection stands.
type Status struct {
	Name     string            `json:"name"`
	Version  int64             `json:"version"` // of its shape
	Position eventbus.Position `json:"position"`
	Lag      eventbus.Position `json:"lag"`    // events of the log that it does not show yet
	Parked   int               `json:"parked"` // streams
}

// List tells how each projection stands, in a fixed order.
func (r *Reads) List(ctx context.Context) ([]Status, error) {
	head, err := r.log.Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("projections: asking for the log's head: %w", err)
	}
	health, err := r.Health(ctx)
	if err != nil {
		return nil, err
	}
	statuses := make([]Status, 0, len(definitions))
	for _, d := range definitions {
		s := Status{Name: d.name, Version: d.version}
		s.Position, _, _, _ = r.progress.of(d.name)
		s.Lag = max(head.Position, s.Position) - s.Position
		for _, p := range health.Parked {
			if p.Projection == d.name {
				s.Parked++
			}
		}
		statuses = append(statuses, s)
	}
	return statuses, nil
}

// Unmade is the List of a bank that has no read models yet: they lag by the whole
// log.
func Unmade(ctx context.Context, log eventbus.Log) ([]Status, error) {
	head, err := log.Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("projections: asking for the log's head: %w", err)
	}
	statuses := make([]Status, 0, len(definitions))
	for _, d := range definitions {
		statuses = append(statuses, Status{Name: d.name, Version: d.version, Lag: head.Position})
	}
	return statuses, nil
}

// Health is what an operator should look at.
type Health struct {
	Stopped error // why the log is not being followed; nil while it is, or before Run
	Parked  []Parked
}

// parkedListMax bounds Health.Parked.
const parkedListMax = 1000

// Health lists the parked streams, oldest first.
func (r *Reads) Health(ctx context.Context) (Health, error) {
	var h Health
	_, _, _, h.Stopped = r.progress.of("")
	err := r.database.each(ctx, "select projection, stream, position, event_id, kind, reason from parked order by position, projection limit ?",
		[]any{parkedListMax}, func(row scanner) error {
			var p Parked
			err := row.Scan(&p.Projection, &p.Stream, &p.Position, &p.EventID, &p.Kind, &p.Reason)
			h.Parked = append(h.Parked, p)
			return err
		})
	return h, err
}

// Names lists the projections.
func Names() []string {
	names := make([]string, len(definitions))
	for i, d := range definitions {
		names[i] = d.name
	}
	return names
}
