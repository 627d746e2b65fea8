package commands

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
)

// Sources is where time and randomness come from: the only way in.
type Sources struct {
	Now    func() time.Time // may be called by many at once
	Random io.Reader        // may be read by many at once; must not fail (crypto/rand.Reader cannot)

	world func() time.Time // what Now was before a sandbox's clock was put above it
}

// Wall is the world's time, wherever a sandbox's clock stands: for what comes from
// outside with the world's time in it (proofs, one-time passwords, assertions), and
// for how long something takes.
func (s Sources) Wall() time.Time {
	if s.world == nil {
		return s.Now()
	}
	return s.world()
}

// Ahead are sources whose Now is the world's time and by above it: for a process
// that is told where a sandbox's clock stands.
func (s Sources) Ahead(by func() time.Duration) Sources {
	world := s.Wall
	return Sources{Now: func() time.Time { return world().Add(by()) }, Random: s.Random, world: world}
}

// NewID makes a UUIDv7 (RFC 9562 section 5.7). The twelve bits after the
// milliseconds hold their fraction (section 6.2, method 3), so identifiers made
// one after another sort that way to a quarter of a microsecond.
func (s Sources) NewID() uuid.UUID {
	var u uuid.UUID
	s.read(u[8:])
	now := s.Now()
	milli := now.UnixMilli()
	fraction := uint64(now.UnixNano()-milli*1e6) << 12 / 1e6
	binary.BigEndian.PutUint64(u[:8], uint64(milli)<<16|7<<12|fraction)
	u[8] = u[8]&0x3f | 0x80
	return u
}

// Time is the present as facts record it: UTC, whole microseconds, so that what
// was decided and what is read back are the same.
func (s Sources) Time() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// Secret fills a fresh slice of the given length.
func (s Sources) Secret(length int) []byte {
	secret := make([]byte, length)
	s.read(secret)
	return secret
}

func (s Sources) read(into []byte) {
	if _, err := io.ReadFull(s.Random, into); err != nil {
		panic(fmt.Sprintf("commands: random source: %v", err)) // its contract; nothing safe can follow
	}
}
