package eventbustest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
)

// ID is a fixed UUID for a number.
func ID(n int) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[8:], uint64(n)+1)
	id[6], id[8] = 0x70, 0x80
	return id
}

// StreamOf is a fixed stream for a number.
func StreamOf(n int) eventbus.Stream { return eventbus.Stream("account/" + ID(n).String()) }

// EventOf is a small event.
func EventOf(data string) eventbus.Event {
	return eventbus.Event{Kind: "account.credited", SchemaVersion: 1, ContentType: "application/json", Data: []byte(data)}
}

// Founding is a genesis for tests.
func Founding() eventbus.Genesis {
	return eventbus.Genesis{Ledger: ID(1 << 40), LegalEntity: "Florin Test Bank", Mode: eventbus.Sandbox}
}

// junk is a sound record that extends nothing.
func junk(end eventbus.Mark) []byte {
	r := eventbus.Record{
		ID: ID(1 << 41), First: end.Position + 1, Previous: sha256.Sum256([]byte("elsewhere")), RecordedAt: time.Unix(1, 0),
		Events: []eventbus.Recorded{{Event: EventOf("junk"), Stream: StreamOf(1 << 41), Version: 1}},
	}
	encoded, err := eventbus.Encode(r)
	if err != nil {
		panic(err)
	}
	return encoded
}

// State is all that a journal says, folded.
type State struct {
	End      eventbus.Mark
	Commits  []eventbus.Record
	Receipts map[uuid.UUID]eventbus.Receipt
	Heads    map[eventbus.Stream]eventbus.Version
}

// Check reads a journal from its beginning, as a stranger would, and checks form,
// hashes, chain and density, that no commit id comes twice, that each stream's
// versions are dense, that recorded-at and the epochs never go back.
func Check(t testing.TB, journal eventbus.Journal) State {
	t.Helper()
	s := State{Receipts: map[uuid.UUID]eventbus.Receipt{}, Heads: map[eventbus.Stream]eventbus.Version{}}
	for entry, err := range journal.Read(context.Background(), eventbus.Mark{}) {
		require.NoError(t, err)
		r, err := eventbus.Decode(entry.Record)
		require.NoError(t, err)
		if r.First != s.End.Position+1 || r.Previous != s.End.Hash {
			continue // passed over
		}
		s.take(t, r)
	}
	end, err := eventbus.Verify(context.Background(), journal, eventbus.Mark{}, nil)
	require.NoError(t, err)
	require.Equal(t, s.End.Position, end.Position)
	require.Equal(t, s.End.Hash, end.Hash)
	return s
}

func (s *State) take(t testing.TB, r eventbus.Record) {
	t.Helper()
	require.NotContains(t, s.Receipts, r.ID, "commit %s twice", r.ID)
	s.Receipts[r.ID] = eventbus.Receipt{ID: r.ID, First: r.First, Last: r.Last(), Hash: r.Hash, RecordedAt: r.RecordedAt}
	if n := len(s.Commits); n > 0 {
		require.False(t, r.RecordedAt.Before(s.Commits[n-1].RecordedAt), "recorded-at goes back")
		require.GreaterOrEqual(t, r.WriterEpoch, s.Commits[n-1].WriterEpoch, "the epoch goes back")
	}
	for i, e := range r.Events {
		require.Equal(t, s.Heads[e.Stream]+1, e.Version, "%s is not dense", e.Stream)
		require.Equal(t, r.First+eventbus.Position(i), e.Position)
		require.Equal(t, eventbus.EventID(r.ID, uint32(i)), e.ID)
		s.Heads[e.Stream] = e.Version
	}
	s.End.Position, s.End.Hash = r.Last(), r.Hash
	s.Commits = append(s.Commits, r)
}

// CheckLog checks that a log says the same as its journal, by every way to ask.
func CheckLog(t testing.TB, log eventbus.Log, journal eventbus.Journal) State {
	t.Helper()
	ctx := context.Background()
	s := Check(t, journal)
	head, err := log.Head(ctx)
	require.NoError(t, err)
	require.Equal(t, s.End.Position, head.Position)
	require.Equal(t, s.End.Hash, head.Hash)
	var all []eventbus.Record
	for r, err := range log.ReadAll(ctx, 0) {
		require.NoError(t, err)
		all = append(all, r)
	}
	require.Equal(t, s.Commits, all)
	for id, want := range s.Receipts {
		ticket, found, err := log.Find(ctx, id)
		require.NoError(t, err)
		require.True(t, found, "commit %s is not found", id)
		receipt, err := ticket.Wait(ctx)
		require.NoError(t, err)
		require.Equal(t, want, receipt)
		record, err := log.ReadCommit(ctx, receipt)
		require.NoError(t, err)
		require.Equal(t, want.Hash, record.Hash)
	}
	for stream, want := range s.Heads {
		version, err := log.Version(ctx, stream)
		require.NoError(t, err)
		require.Equal(t, want, version)
		next := eventbus.Version(1)
		for e, err := range log.ReadStream(ctx, stream, 0) {
			require.NoError(t, err)
			require.Equal(t, next, e.Version)
			require.Equal(t, stream, e.Stream)
			next++
		}
		require.Equal(t, want+1, next, "ReadStream of %s ends early", stream)
	}
	return s
}
