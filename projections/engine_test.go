package projections

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/domain/id"
	"florin/eventbus"
)

// agree checks everything at once: what is served is what the log says.
func agree(t *testing.T, r *Reads) {
	t.Helper()
	compared, err := r.Compare(context.Background(), nil)
	require.NoError(t, err)
	require.Len(t, compared, len(views))
	for _, c := range compared {
		require.Equal(t, c.Replayed, c.Live, "%s: what is served is not what the log says", c.View)
	}
}

func TestEachStatementFailsOnceAndNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	for step, after := range map[int64]bool{2: false, 5: true} {
		failures := 0
		b := newBank(t)
		newWorld(b)
		path := filepath.Join(t.TempDir(), "read.db")
		for n := int64(1); ; n += step {
			require.NoError(t, remove(path))
			f := &fault{after: after}
			db := faultyDatabase(t, path, f)
			f.left.Store(n)
			r, err := openReads(context.Background(), db, b.log, b.treaty.DecodeClosed, b.treaty.DecodeAny)
			if err == nil {
				ctx, cancel := context.WithCancel(context.Background())
				done := make(chan error, 1)
				go func() { done <- r.Run(ctx) }()
				head, _ := b.log.Head(ctx)
				for _, name := range Names() {
					if err = r.WaitFor(ctx, name, head.Position); err != nil {
						break
					}
				}
				cancel()
				if run := <-done; run != nil {
					err = run
				}
			}
			reached := f.left.Load() == 0
			require.NoError(t, db.close())
			if reached {
				failures++
				if err != nil {
					require.ErrorIs(t, err, errDisk)
				}
			}

			// Open again without the fault: it goes on from where it was.
			again := b.reads(path)
			stop := run(t, again)
			b.settle(again)
			require.NoError(t, stop())
			if n%40 == 1 || !reached {
				agree(t, again)
			}
			require.NoError(t, again.Close())
			if !reached {
				break
			}
		}
		require.Greater(t, failures, 20, "the walk must have met the writes")
	}
}

func TestKilledBetweenBatchesItGoesOnExactlyOnce(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	w := newWorld(b)
	path := filepath.Join(t.TempDir(), "read.db")
	for range 12 {
		r := b.reads(path)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		for i := range 5 { // batches of any size, cut off anywhere
			_, receipt := b.transfer(w.annas, w.berts, 10)
			if i == 2 {
				require.NoError(t, r.WaitFor(ctx, "accounts", receipt.Last))
			}
		}
		cancel()
		require.NoError(t, <-done)
		require.NoError(t, r.Close())
	}
	r := b.reads(path)
	stop := run(t, r)
	b.settle(r)
	got, err := r.Account(context.Background(), w.annas)
	require.NoError(t, err)
	require.Equal(t, eur(b.balances[w.annas]), got.Balance)
	require.NoError(t, stop())
	agree(t, r)
}

func TestAFileThatIsNoDatabaseIsRefusedWithTheMend(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	path := filepath.Join(t.TempDir(), "a strange?name%20#", "read.db")
	require.NoError(t, os.Mkdir(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("not a database "), 500), 0o600))
	_, err := Open(context.Background(), path, b.log, b.treaty)
	require.ErrorContains(t, err, "delete it")
	require.NoError(t, remove(path))
	r := b.reads(path)
	run(t, r)
	require.NoError(t, r.Caught(context.Background()))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	_, err = Open(context.Background(), filepath.Join(path, "below"), b.log, b.treaty)
	require.Error(t, err)
	_, err = r.database.read.Exec("delete from accounts")
	require.Error(t, err, "readers cannot write")
}

func TestRunMayBeCalledAgain(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	w := newWorld(b)
	r := b.reads("")
	for range 3 {
		stop := run(t, r)
		head, err := b.log.Head(context.Background())
		require.NoError(t, err)
		for errors.Is(r.WaitFor(context.Background(), "accounts", head.Position), ErrStopped) { // Run has not begun yet
			runtime.Gosched()
		}
		b.settle(r)
		require.NoError(t, stop())
		_, receipt := b.transfer(w.annas, w.berts, 10)
		require.ErrorIs(t, r.WaitFor(context.Background(), "accounts", receipt.Last), ErrStopped)
	}
}

func TestACheckpointBeyondOrBesideTheLogStopsWithTheMend(t *testing.T) {
	t.Parallel()
	b, tape := newTapeBank(t, 1)
	newWorld(b)
	path := filepath.Join(t.TempDir(), "read.db")
	r := b.reads(path)
	stop := run(t, r)
	b.settle(r)
	require.NoError(t, stop())
	require.NoError(t, r.Close())

	shorter := newTape(1)
	shorter.records = append(shorter.records, tape.records[:len(tape.records)-1]...)
	beside, other := newTapeBank(t, 2)
	newWorld(beside)
	for _, c := range []struct {
		name string
		log  eventbus.Log
		why  string
	}{
		{"restored from before", shorter, "beyond"},
		{"another history of the same length", other, "not a commit of this log"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Open(context.Background(), path, c.log, b.treaty)
			require.NoError(t, err)
			defer r.Close()
			var stray *Stray
			err = r.Run(context.Background())
			require.ErrorAs(t, err, &stray)
			require.ErrorContains(t, err, c.why)
			require.ErrorContains(t, err, "rebuild")
			require.Error(t, r.WaitFor(context.Background(), "accounts", 10_000))
		})
	}

	// The mend: rebuild all, then it runs.
	restored, err := Open(context.Background(), path, shorter, b.treaty)
	require.NoError(t, err)
	t.Cleanup(func() { _ = restored.Close() })
	require.NoError(t, restored.Rebuild(context.Background(), All, nil))
	shortBank := *b
	shortBank.log = shorter
	run(t, restored)
	shortBank.settle(restored)
}

func TestWaitForIsBoundedAndHonest(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	w := newWorld(b)
	r := b.reads("")
	ctx := context.Background()
	head, err := b.log.Head(ctx)
	require.NoError(t, err)
	require.ErrorIs(t, r.WaitFor(ctx, "accounts", head.Position+1), eventbus.ErrAhead)
	require.ErrorIs(t, r.WaitFor(ctx, "nonsense", 1), ErrUnknown)
	require.NoError(t, r.WaitFor(ctx, "accounts", 0))
	gone, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, r.WaitFor(gone, "accounts", head.Position), context.Canceled)
	late, cancel := context.WithTimeout(ctx, 1)
	defer cancel()
	require.ErrorIs(t, r.WaitFor(late, "accounts", head.Position), ErrBehind)

	waited := make(chan error, 1)
	go func() { waited <- r.WaitFor(ctx, "accounts", head.Position) }()
	stop := run(t, r)
	require.NoError(t, <-waited)
	_, receipt := b.transfer(w.annas, w.berts, 5)
	require.NoError(t, r.WaitFor(ctx, "accounts", receipt.First), "a position inside a commit")
	got, err := r.Account(ctx, w.annas)
	require.NoError(t, err)
	require.Equal(t, eur(b.balances[w.annas]), got.Balance)
	require.NoError(t, stop())
	require.ErrorIs(t, r.WaitFor(ctx, "audit", receipt.Last+1), eventbus.ErrAhead)
}

func TestInternalAccountsMayGoNegativeAndBelongToNobody(t *testing.T) {
	t.Parallel()
	w, r := followed(t)
	nostro := account.Nostro(account.Cash).In("EUR")
	got, err := r.Account(context.Background(), nostro)
	require.NoError(t, err)
	require.Equal(t, eur(w.balances[nostro]), got.Balance)
	require.True(t, got.Balance.IsNegative())
	require.Equal(t, account.Internal, got.Class)
	require.True(t, got.Customer.IsZero())
	_, err = r.Account(context.Background(), id.Account{})
	require.ErrorIs(t, err, ErrMissing)
}
