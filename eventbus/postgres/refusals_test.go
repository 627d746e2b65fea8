package postgres

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/eventbus/eventbustest"
	"florin/eventbus/postgres/postgrestest"
)

func exec(t *testing.T, url, sql string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer func() { _ = c.Close(t.Context()) }()
	_, err = c.Exec(t.Context(), sql)
	require.NoError(t, err)
}

func TestAServerThatMayLoseWhatItAcknowledgesIsRefused(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), postgrestest.URL(t)+" options='-c synchronous_commit=off'", Options{Schema: postgrestest.Schema(), CreateIfMissing: true})
	require.ErrorIs(t, err, ErrNotDurable)
	require.ErrorContains(t, err, "synchronous_commit = on", "the error says what to mend")

	loose := postgrestest.Start(t, "fsync=off")
	_, err = Open(t.Context(), loose.URL(), Options{CreateIfMissing: true})
	require.ErrorIs(t, err, ErrNotDurable)
	require.ErrorContains(t, err, "fsync = on")
}

func TestAJournalIsMadeOnlyWhereThatIsAllowed(t *testing.T) {
	t.Parallel()
	url, schema := postgrestest.URL(t), postgrestest.Schema()
	_, err := Open(t.Context(), url, Options{Schema: schema})
	require.ErrorIs(t, err, ErrAbsent)
	ready := make(chan error)
	for range 8 { // CREATE ... IF NOT EXISTS alone fails when several do it at once
		go func() {
			j, err := Open(t.Context(), url, Options{Schema: schema, CreateIfMissing: true})
			if err == nil {
				err = j.Close()
			}
			ready <- err
		}()
	}
	for range 8 {
		require.NoError(t, <-ready)
	}
	j, err := Open(t.Context(), url, Options{Schema: schema})
	require.NoError(t, err)
	require.NoError(t, j.Close())
	_, err = Open(t.Context(), "host=/nowhere password=hunter2", Options{})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
}

// The table itself refuses what extends nothing, whoever asks.
func TestTheTableIsAChain(t *testing.T) {
	t.Parallel()
	url, schema := postgrestest.URL(t), postgrestest.Schema()
	j, err := Open(t.Context(), url, Options{Schema: schema, CreateIfMissing: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, j.Close()) }()
	const hash = `decode(repeat('01', 32), 'hex')`
	for what, values := range map[string]string{
		"a second beginning":   `(5, NULL, ` + hash + `, '')`,
		"what extends nothing": `(5, 3, ` + hash + `, '')`,
		"what extends itself":  `(5, 5, ` + hash + `, '')`,
		"a short hash":         `(5, 0, '\x01', '')`,
	} {
		_, err := j.pool.Exec(t.Context(), "INSERT INTO "+j.table+" (last, prev, hash, record) VALUES "+values)
		require.Error(t, err, what)
	}
	exec(t, url, "INSERT INTO "+j.table+" (last, prev, hash, record) VALUES (5, 0, "+hash+", 'x')")
	_, err = j.pool.Exec(t.Context(), "INSERT INTO "+j.table+" (last, prev, hash, record) VALUES (6, 0, "+hash+", 'y')")
	require.True(t, isFence(err), "two cannot extend one")
	_, err = j.pool.Exec(t.Context(), "INSERT INTO "+j.table+" (last, prev, hash, record) VALUES (9, 7, "+hash+", 'y')")
	require.True(t, isFence(err), "nobody extends what is not there")
	head, err := j.Head(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 5, head.Position)
	record, err := eventbus.Encode(eventbus.Record{ID: uuid.New(), First: 6, RecordedAt: time.Unix(1, 0).UTC(), WriterEpoch: 1,
		Events: []eventbus.Recorded{{Event: eventbustest.EventOf("{}"), Stream: eventbustest.StreamOf(1), Version: 1}}})
	require.NoError(t, err)
	_, err = j.Append(t.Context(), eventbus.Mark{Position: 5}, [][]byte{record})
	require.ErrorAs(t, err, new(*eventbus.Fenced), "whoever remembers another hash at that place is refused")
}
