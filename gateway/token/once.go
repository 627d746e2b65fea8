package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"
)

// nonceLife is how long one nonce is given out; it is taken as long again.
const nonceLife = 5 * time.Minute

// nonces are HMACs of the time under a key of this process (RFC 9449 section 8):
// those of a former process are refused.
type nonces struct {
	key  [32]byte
	made atomic.Pointer[pair]
}

// pair is what stands in one slot of time.
type pair struct {
	slot          int64
	given, before string
}

func (n *nonces) at(now time.Time) string { return n.pair(now).given }

func (n *nonces) pair(now time.Time) *pair {
	slot := now.Unix() / int64(nonceLife/time.Second)
	if made := n.made.Load(); made != nil && made.slot == slot {
		return made
	}
	made := &pair{slot, n.of(slot), n.of(slot - 1)}
	n.made.Store(made)
	return made
}

func (n *nonces) of(slot int64) string {
	h := hmac.New(sha256.New, n.key[:])
	_ = binary.Write(h, binary.BigEndian, slot) // a hash never fails
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

func (n *nonces) stands(nonce string, now time.Time) bool {
	stand := n.pair(now)
	return hmac.Equal([]byte(nonce), []byte(stand.given)) || hmac.Equal([]byte(nonce), []byte(stand.before))
}

// seenMax bounds the proofs remembered per generation: 4,000 a second for two
// minutes, some 20 MB.
const seenMax = 500_000

// Once remembers names for at least its life and says who comes twice. Above its
// bound it takes nothing more: rather unavailable than replayed.
type Once struct {
	life time.Duration
	max  int

	mu    sync.Mutex
	young map[[16]byte]struct{}
	old   map[[16]byte]struct{}
	since time.Time // when the young generation began
}

// NewOnce remembers for at least life, and at most max names per that time.
func NewOnce(life time.Duration, max int) *Once { return &Once{life: life, max: max} }

// Claim notes that the owner uses the name: ErrProof if it was used before,
// ErrFull if nothing more is taken for now.
func (o *Once) Claim(owner, name string, now time.Time) error {
	digest := sha256.Sum256([]byte(owner + "\x00" + name))
	key := [16]byte(digest[:16])
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.young == nil || now.Sub(o.since) >= o.life {
		if o.old = o.young; now.Sub(o.since) >= 2*o.life {
			o.old = nil
		}
		o.young, o.since = map[[16]byte]struct{}{}, now
	}
	_, young := o.young[key]
	_, old := o.old[key]
	switch {
	case young || old:
		return ErrProof
	case len(o.young) >= o.max:
		return ErrFull
	}
	o.young[key] = struct{}{}
	return nil
}
