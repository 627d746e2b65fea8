package commands

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/eventbus"
	"florin/eventbus/eventbustest"
	"florin/schemas"
)

// readLog counts the events that loading reads.
type readLog struct {
	eventbus.Log
	read atomic.Int64
}

func (l *readLog) ReadStream(ctx context.Context, stream eventbus.Stream, after eventbus.Version) iter.Seq2[eventbus.Recorded, error] {
	return func(yield func(eventbus.Recorded, error) bool) {
		for recorded, err := range l.Log.ReadStream(ctx, stream, after) {
			l.read.Add(1)
			if !yield(recorded, err) {
				return
			}
		}
	}
}

// longStream is a world with an account of so many payments, and its snapshots.
func longStream(t *testing.T, payments int) (*world, *eventbustest.MemoryIndex, id.Account) {
	w := newWorld(t)
	index := &eventbustest.MemoryIndex{}
	w.bank = w.with(w.log, index)
	a, b := w.open("a", 1_000_000), w.open("b", 0)
	for n := range payments {
		_, _, err := pay(background, w.bank, fmt.Sprint(n), a, b, 1)
		require.NoError(t, err)
	}
	return w, index, a
}

// with is a bank that keeps its snapshots in an index.
func (w *world) with(log eventbus.Log, index eventbus.Index) *Bank {
	w.t.Helper()
	bank, err := Open(background, log, schemas.New(w.ring), w.ring,
		Sources{Now: func() time.Time { return noon }, Random: rand.Reader}, Settings{Snapshots: index, StatesMax: 1})
	require.NoError(w.t, err)
	return bank
}

func TestALongStreamIsLoadedFromItsSnapshot(t *testing.T) {
	t.Parallel()
	const payments = snapshotEvery + 10
	w, index, a := longStream(t, payments)
	key := snapshotKey(eventbus.Stream(a.Stream()))
	value, ok, err := index.Get(key)
	require.NoError(t, err)
	require.True(t, ok)
	spoiled := func(change func([]byte) []byte) eventbus.Index {
		index := &eventbustest.MemoryIndex{}
		require.NoError(t, index.Set([]eventbus.IndexEntry{{Key: key, Value: change(append([]byte(nil), value...))}}))
		return index
	}
	summed := func(v []byte) []byte {
		sum := snapshotSum(key, v[32:])
		return append(sum[:], v[32:]...)
	}
	const all, few = payments + 1, payments + 1 - snapshotEvery
	for _, tc := range []struct {
		name  string
		index eventbus.Index
		read  int
	}{
		{"its own", index, few},
		{"none", &eventbustest.MemoryIndex{}, all},
		{"of another shape", spoiled(func(v []byte) []byte { v[33]++; return summed(v) }), all},
		{"beyond the head", spoiled(func(v []byte) []byte { v[34]++; return summed(v) }), all},
		{"of a commit that is not there", spoiled(func(v []byte) []byte { v[42]++; return summed(v) }), all},
		{"of another history", spoiled(func(v []byte) []byte { v[58]++; return summed(v) }), all},
		{"no JSON", spoiled(func(v []byte) []byte { return summed(v[:len(v)-1]) }), all},
		{"torn", spoiled(func(v []byte) []byte { return v[:60] }), all},
		{"a bit flipped in the balance", spoiled(func(v []byte) []byte { v[120] ^= 1; return v }), all},
		{"empty", spoiled(func([]byte) []byte { return nil }), all},
	} {
		log := &readLog{Log: w.log}
		require.Equal(t, int64(-payments), w.balance(w.with(log, tc.index), a), tc.name)
		require.Equal(t, int64(tc.read), log.read.Load(), tc.name)
	}
}

func TestAShortStreamHasNoSnapshot(t *testing.T) {
	t.Parallel()
	_, index, a := longStream(t, 3)
	_, ok, err := index.Get(snapshotKey(eventbus.Stream(a.Stream())))
	require.NoError(t, err)
	require.False(t, ok)
}
