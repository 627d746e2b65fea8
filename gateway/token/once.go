package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// nonceLife is how long one nonce is given out; it is taken as long again.
const nonceLife = 5 * time.Minute

// nonceTurn is how often the key of the nonces is made anew.
const nonceTurn = time.Hour

// NonceKeys make the nonces. All gateways of a bank share them; the one process
// that turns them is the core.
type NonceKeys struct {
	Current []byte `json:"current"`
	Former  []byte `json:"former"` // its nonces of these minutes are still taken
}

// nonces are HMACs of the time under a key of this process, or of the core that it
// belongs to (RFC 9449 section 8): those of a former process are refused.
type nonces struct {
	mu    sync.Mutex // of whoever turns or takes keys
	since time.Time  // of the current key
	keys  atomic.Pointer[NonceKeys]
	made  atomic.Pointer[slotted]
}

// slotted is what stands in one slot of time, the one to be given first.
type slotted struct {
	keys   *NonceKeys
	slot   int64
	stands [4]string
}

func (n *nonces) at(now time.Time) *slotted {
	keys, slot := n.keys.Load(), now.Unix()/int64(nonceLife/time.Second)
	if made := n.made.Load(); made != nil && made.slot == slot && made.keys == keys {
		return made
	}
	made := &slotted{keys, slot, [4]string{nonceOf(keys.Current, slot), nonceOf(keys.Current, slot-1), nonceOf(keys.Former, slot), nonceOf(keys.Former, slot-1)}}
	n.made.Store(made)
	return made
}

// nonceOf is "" where there is no key.
func nonceOf(key []byte, slot int64) string {
	if len(key) == 0 {
		return ""
	}
	h := hmac.New(sha256.New, key)
	_ = binary.Write(h, binary.BigEndian, slot) // a hash never fails
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

func (n *nonces) stand(nonce string, now time.Time) bool {
	for _, stands := range n.at(now).stands {
		if stands != "" && hmac.Equal([]byte(nonce), []byte(stands)) {
			return true
		}
	}
	return false
}

// turn makes the key anew if its time has come.
func (n *nonces) turn(now time.Time, random io.Reader) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	before := n.keys.Load()
	if before != nil && now.Sub(n.since) < nonceTurn {
		return nil
	}
	keys := &NonceKeys{Current: make([]byte, 32)}
	if _, err := io.ReadFull(random, keys.Current); err != nil {
		return err
	}
	if before != nil {
		keys.Former = before.Current
	}
	n.keys.Store(keys)
	n.since = now
	return nil
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
