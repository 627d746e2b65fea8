package attempt

import (
	"slices"
	"strings"
	"time"

	"florin/domain/id"
)

// Lanes over all names. What they hold drains away by itself, and each is in a
// budget of its own: that of a place, or that of a password.
const (
	Place   = "place"   // one address
	Names   = "names"   // the names that were tried from it
	Block   = "block"   // the /24 or /48 around it
	Network = "network" // the autonomous system that it belongs to
	Spray   = "spray"   // the names that one password was tried for
)

// NamesMax bounds the names that one lane remembers.
const NamesMax = 64

// bucket is a lane that drains: it holds so many attempts, and one goes every drain.
type bucket struct {
	holds int
	drain time.Duration
	named bool // it holds names: one that it holds costs nothing more
}

// buckets are wide enough for an office, a train or a carrier's gateway, from where
// many people log in on new phones, each of them once: what they need is given back.
var buckets = map[string]bucket{
	Place:   {20, 3 * time.Minute, false},
	Names:   {8, 8 * time.Minute, true},
	Block:   {100, 36 * time.Second, false},
	Network: {1000, 4 * time.Second, false},
	Spray:   {10, 30 * time.Minute, true},
}

// tightened is what a lane holds while far more logins fail than usual.
func (b bucket) tightened() int { return max(b.holds/4, 2) }

func bucketOf(lane string) (b bucket, drains bool) {
	kind, _, _ := strings.Cut(lane, ":")
	b, drains = buckets[kind]
	return b, drains
}

// drained is the lane as it stands at a time.
func (l Lane) drained(at time.Time) Lane {
	b, drains := bucketOf(l.Name)
	if !drains || l.Failures == 0 {
		return l
	}
	gone := int(max(at.Sub(l.Since), 0) / b.drain)
	switch {
	case gone == 0:
		return l
	case gone >= l.Failures:
		return Lane{Name: l.Name, Last: l.Last}
	}
	l.Failures, l.Since = l.Failures-gone, l.Since.Add(time.Duration(gone)*b.drain)
	if b.named {
		l.Names = l.Names[min(gone, len(l.Names)):]
	}
	l.Full = l.Full && l.Failures > b.holds/2
	return l
}

// full is how long a lane takes no further attempt by the name.
func (l Lane) full(budget id.Attempts, tight bool, at time.Time) time.Duration {
	b, _ := bucketOf(l.Name)
	l = l.drained(at)
	holds := b.holds
	if tight {
		holds = b.tightened()
	}
	if l.Failures < holds || b.named && slices.Contains(l.Names, budget) {
		return 0
	}
	return b.drain*time.Duration(l.Failures-holds+1) - at.Sub(l.Since)
}

// take is the lane with one attempt more.
func (l Lane) take(budget id.Attempts, at time.Time) Lane {
	b, _ := bucketOf(l.Name)
	l = l.drained(at)
	if l.Failures == 0 {
		l.Since = at
	}
	l.Last = at
	if b.named {
		if slices.Contains(l.Names, budget) {
			return l
		}
		l.Names = append(slices.Clone(l.Names), budget)
		l.Names = l.Names[max(len(l.Names)-NamesMax, 0):]
		l.Failures = len(l.Names)
		return l
	}
	l.Failures++
	return l
}

// give is the lane with one attempt less.
func (l Lane) give(budget id.Attempts, at time.Time) Lane {
	b, _ := bucketOf(l.Name)
	l = l.drained(at)
	if b.named {
		i := slices.Index(l.Names, budget)
		if i < 0 {
			return l
		}
		l.Names = slices.Delete(slices.Clone(l.Names), i, i+1)
	}
	l.Failures = max(l.Failures-1, 0)
	l.Full = l.Full && l.Failures > b.holds/2
	return l
}

// wait is how long the lane takes no attempt like this one.
func (l Lane) wait(c Count) time.Duration {
	if _, drains := bucketOf(l.Name); drains {
		return l.full(c.Budget, c.Tight, c.At)
	}
	return l.Until.Sub(c.At)
}

// takeFrom takes from lanes that drain; one that is full now begins an episode, which
// is over when the half has drained away.
func (s State) takeFrom(c Count) []Event {
	events := []Event{Taken{Lanes: c.Lanes, Budget: c.Budget, At: c.At}}
	for _, name := range c.Lanes {
		b, _ := bucketOf(name)
		if lane := s.lane(name, c.At).take(c.Budget, c.At); lane.Failures >= b.holds && !lane.Full {
			events = append(events, Exhausted{Device: c.Device, Lane: name, Class: name, Until: c.At.Add(b.drain), At: c.At})
		}
	}
	return events
}

func (s State) giveBack(c Return) []Event {
	var used []string
	for _, name := range c.Lanes {
		if s.lane(name, c.At).drained(c.At).Failures > 0 {
			used = append(used, name)
		}
	}
	if used == nil {
		return nil
	}
	return []Event{Returned{Lanes: used, Budget: c.Budget, At: c.At}}
}

// with is the lanes after a change of some; those that nobody used for a day are gone.
func (s State) with(names []string, at time.Time, changed func(Lane) Lane) []Lane {
	lanes := slices.DeleteFunc(slices.Clone(s.Lanes), func(l Lane) bool { return stale(l, at) || slices.Contains(names, l.Name) })
	for _, name := range names {
		lanes = append(lanes, changed(s.lane(name, at)))
	}
	return lanes
}
