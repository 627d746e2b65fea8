package attempt_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/attempt"
	"florin/domain/domaintest"
	"florin/domain/id"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// tries counts attempts until the first that is refused, all at one time.
func tries(t *testing.T, state attempt.State, at time.Time, lanes ...string) (attempt.State, int) {
	t.Helper()
	for count := range 1000 {
		events, err := state.Decide(attempt.Count{Lanes: lanes, At: at})
		if err != nil {
			require.ErrorIs(t, err, attempt.ErrThrottled)
			return state, count
		}
		for _, event := range events {
			state = state.Evolve(event)
		}
	}
	t.Fatal("no attempt was ever refused")
	return state, 0
}

func TestBudgets(t *testing.T) {
	t.Parallel()
	for lane, free := range map[string]int{"device:1": 5, "origin:1": 5, "recovery": 6, "recovery-origin:1": 4, "recovery-device:1": 4, "otp-device:1": 5, "otp-origin:1": 5, "otp": 10, "unknown": 30} {
		_, passed := tries(t, attempt.State{}, noon, lane)
		require.Equal(t, free, passed, lane)
	}
}

func TestLanes(t *testing.T) {
	t.Parallel()
	lanes := []string{"origin:1", "unknown"}
	ada, thief := id.Named[id.Customer]("ada"), id.Named[id.Device]("thief")
	counted := attempt.Counted{Lanes: lanes, At: noon}
	used := []attempt.Event{counted, counted, counted, counted, counted, attempt.Delayed{Lane: "origin:1", Until: noon.Add(30 * time.Second), At: noon},
		attempt.Exhausted{Customer: ada, Device: thief, Lane: "origin:1", Class: attempt.Elsewhere, Until: noon.Add(30 * time.Second), At: noon}}
	count := func(at time.Time, lanes ...string) attempt.Count {
		return attempt.Count{Lanes: lanes, Customer: ada, Device: thief, At: at}
	}
	other := []string{"origin:2", "unknown"}
	otherUsed := attempt.Counted{Lanes: other, At: noon}
	device := attempt.Counted{Lanes: []string{"device:1"}, At: noon}
	later := noon.Add(30 * time.Second)
	domaintest.Run[attempt.State](t, []domaintest.Case[attempt.Command, attempt.Event]{
		{Name: "an attempt is counted in all its lanes", When: attempt.Count{Lanes: lanes, At: noon}, Then: []attempt.Event{counted}},
		{Name: "the fifth brings a delay, and begins an episode", Given: used[:4], When: count(noon, lanes...), Then: []attempt.Event{counted, used[5], used[6]}},
		{Name: "another place of strangers is the same episode", Given: append(used[:7:7], otherUsed, otherUsed, otherUsed, otherUsed), When: count(noon, other...),
			Then: []attempt.Event{otherUsed, attempt.Delayed{Lane: "origin:2", Until: noon.Add(30 * time.Second), At: noon}}},
		{Name: "the owner's device has one of its own", Given: append(used[:7:7], device, device, device, device), When: count(noon, "device:1"),
			Then: []attempt.Event{device, attempt.Delayed{Lane: "device:1", Until: noon.Add(30 * time.Second), At: noon},
				attempt.Exhausted{Customer: ada, Device: thief, Lane: "device:1", Class: attempt.OwnDevice, Until: noon.Add(30 * time.Second), At: noon}}},
		{Name: "a success ends it, and the next is another", Given: append(append(used[:7:7], attempt.Reset{Lanes: lanes, At: noon}), used[:4]...), When: count(noon, lanes...),
			Then: []attempt.Event{counted, used[5], used[6]}},
		{Name: "the sixth has to wait", Given: used, When: attempt.Count{Lanes: lanes, At: noon}, Refused: attempt.ErrThrottled},
		{Name: "to the last moment", Given: used, When: attempt.Count{Lanes: lanes, At: later.Add(-time.Microsecond)}, Refused: attempt.ErrThrottled},
		{Name: "one full lane is enough", Given: used, When: attempt.Count{Lanes: []string{"origin:2", "origin:1"}, At: noon}, Refused: attempt.ErrThrottled},
		{Name: "the next delay is twice as long", Given: used, When: attempt.Count{Lanes: lanes, At: later}, Then: []attempt.Event{
			attempt.Counted{Lanes: lanes, At: later}, attempt.Delayed{Lane: "origin:1", Until: later.Add(time.Minute), At: later}}},
		{Name: "another place is not delayed", Given: used, When: attempt.Count{Lanes: []string{"origin:2", "unknown"}, At: noon}, Then: []attempt.Event{attempt.Counted{Lanes: []string{"origin:2", "unknown"}, At: noon}}},
		{Name: "nor the owner's own device", Given: used, When: attempt.Count{Lanes: []string{"device:1"}, At: noon}, Then: []attempt.Event{attempt.Counted{Lanes: []string{"device:1"}, At: noon}}},
		{Name: "success gives the budget back", Given: used, When: attempt.Succeed{Lanes: []string{"origin:1", "unknown", "otp"}, At: noon}, Then: []attempt.Event{attempt.Reset{Lanes: lanes, At: noon}}},
		{Name: "of its own lanes alone", Given: used, When: attempt.Succeed{Lanes: []string{"device:1"}, At: noon}},
		{Name: "after it all is as at the beginning", Given: append(used[:7:7], attempt.Reset{Lanes: lanes, At: noon}), When: attempt.Count{Lanes: lanes, At: noon}, Then: []attempt.Event{counted}},
		{Name: "after a day too", Given: used, When: attempt.Count{Lanes: lanes, At: noon.Add(25 * time.Hour)}, Then: []attempt.Event{attempt.Counted{Lanes: lanes, At: noon.Add(25 * time.Hour)}}},
	})
}

func TestDelaysGrowToABound(t *testing.T) {
	t.Parallel()
	for lane, longest := range map[string]time.Duration{"device:1": time.Hour, "origin:1": time.Hour, "otp": 5 * time.Minute, "unknown": time.Minute, "recovery": 15 * time.Minute} {
		state, _ := tries(t, attempt.State{}, noon, lane)
		at, last := noon, time.Duration(0)
		for range 20 {
			_, err := state.Decide(attempt.Count{Lanes: []string{lane}, At: at})
			throttled, ok := errors.AsType[*attempt.Throttled](err)
			require.True(t, ok)
			refusal, ok := errors.AsType[*domain.Refusal](err)
			require.True(t, ok)
			require.Equal(t, domain.Throttled, refusal.Class)
			wait := throttled.RetryAfter()
			require.GreaterOrEqual(t, wait, last)
			at, last = at.Add(wait), wait
			events, err := state.Decide(attempt.Count{Lanes: []string{lane}, At: at})
			require.NoError(t, err)
			for _, event := range events {
				state = state.Evolve(event)
			}
		}
		require.Equal(t, longest+time.Second, last, lane)
	}
}

func TestStrangersFromManyPlacesMeetOneBudgetAndFillNoMemory(t *testing.T) {
	t.Parallel()
	state, passed := attempt.State{}, 0
	for i := range 1000 {
		events, err := state.Decide(attempt.Count{Lanes: []string{fmt.Sprint("origin:", i), "unknown"}, At: noon})
		if err == nil {
			passed++
		}
		for _, event := range events {
			state = state.Evolve(event)
		}
	}
	require.Equal(t, 30, passed)
	require.LessOrEqual(t, len(state.Lanes), 31)
	after := state.Evolve(attempt.Counted{Lanes: []string{"device:1"}, At: noon.Add(25 * time.Hour)})
	require.Len(t, after.Lanes, 1, "what is a day old is forgotten")
}
