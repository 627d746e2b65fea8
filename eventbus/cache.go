package eventbus

import "github.com/google/uuid"

// Both caches hold everything that is enqueued and not yet in the index, and some
// of what is in the index already. An entry leaves only when it is in the index;
// evicted remembers the newest that left. A look into the index that began when
// everything up to seen was there, together with a miss here, proves absence if
// evicted <= seen (admit in enqueue.go).

// head is a stream's newest version, enqueued ones included.
type head struct {
	version Version
	seq     uint64 // of the ticket that set it; 0: read from the index
}

type headCache struct {
	byStream map[Stream]*head
	evicted  uint64
}

func (c *headCache) put(stream Stream, h *head) {
	if c.byStream == nil {
		c.byStream = make(map[Stream]*head)
	}
	c.byStream[stream] = h
}

// trim drops some heads that the index has, once there are too many.
func (c *headCache) trim(durable uint64) {
	if len(c.byStream) <= headsMax {
		return
	}
	// Go's map iteration begins anywhere: what leaves is arbitrary. The newest
	// stay, so that look-ups under way need not be repeated.
	keep := durable - min(durable, recentMax)
	left := headsMax / 16
	for stream, h := range c.byStream {
		if h.seq > keep {
			continue
		}
		c.evicted = max(c.evicted, h.seq)
		delete(c.byStream, stream)
		if left--; left == 0 {
			return
		}
	}
}

type recentReceipts struct {
	byID    map[uuid.UUID]*ticket
	order   []*ticket // as enqueued
	first   int       // of order that is still held
	evicted uint64
}

func (r *recentReceipts) put(t *ticket) {
	if r.byID == nil {
		r.byID = make(map[uuid.UUID]*ticket)
	}
	r.byID[t.receipt.ID] = t
	r.order = append(r.order, t)
}

// trim drops the oldest durable tickets beyond recentMax.
func (r *recentReceipts) trim(durable uint64) {
	for len(r.order)-r.first > recentMax && r.order[r.first].seq <= durable-min(durable, recentMax/2) {
		t := r.order[r.first]
		delete(r.byID, t.receipt.ID)
		r.order[r.first] = nil
		r.evicted = t.seq
		r.first++
	}
	if r.first > recentMax {
		r.order = append(r.order[:0], r.order[r.first:]...)
		r.first = 0
	}
}
