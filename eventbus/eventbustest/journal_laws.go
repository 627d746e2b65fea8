package eventbustest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/eventbus"
)

// journalLaws hold for the bare journal.
var journalLaws = []law{
	{sentence: "an empty journal has position nought and no hash", holds: func(t *testing.T, s *subject) {
		j := opened(t, s)
		head, err := j.Head(t.Context())
		require.NoError(t, err)
		require.Zero(t, head.Position)
		require.Zero(t, head.Hash)
		require.Empty(t, readAll(t, j, eventbus.Mark{}))
	}},
	{sentence: "what was appended is read back byte for byte, after reopening too", holds: func(t *testing.T, s *subject) {
		j := opened(t, s)
		records, _ := chain(t, eventbus.Mark{}, 1, 3, 1, 1000, 2)
		appendAll(t, j, records[:2], records[2:3], records[3:])
		require.Equal(t, records, readAll(t, j, eventbus.Mark{}))
		Check(t, j)
		require.NoError(t, j.Close())
		j = opened(t, s)
		require.Equal(t, records, readAll(t, j, eventbus.Mark{}))
		Check(t, j)
	}},
	{sentence: "an append at another mark than the end is fenced and keeps nothing", holds: func(t *testing.T, s *subject) {
		j := opened(t, s)
		records, ends := chain(t, eventbus.Mark{}, 1, 1, 1)
		marks := appendAll(t, j, records[:1], records[1:2])
		other, _ := chain(t, ends[0], 2)
		for _, at := range []eventbus.Mark{{}, marks[0]} {
			_, err := j.Append(t.Context(), at, other)
			var fenced *eventbus.Fenced
			require.ErrorAs(t, err, &fenced)
		}
		require.Equal(t, records[:2], readAll(t, j, eventbus.Mark{}))
		_, err := j.Append(t.Context(), marks[1], records[2:])
		require.NoError(t, err)
		Check(t, j)
	}},
	{sentence: "the head is the end of the last append", holds: func(t *testing.T, s *subject) {
		j := opened(t, s)
		records, ends := chain(t, eventbus.Mark{}, 1, 4, 2)
		for i, mark := range appendAll(t, j, records[:1], records[1:2], records[2:]) {
			require.Equal(t, ends[i].Position, mark.Position)
			require.Equal(t, ends[i].Hash, mark.Hash)
		}
		head, err := j.Head(t.Context())
		require.NoError(t, err)
		require.Equal(t, ends[2].Position, head.Position)
		require.Equal(t, ends[2].Hash, head.Hash)
	}},
	{sentence: "a read begins behind a mark, and around a position inside a commit", holds: func(t *testing.T, s *subject) {
		j := opened(t, s)
		records, _ := chain(t, eventbus.Mark{}, 2, 3, 1, 5)
		appendAll(t, j, records[:1], records[1:3], records[3:])
		var marks []eventbus.Mark
		for entry, err := range j.Read(t.Context(), eventbus.Mark{}) {
			require.NoError(t, err)
			o, err := eventbus.Peek(entry.Record)
			require.NoError(t, err)
			marks = append(marks, eventbus.Mark{Place: entry.Place, Position: o.Last, Hash: o.Hash})
		}
		require.Len(t, marks, 4)
		for i, mark := range marks {
			require.Equal(t, records[i+1:], readAll(t, j, mark), "behind commit %d", i)
			mark.Hash = eventbus.Hash{}
			require.Equal(t, records[i+1:], readAll(t, j, mark), "behind commit %d, hash unknown", i)
		}
		inside := marks[0]
		inside.Position++ // the second commit has three events
		require.Equal(t, records[1:], readAll(t, j, inside))
	}},
	{sentence: "following is reading that waits, and it ends with its context", holds: func(t *testing.T, s *subject) {
		j := opened(t, s)
		records, _ := chain(t, eventbus.Mark{}, 1, 1, 1, 1, 1)
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan []byte)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for entry, err := range j.Follow(ctx, eventbus.Mark{}) {
				if err != nil {
					return
				}
				got <- entry.Record
			}
		}()
		var at eventbus.Mark
		for _, r := range records {
			var err error
			at, err = j.Append(t.Context(), at, [][]byte{r})
			require.NoError(t, err)
			require.Equal(t, r, <-got)
		}
		cancel()
		<-ended
	}},
	{sentence: "bytes handed in may be reused, bytes read belong to the reader", holds: func(t *testing.T, s *subject) {
		j := opened(t, s)
		records, _ := chain(t, eventbus.Mark{}, 1, 2)
		mine := copied(records)
		_, err := j.Append(t.Context(), eventbus.Mark{}, mine)
		require.NoError(t, err)
		for _, r := range mine {
			clear(r)
		}
		for _, r := range readAll(t, j, eventbus.Mark{}) {
			clear(r)
		}
		require.Equal(t, records, readAll(t, j, eventbus.Mark{}))
	}},
	{sentence: "a group as large as its limits is kept", holds: func(t *testing.T, s *subject) {
		j := opened(t, s)
		limits := j.Limits()
		require.GreaterOrEqual(t, limits.GroupBytesMax, eventbus.CommitBytesMax)
		require.GreaterOrEqual(t, limits.GroupCommitsMax, 1)
		large, ends := chainOf(t, eventbus.Mark{}, eventbus.CommitBytesMax-400, 1)
		many := make([]int, limits.GroupCommitsMax)
		for i := range many {
			many[i] = 1
		}
		small, _ := chain(t, ends[0], many...)
		appendAll(t, j, large, small)
		require.Len(t, readAll(t, j, eventbus.Mark{}), 1+len(small))
		Check(t, j)
	}},
}

func opened(t testing.TB, s *subject) eventbus.Journal {
	t.Helper()
	j := s.Open(t)
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// chain encodes commits with so many events each that extend a mark.
func chain(t testing.TB, at eventbus.Mark, events ...int) (records [][]byte, ends []eventbus.Mark) {
	t.Helper()
	return chainOf(t, at, 20, events...)
}

func chainOf(t testing.TB, at eventbus.Mark, dataBytes int, events ...int) (records [][]byte, ends []eventbus.Mark) {
	t.Helper()
	for i, n := range events {
		r := eventbus.Record{ID: ID(int(at.Position)<<16 + i), First: at.Position + 1, Previous: at.Hash, RecordedAt: time.Unix(int64(at.Position)+1, 0).UTC(), WriterEpoch: 1}
		for v := range n {
			e := EventOf(fmt.Sprintf(`{"n":%d}`, v))
			e.Data = append(e.Data, make([]byte, dataBytes)...)
			r.Events = append(r.Events, eventbus.Recorded{Event: e, Stream: StreamOf(int(at.Position)), Version: eventbus.Version(v + 1)})
		}
		encoded, err := eventbus.Encode(r)
		require.NoError(t, err)
		o, err := eventbus.Peek(encoded)
		require.NoError(t, err)
		at = eventbus.Mark{Position: o.Last, Hash: o.Hash}
		records, ends = append(records, encoded), append(ends, at)
	}
	return records, ends
}

func appendAll(t testing.TB, j eventbus.Journal, groups ...[][]byte) (marks []eventbus.Mark) {
	t.Helper()
	at, err := j.Head(t.Context())
	require.NoError(t, err)
	for _, group := range groups {
		at, err = j.Append(t.Context(), at, group)
		require.NoError(t, err)
		marks = append(marks, at)
	}
	return marks
}

func readAll(t testing.TB, j eventbus.Journal, from eventbus.Mark) [][]byte {
	t.Helper()
	records := [][]byte{}
	for entry, err := range j.Read(t.Context(), from) {
		require.NoError(t, err)
		records = append(records, entry.Record)
	}
	return records
}
