package embedded

import (
	"context"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
)

func TestABackupMadeUnderLoadIsRestoredWhole(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	j := openIn(t, fs)
	extendBy(t, j, 30)
	going, stopped := make(chan struct{}), make(chan eventbus.Mark)
	halt := make(chan struct{})
	go func() {
		end := extendBy(t, j, 1)
		close(going)
		for {
			select {
			case <-halt:
				stopped <- end
				return
			default:
				end = extendBy(t, j, 1)
			}
		}
	}()
	<-going
	m, err := j.Backup("backup", "the ledger")
	require.NoError(t, err)
	close(halt)
	last := <-stopped
	require.GreaterOrEqual(t, m.Position, eventbus.Position(60))
	_, err = j.Backup("backup", "the ledger")
	require.ErrorIs(t, err, ErrNotEmpty)

	var told eventbus.Position
	got, end, err := Restore(t.Context(), "backup", "restored", small(fs), func(done, total eventbus.Position) {
		require.Greater(t, done, told)
		require.LessOrEqual(t, done, total)
		told = done
	})
	require.NoError(t, err)
	require.Equal(t, m, got)
	require.Equal(t, "the ledger", got.Ledger)
	require.GreaterOrEqual(t, end.Position, m.Position)
	require.LessOrEqual(t, end.Position, last.Position)
	require.Equal(t, end.Position, told)

	restored, err := Open("restored", small(fs))
	require.NoError(t, err)
	checked, err := checkAll(restored)
	require.NoError(t, err)
	require.Equal(t, end, checked)
	extendBy(t, restored, 3)
	require.NoError(t, restored.Close())

	_, _, err = Restore(t.Context(), "backup", "restored", small(fs), nil)
	require.ErrorIs(t, err, ErrNotEmpty)
	_, _, err = Restore(t.Context(), "log", "other", small(fs), nil)
	require.ErrorIs(t, err, ErrNoBackup)
	_, _, err = Restore(t.Context(), "nowhere", "other", small(fs), nil)
	require.ErrorIs(t, err, ErrNoBackup)
}

func TestADamagedBackupIsNotRestored(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	j := openIn(t, fs)
	extendBy(t, j, 10)
	require.NoError(t, j.Close())
	j = openIn(t, fs) // so that there are tables
	extendBy(t, j, 2)
	_, err := j.Backup("backup", "the ledger")
	require.NoError(t, err)
	names, err := fs.List("backup")
	require.NoError(t, err)
	tried := 0
	for _, name := range names {
		if !strings.HasSuffix(name, ".sst") && !strings.HasSuffix(name, ".log") {
			continue
		}
		copied := vfs.NewMem()
		require.NoError(t, copyBackup(fs, copied))
		flipByte(t, copied, "backup/"+name, 60)
		var named *eventbus.Damage
		_, _, err := Restore(t.Context(), "backup", "restored", small(copied), nil)
		require.ErrorAs(t, err, &named, name)
		_, err = copied.Stat("restored")
		require.Error(t, err, "nothing bears the log's name")
		tried++
	}
	require.GreaterOrEqual(t, tried, 2)
	flipByte(t, fs, "backup/"+manifestName, 0)
	_, _, err = Restore(t.Context(), "backup", "restored", small(fs), nil)
	require.ErrorIs(t, err, ErrNoBackup)
}

func TestARestoreCanBeGivenUp(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	j := openIn(t, fs)
	extendBy(t, j, 10)
	_, err := j.Backup("backup", "the ledger")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	_, _, err = Restore(ctx, "backup", "restored", small(fs), func(done, _ eventbus.Position) {
		if done > 4 {
			cancel()
		}
	})
	if err != nil { // small logs are read in one page
		require.ErrorIs(t, err, context.Canceled)
	}
	cancel()
	_, _, err = Restore(ctx, "backup", "again", small(fs), nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = fs.Stat("again")
	require.Error(t, err)
}

func copyBackup(from, to *vfs.MemFS) error {
	_, err := vfs.Clone(from, to, "backup", "backup")
	return err
}

func flipByte(t *testing.T, fs *vfs.MemFS, path string, at int64) {
	t.Helper()
	data, err := fs.UnsafeGetFileDataBuffer(path)
	require.NoError(t, err)
	require.Greater(t, int64(len(data)), at)
	data[at] ^= 4
}
