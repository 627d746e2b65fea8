package commands

import (
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"florin/domain/clock"
	"florin/eventbus"
	"florin/eventbus/embedded"
)

// sandboxHouse is a bank on the embedded engine, whose log was begun as a sandbox.
func sandboxHouse(t *testing.T) *house {
	t.Helper()
	journal, err := embedded.Open("log", embedded.Options{FS: vfs.NewMem(), CreateIfMissing: true, Fatal: func(err error) { panic(err) }})
	require.NoError(t, err)
	h, log := newHouseOn(t, journal, nil)
	t.Cleanup(func() { h.shut(log, journal) })
	return h
}

func (h *house) moveClock(by time.Duration) (ClockAnswer, Outcome, error) {
	return h.bank.Clocks().Move(h.ctx(), h.operator(), func(now time.Time) time.Time { return now.Add(by) })
}

func TestASandboxsTimeMovesForwardAndStaysThere(t *testing.T) {
	t.Parallel()
	h := sandboxHouse(t)
	day := 24 * time.Hour
	moved, outcome, err := h.moveClock(90 * day)
	require.NoError(t, err)
	require.Equal(t, noon.Add(90*day), moved.Bank)
	require.Equal(t, []string{"clock.moved"}, h.kinds(outcome))
	require.Equal(t, noon.Add(90*day), h.bank.Sources().Time())
	require.Equal(t, noon, h.bank.Sources().Wall(), "the world's time has not moved")

	h.pass(time.Hour)
	require.Equal(t, noon.Add(90*day+time.Hour), h.bank.Sources().Time(), "both go on")
	for _, back := range []time.Duration{0, -time.Second, -1000 * day} {
		_, _, err = h.moveClock(back)
		require.ErrorIs(t, err, clock.ErrBackwards)
	}
	_, _, err = h.moveClock(clock.AheadMax)
	require.ErrorIs(t, err, clock.ErrTooFar)

	h.reopen(h.log)
	require.Equal(t, noon.Add(90*day+time.Hour), h.bank.Sources().Time(), "a restart finds it in the log")
	a, b := h.account(alice, "Alice", 10_000), h.account(bob, "Bob", 0)
	_, outcome, err = h.send(h.by(alice), a, b, 100)
	require.NoError(t, err)
	record, err := h.log.ReadCommit(h.ctx(), outcome.Receipt)
	require.NoError(t, err)
	require.Equal(t, noon.Add(90*day+time.Hour), record.Header.BookedAt, "it counts in the bank's time")
	require.Equal(t, noon.Add(time.Hour), record.RecordedAt, "and was recorded in the world's")
}

func TestAMoveIsMadeOnceAndEveryBankOnTheLogFollows(t *testing.T) {
	t.Parallel()
	h := sandboxHouse(t)
	other := h.opened(h.log)
	order, on := h.operator(), func(now time.Time) time.Time { return now.Add(time.Hour) }
	first, _, err := h.bank.Clocks().Move(h.ctx(), order, on)
	require.NoError(t, err)
	again, outcome, err := h.bank.Clocks().Move(h.ctx(), order, on)
	require.NoError(t, err)
	require.True(t, outcome.Replayed)
	require.Equal(t, first, again)
	require.Equal(t, noon.Add(time.Hour), h.bank.Sources().Time())

	require.Equal(t, noon, other.Sources().Time())
	for record, err := range h.log.ReadAll(h.ctx(), 0) {
		require.NoError(t, err)
		require.NoError(t, hear(h.ctx(), other.runners, record))
	}
	require.Equal(t, noon.Add(time.Hour), other.Sources().Time())
}

// The wiring keeps the endpoint from production; this holds should it fail.
func TestAProductionLogsTimeIsNeverMoved(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	journal, err := embedded.Open("log", embedded.Options{FS: vfs.NewMem(), CreateIfMissing: true, Fatal: func(err error) { panic(err) }})
	require.NoError(t, err)
	log, err := eventbus.Open(h.ctx(), journal, eventbus.Options{Clock: h.now, BuildVersion: "test", Writer: randomCause(),
		Genesis: eventbus.Genesis{Ledger: randomCause(), LegalEntity: "Test", Mode: eventbus.Production, At: noon}})
	require.NoError(t, err)
	defer func() { h.shut(log, journal) }()
	h.reopen(log)
	before := h.commits()
	_, _, err = h.moveClock(time.Hour)
	require.ErrorIs(t, err, ErrNoSandbox)
	require.Equal(t, before, h.commits(), "nothing was written")
	require.Equal(t, noon, h.bank.Sources().Time())
}
