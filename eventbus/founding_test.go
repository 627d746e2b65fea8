package eventbus

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// The log's own events are stored for ever too.
func TestTheLogsOwnEventsKeepTheirShape(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	ledger := uuid.MustParse("019b0001-0000-7000-8000-000000000001")
	writer := uuid.MustParse("019b0001-0000-7000-8000-000000000002")
	genesis := Genesis{Ledger: ledger, LegalEntity: "Florin Test Bank", Mode: Sandbox, KeyRing: Hash{0xAB}}
	cases := map[string]struct {
		own  own
		id   string
		kind string
	}{
		`{"ledger":"019b0001-0000-7000-8000-000000000001","legal_entity":"Florin Test Bank","mode":"sandbox","format_version":1,` +
			`"limits":{"events_per_commit":1000,"commit_bytes":524288,"stream_bytes":128,"kind_bytes":96},` +
			`"key_ring":"ab00000000000000000000000000000000000000000000000000000000000000","at":"2026-01-02T03:04:05.000006Z"}`: {
			founded(genesis, at), "019b0001-0000-7000-8000-000000000001", "log.founded"},
		`{"epoch":7,"writer":"019b0001-0000-7000-8000-000000000002","build_version":"florin 1.0.0","at":"2026-01-02T03:04:05.000006Z"}`: {
			epochOpened(writer, 7, "florin 1.0.0", at), derivedID(writer, 7).String(), "log.epoch_opened"},
		`{"target":"nats://ledger","at":"2026-01-02T03:04:05.000006Z"}`: {
			closed(ledger, "nats://ledger", at), derivedID(ledger, closedID).String(), "log.closed"},
	}
	for want, c := range cases {
		require.Equal(t, want, string(c.own.event.Data))
		require.Equal(t, c.id, c.own.id.String())
		require.Equal(t, c.kind, c.own.event.Kind)
		require.Equal(t, uint16(1), c.own.event.SchemaVersion)
		require.Equal(t, "application/json", c.own.event.ContentType)
	}
	read, err := readGenesis(Record{First: 1, Events: []Recorded{{Event: founded(genesis, at).event}}})
	require.NoError(t, err)
	require.Equal(t, genesis.KeyRing, read.KeyRing)
	require.Equal(t, Stream("ledger/019b0001-0000-7000-8000-000000000001"), read.LedgerStream())
}

func TestTwoWritersThatOpenOneEpochAreNotTakenForOne(t *testing.T) {
	t.Parallel()
	at := time.Unix(1, 0)
	require.NotEqual(t, epochOpened(uuid.UUID{1}, 2, "", at).id, epochOpened(uuid.UUID{2}, 2, "", at).id)
	require.NotEqual(t, epochOpened(uuid.UUID{1}, 2, "", at).id, epochOpened(uuid.UUID{1}, 3, "", at).id)
}

func TestTheFilterForgetsNothingAndIsRarelyWrong(t *testing.T) {
	t.Parallel()
	f := filter{loaded: true}
	key := func(i int) uint64 { return mix(uint64(i) * 0x9e3779b97f4a7c15) }
	const n = 500_000
	for i := range n {
		f.add(key(i))
	}
	require.Len(t, f.layers, 3)
	for i := range n {
		require.True(t, f.possible(key(i)))
	}
	mistakes := 0
	for i := range n {
		if f.possible(key(n + i)) {
			mistakes++
		}
	}
	require.Less(t, mistakes, n/50)
}

func TestAnIndexCheckpointIsReadBackOrRefused(t *testing.T) {
	t.Parallel()
	c := checkpoint{end: Mark{Position: 7, Hash: Hash{1}, Place: []byte("end")}, before: Mark{Position: 5, Place: []byte("before")}}
	encoded := c.append(nil)
	read, err := readCheckpoint(encoded)
	require.NoError(t, err)
	require.Equal(t, c, read)
	for i := range 50 {
		_, err := readCheckpoint(encoded[:i])
		require.Error(t, err)
	}
}
