package commands

import (
	"sync"

	"github.com/google/uuid"

	"florin/eventbus"
)

const cacheShards = 32 // a power of two

// cache keeps the states of recently used streams, the least recently used going
// first. A state is only given out in the generation it was learned in: after a
// failed append, what enqueued commits led to may never have happened.
type cache[S any] struct {
	shards [cacheShards]cacheShard[S]
}

type cacheShard[S any] struct {
	sync.Mutex
	nodes map[uuid.UUID]*node[S]
	ring  node[S] // ring.next is the latest used, ring.prev the one to go
	max   int
}

type node[S any] struct {
	id         uuid.UUID
	state      S
	version    eventbus.Version
	generation eventbus.Generation
	prev, next *node[S]
}

func newCache[S any](max int) *cache[S] {
	c := new(cache[S])
	for i := range c.shards {
		shard := &c.shards[i]
		shard.nodes = map[uuid.UUID]*node[S]{}
		shard.ring.prev, shard.ring.next = &shard.ring, &shard.ring
		shard.max = max/cacheShards + 1
	}
	return c
}

func (c *cache[S]) shard(id uuid.UUID) *cacheShard[S] { return &c.shards[id[15]%cacheShards] }

func (c *cache[S]) get(id uuid.UUID, generation eventbus.Generation) (state S, version eventbus.Version, ok bool) {
	shard := c.shard(id)
	shard.Lock()
	defer shard.Unlock()
	n := shard.nodes[id]
	if n == nil || n.generation != generation {
		return state, 0, false
	}
	n.unlink()
	n.linkAfter(&shard.ring)
	return n.state, n.version, true
}

// put keeps a state unless a later one of the same or a later generation is there.
func (c *cache[S]) put(id uuid.UUID, state S, version eventbus.Version, generation eventbus.Generation) {
	shard := c.shard(id)
	shard.Lock()
	defer shard.Unlock()
	n := shard.nodes[id]
	switch {
	case n == nil:
		n = shard.room()
		n.id = id
		shard.nodes[id] = n
	case n.generation > generation, n.generation == generation && n.version > version:
		return
	default:
		n.unlink()
	}
	n.state, n.version, n.generation = state, version, generation
	n.linkAfter(&shard.ring)
}

func (c *cache[S]) drop(id uuid.UUID) {
	shard := c.shard(id)
	shard.Lock()
	defer shard.Unlock()
	if n := shard.nodes[id]; n != nil {
		n.unlink()
		delete(shard.nodes, id)
	}
}

// room gives a node to fill: a fresh one, or the least recently used.
func (s *cacheShard[S]) room() *node[S] {
	if len(s.nodes) < s.max {
		return new(node[S])
	}
	n := s.ring.prev
	n.unlink()
	delete(s.nodes, n.id)
	return n
}

func (n *node[S]) unlink() {
	n.prev.next, n.next.prev = n.next, n.prev
}

func (n *node[S]) linkAfter(at *node[S]) {
	n.prev, n.next = at, at.next
	at.next.prev, at.next = n, n
}
