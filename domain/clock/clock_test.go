package clock_test

import (
	"testing"
	"time"

	"florin/domain/clock"
	"florin/domain/domaintest"
)

func TestMove(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	moved := clock.Moved{From: noon, To: noon.Add(day), AheadMicros: day.Microseconds(), At: noon}
	domaintest.Run[clock.State](t, []domaintest.Case[clock.Command, clock.Event]{
		{Name: "time moves on", When: clock.Move{From: noon, To: noon.Add(day), At: noon}, Then: []clock.Event{moved}},
		{Name: "a second move adds to the first", Given: []clock.Event{moved}, When: clock.Move{From: noon.Add(day), To: noon.Add(2 * day), At: noon},
			Then: []clock.Event{clock.Moved{From: noon.Add(day), To: noon.Add(2 * day), AheadMicros: (2 * day).Microseconds(), At: noon}}},
		{Name: "up to a hundred years", When: clock.Move{From: noon, To: noon.Add(clock.AheadMax), At: noon},
			Then: []clock.Event{clock.Moved{From: noon, To: noon.Add(clock.AheadMax), AheadMicros: clock.AheadMax.Microseconds(), At: noon}}},
		{Name: "not to where it is", When: clock.Move{From: noon, To: noon, At: noon}, Refused: clock.ErrBackwards},
		{Name: "not back", When: clock.Move{From: noon, To: noon.Add(-time.Microsecond), At: noon}, Refused: clock.ErrBackwards},
		{Name: "not behind another's move, seen too late", Given: []clock.Event{moved}, When: clock.Move{From: noon, To: noon.Add(time.Hour), At: noon}, Refused: clock.ErrBackwards},
		{Name: "not to the zero time", When: clock.Move{From: noon, At: noon}, Refused: clock.ErrBackwards},
		{Name: "not beyond a hundred years", When: clock.Move{From: noon, To: noon.Add(clock.AheadMax + time.Microsecond), At: noon}, Refused: clock.ErrTooFar},
		{Name: "not to the end of all time", When: clock.Move{From: noon, To: time.Unix(1<<60, 0), At: noon}, Refused: clock.ErrTooFar},
	})
}
