package seal

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain"
)

func TestTheRingAndItsCopyAreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "keys", "ring"), filepath.Join(dir, "copy")
	mode := func(path string) os.FileMode {
		info, err := os.Stat(path)
		require.NoError(t, err)
		return info.Mode().Perm()
	}
	r, err := Create(path, testMaster, rand.Reader)
	require.NoError(t, err)
	_, _, err = r.Seal(anna, domain.RetainProfile)
	require.NoError(t, err)
	require.NoError(t, r.Copy(copied))
	require.Equal(t, os.FileMode(0o700), mode(filepath.Dir(path)))
	require.Equal(t, os.FileMode(0o600), mode(path))
	require.Equal(t, os.FileMode(0o600), mode(copied))
	require.NoError(t, r.Destroy(anna, domain.RetainProfile)) // writes the file anew
	require.Equal(t, os.FileMode(0o600), mode(path))
	require.NoError(t, r.Close())

	require.NoError(t, os.Chmod(path, 0o644)) // as an older version made it
	r, err = Open(path, testMaster, rand.Reader)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), mode(path))
	require.NoError(t, r.Close())
}
