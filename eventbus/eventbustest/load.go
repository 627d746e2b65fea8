package eventbustest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
)

// Load is a number of clients that write a stream each, ask again by the same id until
// they are told, and keep what they were told. Servers are killed under it.
type Load struct {
	log   eventbus.Log
	stop  context.CancelFunc
	ended sync.WaitGroup
	errs  chan error
	grown chan struct{}
	told  acknowledged
}

// NewLoad begins.
func NewLoad(log eventbus.Log, writers int) *Load {
	ctx, stop := context.WithCancel(context.Background())
	l := &Load{log: log, stop: stop, errs: make(chan error, writers), grown: make(chan struct{}, 1)}
	for n := range writers {
		l.ended.Go(func() {
			if err := l.write(ctx, n); err != nil {
				l.errs <- err
			}
		})
	}
	return l
}

func (l *Load) write(ctx context.Context, n int) error {
	stream := StreamOf(n)
	for version := eventbus.Version(0); ctx.Err() == nil; version++ {
		id := uuid.NewSHA1(uuid.Nil, fmt.Appendf(nil, "%d/%d", n, version))
		for told := false; !told; {
			receipt, err := l.once(ctx, id, stream, version)
			switch {
			case err == nil:
				l.told.add(receipt)
				told = true
			case !errors.Is(err, eventbus.ErrGeneration) && !errors.Is(err, eventbus.ErrBusy):
				return err
			}
		}
		select {
		case l.grown <- struct{}{}:
		default:
		}
	}
	return nil
}

func (l *Load) once(ctx context.Context, id uuid.UUID, stream eventbus.Stream, version eventbus.Version) (eventbus.Receipt, error) {
	ticket, err := l.log.Enqueue(eventbus.Commit{ID: id, Header: eventbus.Header{ActorType: "system"}, Generation: l.log.Generation(),
		Streams: []eventbus.Append{{Stream: stream, Expected: version, Events: []eventbus.Event{EventOf("{}")}}}})
	if err != nil {
		return eventbus.Receipt{}, err
	}
	return ticket.Wait(context.WithoutCancel(ctx))
}

// Told counts what was acknowledged.
func (l *Load) Told() int {
	l.told.mu.Lock()
	defer l.told.mu.Unlock()
	return len(l.told.receipts)
}

// Grow waits until so much more is acknowledged.
func (l *Load) Grow(t testing.TB, more int) {
	t.Helper()
	for want := l.Told() + more; l.Told() < want; {
		select {
		case <-l.grown:
		case err := <-l.errs:
			require.NoError(t, err)
		}
	}
}

// End stops the clients, each once it has its answer, and checks the journal: nothing that
// was acknowledged is lost or lies elsewhere, and nothing is there twice.
func (l *Load) End(t testing.TB, journal eventbus.Journal) {
	t.Helper()
	l.stop()
	l.ended.Wait()
	select {
	case err := <-l.errs:
		require.NoError(t, err)
	default:
	}
	l.told.check(t, Check(t, journal))
}
