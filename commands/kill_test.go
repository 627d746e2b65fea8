package commands

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/domain/id"
	"florin/eventbus"
	"florin/eventbus/embedded"
	"florin/eventbus/eventbustest"
)

// sequencer opens a log on a journal; index is nil for a pipelined one.
func (h *house) sequencer(journal eventbus.Journal, index eventbus.Index) *eventbus.Sequencer {
	h.t.Helper()
	log, err := eventbus.Open(h.ctx(), journal, eventbus.Options{
		Clock: h.now, BuildVersion: "test", Writer: uuid.New(), Index: index,
		Genesis: eventbus.Genesis{Ledger: uuid.MustParse("0198f2a0-0000-7000-8000-00000000001e"), LegalEntity: "Test", Mode: "sandbox", At: noon},
	})
	require.NoError(h.t, err)
	return log
}

func newHouseOn(t *testing.T, journal eventbus.Journal, index eventbus.Index) (*house, *eventbus.Sequencer) {
	t.Helper()
	h := newHouse(t, newModelLog(t)) // its log is replaced at once
	log := h.sequencer(journal, index)
	h.reopen(log)
	return h, log
}

// judge does every acknowledged deed again, on a bank that remembers nothing: it
// is there once, with the answer that the client was given, and the books are right.
func (h *house) judge(told map[string]ackedDeed) {
	h.t.Helper()
	times := map[uuid.UUID]int{}
	for record, err := range h.log.ReadAll(h.ctx(), 0) {
		require.NoError(h.t, err)
		times[record.ID]++
	}
	before := h.commits()
	for key, acked := range told {
		require.Equal(h.t, 1, times[acked.receipt.ID], "%s is there exactly once", key)
		require.Equal(h.t, acked.result, insist(h.t, h.bank, acked.deed, false), "%s gets its first answer", key)
	}
	require.Equal(h.t, before, h.commits(), "retries write nothing")
	h.audit()
}

func TestNothingIsLostOnAFailingJournal(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			store := eventbustest.NewStore()
			first, second := store.Journal(), store.Journal()
			h, log := newHouseOn(t, first, new(eventbustest.MemoryIndex))
			tr := newTraffic(h, seed)
			rival := h.sequencer(second, new(eventbustest.MemoryIndex))
			random := rand.New(rand.NewPCG(seed, 9))
			var mu sync.Mutex
			faults := func(int) eventbustest.Fault {
				mu.Lock()
				defer mu.Unlock()
				if random.IntN(4) > 0 {
					return eventbustest.Works
				}
				return eventbustest.Fault(1 + random.IntN(4))
			}
			first.Script(faults)
			second.Script(faults)
			tr.run(8, 25, h.bank, h.opened(rival))
			first.Script(nil)
			second.Script(nil)
			store.Land()
			require.NoError(t, rival.Close(h.ctx()))
			require.NoError(t, log.Close(h.ctx()))

			h.reopen(h.sequencer(store.Journal(), new(eventbustest.MemoryIndex)))
			require.Greater(t, len(tr.told()), 100)
			h.judge(tr.told())
		})
	}
}

func TestNothingIsLostInACrash(t *testing.T) {
	t.Parallel()
	disk := vfs.NewCrashableMem()
	open := func(disk *vfs.MemFS) *embedded.Journal {
		journal, err := embedded.Open("log", embedded.Options{FS: disk, CreateIfMissing: true, Fatal: func(error) {}})
		require.NoError(t, err)
		return journal
	}
	journal := open(disk)
	h, log := newHouseOn(t, journal, nil)
	tr := newTraffic(h, 11)
	for round := range 5 {
		var all sync.WaitGroup
		middle := tr.after(60)
		all.Go(func() { tr.run(16, 15, h.bank) })
		<-middle // of the work
		told := tr.told()
		crashed := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 25 * round, RNG: rand.New(rand.NewPCG(uint64(round), 1))})
		all.Wait()
		require.NoError(t, log.Close(h.ctx()))
		require.NoError(t, journal.Close())

		disk = crashed
		journal = open(disk)
		log = h.sequencer(journal, nil)
		h.reopen(log)
		h.judge(told)
		tr.forget(told)
	}
	h.shut(log, journal)
}

func TestOneOfTwoHundred(t *testing.T) {
	t.Parallel()
	h, log := newHouseOn(t, eventbustest.NewLocal(), nil)
	from, to := h.account(alice, "Alice", 90_000), h.account(bob, "Bob", 0)
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		codes = map[string]int{}
	)
	for range 200 {
		order := h.by(alice)
		all.Go(func() {
			r := insist(t, h.bank, deed{"", func(ctx context.Context, b *Bank) (any, Outcome, error) {
				return pack(b.Transfers().Initiate(ctx, order, InitiateTransfer{From: from, To: to, Amount: euros(90_000)}))
			}}, false)
			mu.Lock()
			defer mu.Unlock()
			codes[r.code]++
		})
	}
	all.Wait()
	require.Equal(t, map[string]int{"": 1, "insufficient-funds": 199}, codes)
	h.balances(from, 0, 0)
	h.balances(to, 90_000, 0)
	h.audit()
	require.NoError(t, log.Close(h.ctx()))
}

func TestHotAccount(t *testing.T) {
	t.Parallel()
	h, log := newHouseOn(t, eventbustest.NewLocal(), nil)
	const workers, each = 64, 12
	hot := h.account(bob, "Bob", 10_000)
	var spokes [workers]id.Account
	for i := range spokes {
		spokes[i] = h.account(alice, "Alice", 1_000)
	}
	var all sync.WaitGroup
	for i := range spokes {
		all.Go(func() {
			for n := range each {
				from, to, who := spokes[i], hot, alice
				if n%2 == 1 {
					from, to, who = hot, spokes[i], bob
				}
				order := h.by(who)
				r := insist(t, h.bank, deed{"", func(ctx context.Context, b *Bank) (any, Outcome, error) {
					return pack(b.Transfers().Initiate(ctx, order, InitiateTransfer{From: from, To: to, Amount: euros(int64(n/2 + 1))}))
				}}, false)
				if r.code != "" {
					t.Errorf("transfer %d of %d: %q", n, i, r.code)
				}
			}
		})
	}
	all.Wait()
	h.balances(hot, 10_000, 0)
	state := h.money(hot)
	require.Equal(t, account.Active, state.Status)
	ledger := h.audit()
	require.Equal(t, 1+workers+workers*each, ledger.Summary().Postings)
	require.NoError(t, log.Close(h.ctx()))
}
