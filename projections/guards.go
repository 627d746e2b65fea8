package projections

import (
	"context"
	"fmt"
	"sync/atomic"

	"florin/domain"
	"florin/eventbus"
	"florin/schemas"
)

// Guards answers, for every request and without asking anyone: has this
// session, device, customer, operator or signing key come to its end? It is folded from the
// log in memory, so a revocation bites as soon as it is durable, wherever it was
// made. It decodes next to nothing: a stream's name and a kind say it all.
//
// Until it has caught up once (Caught) it knows too little: refuse to serve.
// An event that it cannot read counts against its subject: better a login too many.
type Guards struct {
	*Standing
	log    eventbus.Log
	decode decoder

	seeded   eventbus.Mark // of the snapshot that Run has yet to check; zero: none
	position atomic.Uint64
	progress *progress
}

const guardsName = "guards"

// NewGuards makes a fold that has read nothing yet; Run feeds it.
func NewGuards(log eventbus.Log, treaty *schemas.Treaty) *Guards {
	return newGuards(log, treaty.DecodeClosed)
}

func newGuards(log eventbus.Log, decode decoder) *Guards {
	g := &Guards{Standing: NewStanding(), log: log, decode: decode, progress: newProgress()}
	g.progress.positions[guardsName] = 0
	return g
}

// Seed takes over what the read database knows, so that Run need not read the
// whole log: to be called before Run, or not at all. Run checks the snapshot's
// hash against the log and begins from nothing if it is not of this log.
func (g *Guards) Seed(ctx context.Context, r *Reads) error {
	verdicts, mark, err := r.verdicts(ctx)
	if err != nil || mark.Position == 0 {
		return err
	}
	g.replace(verdicts)
	g.seeded = mark
	g.position.Store(uint64(mark.Position))
	return nil
}

// check compares the snapshot with the log, once.
func (g *Guards) check(ctx context.Context) error {
	if g.seeded.Position == 0 {
		return nil
	}
	head, err := g.log.Head(ctx)
	if err != nil {
		return fmt.Errorf("projections: asking for the log's head: %w", err)
	}
	hash, err := hashAt(ctx, g.log, head.Position, g.seeded.Position)
	if err != nil {
		return err
	}
	if hash == g.seeded.Hash {
		g.reached(g.seeded.Position)
	} else {
		g.replace(map[string]verdict{})
		g.position.Store(0)
	}
	g.seeded = eventbus.Mark{}
	return nil
}

// Run follows the log until ctx ends (then nil) or the log fails. Whoever serves
// on the strength of g must stop serving when Run fails. It may be called again.
func (g *Guards) Run(ctx context.Context) error {
	g.progress.start()
	err := g.follow(ctx)
	if ctx.Err() != nil {
		g.progress.stop(ErrStopped)
		return nil
	}
	g.progress.stop(fmt.Errorf("%w: %w", ErrStopped, err))
	return err
}

func (g *Guards) follow(ctx context.Context) error {
	if err := g.check(ctx); err != nil {
		return err
	}
	for record, err := range g.log.Subscribe(ctx, eventbus.Position(g.position.Load())) {
		if err != nil {
			return fmt.Errorf("projections: guards following the log: %w", err)
		}
		for i := range record.Events {
			if err := g.take(&record.Events[i]); err != nil {
				return err
			}
		}
		g.reached(record.Last())
	}
	return ErrStopped
}

// reached tells everyone who waits.
func (g *Guards) reached(position eventbus.Position) {
	g.position.Store(uint64(position))
	g.progress.advance([]*target{{definition: definition{name: guardsName}, position: position}})
}

func (g *Guards) take(e *eventbus.Recorded) error {
	if !judged(e.Kind) {
		return nil
	}
	var event domain.Event
	if decodes(e.Kind) {
		event, _ = decodeSafely(g.decode, e) // judge counts it against its subject
	}
	subject, v, err := judge(e.Kind, e.Stream, event)
	if err != nil {
		return fmt.Errorf("projections: guards at position %d: %w", e.Position, err)
	}
	g.rule(subject, v)
	return nil
}

// Position is how far the log is known.
func (g *Guards) Position() eventbus.Position { return eventbus.Position(g.position.Load()) }

// Caught waits until everything is known that is durable now: before serving,
// and after a restart. Errors: of ctx, of the log, ErrStopped.
func (g *Guards) Caught(ctx context.Context) error {
	head, err := g.log.Head(ctx)
	if err != nil {
		return fmt.Errorf("projections: asking for the log's head: %w", err)
	}
	return g.WaitFor(ctx, head.Position)
}

// WaitFor waits until the log is known up to position, as long as ctx allows.
func (g *Guards) WaitFor(ctx context.Context, position eventbus.Position) error {
	for {
		reached, _, changed, stopped := g.progress.of(guardsName)
		switch {
		case reached >= position:
			return nil
		case stopped != nil:
			return stopped
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
