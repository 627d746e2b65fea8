package trials

import (
	"context"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/eventbus/eventbustest"
)

// goldenSurvives writes golden and random commits through a journal and reads the
// same bytes and the same chain back.
func goldenSurvives(t *testing.T, fresh func(testing.TB) eventbustest.Subject) {
	t.Helper()
	ctx := context.Background()
	t.Run("golden", func(t *testing.T) {
		for _, name := range []string{"least", "full", "unknown"} {
			text, err := os.ReadFile(filepath.Join("..", "..", "testdata", name+".hex"))
			require.NoError(t, err)
			golden, err := hex.DecodeString(strings.ReplaceAll(string(text), "\n", ""))
			require.NoError(t, err)
			journal := fresh(t).Open(t)
			_, err = journal.Append(ctx, eventbus.Mark{}, [][]byte{golden})
			require.NoError(t, err)
			require.Equal(t, [][]byte{golden}, all(t, journal), name)
		}
	})
	t.Run("random", func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 2))
		journal := fresh(t).Open(t)
		var at, end eventbus.Mark
		var written [][]byte
		for range 10 {
			var group [][]byte
			for range 1 + random.IntN(5) {
				record, next := randomCommit(t, random, end)
				group, end = append(group, record), next
			}
			var err error
			at, err = journal.Append(ctx, at, group)
			require.NoError(t, err)
			require.Equal(t, end.Hash, at.Hash)
			written = append(written, group...)
		}
		require.Equal(t, written, all(t, journal))
		verified, err := eventbus.Verify(ctx, journal, eventbus.Mark{}, nil)
		require.NoError(t, err)
		require.Equal(t, end.Position, verified.Position)
	})
}

func all(t testing.TB, journal eventbus.Journal) (records [][]byte) {
	t.Helper()
	for entry, err := range journal.Read(context.Background(), eventbus.Mark{}) {
		require.NoError(t, err)
		records = append(records, entry.Record)
	}
	return records
}

func randomCommit(t testing.TB, random *rand.Rand, end eventbus.Mark) ([]byte, eventbus.Mark) {
	t.Helper()
	id := func() (id uuid.UUID) {
		for i := range id {
			id[i] = byte(1 + random.IntN(255))
		}
		return id
	}
	r := eventbus.Record{ID: id(), First: end.Position + 1, Previous: end.Hash, RecordedAt: time.UnixMicro(1 + random.Int64N(1e15)), WriterEpoch: random.Uint64()}
	r.Header = eventbus.Header{ActorType: "customer", Actor: id(), AMR: []string{"pwd", "otp"}, Intent: []byte{}, Traceparent: "00-\u00e9"}
	for i := range 1 + random.IntN(4) {
		e := eventbus.Recorded{Stream: eventbus.Stream("account/" + id().String()), Version: eventbus.Version(1 + random.Int64N(1e9))}
		e.Event = eventbus.Event{Kind: "account.credited", SchemaVersion: 1, KeyIDs: []uuid.UUID{id()}}
		switch i {
		case 0:
			e.ContentType, e.Data = "application/json", []byte(`{ "amount" :"1.00", "b": [1,2]}`) // spaces and all
		case 1:
			e.ContentType, e.Data = "application/octet-stream", []byte{0, 255, 1, 13, 10}
		case 2:
			e.Data = []byte{}
		}
		r.Events = append(r.Events, e)
	}
	encoded, err := eventbus.Encode(r)
	require.NoError(t, err)
	o, err := eventbus.Peek(encoded)
	require.NoError(t, err)
	return encoded, eventbus.Mark{Position: o.Last, Hash: o.Hash}
}
