package eventbus_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
)

// transferRecord is a commit as a transfer makes them: five events on three streams.
func transferRecord(b *testing.B) []byte {
	b.Helper()
	id := uuid.MustParse("019b0001-0000-7000-8000-000000000001")
	r := eventbus.Record{ID: id, First: 1, RecordedAt: time.Unix(1, 0), Header: eventbus.Header{
		ActorType: "customer", Actor: id, Client: id, Device: id, Session: id, TokenID: "0123456789abcdef0123456789abcdef", Intent: id[:]}}
	for i := range 5 {
		stream, version := 0, eventbus.Version(i+1)
		if i > 2 {
			stream, version = i, 7
		}
		r.Events = append(r.Events, eventbus.Recorded{Stream: eventbus.Stream("account/" + uuid.UUID{byte(stream)}.String()), Version: version,
			Event: eventbus.Event{Kind: "account.debited", SchemaVersion: 1, ContentType: "application/json", Data: make([]byte, 220)}})
	}
	encoded, err := eventbus.Encode(r)
	require.NoError(b, err)
	return encoded
}

func BenchmarkDecode(b *testing.B) {
	record := transferRecord(b)
	b.SetBytes(int64(len(record)))
	b.ReportAllocs()
	for range b.N {
		if _, err := eventbus.Decode(record); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(5*b.N)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkEncode(b *testing.B) {
	r, err := eventbus.Decode(transferRecord(b))
	require.NoError(b, err)
	b.ReportAllocs()
	for range b.N {
		if _, err := eventbus.Encode(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEventID(b *testing.B) {
	id := uuid.UUID{1}
	for i := range b.N {
		if eventbus.EventID(id, uint32(i)) == id {
			b.Fatal(fmt.Sprint(i))
		}
	}
}
