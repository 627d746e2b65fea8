package projections

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/eventbus"
)

// states are the states of all views that a comparison of the file tells.
func (b *bank) states(path string) []State {
	b.t.Helper()
	compared, err := CompareFile(context.Background(), path, b.log, b.treaty, nil)
	require.NoError(b.t, err)
	require.Len(b.t, compared, len(views))
	states := []State{}
	for _, c := range compared {
		require.NotZero(b.t, c.Replayed.SHA256, "the replay's digest is told in every state")
		states = append(states, c.State)
	}
	return states
}

// followedFile is a read database that shows the whole log and is closed.
func (b *bank) followedFile() string {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), "read.db")
	r, err := Open(context.Background(), path, b.log, b.treaty)
	require.NoError(b.t, err)
	stop := run(b.t, r)
	b.settle(r)
	require.NoError(b.t, stop())
	require.NoError(b.t, r.Close())
	return path
}

func TestAComparisonSaysWhatItComparedWith(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	w := newWorld(b)
	path := b.followedFile()
	require.NotContains(t, b.states(path), Behind)
	for _, state := range b.states(path) {
		require.Equal(t, Equal, state)
	}
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	b.transfer(w.annas, w.berts, 100) // nobody follows
	for _, state := range b.states(path) {
		require.Equal(t, Behind, state)
	}
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after, "an auditor writes nothing")
	beside, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	require.Equal(t, []string{path}, beside)

	require.NoError(t, remove(path))
	for _, state := range b.states(path) {
		require.Equal(t, Absent, state)
	}
	require.NoFileExists(t, path)
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	for _, state := range b.states(path) {
		require.Equal(t, Behind, state, "an empty file shows nothing")
	}
	require.NoError(t, os.WriteFile(path, []byte("this is no database, and never was one of ours"), 0o600))
	_, err = CompareFile(context.Background(), path, b.log, b.treaty, nil)
	require.ErrorContains(t, err, path)
}

func TestAComparisonSeesRowsThatTheLogDoesNotKnow(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	newWorld(b)
	path := b.followedFile()
	db, err := openSQLite(path)
	require.NoError(t, err)
	require.NoError(t, db.transact(context.Background(), func(w *writer) error {
		w.exec("update accounts set balance = balance + 1")
		return w.err
	}))
	require.NoError(t, db.close())
	require.Contains(t, b.states(path), Differs)
}

func TestAComparisonPassesOverNoParkedStream(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	w := newWorld(b)
	b.commit(eventbus.Header{}, part{stream: w.annas.Stream(), raw: []eventbus.Event{
		{Kind: "account.levitated", SchemaVersion: 1, ContentType: "application/json", Data: []byte("{}")}}})
	require.Contains(t, b.states(b.followedFile()), Skipping)
}

func TestAComparisonWithAnotherLogsReadModelIsRefused(t *testing.T) {
	t.Parallel()
	b, other := newBank(t), newBank(t)
	w := newWorld(b)
	b.transfer(w.annas, w.berts, 100)
	newWorld(other)
	path := b.followedFile()
	var stray *Stray
	_, err := CompareFile(context.Background(), path, other.log, other.treaty, nil)
	require.ErrorAs(t, err, &stray)
	require.ErrorContains(t, err, "florin projection rebuild all")
}
