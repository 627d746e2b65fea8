package split

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"florin/domain"
	"florin/gateway/token"
	"florin/projections"
)

// Paths of the internal listener that no route has.
const (
	FeedPath     = "/internal/feed"
	RefusalsPath = "/internal/refusals"
)

// Frame is one line of the feed. The first ones say all there is, until Whole; those
// that follow say what is new. One comes at least every beat.
type Frame struct {
	Issuer   string               `json:"issuer,omitzero"`
	Sandbox  bool                 `json:"sandbox,omitzero"`
	Rulings  []projections.Ruling `json:"rulings,omitempty"`
	Keys     []domain.PublicKey   `json:"keys,omitempty"` // all whose signatures on tokens are believed
	Nonces   *token.NonceKeys     `json:"nonces,omitempty"`
	Position uint64               `json:"position,omitzero"` // of the log, as far as the core's guards know it
	Ahead    int64                `json:"ahead_ns,omitzero"` // of the world's time: a sandbox's clock, which never goes back
	Whole    bool                 `json:"whole,omitzero"`
}

// Limits of the feed.
const (
	beat          = time.Second
	silenceLimit  = 4 * beat        // then the core is taken for gone
	sendLimit     = 5 * time.Second // for a line: who takes none is let go
	rulingsInLine = 500
	lineBytesMax  = 1 << 20
	againAtOnce   = 20 * time.Millisecond // the first try after a feed has ended
	againAtMost   = 500 * time.Millisecond
)

// Source is what the core tells its gateways.
type Source struct {
	Issuer   string
	Sandbox  bool
	Standing *projections.Standing
	Keys     func() (keys []domain.PublicKey, changed <-chan struct{})
	Nonces   func() token.NonceKeys
	Position func() uint64
	Ahead    func() time.Duration
}

// Serve tells one gateway until it or the core goes.
func (s *Source) Serve(w http.ResponseWriter, r *http.Request, ends <-chan struct{}) error {
	known, changes, leave := s.Standing.Watch()
	defer leave()
	w.Header().Set("Content-Type", "application/x-ndjson")
	line := &line{w: w, control: http.NewResponseController(w)}
	if err := line.control.SetWriteDeadline(time.Time{}); err != nil {
		return err
	}
	for len(known) > rulingsInLine {
		if line.send(Frame{Rulings: known[:rulingsInLine]}) != nil {
			return nil // the gateway is gone: nobody is left to tell
		}
		known = known[rulingsInLine:]
	}
	keys, rotated := s.Keys()
	nonces := s.Nonces()
	first := Frame{Issuer: s.Issuer, Sandbox: s.Sandbox, Rulings: known, Keys: keys, Nonces: &nonces, Position: s.Position(), Ahead: int64(s.Ahead()), Whole: true}
	clock := time.NewTicker(beat)
	defer clock.Stop()
	for next := first; line.send(next) == nil; {
		next = Frame{}
		select {
		case <-r.Context().Done():
			return nil
		case <-ends:
			return nil
		case ruling, open := <-changes:
			if !open {
				return nil
			}
			next.Rulings = more(ruling, changes)
		case <-rotated:
		case <-clock.C:
		}
		before := keys
		if keys, rotated = s.Keys(); !slices.Equal(keys, before) {
			next.Keys = keys
		}
		if turned := s.Nonces(); !bytes.Equal(turned.Current, nonces.Current) {
			nonces, next.Nonces = turned, &turned
		}
		next.Position, next.Ahead = s.Position(), int64(s.Ahead())
	}
	return nil
}

// more takes what else has changed by now.
func more(first projections.Ruling, changes <-chan projections.Ruling) []projections.Ruling {
	rulings := []projections.Ruling{first}
	for len(rulings) < rulingsInLine {
		select {
		case ruling, open := <-changes:
			if !open {
				return rulings
			}
			rulings = append(rulings, ruling)
		default:
			return rulings
		}
	}
	return rulings
}

// longAgo as a deadline ends what is being written.
var longAgo = time.Unix(1, 0)

type line struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (l *line) send(frame Frame) error {
	text, err := json.Marshal(frame)
	if err != nil {
		return err
	}
	late := time.AfterFunc(sendLimit, func() { _ = l.control.SetWriteDeadline(longAgo) })
	defer late.Stop()
	if _, err := l.w.Write(append(text, '\n')); err != nil {
		return err
	}
	return l.control.Flush()
}

// Copy is what a gateway knows of its core by the feed.
type Copy struct {
	standing *projections.Standing
	proofs   *token.Proofs
	keys     atomic.Pointer[map[string]*ecdsa.PublicKey]
	position atomic.Uint64
	ahead    atomic.Int64
	linked   atomic.Bool
	lost     atomic.Pointer[error] // why the last feed ended
	fits     func(Frame) error
}

// NewCopy knows nothing yet; what it is told it says to standing and proofs. Of a
// core that does not fit it takes nothing, and Follow ends.
func NewCopy(standing *projections.Standing, proofs *token.Proofs, fits func(Frame) error) *Copy {
	c := &Copy{standing: standing, proofs: proofs, fits: fits}
	c.keys.Store(&map[string]*ecdsa.PublicKey{})
	return c
}

// Linked tells whether the core is there, and all that it knows is known here.
func (c *Copy) Linked() bool { return c.linked.Load() }

// Err is nil while the core is there, and else why it is not.
func (c *Copy) Err() error {
	lost := c.lost.Load()
	switch {
	case c.Linked():
		return nil
	case lost == nil:
		return errEnded
	}
	return *lost
}

// Position is how far the core's guards knew the log when the last frame came.
func (c *Copy) Position() uint64 { return c.position.Load() }

// Ahead is how far the bank's time is ahead of the world's.
func (c *Copy) Ahead() time.Duration { return time.Duration(c.ahead.Load()) }

// Advance takes over that it is as far.
func (c *Copy) Advance(ahead time.Duration) {
	for before := c.ahead.Load(); int64(ahead) > before && !c.ahead.CompareAndSwap(before, int64(ahead)); {
		before = c.ahead.Load()
	}
}

// Key is a key whose signatures on tokens are believed.
func (c *Copy) Key(keyID string) (*ecdsa.PublicKey, bool) {
	key, known := (*c.keys.Load())[keyID]
	return key, known
}

// Follow keeps the copy until ctx ends; open asks the core for its feed. While the
// core is away it tries again and again.
func (c *Copy) Follow(ctx context.Context, open func(context.Context) (*http.Response, error)) error {
	wait := againAtOnce
	for ctx.Err() == nil {
		lived, err := c.once(ctx, open)
		if errors.Is(err, errMisfit) {
			return err
		}
		if err == nil {
			err = errEnded
		}
		c.lost.Store(&err)
		if wait = min(2*wait, againAtMost); lived {
			wait = againAtOnce
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	return ctx.Err()
}

var errEnded = errors.New("split: there is no feed from the core")

// errMisfit: the core is another bank's, or this gateway is set up for another.
var errMisfit = errors.New("split: the core is not the one that this gateway is set up for")

// once follows one feed to its end.
func (c *Copy) once(ctx context.Context, open func(context.Context) (*http.Response, error)) (lived bool, err error) {
	ctx, cut := context.WithCancel(ctx)
	defer cut()
	watchdog := time.AfterFunc(silenceLimit, cut)
	defer watchdog.Stop()
	answer, err := open(ctx)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	defer c.linked.Store(false)
	if answer.StatusCode != http.StatusOK {
		return false, fmt.Errorf("split: the feed is answered %d", answer.StatusCode)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(make([]byte, 64<<10), lineBytesMax)
	var known []projections.Ruling
	for lines.Scan() {
		watchdog.Reset(silenceLimit)
		var frame Frame
		if err := json.Unmarshal(lines.Bytes(), &frame); err != nil { // members that it does not know a newer core has
			return lived, fmt.Errorf("split: read the feed: %w", err)
		}
		if !lived {
			known = append(known, frame.Rulings...)
			if !frame.Whole {
				continue
			}
			if err := c.fits(frame); err != nil {
				return false, errors.Join(errMisfit, err)
			}
			c.standing.Replace(known)
			known, lived = nil, true
		} else {
			for _, ruling := range frame.Rulings {
				c.standing.Take(ruling)
			}
		}
		if err := c.take(frame); err != nil {
			return lived, err
		}
		c.linked.Store(true)
	}
	return lived, lines.Err()
}

func (c *Copy) take(frame Frame) error {
	if frame.Keys != nil {
		keys := make(map[string]*ecdsa.PublicKey, len(frame.Keys))
		for _, key := range frame.Keys {
			parsed, err := key.Parsed()
			public, ok := parsed.(*ecdsa.PublicKey)
			if err != nil || !ok {
				return fmt.Errorf("split: signing key %s of the feed: %w", key.KeyID, domain.ErrKey)
			}
			keys[key.KeyID] = public
		}
		c.keys.Store(&keys)
	}
	if frame.Nonces != nil {
		c.proofs.Share(*frame.Nonces)
	}
	c.position.Store(frame.Position)
	c.Advance(time.Duration(frame.Ahead))
	return nil
}
