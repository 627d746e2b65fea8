package attempt

import (
	"time"

	"florin/domain"
	"florin/domain/id"
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

// Taken: a guess is about to be checked, and takes from these lanes, which drain.
type Taken struct {
	Lanes  []string    `json:"lanes"`
	Budget id.Attempts `json:"budget"` // of the name that is tried
	At     time.Time   `json:"at"`
}

// Returned: a complete login was what one attempt in these lanes has led to.
type Returned struct {
	Lanes  []string    `json:"lanes"`
	Budget id.Attempts `json:"budget"`
	At     time.Time   `json:"at"`
}

// Delayed: this lane has used its budget up.
type Delayed struct {
	Lane  string    `json:"lane"`
	Until time.Time `json:"until"`
	At    time.Time `json:"at"`
}

// Exhausted: the first lane of its class (of the customer's own devices, of
// strangers, of recoveries) has used its budget up, and an episode begins: the
// customer is told, once. It ends when the class has no such lane any more, by a
// complete login or after a day without attempts. A budget that is nobody's has
// episodes too, and tells nobody: what is written must not show whose name it is.
type Exhausted struct {
	Customer id.Customer `json:"customer,omitzero"`
	Device   id.Device   `json:"device,omitzero"` // that made the last attempt
	Lane     string      `json:"lane"`
	Class    string      `json:"class"` // own-device, elsewhere or recovery; or the lane, of one that drains
	Until    time.Time   `json:"until"`
	At       time.Time   `json:"at"`
}

// Reset: a complete login made up for the failures in these lanes.
type Reset struct {
	Lanes []string  `json:"lanes"`
	At    time.Time `json:"at"`
}

func (Counted) Kind() string   { return "attempt.counted" }
func (Delayed) Kind() string   { return "attempt.delayed" }
func (Exhausted) Kind() string { return "attempt.exhausted" }
func (Reset) Kind() string     { return "attempt.reset" }
func (Taken) Kind() string     { return "attempt.taken" }
func (Returned) Kind() string  { return "attempt.returned" }

func (Counted) attemptEvent()   {}
func (Delayed) attemptEvent()   {}
func (Exhausted) attemptEvent() {}
func (Reset) attemptEvent()     {}
func (Taken) attemptEvent()     {}
func (Returned) attemptEvent()  {}
