package attempt_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/attempt"
	"florin/domain/domaintest"
	"florin/domain/id"
)

func budgetNo(n int) id.Attempts { return id.Named[id.Attempts](fmt.Sprint("name ", n)) }

// poured counts attempts, each by another name, until the first that is refused.
func poured(t *testing.T, state attempt.State, count attempt.Count, from int) (after attempt.State, taken int, wait time.Duration) {
	t.Helper()
	for n := range 3000 {
		count.Budget = budgetNo(from + n)
		events, err := state.Decide(count)
		if throttled, ok := errors.AsType[*attempt.Throttled](err); ok {
			return state, n, throttled.RetryAfter()
		}
		require.NoError(t, err)
		for _, event := range events {
			state = state.Evolve(event)
		}
	}
	t.Fatal("no attempt was ever refused")
	return state, 0, 0
}

func TestPlacesHoldSoMany(t *testing.T) {
	t.Parallel()
	for lane, want := range map[string]struct {
		holds, tight int
		drain        time.Duration
	}{
		attempt.Place: {20, 5, 3 * time.Minute}, attempt.Names: {8, 2, 8 * time.Minute}, attempt.Block: {100, 25, 36 * time.Second},
		attempt.Network: {1000, 250, 4 * time.Second}, attempt.Spray: {10, 2, 30 * time.Minute},
	} {
		count := attempt.Count{Lanes: []string{lane}, At: noon}
		state, holds, wait := poured(t, attempt.State{}, count, 0)
		require.Equal(t, want.holds, holds, lane)
		require.InDelta(t, want.drain, wait, float64(time.Second), "%s: until one has drained away", lane)
		count.At = noon.Add(want.drain - time.Microsecond)
		_, more, _ := poured(t, state, count, 5000)
		require.Zero(t, more, lane)
		count.At = noon.Add(want.drain)
		state, _, _ = poured(t, state, count, 10_000)
		count.At = noon.Add(want.drain * time.Duration(want.holds+2))
		_, more, _ = poured(t, state, count, 15_000)
		require.Equal(t, want.holds, more, "%s: all has drained away", lane)

		count.Tight, count.At = true, noon
		_, tight, _ := poured(t, attempt.State{}, count, 0)
		require.Equal(t, want.tight, tight, lane)
	}
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	place := []string{attempt.Place, attempt.Names}
	take := func(n int) attempt.Event { return attempt.Taken{Lanes: place, Budget: budgetNo(n), At: noon} }
	count := func(n int) attempt.Count { return attempt.Count{Lanes: place, Budget: budgetNo(n), At: noon} }
	var eight []attempt.Event
	for n := range 8 {
		eight = append(eight, take(n))
	}
	thief := id.Named[id.Device]("thief")
	full := attempt.Exhausted{Device: thief, Lane: attempt.Names, Class: attempt.Names, Until: noon.Add(8 * time.Minute), At: noon}
	eighth := count(7)
	eighth.Device = thief
	half := noon.Add(5 * 8 * time.Minute)
	later := count(20)
	later.At = half
	domaintest.Run[attempt.State](t, []domaintest.Case[attempt.Command, attempt.Event]{
		{Name: "the eighth name fills the place, and begins an episode", Given: eight[:7], When: eighth, Then: []attempt.Event{take(7), full}},
		{Name: "the ninth has to wait", Given: eight, When: count(8), Refused: attempt.ErrThrottled},
		{Name: "one of the eight has not", Given: append(eight[:8:8], full), When: count(3), Then: []attempt.Event{take(3)}},
		{Name: "but not for ever", Given: append(eight[:8:8], eight[3], eight[3], eight[3], eight[3], eight[3], eight[3], eight[3], eight[3], eight[3], eight[3], eight[3], eight[3]), When: count(3), Refused: attempt.ErrThrottled},
		{Name: "a login takes back what it has cost", Given: eight, When: attempt.Return{Lanes: place, Budget: budgetNo(5), At: noon},
			Then: []attempt.Event{attempt.Returned{Lanes: place, Budget: budgetNo(5), At: noon}}},
		{Name: "so there is room for another name", Given: append(eight[:8:8], full, attempt.Returned{Lanes: place, Budget: budgetNo(5), At: noon}), When: count(8), Then: []attempt.Event{take(8)}},
		{Name: "but not by a name that was not tried", Given: append(eight[:8:8], attempt.Returned{Lanes: place, Budget: budgetNo(50), At: noon}), When: count(8), Refused: attempt.ErrThrottled},
		{Name: "nothing is taken back of nothing", When: attempt.Return{Lanes: place, Budget: budgetNo(5), At: noon}},
		{Name: "nor when all has drained away", Given: eight, When: attempt.Return{Lanes: place, Budget: budgetNo(5), At: noon.Add(2 * time.Hour)}},
		{Name: "what has drained by half can begin another episode", Given: append(append(eight[:8:8], full), attempt.Taken{Lanes: place, Budget: budgetNo(21), At: half},
			attempt.Taken{Lanes: place, Budget: budgetNo(22), At: half}, attempt.Taken{Lanes: place, Budget: budgetNo(23), At: half}, attempt.Taken{Lanes: place, Budget: budgetNo(24), At: half}), When: later,
			Then: []attempt.Event{attempt.Taken{Lanes: place, Budget: budgetNo(20), At: half},
				attempt.Exhausted{Lane: attempt.Names, Class: attempt.Names, Until: half.Add(8 * time.Minute), At: half}}},
	})
}
