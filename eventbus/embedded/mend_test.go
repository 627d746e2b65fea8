package embedded

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/eventbus/eventbustest"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// bank is a log with its sequencer.
type bank struct {
	journal *Journal
	log     *eventbus.Sequencer
}

func openBank(t testing.TB, fs vfs.FS, probeBytes int) (b bank, err error) {
	t.Helper()
	options := small(fs)
	options.probeBytes = probeBytes
	if b.journal, err = Open("log", options); err != nil {
		return b, err
	}
	if b.log, err = eventbus.Open(t.Context(), b.journal, eventbustest.Options(eventbustest.Ticking(noon))); err != nil {
		return b, errors.Join(err, b.journal.Close())
	}
	return b, nil
}

func (b bank) close(t testing.TB) error {
	t.Helper()
	return errors.Join(b.log.Close(t.Context()), b.journal.Close())
}

// write appends to two streams: one of its own, and one that all share.
func (b bank) write(t testing.TB, id int) (eventbus.Receipt, error) {
	t.Helper()
	shared, err := b.log.Version(t.Context(), eventbustest.StreamOf(0))
	if err != nil {
		return eventbus.Receipt{}, err
	}
	event := []eventbus.Event{eventbustest.EventOf(fmt.Sprint(id))}
	ticket, err := b.log.Enqueue(eventbus.Commit{
		ID: eventbustest.ID(id), Header: eventbus.Header{ActorType: "test"}, Generation: b.log.Generation(),
		Streams: []eventbus.Append{{Stream: eventbustest.StreamOf(0), Expected: shared, Events: event}, {Stream: eventbustest.StreamOf(id), Events: event}},
	})
	if err != nil {
		return eventbus.Receipt{}, err
	}
	return ticket.Wait(t.Context())
}

// bankOfThreeLives has tables of records, of index and of snapshots, and a log
// file that was never closed.
func bankOfThreeLives(t *testing.T) (*vfs.MemFS, []eventbus.Receipt) {
	t.Helper()
	fs := vfs.NewCrashableMem()
	var receipts []eventbus.Receipt
	for life := range 3 {
		b, err := openBank(t, fs, 0)
		require.NoError(t, err)
		for range 6 {
			receipt, err := b.write(t, 1+len(receipts))
			require.NoError(t, err)
			receipts = append(receipts, receipt)
		}
		require.NoError(t, b.journal.Snapshots().Set([]eventbus.IndexEntry{{Key: []byte("k"), Value: []byte("v")}}))
		if life < 2 {
			require.NoError(t, b.close(t))
		} else {
			t.Cleanup(func() { _ = b.close(t) })
		}
	}
	return fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))}), receipts
}

// outcome of a start with something damaged.
type outcome int

const (
	harmless outcome = iota
	mended
	refused
)

// startDamaged starts the bank as an operator does: again, if it stopped over its
// index. It is refused with a position, or all is there and can be added to.
func startDamaged(t *testing.T, fs vfs.FS, probeBytes int, receipts []eventbus.Receipt, what string) outcome {
	t.Helper()
	for start := range 3 {
		b, err := openBank(t, fs, probeBytes)
		made := false
		if err == nil {
			made = b.log.IndexMade() || len(b.journal.Recovered().Dropped) > 0
			_, err = b.write(t, 1000)
			if err == nil {
				err = readBack(t, b, receipts)
			}
			err = errors.Join(err, b.close(t))
		}
		if err == nil {
			if made || start > 0 {
				return mended
			}
			return harmless
		}
		require.NotContains(t, err.Error(), "carrier", what)
		var damage *eventbus.Damage
		if errors.As(err, &damage) {
			require.NotErrorIs(t, err, eventbus.ErrIndexDamaged, what)
			require.NotZero(t, damage.Position, what)
			require.NotContains(t, damage.Error(), "\n", what)
			return refused
		}
		require.ErrorIs(t, err, eventbus.ErrIndexDamaged, what)
	}
	require.Fail(t, "the index is never mended", what)
	return refused
}

func readBack(t *testing.T, b bank, receipts []eventbus.Receipt) error {
	t.Helper()
	if err := b.log.Err(); err != nil {
		return err
	}
	if _, _, err := b.journal.Snapshots().Get([]byte("k")); err != nil {
		return err
	}
	for i, want := range receipts {
		ticket, found, err := b.log.Find(t.Context(), want.ID)
		if err != nil {
			return err
		}
		require.True(t, found, "commit %d is lost", i)
		got, err := ticket.Wait(t.Context())
		if err != nil {
			return err
		}
		require.Equal(t, want, got)
		version := eventbus.Version(0)
		for e, err := range b.log.ReadStream(t.Context(), eventbustest.StreamOf(1+i), 0) {
			if err != nil {
				return err
			}
			version = e.Version
		}
		require.Equal(t, eventbus.Version(1), version)
	}
	last, seen := eventbus.Position(0), 0
	for r, err := range b.log.ReadAll(t.Context(), 0) {
		if err != nil {
			return err
		}
		require.Equal(t, last+1, r.First)
		last, seen = r.Last(), seen+1
	}
	require.Greater(t, seen, len(receipts))
	return nil
}

// flipsPerFile bounds the test; every table's blocks, index and footer get some.
const flipsPerFile = 60

func TestAByteFlippedUnderTheWholeSequencer(t *testing.T) {
	t.Parallel()
	fs, receipts := bankOfThreeLives(t)
	names, err := fs.List("log")
	require.NoError(t, err)
	kinds := tableKinds(t, fs)
	for _, kind := range []byte{keyRecord, keyIndex, keySnapshot} {
		require.Contains(t, slices.Collect(maps.Values(kinds)), kind)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := readFile(t, fs, name)
			var counts, late [3]int
			stride := max(1, len(data)/flipsPerFile)
			for at := stride / 2; at < len(data); at += stride {
				flipped := append([]byte(nil), data...)
				flipped[at] ^= 1 << (at % 8)
				what := fmt.Sprintf("%s, byte %d of %d", name, at, len(data))
				got := startDamaged(t, replaced(t, fs, name, flipped), 0, receipts, what)
				counts[got]++
				if kind := kinds[name]; kind == keyIndex || kind == keySnapshot {
					require.NotEqual(t, refused, got, "%s: the records are sound", what)
					got = startDamaged(t, replaced(t, fs, name, flipped), -1, receipts, what) // met when it is in use
					require.NotEqual(t, refused, got, "%s: the records are sound", what)
					late[got]++
				}
			}
			t.Logf("%q: %d harmless, %d mended, %d refused; met late: %v", kinds[name], counts[harmless], counts[mended], counts[refused], late)
		})
	}
}

// tableKinds tells the kind of key that each table holds.
func tableKinds(t *testing.T, fs *vfs.MemFS) map[string]byte {
	t.Helper()
	p := pebbleOptions(unlocked{fs}, newStop(), small(fs))
	p.ReadOnly = true
	db, err := pebble.Open("log", p)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	levels, err := db.SSTables()
	require.NoError(t, err)
	kinds := make(map[string]byte)
	for _, level := range levels {
		for _, table := range level {
			require.Equal(t, table.Smallest.UserKey[0], table.Largest.UserKey[0], "a table of several kinds of keys")
			kinds[fmt.Sprintf("%06d.sst", table.FileNum)] = table.Smallest.UserKey[0]
		}
	}
	return kinds
}

func TestACompactionThatMeetsADamagedIndexStopsAndTheNextStartMends(t *testing.T) {
	t.Parallel()
	fs, receipts := bankOfThreeLives(t)
	for name, kind := range tableKinds(t, fs) {
		if kind == keyRecord {
			continue
		}
		flipped := readFile(t, fs, name)
		flipped[20] ^= 1
		damaged := replaced(t, fs, name, flipped)
		told := make(chan error, 1)
		options := small(damaged)
		options.probeBytes, options.Fatal = -1, func(err error) { told <- err }
		j, err := Open("log", options)
		require.NoError(t, err)
		_ = j.store.db.Compact(t.Context(), []byte{kind}, []byte{kind + 1}, false)
		require.ErrorIs(t, <-told, eventbus.ErrIndexDamaged)
		require.ErrorIs(t, j.Close(), eventbus.ErrIndexDamaged)
		b, err := openBank(t, damaged, -1)
		require.NoError(t, err)
		require.Equal(t, []byte{kind}, b.journal.Recovered().Dropped)
		require.Equal(t, kind == keyIndex, b.log.IndexMade())
		require.NoError(t, readBackAfterWrite(t, b, receipts))
		require.NoError(t, b.close(t))
		b, err = openBank(t, damaged, 0)
		require.NoError(t, err)
		require.Empty(t, b.journal.Recovered().Dropped, "mended once")
		require.False(t, b.log.IndexMade())
		require.NoError(t, b.close(t))
	}
}

// An index beside sound records is made anew; one that is ahead of them says that
// records are missing.
func TestAnIndexAstray(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	b, err := openBank(t, fs, 0)
	require.NoError(t, err)
	receipt, err := b.write(t, 1)
	require.NoError(t, err)
	require.NoError(t, b.close(t))
	b, err = openBank(t, fs, 0) // writes a checkpoint
	require.NoError(t, err)
	require.False(t, b.log.IndexMade())
	key := []byte("k") // the checkpoint's
	value, ok, err := b.journal.Index().Get(key)
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, b.close(t))
	astray := func(change func(checkpoint []byte)) {
		j, err := Open("log", small(fs))
		require.NoError(t, err)
		changed := slices.Clone(value)
		change(changed)
		require.NoError(t, j.Index().Set([]eventbus.IndexEntry{{Key: key, Value: changed}}))
		require.NoError(t, j.Close())
	}
	for i, change := range []func([]byte){
		func(c []byte) { c[8]++ }, // another hash
		func(c []byte) { c[7]-- }, // not the end of a commit
		func(c []byte) { c[49] = 200 },
	} {
		astray(change)
		b, err = openBank(t, fs, 0)
		require.NoError(t, err)
		require.True(t, b.log.IndexMade(), i)
		require.NoError(t, readBack(t, b, []eventbus.Receipt{receipt}))
		require.NoError(t, b.close(t))
	}
	astray(func(c []byte) { c[6]++ })
	_, err = openBank(t, fs, 0)
	var damage *eventbus.Damage
	require.ErrorAs(t, err, &damage)
}

func readBackAfterWrite(t *testing.T, b bank, receipts []eventbus.Receipt) error {
	t.Helper()
	if _, err := b.write(t, 1000); err != nil {
		return err
	}
	return readBack(t, b, receipts)
}
