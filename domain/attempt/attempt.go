// Package attempt decides how often somebody may guess. There is one budget per
// customer, over all names, factors and grants, and a shadow one for each name
// that is nobody's; inside it, lanes:
//
//	device:<id>      the customer's own bound device, or the key that an operator has logged in with
//	origin:<hash>    one place that unknown devices come from
//	unknown          all unknown devices together
//	expected:<mac>   a phone that a device of the customer's has said to expect
//	otp-device:, otp-origin:, otp        the same for one-time passwords, smaller
//	otp-send-device:, otp-send-origin:, otp-send        one-time passwords to be sent
//	push-origin:, push-client:, push        approvals to be asked for on another device
//	recovery-device:, recovery-origin:, recovery        accounts to be recovered
//
// Who tries many names stays below each customer's budget. So each place that unknown
// devices come from has one of its own, over all names, and so has each password:
//
//	place, names     one address: how often, and how many names
//	block, network   the addresses around it, and the network that it belongs to
//	spray            how many names one password was tried for
//
// These drain with time (leaky buckets), and a complete login takes back what it has
// cost, not what others have: who owns one account cannot wash a place clean with it.
// They hold less while far more logins fail than usual (package stuffing).
//
// A guess is counted before it is checked, and a complete login resets the lanes
// it went through. Strangers fill other lanes than the owner's phone uses, so
// they cannot lock it out; and guesses made at the same time cannot pass
// together. A lane that nobody used for a day is forgotten.
package attempt

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Lanes with a fixed name.
const (
	Unknown      = "unknown"
	OTP          = "otp"
	OTPSend      = "otp-send"
	Push         = "push"
	Recovery     = "recovery"
	RecoveryCode = "recovery-code"
)

// LanesMax bounds the lanes of one attempt.
const LanesMax = 4

// forgetAfter is how long a lane that nobody uses is kept.
const forgetAfter = 24 * time.Hour

// Command is something one may ask of a budget.
type Command interface{ attemptCommand() }

type (
	// Count takes one attempt from each lane, or is refused with *Throttled.
	Count struct {
		Lanes    []string
		Customer id.Customer // whose budget it is; zero: nobody's
		Device   id.Device   // that makes the attempt
		Budget   id.Attempts // of the name that is tried, for lanes that hold names
		Tight    bool        // far more logins fail than usual
		At       time.Time
	}
	// Return takes back one attempt from the lanes that drain: it was a customer's.
	Return struct {
		Lanes  []string
		Budget id.Attempts
		At     time.Time
	}
	// Succeed gives the lanes their whole budgets back.
	Succeed struct {
		Lanes []string
		At    time.Time
	}
)

func (Count) attemptCommand()   {}
func (Succeed) attemptCommand() {}
func (Return) attemptCommand()  {}

// ErrThrottled is what a *Throttled wraps.
var ErrThrottled = &domain.Refusal{Class: domain.Throttled, Code: "too-many-attempts", Detail: "There were too many attempts; wait before the next one."}

// Throttled says that the budget is used up, and for how long.
type Throttled struct{ wait time.Duration }

func (t *Throttled) Error() string { return ErrThrottled.Error() }

// Unwrap makes it the refusal it is.
func (t *Throttled) Unwrap() error { return ErrThrottled }

// RetryAfter is how long to wait, in whole seconds, at least one.
func (t *Throttled) RetryAfter() time.Duration {
	return max(t.wait.Truncate(time.Second)+time.Second, time.Second)
}

// State is the lanes that are in use.
type State struct{ Lanes []Lane }

// Lane is one count.
type Lane struct {
	Name     string
	Failures int // attempts since the last success
	Last     time.Time
	Until    time.Time // no attempt before

	Since time.Time     // of one that drains: from when the next attempt drains away
	Names []id.Attempts // of one that holds names: the oldest first
	Full  bool          // of one that drains: an episode has begun, and it has not half drained since
}

// budget is how many attempts are free in a lane, how long the first delay after
// them is, and how long one can get: each further attempt doubles it. Lanes that
// all strangers share wait for short times only, for the owner's next phone is a
// stranger too; what holds a guesser up there is the lane of the place.
func budget(lane string) (free int, delay, longest time.Duration) {
	switch kind, _, _ := strings.Cut(lane, ":"); kind {
	case Unknown:
		return 30, 10 * time.Second, time.Minute
	case OTP:
		return 10, 30 * time.Second, 5 * time.Minute
	case Recovery: // each is a letter to the owner, and no password stands before it
		return 6, time.Minute, 15 * time.Minute
	case OTPSend, Push, RecoveryCode:
		return 10, 30 * time.Second, 5 * time.Minute
	case "otp-send-origin", "otp-send-device", "otp-send-expected", "push-expected", "push-origin", "push-client", "recovery-code-origin", "recovery-origin", "recovery-device":
		return 4, time.Minute, time.Hour
	case "otp-device", "otp-origin", "otp-expected":
		return 5, time.Minute, time.Hour
	}
	return 5, 30 * time.Second, time.Hour
}

func delayAfter(lane string, failures int) time.Duration {
	free, delay, longest := budget(lane)
	if failures < free {
		return 0
	}
	return min(delay<<min(failures-free, 12), longest)
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Count:
		return s.count(c)
	case Succeed:
		var used []string
		for _, name := range c.Lanes {
			if s.lane(name, c.At).Failures > 0 {
				used = append(used, name)
			}
		}
		if used == nil {
			return nil, nil
		}
		return []Event{Reset{Lanes: used, At: c.At}}, nil
	case Return:
		return s.giveBack(c), nil
	}
	panic(fmt.Sprintf("attempt: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) count(c Count) ([]Event, error) {
	if len(c.Lanes) == 0 || len(c.Lanes) > LanesMax {
		panic(fmt.Sprintf("attempt: %d lanes", len(c.Lanes))) // a verb's bug
	}
	var wait time.Duration
	for _, name := range c.Lanes {
		wait = max(wait, s.lane(name, c.At).wait(c))
	}
	if wait > 0 {
		return nil, &Throttled{wait}
	}
	if _, drains := bucketOf(c.Lanes[0]); drains {
		return s.takeFrom(c), nil
	}
	events := []Event{Counted{Lanes: c.Lanes, At: c.At}}
	var begun []string // classes
	for _, name := range c.Lanes {
		delay := delayAfter(name, s.lane(name, c.At).Failures+1)
		if delay == 0 {
			continue
		}
		until := c.At.Add(delay)
		events = append(events, Delayed{Lane: name, Until: until, At: c.At})
		if class := classOf(name); !s.exhausted(class, c.At) && !slices.Contains(begun, class) {
			begun = append(begun, class)
			events = append(events, Exhausted{Customer: c.Customer, Device: c.Device, Lane: name, Class: class, Until: until, At: c.At})
		}
	}
	return events, nil
}

// Classes of lanes: an episode is of one.
const (
	OwnDevice = "own-device"
	Elsewhere = "elsewhere"
	Recovered = "recovery"
)

func classOf(lane string) string {
	kind, _, _ := strings.Cut(lane, ":")
	switch {
	case strings.HasPrefix(kind, Recovery):
		return Recovered
	case strings.HasSuffix(kind, "device"):
		return OwnDevice
	}
	return Elsewhere
}

// exhausted tells whether a lane of the class has used its budget up already.
func (s State) exhausted(class string, at time.Time) bool {
	return slices.ContainsFunc(s.Lanes, func(l Lane) bool {
		return classOf(l.Name) == class && !stale(l, at) && delayAfter(l.Name, l.Failures) > 0
	})
}

// lane is the count as it stands at a time; a forgotten one begins anew.
func (s State) lane(name string, at time.Time) Lane {
	for _, lane := range s.Lanes {
		if lane.Name == name && !stale(lane, at) {
			return lane
		}
	}
	return Lane{Name: name}
}

func stale(lane Lane, at time.Time) bool { return at.Sub(lane.Last) > forgetAfter }

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Counted:
		lanes := slices.DeleteFunc(slices.Clone(s.Lanes), func(l Lane) bool { return stale(l, e.At) })
		for _, name := range e.Lanes {
			i := slices.IndexFunc(lanes, func(l Lane) bool { return l.Name == name })
			if i < 0 {
				lanes, i = append(lanes, Lane{Name: name}), len(lanes)
			}
			lanes[i].Failures, lanes[i].Last = lanes[i].Failures+1, e.At
		}
		s.Lanes = lanes
	case Delayed:
		s.Lanes = slices.Clone(s.Lanes)
		for i := range s.Lanes {
			if s.Lanes[i].Name == e.Lane {
				s.Lanes[i].Until = e.Until
			}
		}
	case Taken:
		s.Lanes = s.with(e.Lanes, e.At, func(l Lane) Lane { return l.take(e.Budget, e.At) })
	case Returned:
		s.Lanes = s.with(e.Lanes, e.At, func(l Lane) Lane { return l.give(e.Budget, e.At) })
	case Exhausted:
		if _, drains := bucketOf(e.Lane); drains {
			s.Lanes = s.with([]string{e.Lane}, e.At, func(l Lane) Lane { l.Full = true; return l })
		}
	case Reset:
		s.Lanes = slices.DeleteFunc(slices.Clone(s.Lanes), func(l Lane) bool { return slices.Contains(e.Lanes, l.Name) })
	}
	return s
}
