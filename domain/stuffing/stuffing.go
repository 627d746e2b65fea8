// Package stuffing notices when far more logins fail than usual: somebody has bought
// a list of names and passwords, and tries them from everywhere at once.
//
//	minutes' counts --Measure--> the usual rate of failures --> Suspected until a time
//
// There is one stream for a ledger. What is counted are the attempts of unknown
// devices, and how many of them no complete login has made up for; each minute that
// had any is measured once, when it is over. How far a minute is out is told in
// standard deviations of a binomial count at the usual rate, so it does not matter
// how busy the hour is. All by integers: a replay of the log suspects the same at the
// same times. A suspect minute counts for little in what is usual, so that an attack
// that lasts does not become it. While it is suspected, places hold fewer attempts
// (package attempt). It must never keep a customer's own device out.
package stuffing

import (
	"fmt"
	"math"
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Stream is where the ledger's rate of failed logins is followed.
func Stream() id.Stuffing { return id.Named[id.Stuffing]("logins") }

const (
	// FewestTries: a minute with fewer is never suspect.
	FewestTries = 30
	// Far is how many standard deviations above the usual a suspect minute lies, in thousandths.
	Far = 6000
	// Above is how far above the usual rate it lies at least, in millionths: days differ
	// by more than chance.
	Above = 150_000
	// Lasts is how long a suspicion stands after the last suspect minute.
	Lasts = 15 * time.Minute

	all     = 1_000_000   // a rate of one, in millionths
	prior   = 300_000     // of a bank that nobody has logged in to yet
	weight  = 4000        // attempts that the usual rate follows
	fastest = weight / 16 // attempts that one minute counts for at most
	doubted = 16          // part that an attempt in a suspect minute counts for
	certain = 50_000      // a usual rate is taken for at least this far from none and from all
	most    = math.MaxInt32
)

// Event is a fact about the rate of failed logins. The set is sealed by stuffingEvent.
type Event interface {
	domain.Event
	stuffingEvent()
}

type (
	// Measured: of so many attempts of unknown devices in a minute, so many failed.
	Measured struct {
		Minute time.Time `json:"minute"`
		Tried  int64     `json:"tried"`
		Failed int64     `json:"failed"`
	}
	// Suspected: far more failed than usual. Until it is over or prolonged, places hold
	// fewer attempts.
	Suspected struct {
		Minute time.Time `json:"minute"`
		Rate   int64     `json:"rate_ppm"`  // of failures, in millionths
		Usual  int64     `json:"usual_ppm"` // likewise
		Far    int64     `json:"far_milli"` // standard deviations above the usual, in thousandths
		Until  time.Time `json:"until"`
	}
)

func (Measured) Kind() string    { return "stuffing.measured" }
func (Suspected) Kind() string   { return "stuffing.suspected" }
func (Measured) stuffingEvent()  {}
func (Suspected) stuffingEvent() {}

// Command is something one may ask of the rate. The set is sealed.
type Command interface{ stuffingCommand() }

// Measure says how many attempts a minute had, after it is over.
type Measure struct {
	Minute time.Time
	Tried  int64
	Failed int64
}

func (Measure) stuffingCommand() {}

// ErrMeasured: this minute, or a later one, was measured already. Nothing is to be done.
var ErrMeasured = &domain.Refusal{Class: domain.Conflict, Code: "minute-measured", Detail: "This minute was measured already."}

// State is what is usual by now; its zero value is that of a bank that nobody logs in to.
type State struct {
	Minute time.Time // the last that was measured
	Usual  int64     // rate of failures, in millionths; meaningless before the first minute
	Until  time.Time // of the suspicion
}

// Suspects tells whether far more fails than usual.
func (s State) Suspects(at time.Time) bool { return at.Before(s.Until) }

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	c, ok := command.(Measure)
	if !ok {
		panic(fmt.Sprintf("stuffing: unknown command %T", command)) // sealed: a bug, not an input
	}
	if c.Tried <= 0 || c.Tried > most || c.Failed < 0 || c.Failed > c.Tried || !c.Minute.Truncate(time.Minute).Equal(c.Minute) {
		panic(fmt.Sprintf("stuffing: %d of %d failed in %s", c.Failed, c.Tried, c.Minute)) // a verb's bug
	}
	if !c.Minute.After(s.Minute) {
		return nil, ErrMeasured
	}
	events := []Event{Measured(c)}
	if far, suspect := s.far(c.Tried, c.Failed); suspect {
		events = append(events, Suspected{Minute: c.Minute, Rate: c.Failed * all / c.Tried, Usual: s.usual(), Far: far,
			Until: c.Minute.Add(time.Minute + Lasts)})
	}
	return events, nil
}

// Evolve takes in one fact.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Measured:
		n := min(e.Tried, fastest)
		if _, suspect := s.far(e.Tried, e.Failed); suspect {
			n /= doubted
		}
		s.Usual, s.Minute = (s.usual()*weight+e.Failed*all/e.Tried*n)/(weight+n), e.Minute
	case Suspected:
		s.Until = e.Until
	}
	return s
}

func (s State) usual() int64 {
	if s.Minute.IsZero() {
		return prior
	}
	return s.Usual
}

// far is how many standard deviations above the usual so many failures are, in
// thousandths, and whether that is suspect.
func (s State) far(tried, failed int64) (far int64, suspect bool) {
	usual := min(max(s.usual(), certain), all-certain)
	deviation := max(root(tried*(usual/1000)*((all-usual)/1000)), 1) // thousandths of an attempt
	far = (failed*all - usual*tried) / deviation
	return far, tried >= FewestTries && far >= Far && failed*all >= (usual+Above)*tried
}

// root is the whole part of a square root (Newton's method).
func root(of int64) int64 {
	if of < 2 {
		return of
	}
	guess := of
	for next := of/2 + 1; next < guess; next = (guess + of/guess) / 2 {
		guess = next
	}
	return guess
}
