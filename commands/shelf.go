package commands

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"florin/domain"
	"florin/eventbus"
)

// named is an identifier of domain/id.
type named interface {
	comparable
	UUID() uuid.UUID
	Stream() string
}

// decoder reads stored events of one aggregate: a codec of schemas.Treaty.
type decoder[E domain.Event] interface {
	Decode(kind string, version uint16, eventID uuid.UUID, data []byte) (E, error)
}

// shelf is where the states of one kind of aggregate are found: in memory, or by
// replaying their streams, from a snapshot if there is one.
type shelf[I named, S domain.Aggregate[S, C, E], C any, E domain.Event] struct {
	log       eventbus.Log
	codec     decoder[E]
	cache     *cache[S]
	worth     func(S) bool  // keeping in memory after a command; nil: always
	snapshots *snapshots[S] // nil: streams of this kind stay short
}

func newShelf[I named, S domain.Aggregate[S, C, E], C any, E domain.Event](b *Bank, codec decoder[E]) *shelf[I, S, C, E] {
	return &shelf[I, S, C, E]{log: b.log, codec: codec, cache: newCache[S](b.settings.StatesMax / 4)}
}

// find gives the state at the stream's head, enqueued commits included.
func (s *shelf[I, S, C, E]) find(ctx context.Context, id I, generation eventbus.Generation) (S, eventbus.Version, error) {
	if state, version, ok := s.cache.get(id.UUID(), generation); ok {
		return state, version, nil
	}
	state, version, err := s.replay(ctx, id)
	if err == nil && version > 0 {
		s.cache.put(id.UUID(), state, version, generation)
	}
	return state, version, err
}

// replay reads the stream from the log. Commits that are enqueued and not yet
// durable cannot be read, so it waits for them.
func (s *shelf[I, S, C, E]) replay(ctx context.Context, id I) (state S, version eventbus.Version, err error) {
	stream := eventbus.Stream(id.Stream())
	head, err := s.log.Version(ctx, stream)
	if err != nil {
		return state, 0, fmt.Errorf("commands: load %s: %w", stream, err)
	}
	if s.snapshots != nil && head >= snapshotEvery {
		state, version = s.snapshots.load(ctx, s.log, stream, head)
	}
	for version < head {
		for recorded, err := range s.log.ReadStream(ctx, stream, version) {
			if err != nil {
				return state, 0, fmt.Errorf("commands: load %s: %w", stream, err)
			}
			event, err := s.codec.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
			if err != nil {
				return state, 0, fmt.Errorf("commands: load %s version %d: %w", stream, recorded.Version, err)
			}
			state, version = state.Evolve(event), recorded.Version
		}
		if version < head {
			if err := s.log.Durable(ctx); err != nil {
				return state, 0, err // ErrGeneration: the head never happened
			}
		}
	}
	return state, version, nil
}

// look gives the durable state of an aggregate, for answers that write nothing
// and for facts that cannot change any more.
func (s *shelf[I, S, C, E]) look(ctx context.Context, id I) (S, error) {
	var none S
	for range attemptsMax {
		generation := s.log.Generation()
		state, _, err := s.find(ctx, id, generation)
		if err == nil {
			err = s.log.Durable(ctx)
		}
		switch {
		case again(err):
		case err != nil:
			return none, err
		case s.log.Generation() == generation:
			return state, nil
		}
	}
	return none, fmt.Errorf("commands: look at %s: %w", id.Stream(), eventbus.ErrBusy)
}
