package embedded

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
)

// commitAfter encodes a commit that extends the mark, with as many events.
func commitAfter(t testing.TB, end eventbus.Mark, events int) ([]byte, eventbus.Mark) {
	t.Helper()
	return commitOf(t, end, events, 40)
}

func commitOf(t testing.TB, end eventbus.Mark, events, dataBytes int) ([]byte, eventbus.Mark) {
	t.Helper()
	first := end.Position + 1
	r := eventbus.Record{
		ID: commitID(first), RecordedAt: time.UnixMicro(int64(first) + 1).UTC(), First: first, Previous: end.Hash, WriterEpoch: 1,
		Header: eventbus.Header{ActorType: "system"},
	}
	for i := range events {
		r.Events = append(r.Events, eventbus.Recorded{
			Event:  eventbus.Event{Kind: "test.happened", SchemaVersion: 1, ContentType: "application/json", Data: make([]byte, dataBytes)},
			Stream: eventbus.Stream("test/" + commitID(first).String()), Version: eventbus.Version(i + 1),
		})
	}
	record, err := eventbus.Encode(r)
	require.NoError(t, err)
	o, err := eventbus.Peek(record)
	require.NoError(t, err)
	return record, eventbus.Mark{Position: o.Last, Hash: o.Hash}
}

func commitID(first eventbus.Position) (id uuid.UUID) {
	id[0] = 1
	binary.BigEndian.PutUint64(id[8:], uint64(first))
	return id
}

// small options keep hundreds of stores within memory.
func small(fs vfs.FS) Options {
	return Options{FS: fs, CreateIfMissing: true, MemTableBytes: 64 << 10, CacheBytes: 256 << 10, Fatal: func(error) {}}
}

func openIn(t testing.TB, fs vfs.FS) *Journal {
	t.Helper()
	j, err := Open("log", small(fs))
	require.NoError(t, err)
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// extendBy appends so many commits, one by one, and gives the end.
func extendBy(t testing.TB, j *Journal, commits int) eventbus.Mark {
	t.Helper()
	end, err := j.Head(t.Context())
	require.NoError(t, err)
	for range commits {
		record, next := commitAfter(t, end, 2)
		end, err = j.Append(t.Context(), end, [][]byte{record})
		require.NoError(t, err)
		require.Equal(t, next, end)
	}
	return end
}

// checkAll reads the whole journal, verifies it and gives its end.
func checkAll(j *Journal) (end eventbus.Mark, err error) {
	for entry, err := range j.Read(context.Background(), eventbus.Mark{}) {
		if err != nil {
			return end, err
		}
		next, err := extend(end, entry.Record)
		if err != nil {
			return end, err
		}
		if _, err := eventbus.Decode(entry.Record); err != nil {
			return end, &eventbus.Damage{Position: end.Position + 1, Why: err.Error()}
		}
		end = next
	}
	head, err := j.Head(context.Background())
	if err == nil && (head.Position != end.Position || head.Hash != end.Hash) {
		err = fmt.Errorf("read up to %d, head is %d", end.Position, head.Position)
	}
	return end, err
}

func TestAJournalKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	j := openIn(t, fs)
	head, err := j.Head(t.Context())
	require.NoError(t, err)
	require.Equal(t, eventbus.Mark{}, head)
	end := extendBy(t, j, 20)
	require.Equal(t, eventbus.Position(40), end.Position)
	require.NoError(t, j.Close())
	require.NoError(t, j.Close(), "closing twice is closing once")

	j = openIn(t, fs)
	require.Equal(t, end, j.Recovered().Head)
	require.Equal(t, end, j.Recovered().Known)
	require.Zero(t, j.Recovered().CutBytes)
	again, err := checkAll(j)
	require.NoError(t, err)
	require.Equal(t, end, again)
	require.Equal(t, eventbus.Position(44), extendBy(t, j, 2).Position)
}

func TestAGroupThatDoesNotStartAtTheEndIsFenced(t *testing.T) {
	t.Parallel()
	j := openIn(t, vfs.NewMem())
	end := extendBy(t, j, 3)
	record, _ := commitAfter(t, eventbus.Mark{}, 1)
	other := end
	other.Hash[0]++
	for _, at := range []eventbus.Mark{{}, {Position: 2}, {Position: end.Position + 1}, other} {
		var fenced *eventbus.Fenced
		_, err := j.Append(t.Context(), at, [][]byte{record})
		require.ErrorAs(t, err, &fenced)
		require.Equal(t, end, fenced.Head)
	}
	got, err := checkAll(j)
	require.NoError(t, err)
	require.Equal(t, end, got)
}

func TestWhatDoesNotExtendTheJournalIsRefused(t *testing.T) {
	t.Parallel()
	j := openIn(t, vfs.NewMem())
	end := extendBy(t, j, 3)
	good, next := commitAfter(t, end, 1)
	_, skipped := commitAfter(t, eventbus.Mark{Position: end.Position + 5, Hash: end.Hash}, 1)
	gap, _ := commitAfter(t, skipped, 1)
	fork, _ := commitAfter(t, eventbus.Mark{Position: end.Position}, 1)
	for name, group := range map[string][][]byte{
		"nothing": {}, "no record": {[]byte("{}")}, "a gap": {gap}, "a fork": {fork}, "a gap after a good one": {good, gap}, "twice": {good, good},
		"too many": make([][]byte, GroupCommitsMax+1), "too large": {make([]byte, GroupBytesMax*2)},
	} {
		_, err := j.Append(t.Context(), end, group)
		require.ErrorIs(t, err, eventbus.ErrInvalid, name)
	}
	got, err := j.Append(t.Context(), end, [][]byte{good})
	require.NoError(t, err, "a refused group has changed nothing")
	require.Equal(t, next, got)
}

func TestGroupsUnderWayBecomeDurableInOrder(t *testing.T) {
	t.Parallel()
	j := openIn(t, vfs.NewMem())
	var waits []func() (eventbus.Mark, error)
	var ends []eventbus.Mark
	var end eventbus.Mark
	for range 50 {
		record, next := commitAfter(t, end, 3)
		wait, err := j.Start(end, [][]byte{record}, []eventbus.IndexEntry{{Key: []byte("end"), Value: next.Hash[:]}})
		require.NoError(t, err)
		waits, ends, end = append(waits, wait), append(ends, next), next
		value, ok, err := j.Index().Get([]byte("end"))
		require.NoError(t, err)
		require.True(t, ok, "an index entry can be read at once")
		require.Equal(t, next.Hash[:], value)
	}
	for i := len(waits) - 1; i >= 0; i -= 7 { // in any order, some never
		got, err := waits[i]()
		require.NoError(t, err)
		require.Equal(t, ends[i], got)
	}
	head, err := j.Head(t.Context())
	require.NoError(t, err)
	require.Equal(t, end, head)
}

func TestReadDeliversTheCommitAroundAPosition(t *testing.T) {
	t.Parallel()
	j := openIn(t, vfs.NewMem())
	extendBy(t, j, 5) // positions 1-2, 3-4, ...
	for after, want := range map[eventbus.Position][]eventbus.Position{
		0: {1, 3, 5, 7, 9}, 1: {1, 3, 5, 7, 9}, 2: {3, 5, 7, 9}, 7: {7, 9}, 9: {9}, 10: nil,
	} {
		var got []eventbus.Position
		for entry, err := range j.Read(t.Context(), eventbus.Mark{Position: after}) {
			require.NoError(t, err)
			o, err := eventbus.Peek(entry.Record)
			require.NoError(t, err)
			got = append(got, o.First)
		}
		require.Equal(t, want, got, "after %d", after)
	}
	for _, err := range j.Read(t.Context(), eventbus.Mark{Position: 11}) {
		require.ErrorIs(t, err, eventbus.ErrAhead)
	}
	for _, err := range j.Follow(t.Context(), eventbus.Mark{Position: 11}) {
		require.ErrorIs(t, err, eventbus.ErrAhead)
	}
}

func TestFollowSeesEveryCommitOnceAndWakes(t *testing.T) {
	t.Parallel()
	j := openIn(t, vfs.NewMem())
	extendBy(t, j, 3)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen, ended := make(chan eventbus.Position), make(chan error, 1)
	go func() {
		for entry, err := range j.Follow(ctx, eventbus.Mark{Position: 2}) {
			if err != nil {
				ended <- err
				return
			}
			o, _ := eventbus.Peek(entry.Record)
			seen <- o.Last
		}
	}()
	require.Equal(t, eventbus.Position(4), <-seen)
	require.Equal(t, eventbus.Position(6), <-seen)
	for want := eventbus.Position(8); want < 40; want += 2 {
		extendBy(t, j, 1)
		require.Equal(t, want, <-seen)
	}
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}

func TestFollowersEndWhenTheJournalCloses(t *testing.T) {
	t.Parallel()
	j := openIn(t, vfs.NewMem())
	end := extendBy(t, j, 1)
	ended := make(chan error, 1)
	go func() {
		for _, err := range j.Follow(context.Background(), end) {
			ended <- err
		}
	}()
	require.NoError(t, j.Close())
	require.ErrorIs(t, <-ended, errClosed)
	_, err := j.Append(t.Context(), end, nil)
	require.ErrorIs(t, err, errClosed)
	_, _, err = j.Index().Get([]byte("a"))
	require.ErrorIs(t, err, errClosed)
}

func TestTheIndexIsScannedDroppedAndNeverMixedWithTheRecords(t *testing.T) {
	t.Parallel()
	j := openIn(t, vfs.NewMem())
	end := extendBy(t, j, 3)
	index, snapshots := j.Index(), j.Snapshots()
	var entries []eventbus.IndexEntry
	for i := range 700 {
		entries = append(entries, eventbus.IndexEntry{Key: fmt.Appendf(nil, "a%04d", i), Value: fmt.Append(nil, i)})
	}
	entries = append(entries, eventbus.IndexEntry{Key: []byte("b"), Value: nil}, eventbus.IndexEntry{Key: []byte{0xff, 0xff}, Value: []byte("end")})
	require.NoError(t, index.Set(entries))
	require.NoError(t, index.Set(nil))
	require.NoError(t, snapshots.Set(entries[:1]))
	count := func(index eventbus.Index, prefix, from string) (n int) {
		for e, err := range index.Scan([]byte(prefix), []byte(from)) {
			require.NoError(t, err)
			require.NotEmpty(t, e.Key)
			n++
		}
		return n
	}
	require.Equal(t, 700, count(index, "a", ""))
	require.Equal(t, 100, count(index, "a", "a0600"))
	require.Equal(t, 702, count(index, "", ""))
	require.Equal(t, 1, count(index, "\xff", ""))
	require.Equal(t, 0, count(index, "c", ""))
	value, ok, err := index.Get([]byte("b"))
	require.NoError(t, err)
	require.True(t, ok, "an empty value is there")
	require.Empty(t, value)
	_, ok, err = index.Get([]byte("a00"))
	require.NoError(t, err)
	require.False(t, ok, "a prefix of a key is not the key")

	require.NoError(t, index.Drop())
	require.Equal(t, 0, count(index, "", ""))
	require.Equal(t, 1, count(snapshots, "", ""))
	require.NoError(t, index.Set(entries[:2]))
	require.Equal(t, 2, count(index, "a", ""))
	got, err := checkAll(j)
	require.NoError(t, err)
	require.Equal(t, end, got)
}

func TestADirectoryIsHeldByOneJournal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := Open(dir, Options{CreateIfMissing: true})
	require.NoError(t, err)
	_, err = Open(dir, Options{CreateIfMissing: true})
	require.ErrorIs(t, err, ErrHeld)
	require.ErrorContains(t, err, "--dir")
	require.NoError(t, j.Close())
	j, err = Open(dir, Options{})
	require.NoError(t, err)
	require.NoError(t, j.Close())
}

func TestNoLogIsMadeUnlessAskedFor(t *testing.T) {
	t.Parallel()
	_, err := Open(t.TempDir()+"/none", Options{})
	require.ErrorIs(t, err, ErrAbsent)
	_, err = Open(t.TempDir(), Options{})
	require.ErrorIs(t, err, ErrAbsent)
}

func TestAnIndexOfItsOwnIsBegunAgainWhenDamaged(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	index, err := OpenIndex("index", small(fs))
	require.NoError(t, err)
	require.NoError(t, index.Set([]eventbus.IndexEntry{{Key: []byte("a"), Value: []byte("1")}}))
	require.NoError(t, index.Close())
	index, err = OpenIndex("index", small(fs))
	require.NoError(t, err)
	_, ok, err := index.Get([]byte("a"))
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, index.Close())
	names, err := fs.List("index")
	require.NoError(t, err)
	for _, name := range names {
		if len(name) > 4 && name[len(name)-4:] == ".sst" {
			require.NoError(t, fs.Remove("index/"+name))
		}
	}
	index, err = OpenIndex("index", small(fs))
	require.NoError(t, err)
	_, ok, err = index.Get([]byte("a"))
	require.NoError(t, err)
	require.False(t, ok)
	require.NoError(t, index.Close())
}
