package eventbustest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/eventbus"
)

// readerLaws hold for those who read the log.
var readerLaws = []law{
	{sentence: "catch-up and live are one: every commit once, whole, in order", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		for i := range 10 {
			write(t, p, i, 1, 2)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var readers sync.WaitGroup
		for range 3 {
			readers.Go(func() {
				var end eventbus.Mark
				for r, err := range p.Subscribe(ctx, 0) {
					if err != nil || r.First != end.Position+1 || r.Previous != end.Hash {
						t.Errorf("after %d: commit from %d, error %v", end.Position, r.First, err)
						return
					}
					end.Position, end.Hash = r.Last(), r.Hash
					if r.ID == ID(39) {
						return
					}
				}
			})
		}
		for i := 10; i < 40; i++ {
			write(t, p, i, 1, 2)
		}
		readers.Wait()
		cancel()
		p.end(t)
	}},
	{sentence: "the head is nowhere below what a follower has seen", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		ctx, cancel := context.WithCancel(t.Context())
		var reader sync.WaitGroup
		reader.Go(func() {
			for r, err := range p.Subscribe(ctx, 0) {
				if err != nil {
					t.Error(err)
					return
				}
				head, err := p.Head(ctx)
				if err != nil || head.Position < r.Last() {
					t.Errorf("seen %d, the head is %d, error %v", r.Last(), head.Position, err)
				}
				if r.ID == ID(29) || t.Failed() {
					return
				}
			}
		})
		for i := range 30 {
			write(t, p, i, 1)
		}
		reader.Wait()
		cancel()
		p.end(t)
	}},
	{sentence: "a subscription from inside a commit delivers that commit whole again", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		var receipts []eventbus.Receipt
		for i := range 6 {
			receipts = append(receipts, write(t, p, i, 1, 2, 3))
		}
		for i, r := range receipts[:5] {
			for after := r.First - 1; after <= r.Last; after++ {
				want := r.First
				if after == r.Last {
					want = receipts[i+1].First
				}
				for record, err := range p.Subscribe(t.Context(), after) {
					require.NoError(t, err)
					require.Equal(t, want, record.First, "after %d", after)
					break
				}
				n := 0
				for record, err := range p.ReadAll(t.Context(), after) {
					require.NoError(t, err)
					require.Greater(t, record.Last(), after)
					n++
				}
				require.Equal(t, len(receipts)-i-map[bool]int{true: 1}[after == r.Last], n)
			}
		}
		p.end(t)
	}},
	{sentence: "the streams of a context are listed, and of no other", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		context, _, _ := strings.Cut(string(StreamOf(0)), "/")
		var want []eventbus.Stream
		for i := range 40 {
			c := commit(t, p, i, i, i+1)
			longer := eventbus.Stream(context + "s/" + ID(i).String())
			c.Streams = append(c.Streams, eventbus.Append{Stream: longer, Events: []eventbus.Event{EventOf("{}")}})
			ticket, err := p.Enqueue(c)
			require.NoError(t, err)
			_, err = ticket.Wait(t.Context())
			require.NoError(t, err)
			want = append(want, StreamOf(i))
		}
		want = append(want, StreamOf(40))
		slices.Sort(want)
		listed := func(p *session, of string) (all []eventbus.Stream) {
			for stream, err := range p.Streams(t.Context(), of) {
				require.NoError(t, err)
				all = append(all, stream)
			}
			return all
		}
		require.Equal(t, want, listed(p, context))
		require.Len(t, listed(p, context+"s"), 40)
		require.Empty(t, listed(p, "nobody"))
		for _, err := range p.Streams(t.Context(), "No/Context") {
			require.ErrorIs(t, err, eventbus.ErrInvalid)
		}
		p.end(t)
		p = s.start(t)
		require.Equal(t, want, listed(p, context))
		p.end(t)
	}},
	{sentence: "a position beyond the head is refused", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		r := write(t, p, 1, 1)
		for _, err := range p.ReadAll(t.Context(), r.Last+1) {
			require.ErrorIs(t, err, eventbus.ErrAhead)
		}
		for _, err := range p.Subscribe(t.Context(), r.Last+1) {
			require.ErrorIs(t, err, eventbus.ErrAhead)
		}
		_, err := p.ReadCommit(t.Context(), eventbus.Receipt{ID: ID(2), First: r.Last + 1, Last: r.Last + 1})
		require.ErrorIs(t, err, eventbus.ErrAhead)
		for range p.ReadAll(t.Context(), r.Last) {
			t.Fatal("there is nothing after the head")
		}
		p.end(t)
	}},
	{sentence: "a subscription ends with its context", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for r, err := range p.Subscribe(ctx, 0) {
			require.NoError(t, err)
			if r.First > 1 {
				cancel()
			}
		}
		p.end(t)
	}},
	{sentence: "a slow subscriber holds nobody up and misses nothing", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		seen := 0
		for r, err := range p.Subscribe(t.Context(), 0) {
			require.NoError(t, err)
			if seen++; seen == 1 {
				for i := range 200 {
					write(t, p, i, i%7)
				}
			}
			if r.ID == ID(199) {
				break
			}
		}
		require.Equal(t, 202, seen)
		p.end(t)
	}},
	{sentence: "a stream is read from any version, however scattered its events", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		for i := range 40 {
			write(t, p, i, i%8, 100)
		}
		for after := range eventbus.Version(6) {
			next := after + 1
			for e, err := range p.ReadStream(t.Context(), StreamOf(3), after) {
				require.NoError(t, err)
				require.Equal(t, next, e.Version)
				next++
			}
			require.Equal(t, eventbus.Version(6), max(next, 6))
		}
		for range p.ReadStream(t.Context(), StreamOf(99), 0) {
			t.Fatal("an absent stream has no events")
		}
		for _, err := range p.ReadStream(t.Context(), "nonsense", 0) {
			require.ErrorIs(t, err, eventbus.ErrInvalid)
		}
		p.end(t)
	}},
	{sentence: "what is durable is seen, by readers that begin after the receipt", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		for i := range 30 {
			r := write(t, p, i, 1)
			last := eventbus.Version(0)
			for e, err := range p.ReadStream(t.Context(), StreamOf(1), 0) {
				require.NoError(t, err)
				last = e.Version
			}
			require.Equal(t, eventbus.Version(i+1), last)
			record, err := p.ReadCommit(t.Context(), r)
			require.NoError(t, err)
			require.Equal(t, r.ID, record.ID)
		}
		p.end(t)
	}},
	{sentence: "an auditor without a sequencer sees the same and leaves no trace", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		for i := range 12 {
			write(t, p, i, i%3)
		}
		p.end(t)
		journal := opened(t, s)
		before := Check(t, journal)
		archive := eventbus.ReadOnly(journal)
		CheckLog(t, archive, journal)
		_, err := archive.Enqueue(eventbus.Commit{})
		require.ErrorIs(t, err, eventbus.ErrClosed)
		for r, err := range archive.Subscribe(t.Context(), 5) {
			require.NoError(t, err)
			require.Greater(t, r.Last(), eventbus.Position(5))
			break
		}
		require.Equal(t, before.End, Check(t, journal).End)
	}},
	{sentence: "a receipt with another hash is not honoured", holds: func(t *testing.T, s *subject) {
		p := s.start(t)
		r := write(t, p, 1, 1)
		r.Hash[0]++
		_, err := p.ReadCommit(t.Context(), r)
		var damage *eventbus.Damage
		require.ErrorAs(t, err, &damage)
		p.end(t)
	}},
}
