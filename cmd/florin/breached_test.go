package main

import (
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func breachedFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "breached.txt")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// hashesOf are passwords as Have I Been Pwned gives them.
func hashesOf(line string, passwords ...string) string {
	var lines []string
	for i, password := range passwords {
		lines = append(lines, strings.ReplaceAll(fmt.Sprintf(line, sha1.Sum([]byte(password))), "#", fmt.Sprint(i)))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func TestLeakedPasswordsAreFound(t *testing.T) {
	t.Parallel()
	var some []string
	for i := range 1000 {
		some = append(some, fmt.Sprintf("leaked horse %d", i))
	}
	for name, text := range map[string]string{
		"hashes with counts":        hashesOf("%X:#\n", some...),
		"hashes with DOS lines":     hashesOf("%X:#\r\n", some...),
		"hashes in small letters":   hashesOf("%x\n", some...),
		"hashes without a last \\n": strings.TrimSuffix(hashesOf("%X:#\n", some...), "\n"),
		"a list":                    strings.Join(some, "\n"),
		"a list with DOS lines":     strings.Join(some, "\r\n") + "\r\n",
	} {
		b, err := openBreached(breachedFile(t, text))
		require.NoError(t, err, name)
		for _, password := range some {
			found, err := b.has(password)
			require.NoError(t, err)
			require.True(t, found, "%s: %s", name, password)
		}
		found, err := b.has("LEAKED Horse 7")
		require.NoError(t, err)
		require.True(t, found, "%s: in other letters", name)
		for _, password := range []string{"leaked horse 1000", "leaked horse ", "", "zebra", "\x00"} {
			found, err := b.has(password)
			require.NoError(t, err)
			require.False(t, found, "%s: %q", name, password)
		}
		require.NoError(t, b.close())
	}
	one, err := openBreached(breachedFile(t, hashesOf("%X:#\n", "only one")))
	require.NoError(t, err)
	defer func() { require.NoError(t, one.close()) }()
	found, err := one.has("only one")
	require.NoError(t, err)
	require.True(t, found)
	require.NoError(t, one.inOrder(), "however short the file is that is only looked into")
}

func TestFilesThatAreNoListAreRefused(t *testing.T) {
	t.Parallel()
	hashes := strings.SplitAfter(hashesOf("%X:#\n", "a", "b", "c", "d"), "\n")
	for name, tc := range map[string]struct{ text, says string }{
		"an empty file":        {"", "first line is empty"},
		"hashes that are none": {hashes[0] + "password\n", "line 2 is no SHA-1"},
		"hashes cut off":       {hashes[0] + hashes[1][:39] + "\n", "line 2 is no SHA-1"},
		"a count that is none": {hashes[0] + hashes[1][:41] + "many\n", "line 2 is no SHA-1"},
		"hashes out of order":  {hashes[1] + hashes[0], "sort the file"},
		"hashes twice":         {hashes[0] + hashes[0], "sort the file"},
		"a list that is none":  {"password\n\xff\xfe\n", "line 2 is no text"},
		"a list with an archive in it": {
			"password\n" + strings.Repeat("x", 2000) + "\n", "line 2"},
	} {
		_, err := openBreached(breachedFile(t, tc.text))
		require.ErrorContains(t, err, tc.says, name)
	}
	_, err := openBreached(filepath.Join(t.TempDir(), "nowhere"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = openBreached(t.TempDir())
	require.Error(t, err)
	b, err := openBreached(breachedFile(t, strings.Join(hashes, "")))
	require.NoError(t, err)
	require.NoError(t, os.Truncate(b.file.Name(), 0))
	_, err = b.has("a")
	require.Error(t, err, "what changed under the bank is not what was opened: nothing is taken on its word")
	require.NoError(t, b.close())
}

// A bank whose list cannot be read does not begin, and one that can takes no
// password of it.
func TestABankTakesNoLeakedPassword(t *testing.T) {
	t.Parallel()
	path, environ := program(t)
	dir := filepath.Join(t.TempDir(), "bank")
	code, _, says := florin(t, nil, "serve", "--sandbox", "--dir", dir, "--breached-passwords", breachedFile(t, "\xff"))
	require.Equal(t, exitFailed, code)
	require.Contains(t, says, "breached_passwords")
	require.NoDirExists(t, dir, "nothing was begun")

	bank, base, err := newChild(path, dir, filepath.Join(t.TempDir(), "bank.log"), childEnvironment(environ), "--breached-passwords", breachedFile(t, hashesOf("%X:#\n", "correct horse battery ada")))
	require.NoError(t, err)
	require.NoError(t, bank.start(t.Context()))
	t.Cleanup(func() { ends(t, bank) })
	_, err = newPerson(t.Context(), base, "ada", newHTTPClient())
	require.ErrorContains(t, err, "password-weak")
}
