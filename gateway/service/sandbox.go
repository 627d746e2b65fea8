package service

import (
	"net/http"
	"time"

	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/schemas"
)

// Sandbox serves /v1/sandbox, which production does not have.
type Sandbox struct{ Desk }

// ClockAnswer is the bank's time on the wire.
type ClockAnswer struct {
	BankTime     time.Time         `json:"bank_time"`
	AheadSeconds int64             `json:"ahead_seconds"`     // of the world's time
	Position     eventbus.Position `json:"position,omitzero"` // of the move
}

// Clock tells the bank's time.
func (s Sandbox) Clock(w http.ResponseWriter, _ *http.Request) error {
	now := s.Bank.Clocks().Read()
	return wire.OK(w, ClockAnswer{BankTime: now.Bank, AheadSeconds: int64(now.Ahead.Seconds())})
}

// MoveClock sets the bank's time, or moves it on. Tokens live by it: whoever moves it
// beyond the end of a session logs in again.
func (s Sandbox) MoveClock(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.MoveClock](call.Body)
	if err != nil {
		return err
	}
	switch {
	case body.To.IsZero() && body.AdvanceSeconds == 0:
		return problem.MissingField.With("The body lacks to or advance_seconds.")
	case !body.To.IsZero() && body.AdvanceSeconds != 0:
		return problem.BadRequest.With("Say either to or advance_seconds.")
	}
	moved, outcome, err := s.Bank.Clocks().Move(r.Context(), s.order(r, call), func(now time.Time) time.Time {
		if body.AdvanceSeconds != 0 {
			return advanced(now, body.AdvanceSeconds)
		}
		return body.To
	})
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, ClockAnswer{BankTime: moved.Bank, AheadSeconds: int64(moved.Ahead.Seconds()), Position: outcome.Receipt.Last})
}

// secondsMax keeps a sum of seconds within what a time can hold; the bank's own bound is far below.
const secondsMax = 1 << 33

func advanced(now time.Time, seconds int64) time.Time {
	return now.Add(time.Duration(min(max(seconds, -secondsMax), secondsMax)) * time.Second)
}
