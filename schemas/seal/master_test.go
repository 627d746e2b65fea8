package seal

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"florin/domain"
)

func TestAMasterKeyIsMadeOnceAndReadBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys", "master.key")
	_, err := LoadMaster(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "FLORIN_MASTER_KEY_FILE")
	master, err := CreateMaster(path, rand.Reader)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	got, err := LoadMaster(path)
	require.NoError(t, err)
	require.Equal(t, master, got)
	_, err = CreateMaster(path, rand.Reader)
	require.ErrorIs(t, err, os.ErrExist, "a key is never written over")
	_, err = CreateMaster(path+"2", iotest.ErrReader(errors.New("dry")))
	require.ErrorContains(t, err, "dry")
}

func TestABadMasterKeyIsRefusedWithTheMend(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "master.key")
	_, err := CreateMaster(path, rand.Reader)
	require.NoError(t, err)
	for _, mode := range []os.FileMode{0o604, 0o620, 0o666} {
		require.NoError(t, os.Chmod(path, mode))
		_, err = LoadMaster(path)
		require.ErrorContains(t, err, "chmod 600 "+path)
	}
	require.NoError(t, os.Chmod(path, 0o640))
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	for name, text := range map[string]string{
		"empty": "", "word alone": masterWord, "short": string(good[:len(good)-3]), "no word": string(good[len(masterWord):]),
		"long": string(good[:len(good)-1]) + "AAAA", "not base64": masterWord + "!!!",
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err = LoadMaster(path)
		require.ErrorContains(t, err, "does not hold a master key", name)
		require.NotContains(t, err.Error(), string(good[len(masterWord):len(masterWord)+10]), "no part of a key is shown")
	}
}

func TestARingOnARealDisk(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys", "ring")
	_, err := Open(path, testMaster, rand.Reader)
	require.ErrorIs(t, err, ErrNoRing)
	r, err := Create(path, testMaster, rand.Reader)
	require.NoError(t, err)
	id, secret, err := r.Seal(anna, domain.RetainProfile)
	require.NoError(t, err)
	_, _, err = r.Seal(bert, domain.RetainProfile)
	require.NoError(t, err)
	require.NoError(t, r.Destroy(bert, domain.RetainProfile))
	_, err = r.Named("claim")
	require.NoError(t, err)
	require.NoError(t, r.Close())
	r, err = Open(path, testMaster, rand.Reader)
	require.NoError(t, err)
	got, err := r.Key(id)
	require.NoError(t, err)
	require.Equal(t, secret, got)
	require.Equal(t, Summary{Keys: 1, Destroyed: 1, Named: []string{"claim"}}, r.Summary())
	require.NoError(t, r.Close())
	stored, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(stored), string(secret[:]))
	require.NotContains(t, string(stored), "customer", "not even whose keys they are")
}
