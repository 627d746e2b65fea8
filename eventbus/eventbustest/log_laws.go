package eventbustest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
)

// logLaws hold for the log above the journal.
var logLaws = []law{
	{sentence: "a ledger begins with its genesis, and every life opens an epoch", holds: func(t *testing.T, s *subject) {
		for life := range 3 {
			p := s.start(t)
			require.Equal(t, Founding().Ledger, p.Genesis().Ledger)
			state := CheckLog(t, p, p.journal)
			require.Equal(t, eventbus.KindFounded, state.Commits[0].Events[0].Kind)
			last := state.Commits[life+1]
			require.Equal(t, eventbus.KindEpochOpened, last.Events[0].Kind)
			require.Equal(t, uint64(life+1), last.WriterEpoch)
			p.end(t)
		}
	}},
	{sentence: "a ledger does not open in another mode", holds: func(t *testing.T, s *subject) {
		s.start(t).end(t)
		journal := opened(t, s)
		o := s.options(t, journal)
		o.Genesis.Mode = eventbus.Production
		before := len(readAll(t, journal, eventbus.Mark{}))
		_, err := eventbus.Open(t.Context(), journal, o)
		require.ErrorIs(t, err, eventbus.ErrMode)
		require.Len(t, readAll(t, journal, eventbus.Mark{}), before, "and takes over from nobody")
	}},
	{sentence: "an empty journal is not founded by accident", holds: func(t *testing.T, s *subject) {
		journal := opened(t, s)
		o := s.options(t, journal)
		o.Genesis = eventbus.Genesis{}
		_, err := eventbus.Open(t.Context(), journal, o)
		require.ErrorIs(t, err, eventbus.ErrNotFounded)
		require.Empty(t, readAll(t, journal, eventbus.Mark{}))
	}},
	{sentence: "positions and versions are dense over streams and commits", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		before, err := p.Head(t.Context())
		require.NoError(t, err)
		next := before.Position + 1
		for i := range 20 {
			r := write(t, p, i, i%3, 7, 10+i)
			require.Equal(t, next, r.First)
			require.Equal(t, next+2, r.Last)
			next = r.Last + 1
		}
		state := CheckLog(t, p, p.journal)
		require.Equal(t, eventbus.Version(20), state.Heads[StreamOf(7)])
		p.end(t)
	}},
	{sentence: "the same commit id gets the first receipt, for ever", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		first := write(t, p, 1, 1)
		for range 3 {
			again := commit(t, p, 1, 1, 2) // other content, another version: the id decides
			again.Generation = 99
			ticket, err := p.Enqueue(again)
			require.NoError(t, err)
			require.True(t, ticket.Repeated())
			receipt, err := ticket.Wait(t.Context())
			require.NoError(t, err)
			require.Equal(t, first, receipt)
			_, found, err := p.Find(t.Context(), ID(2))
			require.NoError(t, err)
			require.False(t, found)
			p.end(t)
			p = s.start(t)
		}
		CheckLog(t, p, p.journal)
		p.end(t)
	}},
	{sentence: "a stale version is a conflict that names the actual one and writes nothing", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		write(t, p, 1, 1)
		write(t, p, 2, 1)
		head, err := p.Head(t.Context())
		require.NoError(t, err)
		for _, expected := range []eventbus.Version{0, 1, 3} {
			c := commit(t, p, 3, 5, 1)
			c.Streams[1].Expected = expected
			_, err := p.Enqueue(c)
			var conflict *eventbus.VersionConflict
			require.ErrorAs(t, err, &conflict)
			require.Equal(t, eventbus.VersionConflict{Stream: StreamOf(1), Expected: expected, Actual: 2}, *conflict)
		}
		after, err := p.Head(t.Context())
		require.NoError(t, err)
		require.Equal(t, head, after)
		write(t, p, 3, 5, 1)
		CheckLog(t, p, p.journal)
		p.end(t)
	}},
	{sentence: "a guard must hold and writes nothing", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		write(t, p, 1, 1)
		guarded := func(id int, version eventbus.Version) error {
			c := commit(t, p, id, 2)
			c.Streams = append(c.Streams, eventbus.Append{Stream: StreamOf(1), Expected: version})
			ticket, err := p.Enqueue(c)
			if err == nil {
				_, err = ticket.Wait(t.Context())
			}
			return err
		}
		require.NoError(t, guarded(2, 1))
		var conflict *eventbus.VersionConflict
		require.ErrorAs(t, guarded(3, 0), &conflict)
		require.ErrorAs(t, guarded(3, 2), &conflict)
		state := CheckLog(t, p, p.journal)
		require.Equal(t, eventbus.Version(1), state.Heads[StreamOf(1)])
		require.Equal(t, eventbus.Version(1), state.Heads[StreamOf(2)])
		p.end(t)
	}},
	{sentence: "invalid commits are refused and leave no trace", holds: invalidCommits},
	{sentence: "a commit holds 1,000 events and 512 KiB, and no more", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		many := commit(t, p, 1, 1)
		many.Streams[0].Events = make([]eventbus.Event, 1000)
		for i := range many.Streams[0].Events {
			many.Streams[0].Events[i] = EventOf("{}")
		}
		ticket, err := p.Enqueue(many)
		require.NoError(t, err)
		r, err := ticket.Wait(t.Context())
		require.NoError(t, err)
		require.Equal(t, eventbus.Position(999), r.Last-r.First)
		fits := 0
		for size := eventbus.CommitBytesMax - 600; size <= eventbus.CommitBytesMax; size += 40 {
			large := commit(t, p, size, 2)
			large.Streams[0].Events[0].Data = make([]byte, size)
			ticket, err := p.Enqueue(large)
			if err != nil {
				require.ErrorIs(t, err, eventbus.ErrInvalid)
				break
			}
			_, err = ticket.Wait(t.Context())
			require.NoError(t, err)
			fits++
		}
		require.Greater(t, fits, 1)
		CheckLog(t, p, p.journal)
		p.end(t)
	}},
	{sentence: "a commit of an older generation is refused", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		c := commit(t, p, 1, 1)
		c.Generation--
		_, err := p.Enqueue(c)
		require.ErrorIs(t, err, eventbus.ErrGeneration)
		p.end(t)
	}},
	{sentence: "a lost index is rebuilt from the journal, and one that lags catches up", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		for i := range 30 {
			write(t, p, i, i%4, 10+i)
		}
		want := CheckLog(t, p, p.journal)
		p.end(t)
		journal := s.Open(t)
		o := s.options(t, journal)
		o.RebuildIndex = true
		seq, err := eventbus.Open(t.Context(), journal, o)
		require.NoError(t, err)
		got := CheckLog(t, seq, journal)
		require.Equal(t, want.Commits, got.Commits[:len(want.Commits)])
		ticket, err := seq.Enqueue(eventbus.Commit{ID: ID(3), Streams: []eventbus.Append{{Stream: StreamOf(1), Events: []eventbus.Event{EventOf("")}}}})
		require.NoError(t, err)
		require.True(t, ticket.Repeated())
		(&session{seq, journal, o.Index}).end(t)
	}},
	{sentence: "recorded-at never goes back, whatever the clock does", holds: func(t *testing.T, s *subject) {
		journal := s.Open(t)
		o := s.options(t, journal)
		at := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
		o.Clock = func() time.Time { at = at.Add(-time.Hour); return at }
		seq, err := eventbus.Open(t.Context(), journal, o)
		require.NoError(t, err)
		first := write(t, seq, 1, 1)
		second := write(t, seq, 2, 1)
		require.False(t, second.RecordedAt.Before(first.RecordedAt))
		(&session{seq, journal, o.Index}).end(t)
		p := s.start(t)
		third := write(t, p, 3, 1)
		require.False(t, third.RecordedAt.Before(second.RecordedAt))
		CheckLog(t, p, p.journal)
		p.end(t)
	}},
	{sentence: "a closed ledger refuses commits for ever, but answers repeats and readers", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		first := write(t, p, 1, 1)
		_, err := p.CloseForGood(t.Context(), "elsewhere")
		require.NoError(t, err)
		for range 2 {
			_, err = p.Enqueue(commit(t, p, 2, 1))
			require.ErrorIs(t, err, eventbus.ErrClosed)
			_, err = p.CloseForGood(t.Context(), "elsewhere")
			require.ErrorIs(t, err, eventbus.ErrClosed)
			ticket, err := p.Enqueue(commit(t, p, 1, 1))
			require.NoError(t, err)
			require.Equal(t, first, ticket.Receipt())
			state := CheckLog(t, p, p.journal)
			require.Equal(t, eventbus.KindClosed, state.Commits[len(state.Commits)-1].Events[0].Kind)
			p.end(t)
			p = s.start(t)
		}
		p.end(t)
	}},
	{sentence: "after Close nothing is accepted, and what was enqueued before is durable", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		var told acknowledged
		var tickets []eventbus.Ticket
		for i := range 50 {
			ticket, err := p.Enqueue(commit(t, p, i, i%5))
			require.NoError(t, err)
			tickets = append(tickets, ticket)
		}
		p.end(t)
		for _, ticket := range tickets {
			r, err := ticket.Wait(t.Context())
			require.NoError(t, err)
			told.add(r)
		}
		_, err := p.Enqueue(eventbus.Commit{ID: ID(99), Generation: 1, Streams: []eventbus.Append{{Stream: StreamOf(99), Events: []eventbus.Event{EventOf("")}}}})
		require.True(t, errors.Is(err, eventbus.ErrStopped) || err != nil)
		p = s.start(t)
		told.check(t, CheckLog(t, p, p.journal))
		p.end(t)
	}},
}

func invalidCommits(t *testing.T, s *subject) {
	p := s.start(t)
	write(t, p, 1, 1)
	before, err := p.Head(t.Context())
	require.NoError(t, err)
	event := []eventbus.Event{EventOf("{}")}
	cases := map[string]func(*eventbus.Commit){
		"no id":                      func(c *eventbus.Commit) { c.ID = uuid.Nil },
		"no streams":                 func(c *eventbus.Commit) { c.Streams = nil },
		"guards alone":               func(c *eventbus.Commit) { c.Streams[0].Events = nil },
		"a stream twice":             func(c *eventbus.Commit) { c.Streams = append(c.Streams, c.Streams[0]) },
		"a stream and its guard":     func(c *eventbus.Commit) { c.Streams = append(c.Streams, eventbus.Append{Stream: c.Streams[0].Stream}) },
		"a bad stream":               func(c *eventbus.Commit) { c.Streams[0].Stream = "account/1" },
		"a bad guard":                func(c *eventbus.Commit) { c.Streams = append(c.Streams, eventbus.Append{Stream: "x"}) },
		"a kind of the log's own":    func(c *eventbus.Commit) { c.Streams[0].Events[0].Kind = eventbus.KindClosed },
		"unknown fields":             func(c *eventbus.Commit) { c.Header.Unknown = []byte{99, 0, 0, 0} },
		"1,001 events":               func(c *eventbus.Commit) { c.Streams[0].Events = make([]eventbus.Event, 1001) },
		"a version beyond reason":    func(c *eventbus.Commit) { c.Streams[0].Expected = 1 << 63 },
		"one bad event at the end":   func(c *eventbus.Commit) { c.Streams[0].Events = append(event, eventbus.Event{}) },
		"a second stream that's bad": func(c *eventbus.Commit) { c.Streams = append(c.Streams, eventbus.Append{Stream: "a/b", Events: event}) },
	}
	for name, spoil := range cases {
		c := commit(t, p, 2, 2)
		spoil(&c)
		_, err := p.Enqueue(c)
		require.ErrorIs(t, err, eventbus.ErrInvalid, name)
	}
	after, err := p.Head(t.Context())
	require.NoError(t, err)
	require.Equal(t, before, after)
	write(t, p, 2, 2)
	CheckLog(t, p, p.journal)
	p.end(t)
}
