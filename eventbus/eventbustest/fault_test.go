package eventbustest_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/eventbus/eventbustest"
)

var founding = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func start(t testing.TB, journal eventbus.Journal, index eventbus.Index) *eventbus.Sequencer {
	t.Helper()
	o := eventbustest.Options(eventbustest.Ticking(founding))
	o.Index = index
	seq, err := eventbus.Open(t.Context(), journal, o)
	require.NoError(t, err)
	return seq
}

func end(t testing.TB, seq *eventbus.Sequencer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	require.NoError(t, seq.Close(ctx))
}

// order is a commit of one event on each stream, at its present version.
func order(t testing.TB, log eventbus.Log, id int, streams ...int) eventbus.Commit {
	t.Helper()
	c := eventbus.Commit{ID: eventbustest.ID(id), Generation: log.Generation()}
	for _, n := range streams {
		version, err := log.Version(context.Background(), eventbustest.StreamOf(n))
		require.NoError(t, err)
		c.Streams = append(c.Streams, eventbus.Append{Stream: eventbustest.StreamOf(n), Expected: version, Events: []eventbus.Event{eventbustest.EventOf("{}")}})
	}
	return c
}

// persist does what callers have to do, until the log can say.
func persist(t testing.TB, log eventbus.Log, id int, streams ...int) (eventbus.Receipt, error) {
	t.Helper()
	for {
		ticket, err := log.Enqueue(order(t, log, id, streams...))
		var receipt eventbus.Receipt
		if err == nil {
			receipt, err = ticket.Wait(context.Background())
		}
		var conflict *eventbus.VersionConflict
		if err == nil || (!errors.Is(err, eventbus.ErrGeneration) && !errors.As(err, &conflict)) {
			return receipt, err
		}
	}
}

// Every append fails once, in every way, before and after it was kept; then the
// log is reopened and everything is checked.
func TestTheNthAppendFails(t *testing.T) {
	t.Parallel()
	faults := map[string]eventbustest.Fault{
		"kept, and the answer lost": eventbustest.FailsKept, "lost": eventbustest.FailsLost,
		"on its way": eventbustest.FailsLate, "behind a record that counts for nothing": eventbustest.Fences,
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				store := eventbustest.NewStore()
				journal := store.Journal()
				hit := false
				journal.Script(func(i int) eventbustest.Fault {
					if fault == eventbustest.FailsLate && i == n+1 && n%2 == 0 {
						store.Land() // before it is sent again; else after
					}
					if i != n {
						return eventbustest.Works
					}
					hit = true
					return fault
				})
				var index eventbustest.MemoryIndex
				seq := start(t, journal, &index)
				told := map[int]eventbus.Receipt{}
				for i := range 6 {
					r, err := persist(t, seq, i, i%2)
					require.NoError(t, err)
					told[i] = r
					store.Land()
					eventbustest.CheckLog(t, seq, journal)
				}
				end(t, seq)
				seq = start(t, store.Journal(), &index)
				state := eventbustest.CheckLog(t, seq, journal)
				for i, r := range told {
					require.Equal(t, r, state.Receipts[eventbustest.ID(i)], "append %d, commit %d", n, i)
				}
				require.Equal(t, eventbus.Version(3), state.Heads[eventbustest.StreamOf(0)])
				end(t, seq)
				if !hit {
					break
				}
			}
		})
	}
}

func TestASecondFaultMeetsTheFirst(t *testing.T) {
	t.Parallel()
	all := []eventbustest.Fault{eventbustest.Works, eventbustest.FailsKept, eventbustest.FailsLost, eventbustest.FailsLate, eventbustest.Fences}
	for _, first := range all[1:] {
		for _, second := range all[1:] {
			store := eventbustest.NewStore()
			journal := store.Journal()
			var index eventbustest.MemoryIndex
			seq := start(t, journal, &index)
			journal.Script(func(n int) eventbustest.Fault {
				if n > 3 {
					store.Land()
				}
				return []eventbustest.Fault{first, second, first, eventbustest.Works}[min(n, 4)-1]
			})
			for i := range 4 {
				_, err := persist(t, seq, i, 0, 10+i)
				require.NoError(t, err)
			}
			store.Land()
			require.Equal(t, eventbus.Version(4), eventbustest.CheckLog(t, seq, journal).Heads[eventbustest.StreamOf(0)], "%v then %v", first, second)
			end(t, seq)
		}
	}
}

func TestNobodyIsToldFailedWhileItMayStillLand(t *testing.T) {
	t.Parallel()
	store := eventbustest.NewStore()
	journal := store.Journal()
	seq := start(t, journal, &eventbustest.MemoryIndex{})
	var mu sync.Mutex
	fault := eventbustest.FailsLate
	journal.Script(func(int) eventbustest.Fault { mu.Lock(); defer mu.Unlock(); return fault })
	ticket, err := seq.Enqueue(order(t, seq, 1, 1))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = ticket.Wait(ctx)
	var unknown *eventbus.UnknownOutcome
	require.ErrorAs(t, err, &unknown)
	require.Equal(t, eventbustest.ID(1), unknown.ID)
	again, found, err := seq.Find(t.Context(), eventbustest.ID(1))
	require.NoError(t, err)
	require.True(t, found, "it is asked for by its id meanwhile")
	require.Positive(t, store.Land())
	mu.Lock()
	fault = eventbustest.Works
	mu.Unlock()
	receipt, err := again.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, ticket.Receipt(), receipt)
	eventbustest.CheckLog(t, seq, journal)
	end(t, seq)
}

// The writer hangs in an append; another takes over; then the first comes back.
func TestAPausedWriterWakesUpToAnother(t *testing.T) {
	t.Parallel()
	store := eventbustest.NewStore()
	a, b := store.Journal(), store.Journal()
	one := start(t, a, &eventbustest.MemoryIndex{})
	_, err := persist(t, one, 1, 1)
	require.NoError(t, err)
	resume := a.Pause()
	lost, err := one.Enqueue(order(t, one, 2, 1))
	require.NoError(t, err)
	shared, err := one.Enqueue(order(t, one, 3, 2))
	require.NoError(t, err)
	two := start(t, b, &eventbustest.MemoryIndex{})
	theirs, err := persist(t, two, 3, 2) // the same command, retried at the other
	require.NoError(t, err)
	generation := one.Generation()
	resume()
	_, err = lost.Wait(t.Context())
	require.ErrorIs(t, err, eventbus.ErrGeneration)
	receipt, err := shared.Wait(t.Context())
	require.NoError(t, err, "the other's receipt answers")
	require.Equal(t, theirs, receipt)
	require.Greater(t, one.Generation(), generation, "what was decided before may stand on what never happened")
	_, err = persist(t, one, 2, 1)
	require.NoError(t, err)
	state := eventbustest.CheckLog(t, one, a)
	require.Equal(t, eventbus.Version(2), state.Heads[eventbustest.StreamOf(1)])
	require.ErrorIs(t, two.Durable(t.Context()), eventbus.ErrGeneration)
	eventbustest.CheckLog(t, two, b)
	end(t, one)
	end(t, two)
}

func TestRecordsThatExtendNothingArePassedOver(t *testing.T) {
	t.Parallel()
	store := eventbustest.NewStore()
	journal := store.Journal()
	var index eventbustest.MemoryIndex
	seq := start(t, journal, &index)
	_, err := persist(t, seq, 1, 1)
	require.NoError(t, err)
	var first []byte
	for entry := range journal.Read(t.Context(), eventbus.Mark{}) {
		first = entry.Record
	}
	store.Leak(first) // a group that landed twice
	_, err = persist(t, seq, 2, 1)
	require.NoError(t, err)
	store.Leak(first, first)
	eventbustest.CheckLog(t, seq, journal)
	require.NoError(t, seq.Durable(t.Context()))
	end(t, seq)
	for _, x := range []*eventbustest.MemoryIndex{&index, {}} {
		seq = start(t, journal, x)
		eventbustest.CheckLog(t, seq, journal)
		end(t, seq)
	}
}

func TestAnIndexBeyondOrBesideTheJournalStopsLoudly(t *testing.T) {
	t.Parallel()
	store := eventbustest.NewStore()
	var index eventbustest.MemoryIndex
	seq := start(t, store.Journal(), &index)
	for i := range 5 {
		_, err := persist(t, seq, i, 1)
		require.NoError(t, err)
	}
	end(t, seq)
	store.Cut(2)
	other := eventbustest.NewStore()
	seq = start(t, other.Journal(), &eventbustest.MemoryIndex{})
	for i := range 9 {
		_, err := persist(t, seq, 100+i, 1)
		require.NoError(t, err)
	}
	end(t, seq)
	for _, journal := range []eventbus.Journal{store.Journal(), other.Journal(), eventbustest.NewStore().Journal()} {
		o := eventbustest.Options(eventbustest.Ticking(time.Now()))
		o.Index = &index
		_, err := eventbus.Open(t.Context(), journal, o)
		require.ErrorIs(t, err, eventbus.ErrIndexAstray)
	}
	o := eventbustest.Options(eventbustest.Ticking(time.Now()))
	o.Index, o.RebuildIndex = &index, true
	seq, err := eventbus.Open(t.Context(), store.Journal(), o)
	require.NoError(t, err)
	state := eventbustest.CheckLog(t, seq, store.Journal())
	require.Equal(t, eventbus.Version(3), state.Heads[eventbustest.StreamOf(1)])
	end(t, seq)
}

// A local journal's n-th sync fails: the log stops for good, at once, and every
// commit that was acknowledged is there in the next life, whatever the disk kept.
func TestTheNthSyncFails(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 12; n++ {
		for _, tail := range []bool{false, true} {
			t.Run(fmt.Sprintf("sync %d, tail kept %v", n, tail), func(t *testing.T) {
				t.Parallel()
				local := eventbustest.NewLocal()
				seq := start(t, local, nil)
				local.FailAt(n)
				told := map[int]eventbus.Receipt{}
				var failure error
				for i := 0; failure == nil; i++ {
					var r eventbus.Receipt
					if r, failure = persist(t, seq, i, i%3); failure == nil {
						told[i] = r
					}
				}
				require.ErrorIs(t, failure, eventbus.ErrStopped)
				var unknown *eventbus.UnknownOutcome
				require.ErrorAs(t, failure, &unknown)
				select {
				case <-seq.Failed():
				case <-time.After(100 * time.Millisecond):
					t.Fatal("the process was not told to stop")
				}
				require.ErrorIs(t, seq.Err(), eventbustest.ErrDisk)
				_, err := seq.Enqueue(eventbus.Commit{ID: eventbustest.ID(1000), Generation: 1, Streams: []eventbus.Append{{Stream: eventbustest.StreamOf(9), Events: []eventbus.Event{eventbustest.EventOf("")}}}})
				require.ErrorIs(t, err, eventbus.ErrStopped)
				require.ErrorIs(t, seq.Durable(t.Context()), eventbus.ErrStopped)
				_, _, err = seq.Find(t.Context(), eventbustest.ID(0))
				require.ErrorIs(t, err, eventbus.ErrStopped)
				require.NoError(t, seq.Close(t.Context()))
				next := local.Crash(tail)
				seq = start(t, next, nil)
				state := eventbustest.CheckLog(t, seq, next)
				for i, r := range told {
					require.Equal(t, r, state.Receipts[eventbustest.ID(i)])
				}
				_, err = persist(t, seq, len(told), 0)
				require.NoError(t, err)
				eventbustest.CheckLog(t, seq, next)
				end(t, seq)
			})
		}
	}
}

func TestNothingIsSeenBeforeItIsDurable(t *testing.T) {
	t.Parallel()
	local := eventbustest.NewLocal()
	seq := start(t, local, nil)
	before, err := persist(t, seq, 0, 1)
	require.NoError(t, err)
	release := local.Hold()
	var tickets []eventbus.Ticket
	for i := 1; i < 5; i++ {
		ticket, err := seq.Enqueue(order(t, seq, i, 1))
		require.NoError(t, err)
		tickets = append(tickets, ticket)
	}
	newest := tickets[3].Receipt().ID
	require.Eventually(t, func() bool { // the groups are in the index, but not synced
		_, ok, _ := local.Index().Get(append([]byte{'c'}, newest[:]...))
		return ok
	}, 30*time.Second, time.Millisecond)
	head, err := seq.Head(t.Context())
	require.NoError(t, err)
	require.Equal(t, before.Last, head.Position)
	for e, err := range seq.ReadStream(t.Context(), eventbustest.StreamOf(1), 0) {
		require.NoError(t, err)
		require.Equal(t, eventbus.Version(1), e.Version)
	}
	for r, err := range seq.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		require.LessOrEqual(t, r.Last(), before.Last)
	}
	_, err = seq.ReadCommit(t.Context(), tickets[0].Receipt())
	require.ErrorIs(t, err, eventbus.ErrAhead)
	again, found, err := seq.Find(t.Context(), eventbustest.ID(2))
	require.NoError(t, err)
	require.True(t, found)
	version, err := seq.Version(t.Context(), eventbustest.StreamOf(1))
	require.NoError(t, err)
	require.Equal(t, eventbus.Version(5), version, "heads count what is enqueued")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, seq.Durable(ctx), context.DeadlineExceeded)
	_, err = again.Wait(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	release()
	require.NoError(t, seq.Durable(t.Context()))
	receipt, err := again.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, tickets[1].Receipt(), receipt)
	eventbustest.CheckLog(t, seq, local)
	end(t, seq)
}

func TestAFullQueueSaysSoAndRecovers(t *testing.T) {
	t.Parallel()
	local := eventbustest.NewLocal()
	seq := start(t, local, nil)
	release := local.Hold()
	var last eventbus.Ticket
	var err error
	n := 0
	for ; err == nil; n++ {
		var ticket eventbus.Ticket
		if ticket, err = seq.Enqueue(order(t, seq, n, n)); err == nil {
			last = ticket
		}
	}
	require.ErrorIs(t, err, eventbus.ErrBusy)
	require.Greater(t, n, 1000)
	release()
	_, err = last.Wait(t.Context())
	require.NoError(t, err)
	_, err = persist(t, seq, n, n)
	require.NoError(t, err)
	end(t, seq)
}
