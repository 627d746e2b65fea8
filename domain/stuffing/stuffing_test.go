package stuffing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/domaintest"
	"florin/domain/stuffing"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func at(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }

// measured takes in minutes as Decide would have them, and tells how many were suspect.
func measured(t *testing.T, state stuffing.State, from, minutes int, counts func(minute int) (tried, failed int64)) (stuffing.State, int) {
	t.Helper()
	suspect := 0
	for minute := from; minute < from+minutes; minute++ {
		tried, failed := counts(minute)
		events, err := state.Decide(stuffing.Measure{Minute: at(minute), Tried: tried, Failed: failed})
		require.NoError(t, err)
		for _, event := range events {
			if _, is := event.(stuffing.Suspected); is {
				suspect++
			}
			state = state.Evolve(event)
		}
	}
	return state, suspect
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	few := stuffing.Measured{Minute: noon, Tried: 29, Failed: 29}
	domaintest.Run[stuffing.State](t, []domaintest.Case[stuffing.Command, stuffing.Event]{
		{Name: "few are never suspect", When: stuffing.Measure{Minute: noon, Tried: 29, Failed: 29}, Then: []stuffing.Event{few}},
		{Name: "many that all fail are, from the first day", When: stuffing.Measure{Minute: noon, Tried: 30, Failed: 30}, Then: []stuffing.Event{
			stuffing.Measured{Minute: noon, Tried: 30, Failed: 30}, stuffing.Suspected{Minute: noon, Rate: 1_000_000, Usual: 300_000, Far: 8369, Until: at(16)}}},
		{Name: "many of which three in ten fail are not", When: stuffing.Measure{Minute: noon, Tried: 3000, Failed: 900}, Then: []stuffing.Event{
			stuffing.Measured{Minute: noon, Tried: 3000, Failed: 900}}},
		{Name: "a minute counts once", Given: []stuffing.Event{few}, When: stuffing.Measure{Minute: noon, Tried: 29}, Refused: stuffing.ErrMeasured},
		{Name: "and none counts after a later one", Given: []stuffing.Event{few}, When: stuffing.Measure{Minute: at(-1), Tried: 29}, Refused: stuffing.ErrMeasured},
	})
}

// What a bank sees every day is not suspect, however many log in and however that
// changes with the hour; an attack is at once, for as long as it lasts; and after it
// the old rate is the usual one.
func TestAnAttackStandsOut(t *testing.T) {
	t.Parallel()
	for name, busy := range map[string]int64{"small": 3, "middling": 40, "large": 3000} {
		day := func(minute int) (tried, failed int64) {
			tried = max(busy*int64(minute%1440)/700, 1)
			return tried, tried * int64(15+minute%11) / 100 // 15 to 25 of a hundred
		}
		state, suspect := measured(t, stuffing.State{}, 0, 3000, day)
		require.Zero(t, suspect, name)
		require.Less(t, state.Usual, int64(260_000), name)
		attack := func(minute int) (tried, failed int64) {
			tried, failed = day(minute)
			extra := max(tried, 60)
			return tried + extra, failed + extra*99/100
		}
		state, suspect = measured(t, state, 3000, 60, attack)
		require.Equal(t, 60, suspect, name)
		require.True(t, state.Suspects(at(3074)), name)
		require.False(t, state.Suspects(at(3075)), name)
		_, suspect = measured(t, state, 3060, 1000, day)
		require.Zero(t, suspect, name)
	}
}

// A change that stays becomes what is usual in the end.
func TestWhatStaysBecomesUsual(t *testing.T) {
	t.Parallel()
	half := func(int) (tried, failed int64) { return 200, 120 }
	state, suspect := measured(t, stuffing.State{}, 0, 3000, half)
	require.Positive(t, suspect)
	require.InDelta(t, 600_000, state.Usual, 20_000)
	_, suspect = measured(t, state, 3000, 100, half)
	require.Zero(t, suspect)
}

// The largest counts there can be overflow nothing.
func TestTheLargestCounts(t *testing.T) {
	t.Parallel()
	events, err := stuffing.State{}.Decide(stuffing.Measure{Minute: noon, Tried: 1<<31 - 1, Failed: 1<<31 - 1})
	require.NoError(t, err)
	require.Len(t, events, 2)
	require.Positive(t, events[1].(stuffing.Suspected).Far)
}
