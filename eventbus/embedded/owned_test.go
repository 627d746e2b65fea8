package embedded

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// ownersOnly checks the modes of everything in dir, and of dir itself.
func ownersOnly(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		want := os.FileMode(0o600)
		if entry.IsDir() {
			want = 0o700
		}
		require.Equal(t, want, info.Mode().Perm(), path)
		return nil
	}))
}

func TestTheLogItsBackupAndWhatIsRestoredAreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log, backup, restored := filepath.Join(dir, "log"), filepath.Join(dir, "backup"), filepath.Join(dir, "restored")
	j, err := Open(log, Options{CreateIfMissing: true})
	require.NoError(t, err)
	extendBy(t, j, 10)
	require.NoError(t, j.Close())
	require.NoError(t, filepath.WalkDir(log, func(path string, entry fs.DirEntry, err error) error { // as an older version made them
		if err == nil && filepath.Ext(path) == ".sst" {
			err = os.Chmod(path, 0o644)
		}
		return err
	}))
	j, err = Open(log, Options{})
	require.NoError(t, err)
	extendBy(t, j, 10)
	_, err = j.Backup(backup, "the ledger")
	require.NoError(t, err)
	require.NoError(t, j.Close())
	_, _, err = Restore(t.Context(), backup, restored, Options{}, nil)
	require.NoError(t, err)
	for _, made := range []string{log, backup, restored} {
		ownersOnly(t, made)
	}
}
