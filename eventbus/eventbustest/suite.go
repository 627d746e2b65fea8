package eventbustest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
)

// Subject is one journal under test, empty at first.
type Subject struct {
	// Open opens it, again after a Close, or beside other connections if Shared.
	Open func(t testing.TB) eventbus.Journal
	// Index opens its local index again. nil: a Pipelined journal has one, and for
	// others the suite keeps one in memory.
	Index func(t testing.TB) eventbus.Index
	// Shared: several writers can be connected at once.
	Shared bool
}

// law is a sentence and its proof.
type law struct {
	sentence string
	holds    func(t *testing.T, s *subject)
	shared   bool // only where several writers can be connected
}

// Run lets a journal prove every law, each on a fresh one.
func Run(t *testing.T, fresh func(t testing.TB) Subject) {
	for name, laws := range map[string][]law{"Journal": journalLaws, "Log": logLaws, "Readers": readerLaws, "Writers": writerLaws} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, law := range laws {
				t.Run(law.sentence, func(t *testing.T) {
					t.Parallel()
					s := &subject{Subject: fresh(t)}
					if law.shared && !s.Shared {
						t.Skip("this journal has one writer by construction")
					}
					law.holds(t, s)
				})
			}
		})
	}
}

// subject opens and reopens journals and the logs above them.
type subject struct {
	Subject
	index MemoryIndex
}

// session is one life of a process: a connection and a sequencer.
type session struct {
	*eventbus.Sequencer
	journal eventbus.Journal
	index   eventbus.Index
}

func (s *subject) options(t testing.TB, journal eventbus.Journal) eventbus.Options {
	o := Options(Ticking(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
	if _, ok := journal.(eventbus.Pipelined); ok {
		return o
	}
	o.Index = &s.index
	if s.Index != nil {
		o.Index = s.Index(t)
	}
	return o
}

var writers atomic.Int64

// Options are what a sequencer needs, with a new writer id; the index is missing.
func Options(clock func() time.Time) eventbus.Options {
	sum := sha256.Sum256(fmt.Append(nil, "writer ", writers.Add(1)))
	return eventbus.Options{Clock: clock, BuildVersion: "test", Writer: uuid.UUID(sum[:16]), Genesis: Founding()}
}

// Ticking is a clock that advances a millisecond at every look.
func Ticking(from time.Time) func() time.Time {
	var n atomic.Int64
	return func() time.Time { return from.Add(time.Duration(n.Add(1)) * time.Millisecond) }
}

// start opens the log. The journal is closed at the test's end if not before.
func (s *subject) start(t testing.TB) *session {
	t.Helper()
	journal := s.Open(t)
	o := s.options(t, journal)
	seq, err := eventbus.Open(t.Context(), journal, o)
	require.NoError(t, err)
	return &session{Sequencer: seq, journal: journal, index: o.Index}
}

// end closes the log and the journal.
func (p *session) end(t testing.TB) {
	t.Helper()
	require.NoError(t, p.Sequencer.Close(context.Background()))
	if p.index != nil {
		require.NoError(t, p.index.Close())
	}
	require.NoError(t, p.journal.Close())
}

// commit is a commit of one event on each stream, at its present version.
func commit(t testing.TB, log eventbus.Log, id int, streams ...int) eventbus.Commit {
	t.Helper()
	c := eventbus.Commit{ID: ID(id), Header: eventbus.Header{ActorType: "system"}, Generation: log.Generation()}
	for _, n := range streams {
		version, err := log.Version(t.Context(), StreamOf(n))
		require.NoError(t, err)
		c.Streams = append(c.Streams, eventbus.Append{Stream: StreamOf(n), Expected: version, Events: []eventbus.Event{EventOf(fmt.Sprintf(`{"commit":%d}`, id))}})
	}
	return c
}

// write commits and waits.
func write(t testing.TB, log eventbus.Log, id int, streams ...int) eventbus.Receipt {
	t.Helper()
	ticket, err := log.Enqueue(commit(t, log, id, streams...))
	require.NoError(t, err)
	require.False(t, ticket.Repeated())
	receipt, err := ticket.Wait(t.Context())
	require.NoError(t, err)
	return receipt
}

// insist does what a caller has to do until the commit is durable: read the
// versions again, decide again. It returns the receipt, whoever wrote it.
func insist(ctx context.Context, log eventbus.Log, id int, streams ...int) (eventbus.Receipt, error) {
	for {
		c := eventbus.Commit{ID: ID(id), Header: eventbus.Header{ActorType: "system"}, Generation: log.Generation()}
		for _, n := range streams {
			version, err := log.Version(ctx, StreamOf(n))
			if err != nil {
				return eventbus.Receipt{}, err
			}
			c.Streams = append(c.Streams, eventbus.Append{Stream: StreamOf(n), Expected: version, Events: []eventbus.Event{EventOf("{}")}})
		}
		ticket, err := log.Enqueue(c)
		if err == nil {
			var receipt eventbus.Receipt
			if receipt, err = ticket.Wait(ctx); err == nil {
				return receipt, nil
			}
		}
		var conflict *eventbus.VersionConflict
		if !errors.As(err, &conflict) && !errors.Is(err, eventbus.ErrGeneration) && !errors.Is(err, eventbus.ErrBusy) {
			return eventbus.Receipt{}, err
		}
	}
}

// acknowledged collects what clients were told, and compares it with the log.
type acknowledged struct {
	mu       sync.Mutex
	receipts map[uuid.UUID]eventbus.Receipt
}

func (a *acknowledged) add(r eventbus.Receipt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.receipts == nil {
		a.receipts = map[uuid.UUID]eventbus.Receipt{}
	}
	a.receipts[r.ID] = r
}

// check: nothing that was acknowledged is lost or lies elsewhere.
func (a *acknowledged) check(t testing.TB, s State) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, r := range a.receipts {
		require.Equal(t, r, s.Receipts[id], "acknowledged commit %s", id)
	}
}
