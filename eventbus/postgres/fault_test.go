package postgres

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/eventbus/eventbustest"
	"florin/eventbus/postgres/postgrestest"
)

// process is one life of a process that writes: a connection and a sequencer.
func process(t *testing.T, url string, index eventbus.Index) (*eventbus.Sequencer, *Journal) {
	t.Helper()
	j, err := Open(t.Context(), url, Options{CreateIfMissing: true})
	require.NoError(t, err)
	o := eventbustest.Options(time.Now)
	o.Index = index
	s, err := eventbus.Open(t.Context(), j, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close(context.Background()); _ = j.Close() })
	return s, j
}

func commitOf(s *eventbus.Sequencer, id uuid.UUID, stream eventbus.Stream, version eventbus.Version) eventbus.Commit {
	return eventbus.Commit{ID: id, Header: eventbus.Header{ActorType: "system"}, Generation: s.Generation(),
		Streams: []eventbus.Append{{Stream: stream, Expected: version, Events: []eventbus.Event{eventbustest.EventOf("{}")}}}}
}

// kill -9 of the server under load, three times: nothing that was acknowledged is lost,
// nothing is there twice, and the bank goes on by itself.
func TestTheServerIsKilledUnderLoad(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	s, j := process(t, server.URL(), new(eventbustest.MemoryIndex))
	load := eventbustest.NewLoad(s, 16)
	for range 3 {
		load.Grow(t, 200)
		require.NoError(t, server.Kill())
		killed := time.Now()
		require.NoError(t, server.Up())
		up := time.Now()
		load.Grow(t, 1)
		t.Logf("down for %v, acknowledging again %v later", up.Sub(killed).Round(time.Millisecond), time.Since(up).Round(time.Millisecond))
	}
	load.Grow(t, 200)
	load.End(t, j)
	t.Logf("%d acknowledged, none lost", load.Told())
}

// An INSERT that outlives the patience of whoever sent it still happens once.
func TestAnAppendThatLandsLateIsFoundOut(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	s, j := process(t, server.URL(), new(eventbustest.MemoryIndex))
	other, err := pgx.Connect(t.Context(), server.URL())
	require.NoError(t, err)
	defer func() { _ = other.Close(context.Background()) }()
	tx, err := other.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "LOCK TABLE "+j.table+" IN EXCLUSIVE MODE") // readers pass, writers wait
	require.NoError(t, err)

	id := uuid.New()
	ticket, err := s.Enqueue(commitOf(s, id, eventbustest.StreamOf(1), 0))
	require.NoError(t, err)
	brief, done := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer done()
	_, err = ticket.Wait(brief)
	require.ErrorIs(t, err, brief.Err(), "nobody knows yet")
	require.NoError(t, tx.Commit(t.Context()))

	ticket, found, err := s.Find(t.Context(), id)
	require.NoError(t, err)
	require.True(t, found)
	receipt, err := ticket.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, receipt, eventbustest.Check(t, j).Receipts[id])
}

// A standby that follows asynchronously takes over without the last commits: whoever has
// seen them must not go on as if nothing had happened.
func TestAReplicaThatWasPromotedBehindIsNoticed(t *testing.T) {
	t.Parallel()
	primary := postgrestest.Start(t, "wal_level=replica", "hot_standby=on")
	index := new(eventbustest.MemoryIndex)
	s, _ := process(t, primary.URL(), index)
	write := func(version eventbus.Version) {
		ticket, err := s.Enqueue(commitOf(s, uuid.New(), eventbustest.StreamOf(1), version))
		require.NoError(t, err)
		_, err = ticket.Wait(t.Context())
		require.NoError(t, err)
	}
	write(0)
	standby := primary.Standby(t)
	_, err := Open(t.Context(), standby.URL(), Options{})
	require.ErrorIs(t, err, ErrReadOnly)
	require.NoError(t, standby.Kill()) // it sees nothing of what follows
	write(1)
	write(2)
	require.NoError(t, s.Close(context.Background()))
	require.NoError(t, primary.Kill())
	require.NoError(t, standby.Up())
	exec(t, standby.URL(), "SELECT pg_promote()")

	j, err := Open(t.Context(), standby.URL(), Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, j.Close()) }()
	o := eventbustest.Options(time.Now)
	o.Index = index
	_, err = eventbus.Open(t.Context(), j, o)
	require.ErrorIs(t, err, eventbus.ErrIndexAstray)
	o = eventbustest.Options(time.Now)
	o.Index, o.RebuildIndex = index, true
	again, err := eventbus.Open(t.Context(), j, o)
	require.NoError(t, err, "an operator who has found out why goes on from what is there")
	require.NoError(t, again.Close(context.Background()))
}
