package identity

import (
	"crypto/sha256"
	"sync"
	"time"
)

// How often whoever waits for an answer may ask for it. Each time that somebody asks
// too soon, the interval grows by as much again (CIBA section 11, RFC 8628 section
// 3.5).
const (
	pollInterval    = 5 * time.Second
	pollIntervalMax = time.Minute
	pollGrace       = 500 * time.Millisecond // clocks and networks are no metronomes
	paceLife        = 15 * time.Minute       // longer than anything waits
	paceMax         = 100_000
)

// pace remembers who asked when. It is of this process and may forget: nothing
// depends on it but how often the same question is answered.
type pace struct {
	mu    sync.Mutex
	young map[[16]byte]beat
	old   map[[16]byte]beat
	since time.Time // when the young generation began
}

type beat struct {
	last     time.Time
	interval time.Duration
}

// begin notes that something waits from now on; it gives the interval in seconds.
func (p *pace) begin(name string, now time.Time) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.set(name, beat{now, pollInterval}, now)
	return int64(pollInterval.Seconds())
}

// ask gives the interval, in seconds, and whether this question came too soon.
func (p *pace) ask(name string, now time.Time) (interval int64, tooFast bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := paceKey(name)
	was, known := p.young[key]
	if !known {
		was, known = p.old[key]
	}
	if !known {
		was = beat{interval: pollInterval}
	}
	if tooFast = known && now.Sub(was.last) < was.interval-pollGrace; tooFast {
		was.interval = min(was.interval+pollInterval, pollIntervalMax)
	}
	was.last = now
	p.set(name, was, now)
	return int64(was.interval.Seconds()), tooFast
}

func (p *pace) set(name string, at beat, now time.Time) {
	if p.young == nil || now.Sub(p.since) >= paceLife || len(p.young) >= paceMax {
		p.young, p.old, p.since = map[[16]byte]beat{}, p.young, now
	}
	p.young[paceKey(name)] = at
}

func paceKey(name string) [16]byte {
	digest := sha256.Sum256([]byte(name))
	return [16]byte(digest[:16])
}
