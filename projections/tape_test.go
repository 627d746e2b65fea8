package projections

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"sync"
	"time"

	"florin/eventbus"
)

// tape is a log in memory that keeps what it is given, in order, and nothing
// else: for histories that the Sequencer would not write (another bank's, a torn
// one, millions of events). Everything that it could write goes through it.
type tape struct {
	eventbus.Log // nil: what is not below is not asked of it
	mu           sync.Mutex
	records      []eventbus.Record
	streams      map[eventbus.Stream][]eventbus.Recorded
	grown        chan struct{}
	salt         byte // another salt is another history
}

func newTape(salt byte) *tape {
	return &tape{streams: map[eventbus.Stream][]eventbus.Recorded{}, grown: make(chan struct{}), salt: salt}
}

func (t *tape) write(c eventbus.Commit, at time.Time) eventbus.Receipt {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := eventbus.Record{ID: c.ID, Header: c.Header, RecordedAt: at, First: 1}
	if n := len(t.records); n > 0 {
		r.First, r.Previous = t.records[n-1].Last()+1, t.records[n-1].Hash
	}
	for _, s := range c.Streams {
		for _, e := range s.Events {
			i := uint32(len(r.Events))
			r.Events = append(r.Events, eventbus.Recorded{Event: e, ID: eventbus.EventID(c.ID, i), Stream: s.Stream,
				Version: eventbus.Version(len(t.streams[s.Stream]) + 1), Position: r.First + eventbus.Position(i), Index: i})
			t.streams[s.Stream] = append(t.streams[s.Stream], r.Events[i])
		}
	}
	r.Hash = sha256.Sum256(append(binary.BigEndian.AppendUint64([]byte{t.salt}, uint64(r.Last())), r.Previous[:]...))
	t.records = append(t.records, r)
	close(t.grown)
	t.grown = make(chan struct{})
	return eventbus.Receipt{ID: c.ID, First: r.First, Last: r.Last(), Hash: r.Hash, RecordedAt: at}
}

// from gives the records above after and what will close when there are more.
func (t *tape) from(after eventbus.Position) ([]eventbus.Record, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	low, high := 0, len(t.records)
	for low < high {
		if m := (low + high) / 2; t.records[m].Last() > after {
			high = m
		} else {
			low = m + 1
		}
	}
	return t.records[low:], t.grown
}

func (t *tape) Head(context.Context) (eventbus.Mark, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.records) == 0 {
		return eventbus.Mark{}, nil
	}
	last := t.records[len(t.records)-1]
	return eventbus.Mark{Position: last.Last(), Hash: last.Hash}, nil
}

func (t *tape) Version(_ context.Context, s eventbus.Stream) (eventbus.Version, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return eventbus.Version(len(t.streams[s])), nil
}

func (t *tape) ReadStream(_ context.Context, s eventbus.Stream, after eventbus.Version) iter.Seq2[eventbus.Recorded, error] {
	t.mu.Lock()
	events := t.streams[s]
	t.mu.Unlock()
	return func(yield func(eventbus.Recorded, error) bool) {
		for _, e := range events[min(int(after), len(events)):] {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (t *tape) ReadAll(ctx context.Context, after eventbus.Position) iter.Seq2[eventbus.Record, error] {
	return func(yield func(eventbus.Record, error) bool) {
		records, _ := t.from(after)
		for _, r := range records {
			if ctx.Err() != nil || !yield(r, nil) {
				return
			}
		}
	}
}

func (t *tape) Subscribe(ctx context.Context, after eventbus.Position) iter.Seq2[eventbus.Record, error] {
	return func(yield func(eventbus.Record, error) bool) {
		for {
			records, grown := t.from(after)
			for _, r := range records {
				if ctx.Err() != nil || !yield(r, nil) {
					return
				}
				after = r.Last()
			}
			select {
			case <-grown:
			case <-ctx.Done():
				return
			}
		}
	}
}
