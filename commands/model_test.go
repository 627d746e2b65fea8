package commands

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/eventbus/eventbustest"
)

// modelLog is a real sequencer above the model journal. While held, commits stay
// in the queue; lose lets another writer take over before they arrive, which ends
// the generation and them.
type modelLog struct {
	eventbus.Log
	store   *eventbustest.Store
	journal *eventbustest.Journal

	mu        sync.Mutex
	resume    func()
	beforeAdd func(eventbus.Commit) error // called at every Enqueue; an error is its answer
	faults    *faults                     // stands in for Enqueue
}

func newModelLog(t testing.TB) *modelLog {
	t.Helper()
	return newModelLogOn(t, eventbustest.NewStore())
}

// newModelLogOn is another writer of the same journal.
func newModelLogOn(t testing.TB, store *eventbustest.Store) *modelLog {
	t.Helper()
	l := &modelLog{store: store, journal: store.Journal()}
	log, err := writer(l.journal)
	require.NoError(t, err)
	l.Log = log
	t.Cleanup(func() { _ = log.Close(background) })
	return l
}

// writer opens a sequencer: it takes over from any other of the same journal.
func writer(journal eventbus.Journal) (*eventbus.Sequencer, error) {
	options := eventbustest.Options(eventbustest.Ticking(noon))
	options.Index = &eventbustest.MemoryIndex{}
	return eventbus.Open(background, journal, options)
}

func (l *modelLog) hold() { l.resume = l.journal.Pause() }

func (l *modelLog) release() { l.resume() }

func (l *modelLog) lose() {
	other, err := writer(l.store.Journal())
	if err == nil {
		err = other.Close(background)
	}
	if err != nil {
		panic(err)
	}
	l.resume()
}

// onAdd sets what is called at every Enqueue.
func (l *modelLog) onAdd(hook func(eventbus.Commit) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.beforeAdd = hook
}

// fails has commits fail from now on.
func (l *modelLog) fails(f *faults) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = f
}

func (l *modelLog) Enqueue(c eventbus.Commit) (eventbus.Ticket, error) {
	l.mu.Lock()
	hook, faults := l.beforeAdd, l.faults
	l.mu.Unlock()
	if faults != nil {
		return faults.add(l.Log, c)
	}
	if hook != nil {
		if err := hook(c); err != nil {
			return nil, err
		}
	}
	return l.Log.Enqueue(c)
}
