package eventbustest

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/eventbus"
)

// writerLaws hold for many writers in one process, and in several.
var writerLaws = []law{
	{sentence: "many writers on one hot stream lose nothing and double nothing", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		told := race(t, 200, 8, p)
		state := CheckLog(t, p, p.journal)
		told.check(t, state)
		require.Equal(t, eventbus.Version(200), state.Heads[StreamOf(0)])
		p.end(t)
		p = s.start(t)
		told.check(t, CheckLog(t, p, p.journal))
		p.end(t)
	}},
	{sentence: "the same command from many at once is committed once", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		var told sync.WaitGroup
		receipts := make([]eventbus.Receipt, 32)
		for i := range receipts {
			told.Go(func() {
				r, err := insist(t.Context(), p, 1, 1)
				if err != nil {
					t.Error(err)
				}
				receipts[i] = r
			})
		}
		told.Wait()
		for _, r := range receipts {
			require.Equal(t, receipts[0], r)
		}
		state := CheckLog(t, p, p.journal)
		require.Equal(t, eventbus.Version(1), state.Heads[StreamOf(1)])
		p.end(t)
	}},
	{sentence: "a head that is enqueued can be extended before it is durable", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		var tickets []eventbus.Ticket
		for i := range 100 {
			c := commit(t, p, i, 1)
			require.Equal(t, eventbus.Version(i), c.Streams[0].Expected)
			ticket, err := p.Enqueue(c)
			require.NoError(t, err)
			tickets = append(tickets, ticket)
		}
		require.NoError(t, p.Durable(t.Context()))
		for _, ticket := range tickets {
			r, err := ticket.Wait(t.Context())
			require.NoError(t, err)
			require.Equal(t, ticket.Receipt(), r)
		}
		CheckLog(t, p, p.journal)
		p.end(t)
	}},
	{sentence: "two sequencers fence each other: nothing lost, nothing doubled", shared: true, holds: func(t *testing.T, s *subject) {
		a := s.start(t)
		other := subject{Subject: s.Subject} // its own index
		b := other.start(t)
		told := race(t, 60, 4, a, b)
		state := Check(t, a.journal)
		told.check(t, state)
		require.Equal(t, eventbus.Version(60), state.Heads[StreamOf(0)])
		CheckLog(t, a, a.journal)
		CheckLog(t, b, b.journal)
		a.end(t)
		b.end(t)
	}},
	{sentence: "the same command at two sequencers is committed once", shared: true, holds: func(t *testing.T, s *subject) {
		a := s.start(t)
		other := subject{Subject: s.Subject}
		b := other.start(t)
		for i := range 10 {
			var both sync.WaitGroup
			var receipts [2]eventbus.Receipt
			for k, log := range []eventbus.Log{a, b} {
				both.Go(func() {
					r, err := insist(t.Context(), log, i, 1)
					if err != nil {
						t.Error(err)
					}
					receipts[k] = r
				})
			}
			both.Wait()
			require.Equal(t, receipts[0], receipts[1])
		}
		require.Equal(t, eventbus.Version(10), Check(t, a.journal).Heads[StreamOf(1)])
		a.end(t)
		b.end(t)
	}},
	{sentence: "a ledger that another writer closed is closed", shared: true, holds: func(t *testing.T, s *subject) {
		a := s.start(t)
		write(t, a, 1, 1)
		other := subject{Subject: s.Subject}
		b := other.start(t)
		_, err := b.CloseForGood(t.Context(), "elsewhere")
		require.NoError(t, err)
		_, err = insist(t.Context(), a, 2, 1)
		require.ErrorIs(t, err, eventbus.ErrClosed)
		_, err = a.CloseForGood(t.Context(), "elsewhere")
		require.ErrorIs(t, err, eventbus.ErrClosed)
		state := CheckLog(t, a, a.journal)
		require.Equal(t, eventbus.KindClosed, state.Commits[len(state.Commits)-1].Events[0].Kind)
		a.end(t)
		b.end(t)
	}},
	{sentence: "a writer that was overtaken closes the ledger under an epoch of its own", shared: true, holds: func(t *testing.T, s *subject) {
		a := s.start(t)
		other := subject{Subject: s.Subject}
		b := other.start(t)
		require.ErrorIs(t, a.Durable(t.Context()), eventbus.ErrGeneration)
		_, err := a.CloseForGood(t.Context(), "elsewhere")
		require.NoError(t, err)
		state := CheckLog(t, a, a.journal)
		require.Equal(t, uint64(3), state.Commits[len(state.Commits)-1].WriterEpoch)
		a.end(t)
		b.end(t)
	}},
	{sentence: "a writer that was overtaken finds out before it answers from memory", shared: true, holds: func(t *testing.T, s *subject) {
		a := s.start(t)
		write(t, a, 1, 1)
		other := subject{Subject: s.Subject}
		b := other.start(t)
		write(t, b, 2, 1)
		generation := a.Generation()
		require.ErrorIs(t, a.Durable(t.Context()), eventbus.ErrGeneration)
		require.Greater(t, a.Generation(), generation)
		version, err := a.Version(t.Context(), StreamOf(1))
		require.NoError(t, err)
		require.Equal(t, eventbus.Version(2), version)
		require.NoError(t, a.Durable(t.Context()))
		CheckLog(t, a, a.journal)
		a.end(t)
		b.end(t)
	}},
}

// race lets writers commit to one hot stream and one of their own, over all logs,
// until so many are durable. It returns what they were told.
func race(t testing.TB, commits, writersEach int, logs ...*session) *acknowledged {
	t.Helper()
	var told acknowledged
	var wait sync.WaitGroup
	writers := writersEach * len(logs)
	for w := range writers {
		wait.Go(func() {
			for i := w; i < commits; i += writers {
				r, err := insist(t.Context(), logs[w%len(logs)], i, 0, 1+w)
				if err != nil {
					t.Error(errors.Join(err))
					return
				}
				told.add(r)
			}
		})
	}
	wait.Wait()
	return &told
}
