package commands

import (
	"slices"
	"sync"

	"github.com/google/uuid"
)

const flightShards = 64 // a power of two

// flights are the commands under way in this process.
type flights struct {
	shards [flightShards]struct {
		sync.Mutex
		ids map[uuid.UUID]struct{}
	}
}

// start tells whether the command was not under way; if so it is now.
func (f *flights) start(command uuid.UUID) bool {
	shard := &f.shards[command[15]%flightShards]
	shard.Lock()
	defer shard.Unlock()
	if _, flying := shard.ids[command]; flying {
		return false
	}
	if shard.ids == nil {
		shard.ids = map[uuid.UUID]struct{}{}
	}
	shard.ids[command] = struct{}{}
	return true
}

func (f *flights) land(command uuid.UUID) {
	shard := &f.shards[command[15]%flightShards]
	shard.Lock()
	defer shard.Unlock()
	delete(shard.ids, command)
}

// lockStripes is far above the number of streams that commands hold at once, so
// that two streams seldom share a lock.
const lockStripes = 8192 // a power of two

// locks keep commands on the same streams apart. They only save work: what keeps
// the log right are the expected versions.
type locks struct{ stripes [lockStripes]sync.Mutex }

func newLocks() *locks { return new(locks) }

// lockset is a set of stripes, ascending and each once, so that no two commands
// wait for each other.
type lockset []uint16

// streams names what a verb expects to write or to lean on. A stream left out is
// still safe: the verb is decided again if it moved meanwhile, then with its lock.
func streams(ids ...interface{ UUID() uuid.UUID }) lockset {
	set := make(lockset, 0, len(ids)+2)
	for _, id := range ids {
		set = append(set, stripe(id.UUID()))
	}
	return set.sorted()
}

func stripe(u uuid.UUID) uint16 {
	return (uint16(u[14])<<8 | uint16(u[15])) % lockStripes
}

func (s lockset) sorted() lockset {
	slices.Sort(s)
	return slices.Compact(s)
}

func (l *locks) lock(set lockset) {
	for _, stripe := range set {
		l.stripes[stripe].Lock()
	}
}

func (l *locks) unlock(set lockset) {
	for _, stripe := range set {
		l.stripes[stripe].Unlock()
	}
}
