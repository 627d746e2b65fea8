package eventbustest_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"florin/eventbus"
	"florin/eventbus/eventbustest"
)

// asked is one call to the log: extend a stream at an expected version under a
// command id.
type asked struct {
	id       int
	expected eventbus.Version
}

type answered struct {
	done     bool // durable
	conflict bool
	receipt  eventbus.Receipt
}

// stream is the sequential model of one stream: which command set which version.
type stream struct {
	version eventbus.Version
	byID    [8]eventbus.Receipt // by command
}

func (s stream) step(in asked, out answered) (bool, stream) {
	known := s.byID[in.id]
	switch {
	case known.Last > 0:
		return out.done && out.receipt == known, s
	case s.version != in.expected:
		return out.conflict, s
	case out.conflict:
		return false, s
	}
	s.version++
	s.byID[in.id] = out.receipt
	return out.done, s
}

var streamModel = porcupine.Model{
	Init: func() any { return stream{} },
	Step: func(state, in, out any) (bool, any) {
		ok, next := state.(stream).step(in.(asked), out.(answered))
		return ok, next
	},
}

// Whatever two sequencers on one faulty journal answer to many callers at once,
// it is what one log would have answered in some order of the calls.
func TestAnswersAreLinearizable(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		store := eventbustest.NewStore()
		var logs []*eventbus.Sequencer
		for n := range uint64(2) {
			journal := store.Journal()
			logs = append(logs, start(t, journal, &eventbustest.MemoryIndex{}))
			random := rand.New(rand.NewPCG(seed, n))
			journal.Script(func(int) eventbustest.Fault { // one Append at a time asks
				if random.IntN(4) > 0 {
					return eventbustest.Works
				}
				if random.IntN(2) == 0 {
					store.Land()
				}
				return []eventbustest.Fault{eventbustest.FailsKept, eventbustest.FailsLost, eventbustest.FailsLate, eventbustest.Fences}[random.IntN(4)]
			})
		}
		history := record(t, logs, seed)
		require.True(t, porcupine.CheckOperations(streamModel, history), "seed %d", seed)
		store.Land()
		for _, log := range logs {
			end(t, log)
		}
		eventbustest.Check(t, store.Journal())
	}
}

// record lets callers ask at random, and notes when each call began and ended.
func record(t *testing.T, logs []*eventbus.Sequencer, seed uint64) []porcupine.Operation {
	var mu sync.Mutex
	var history []porcupine.Operation
	var clock atomic.Int64
	var wait sync.WaitGroup
	for client := range 4 {
		wait.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(100+client)))
			log := logs[client%len(logs)]
			for range 6 {
				in := asked{id: random.IntN(8)}
				if version, err := log.Version(context.Background(), eventbustest.StreamOf(0)); err == nil {
					in.expected = version
				}
				call := clock.Add(1)
				out, ok := ask(log, in)
				if !ok {
					continue // refused without a word about the log's state
				}
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: client, Input: in, Call: call, Output: out, Return: clock.Add(1)})
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return history
}

func ask(log *eventbus.Sequencer, in asked) (answered, bool) {
	ctx := context.Background()
	ticket, err := log.Enqueue(eventbus.Commit{ID: eventbustest.ID(in.id), Generation: log.Generation(), Streams: []eventbus.Append{
		{Stream: eventbustest.StreamOf(0), Expected: in.expected, Events: []eventbus.Event{eventbustest.EventOf("{}")}}}})
	var conflict *eventbus.VersionConflict
	if errors.As(err, &conflict) {
		// A refusal stands on a head: wait until that head is known to have happened.
		generation := log.Generation()
		if log.Durable(ctx) != nil || log.Generation() != generation {
			return answered{}, false
		}
		return answered{conflict: true}, true
	}
	if err != nil {
		return answered{}, false
	}
	receipt, err := ticket.Wait(ctx)
	if err != nil {
		return answered{}, false // a generation ended: the commit is known not to be there
	}
	return answered{done: true, receipt: receipt}, true
}

// Any sequence of calls, faults, crashes and take-overs leaves a sound journal
// that holds exactly what was acknowledged, and nothing that was refused.
func TestAnySequenceOfFaultsLeavesASoundLog(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		store := eventbustest.NewStore()
		var index eventbustest.MemoryIndex
		journal := store.Journal()
		seq := start(t, journal, &index)
		told := map[int]eventbus.Receipt{}
		next := 0
		var mu sync.Mutex
		fault := eventbustest.Works
		script := func(int) eventbustest.Fault {
			mu.Lock()
			defer mu.Unlock()
			f := fault
			fault = eventbustest.Works
			return f
		}
		journal.Script(script)
		r.Repeat(map[string]func(*rapid.T){
			"commit": func(r *rapid.T) {
				mu.Lock()
				fault = eventbustest.Fault(rapid.IntRange(0, 4).Draw(r, "fault"))
				mu.Unlock()
				receipt, err := persist(t, seq, next, rapid.IntRange(0, 3).Draw(r, "stream"))
				require.NoError(r, err)
				told[next] = receipt
				next++
			},
			"repeat": func(r *rapid.T) {
				if next == 0 {
					r.Skip()
				}
				id := rapid.IntRange(0, next-1).Draw(r, "id")
				ticket, err := seq.Enqueue(order(t, seq, id, 3))
				require.NoError(r, err)
				receipt, err := ticket.Wait(context.Background())
				require.NoError(r, err)
				require.Equal(r, told[id], receipt)
			},
			"land": func(*rapid.T) { store.Land() },
			"reopen": func(r *rapid.T) {
				end(t, seq)
				if rapid.Bool().Draw(r, "the index is lost") {
					index = eventbustest.MemoryIndex{}
				}
				seq = start(t, journal, &index)
			},
			"": func(r *rapid.T) {
				state := eventbustest.Check(t, journal)
				require.NoError(r, seq.Durable(context.Background()))
				require.Len(r, told, next)
				for id, receipt := range told {
					require.Equal(r, receipt, state.Receipts[eventbustest.ID(id)])
				}
			},
		})
		end(t, seq)
	})
}
