package projections

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/eventbus"
)

func TestRebuildWhileEverybodyWrites(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	w := newWorld(b)
	for range 400 {
		b.transfer(w.annas, w.berts, 1)
	}
	r := b.reads("")
	stop := run(t, r)
	b.settle(r)
	ctx := context.Background()
	var writers sync.WaitGroup
	done := make(chan struct{})
	writers.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				_, receipt := b.transfer(w.annas, w.berts, 1)
				for err := ErrBehind; err != nil; { // a slow machine: asked again, as everybody has to
					if err = r.WaitFor(ctx, "accounts", receipt.Last); err != nil && !errors.Is(err, ErrBehind) {
						t.Error(err)
						return
					}
				}
				got, err := r.Account(ctx, w.annas)
				if err != nil || got.Position < receipt.First {
					t.Errorf("a swap has taken a position back: %d, %v", got.Position, err)
					return
				}
			}
		}
	})
	for i := range 6 {
		calls := 0
		name := append(Names(), All)[i%7]
		if i == 0 {
			name = All
		}
		require.NoError(t, r.Rebuild(ctx, name, func(done, total uint64) {
			calls++
			require.LessOrEqual(t, done, total)
		}))
		require.Positive(t, calls)
	}
	close(done)
	writers.Wait()
	b.settle(r)
	require.NoError(t, stop())
	agree(t, r)
	require.ErrorIs(t, r.Rebuild(ctx, "nonsense", nil), ErrUnknown)
}

func TestOneRebuildAtATimeAndNoneThatLeavesTraces(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	w := newWorld(b)
	r := b.reads("")
	stop := run(t, r)
	b.settle(r)
	ctx, cancel := context.WithCancel(context.Background())
	err := r.Rebuild(ctx, All, func(uint64, uint64) {
		require.ErrorIs(t, r.Rebuild(ctx, All, nil), ErrRebuilding)
		cancel()
	})
	require.ErrorIs(t, err, context.Canceled)
	b.transfer(w.annas, w.berts, 1)
	b.settle(r)
	require.NoError(t, stop())
	agree(t, r)
	left := 0
	require.NoError(t, r.database.each(context.Background(), "select name from sqlite_master where name like '%_next' or name like '%_past'", nil,
		func(scanner) error { left++; return nil }))
	require.Zero(t, left)
}

func TestAnEmptyProjectionOfALongLogIsBuiltBeside(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	b.checked = false
	w := newWorld(b)
	const long = 2_000 // events
	for head := eventbus.Position(0); head < long; {
		_, receipt := b.transfer(w.annas, w.berts, 1)
		head = receipt.Last
	}
	path := filepath.Join(t.TempDir(), "read.db")
	r := b.reads(path)
	r.bulk = long
	stop := run(t, r)
	b.settle(r)
	require.NoError(t, stop())
	agree(t, r)

	// One of another shape is made anew; the others follow on meanwhile.
	require.NoError(t, r.database.transact(context.Background(), func(w *writer) error {
		w.exec("update checkpoints set version = ? where projection = ?", -1, "accounts")
		return nil
	}))
	require.NoError(t, r.Close())
	b.transfer(w.annas, w.berts, 1)
	again := b.reads(path)
	again.bulk = long
	empty, err := again.Digest(context.Background(), "v_accounts")
	require.NoError(t, err)
	require.Zero(t, empty.Rows)
	stop = run(t, again)
	b.settle(again)
	require.NoError(t, stop())
	agree(t, again)
	require.Equal(t, int64(4), again.generation("accounts"))
}
