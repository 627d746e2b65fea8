package eventbustest_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/eventbus/embedded"
	"florin/eventbus/eventbustest"
)

func embeddedLog(b *testing.B) *eventbus.Sequencer {
	j, err := embedded.Open(b.TempDir(), embedded.Options{CreateIfMissing: true})
	require.NoError(b, err)
	seq, err := eventbus.Open(b.Context(), j, eventbustest.Options(time.Now))
	require.NoError(b, err)
	b.Cleanup(func() { _ = seq.Close(context.Background()); _ = j.Close() })
	return seq
}

// BenchmarkTransfers enqueues commits of five events on a new stream and two of a
// thousand accounts, with so many in flight, and waits for each to be durable.
func BenchmarkTransfers(b *testing.B) {
	for _, inFlight := range []int{1, 16, 128, 1024} {
		b.Run(fmt.Sprint(inFlight), func(b *testing.B) {
			log := embeddedLog(b)
			b.ReportAllocs()
			b.ResetTimer()
			transfers(b, log, inFlight, b.N)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
		})
	}
}

// accounts hands out streams with their versions; a lock each, as commands do.
type account struct {
	sync.Mutex
	stream  eventbus.Stream
	version eventbus.Version
}

func transfers(b *testing.B, log *eventbus.Sequencer, inFlight, n int) {
	accounts := make([]account, 1000)
	for i := range accounts {
		accounts[i].stream = eventbus.Stream("account/" + randomID().String())
	}
	data := make([]byte, 220)
	event := eventbus.Event{Kind: "account.debited", SchemaVersion: 1, ContentType: "application/json", Data: data}
	tickets := make(chan eventbus.Ticket, inFlight)
	var waiter sync.WaitGroup
	for range 4 {
		waiter.Go(func() {
			for t := range tickets {
				if _, err := t.Wait(context.Background()); err != nil {
					b.Error(err)
				}
			}
		})
	}
	if inFlight < 1024 {
		closeLoop(b, log, accounts, event, inFlight, n)
		close(tickets)
		return
	}
	for range n {
		tickets <- transfer(b, log, accounts, event)
	}
	close(tickets)
	waiter.Wait()
}

func closeLoop(b *testing.B, log *eventbus.Sequencer, accounts []account, event eventbus.Event, writers, n int) {
	var left atomic.Int64
	left.Store(int64(n))
	var wait sync.WaitGroup
	for range writers {
		wait.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := transfer(b, log, accounts, event).Wait(context.Background()); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wait.Wait()
}

func transfer(b *testing.B, log *eventbus.Sequencer, accounts []account, event eventbus.Event) eventbus.Ticket {
	i := rand.IntN(len(accounts))
	j := (i + 1 + rand.IntN(len(accounts)-1)) % len(accounts)
	from, to := &accounts[min(i, j)], &accounts[max(i, j)]
	from.Lock()
	to.Lock()
	defer from.Unlock()
	defer to.Unlock()
	id := randomID()
	ticket, err := log.Enqueue(eventbus.Commit{
		ID: randomID(), Generation: log.Generation(),
		Header: eventbus.Header{ActorType: "customer", Actor: id, Client: id, Device: id, Session: id, TokenID: "0123456789abcdef0123456789abcdef", Correlation: id, Intent: id[:]},
		Streams: []eventbus.Append{
			{Stream: eventbus.Stream("transfer/" + id.String()), Events: []eventbus.Event{event, event, event}},
			{Stream: from.stream, Expected: from.version, Events: []eventbus.Event{event}},
			{Stream: to.stream, Expected: to.version, Events: []eventbus.Event{event}},
		},
	})
	require.NoError(b, err)
	from.version++
	to.version++
	return ticket
}

func randomID() (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[:], rand.Uint64())
	binary.BigEndian.PutUint64(id[8:], rand.Uint64())
	return id
}

func BenchmarkReplay(b *testing.B) {
	log := embeddedLog(b)
	transfers(b, log, 1024, 40_000)
	b.ResetTimer()
	events := 0
	for range b.N {
		for r, err := range log.ReadAll(b.Context(), 0) {
			require.NoError(b, err)
			events += len(r.Events)
		}
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkReadStream reads one of a thousand accounts whose events are scattered.
func BenchmarkReadStream(b *testing.B) {
	log := embeddedLog(b)
	transfers(b, log, 1024, 40_000)
	var stream eventbus.Stream
	for r, err := range log.ReadAll(b.Context(), 0) {
		require.NoError(b, err)
		if len(r.Events) == 5 {
			stream = r.Events[4].Stream
			break
		}
	}
	b.ResetTimer()
	events := 0
	for range b.N {
		for _, err := range log.ReadStream(b.Context(), stream, 0) {
			require.NoError(b, err)
			events++
		}
	}
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}
