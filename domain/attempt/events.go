package attempt

import (
	"time"

	"florin/domain"
)

// Event is a fact about one attempt budget. The set is sealed by attemptEvent.
type Event interface {
	domain.Event
	attemptEvent()
}

// Counted: a guess is about to be checked. It counts against these lanes until
// a success resets them, so guesses made at the same time cannot pass together.
type Counted struct {
	Lanes []string  `json:"lanes"`
	At    time.Time `json:"at"`
}

// Delayed: this lane has used its budget up; the owner is told.
type Delayed struct {
	Lane  string    `json:"lane"`
	Until time.Time `json:"until"`
	At    time.Time `json:"at"`
}

// Reset: a complete login made up for the failures in these lanes.
type Reset struct {
	Lanes []string  `json:"lanes"`
	At    time.Time `json:"at"`
}

func (Counted) Kind() string { return "attempt.counted" }
func (Delayed) Kind() string { return "attempt.delayed" }
func (Reset) Kind() string   { return "attempt.reset" }

func (Counted) attemptEvent() {}
func (Delayed) attemptEvent() {}
func (Reset) attemptEvent()   {}
