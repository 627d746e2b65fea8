package eventbustest

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"sync"

	"florin/eventbus"
)

// Store is the model of a journal that several writers share, as a server keeps
// it: one message for each group, and an append only at the expected last message.
type Store struct {
	mu       sync.Mutex
	messages [][][]byte // the records of each group
	end      eventbus.Mark
	late     []late
	changed  chan struct{} // closed and replaced at every message
}

// late is a group that is still on its way.
type late struct {
	at      eventbus.Mark
	records [][]byte
}

// NewStore is an empty journal.
func NewStore() *Store { return &Store{changed: make(chan struct{})} }

// Journal is one writer's connection. Any number may be open.
func (s *Store) Journal() *Journal { return &Journal{store: s} }

// Fault is what happens to one Append.
type Fault int

const (
	Works     Fault = iota
	FailsKept       // kept, but the answer is lost
	FailsLost       // not kept, and it never will be
	FailsLate       // not kept yet: it may land when Land is called
	Fences          // refused for another writer, which has written nothing that counts
)

// ErrLost is the answer that never came.
var ErrLost = errors.New("eventbustest: no answer")

// Journal is a connection to a Store. Faults may be changed while it is used.
type Journal struct {
	store  *Store
	mu     sync.Mutex
	faults func(n int) Fault
	n      int
	gate   chan struct{}
}

// Script decides the fate of the n-th Append from now on, n = 1, 2, 3...
func (j *Journal) Script(faults func(n int) Fault) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.faults, j.n = faults, 0
}

// Pause lets all further calls that write or look at the head hang, as those of a
// paused process do, until resume is called.
func (j *Journal) Pause() (resume func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	gate := make(chan struct{})
	j.gate = gate
	return sync.OnceFunc(func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		close(gate)
		j.gate = nil
	})
}

func (j *Journal) pass(ctx context.Context) error {
	j.mu.Lock()
	gate := j.gate
	j.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

func (j *Journal) Head(ctx context.Context) (eventbus.Mark, error) {
	if err := j.pass(ctx); err != nil {
		return eventbus.Mark{}, err
	}
	j.store.mu.Lock()
	defer j.store.mu.Unlock()
	return j.store.end, nil
}

func (j *Journal) Append(ctx context.Context, at eventbus.Mark, commits [][]byte) (eventbus.Mark, error) {
	if err := j.pass(ctx); err != nil {
		return eventbus.Mark{}, err
	}
	j.mu.Lock()
	j.n++
	fault := Works
	if j.faults != nil {
		fault = j.faults(j.n)
	}
	j.mu.Unlock()
	s := j.store
	s.mu.Lock()
	defer s.mu.Unlock()
	switch fault {
	case FailsLost:
		return eventbus.Mark{}, ErrLost
	case FailsLate:
		s.late = append(s.late, late{at, copied(commits)})
		return eventbus.Mark{}, ErrLost
	case Fences:
		s.keep([][]byte{junk(s.end)})
	}
	if string(at.Place) != string(s.end.Place) {
		return eventbus.Mark{}, &eventbus.Fenced{Head: s.end}
	}
	s.keep(copied(commits))
	if fault == FailsKept {
		return eventbus.Mark{}, ErrLost
	}
	return s.end, nil
}

// Land lets the groups that were on their way arrive. It tells how many found
// their place still free.
func (s *Store) Land() (kept int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.late {
		if string(l.at.Place) == string(s.end.Place) {
			s.keep(l.records)
			kept++
		}
	}
	s.late = nil
	return kept
}

// Leak keeps records without any condition, as a broken fence would.
func (s *Store) Leak(records ...[]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(copied(records))
}

// Cut takes the last messages off, as a restored backup does.
func (s *Store) Cut(messages int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := s.messages[:len(s.messages)-messages]
	s.messages, s.end = nil, eventbus.Mark{}
	for _, records := range rest {
		s.keep(records)
	}
}

// Messages counts the groups kept.
func (s *Store) Messages() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.messages)
}

// keep extends the journal. The lock is held.
func (s *Store) keep(records [][]byte) {
	s.messages = append(s.messages, records)
	for _, r := range records {
		o, err := eventbus.Peek(r)
		if err == nil && o.First == s.end.Position+1 && o.Previous == s.end.Hash {
			s.end.Position, s.end.Hash = o.Last, o.Hash
		}
	}
	s.end.Place = place(len(s.messages))
	close(s.changed)
	s.changed = make(chan struct{})
}

func copied(records [][]byte) [][]byte {
	out := make([][]byte, len(records))
	for i := range records {
		out[i] = append([]byte(nil), records[i]...)
	}
	return out
}

// place is the number of messages before it; none is the empty place.
func place(messages int) []byte {
	if messages == 0 {
		return nil
	}
	return binary.BigEndian.AppendUint64(nil, uint64(messages))
}

func (j *Journal) Read(ctx context.Context, from eventbus.Mark) iter.Seq2[eventbus.Entry, error] {
	return j.read(ctx, from, false)
}

func (j *Journal) Follow(ctx context.Context, from eventbus.Mark) iter.Seq2[eventbus.Entry, error] {
	return j.read(ctx, from, true)
}

func (j *Journal) read(ctx context.Context, from eventbus.Mark, follow bool) iter.Seq2[eventbus.Entry, error] {
	return func(yield func(eventbus.Entry, error) bool) {
		next := 0
		if len(from.Place) == 8 {
			next = int(binary.BigEndian.Uint64(from.Place))
		}
		for {
			records, changed := j.store.message(next)
			if records == nil {
				if !follow {
					return
				}
				select {
				case <-changed:
					continue
				case <-ctx.Done():
				}
			}
			if err := ctx.Err(); err != nil {
				yield(eventbus.Entry{}, err)
				return
			}
			next++
			for i, r := range records {
				if o, err := eventbus.Peek(r); err == nil && o.Last <= from.Position {
					continue
				}
				after := place(next - 1) // inside a message, it is read again from its beginning
				if i == len(records)-1 {
					after = place(next)
				}
				if !yield(eventbus.Entry{Record: append([]byte(nil), r...), Place: after}, nil) {
					return
				}
			}
		}
	}
}

func (s *Store) message(i int) ([][]byte, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i >= len(s.messages) {
		return nil, s.changed
	}
	return s.messages[i], nil
}

func (j *Journal) Limits() eventbus.Limits {
	return eventbus.Limits{GroupBytesMax: 2 * eventbus.CommitBytesMax, GroupCommitsMax: 64}
}

func (j *Journal) Close() error { return nil }
