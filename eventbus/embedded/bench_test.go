package embedded

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/eventbus/eventbustest"
)

// BenchmarkIndex asks in vain, as almost every command does, and for what is there, beside an
// index of 300,000 commits.
func BenchmarkIndex(b *testing.B) {
	j, err := Open(b.TempDir(), Options{CreateIfMissing: true})
	require.NoError(b, err)
	defer j.Close()
	fill(b, j, 300_000)
	b.Run("absent", func(b *testing.B) {
		for i := range b.N {
			_, ok, err := j.Index().Get(indexKey('c', uint64(i)+1<<40))
			if err != nil || ok {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("present", func(b *testing.B) {
		for i := range b.N {
			_, ok, err := j.Index().Get(indexKey('c', uint64(i)*7919%300_000))
			if err != nil || !ok {
				b.Fatal(ok, err)
			}
		}
	})
}

func indexKey(kind byte, n uint64) []byte {
	key := make([]byte, 17)
	key[0] = kind
	binary.BigEndian.PutUint64(key[1:], n*0x9E3779B97F4A7C15) // spread
	binary.BigEndian.PutUint64(key[9:], n)
	return key
}

func fill(b *testing.B, j *Journal, commits int) {
	end, err := j.Head(b.Context())
	require.NoError(b, err)
	for n := 0; n < commits; {
		var group [][]byte
		var index []eventbus.IndexEntry
		at := end
		for range 500 {
			record, next := commitOf(b, end, 3, 200)
			group, end = append(group, record), next
			index = append(index,
				eventbus.IndexEntry{Key: indexKey('c', uint64(n)), Value: make([]byte, 8)},
				eventbus.IndexEntry{Key: indexKey('h', uint64(n)), Value: make([]byte, 8)},
				eventbus.IndexEntry{Key: append(indexKey('s', uint64(n)), make([]byte, 8)...), Value: make([]byte, 8)},
				eventbus.IndexEntry{Key: indexKey('h', uint64(n%1000)), Value: make([]byte, 8)},
				eventbus.IndexEntry{Key: append(indexKey('s', uint64(n%1000)), fmt.Append(nil, n)...), Value: make([]byte, 8)},
			)
			n++
		}
		_, err := j.Start(at, group, index)
		require.NoError(b, err)
	}
	_, err = j.Append(b.Context(), end, [][]byte{func() []byte { r, _ := commitAfter(b, end, 1); return r }()})
	require.NoError(b, err)
}

// BenchmarkLog appends commits of three events with many writers, through the
// sequencer; florin bench has it beside its floors.
func BenchmarkLog(b *testing.B) {
	j, err := Open(b.TempDir(), Options{CreateIfMissing: true})
	require.NoError(b, err)
	defer j.Close()
	log, err := eventbus.Open(b.Context(), j, eventbustest.Options(time.Now))
	require.NoError(b, err)
	defer log.Close(context.Background())
	for _, writers := range []int{1, 16, 128} {
		b.Run(fmt.Sprint(writers), func(b *testing.B) {
			var group sync.WaitGroup
			for range writers {
				group.Go(func() { appendCommits(b, log, b.N/writers+1) })
			}
			group.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
		})
	}
}

func appendCommits(b *testing.B, log *eventbus.Sequencer, n int) {
	event := eventbus.Event{Kind: "account.debited", SchemaVersion: 1, ContentType: "application/json", Data: make([]byte, 230)}
	streams := [2]eventbus.Stream{eventbus.Stream("account/" + uuid.NewString()), eventbus.Stream("transfer/" + uuid.NewString())}
	for i := range n {
		ticket, err := log.Enqueue(eventbus.Commit{
			ID: uuid.New(), Generation: log.Generation(), Header: eventbus.Header{ActorType: "customer"},
			Streams: []eventbus.Append{
				{Stream: streams[0], Expected: eventbus.Version(2 * i), Events: []eventbus.Event{event, event}},
				{Stream: streams[1], Expected: eventbus.Version(i), Events: []eventbus.Event{event}},
			},
		})
		if err == nil {
			_, err = ticket.Wait(context.Background())
		}
		if err != nil {
			b.Error(err)
			return
		}
	}
}

// BenchmarkReplay reads 300,000 commits of three events.
func BenchmarkReplay(b *testing.B) {
	j, err := Open(b.TempDir(), Options{CreateIfMissing: true})
	require.NoError(b, err)
	defer j.Close()
	fill(b, j, 300_000)
	b.ResetTimer()
	events := 0.0
	for range b.N {
		var end eventbus.Mark
		for entry, err := range j.Read(b.Context(), eventbus.Mark{}) {
			if err == nil {
				end, err = extend(end, entry.Record)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		events += float64(end.Position)
	}
	b.ReportMetric(events/b.Elapsed().Seconds(), "events/s")
}
