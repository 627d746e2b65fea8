package embedded

import (
	"slices"
	"sort"
	"sync"

	"florin/eventbus"
)

// newestBytesMax bounds what is kept; a follower that is further behind reads the store.
const newestBytesMax = 1 << 20

// newest is the last records in memory, byte for byte as they were handed over,
// so that those who follow need not take out of the store again what has just
// gone into it. It may be ahead of what is durable: readers name their bound.
type newest struct {
	mu      sync.RWMutex
	after   eventbus.Position // the position before the first record
	records []newestRecord
	bytes   int
}

type newestRecord struct {
	last  eventbus.Position
	bytes []byte
}

// add copies the next group of records.
func (t *newest) add(commits [][]byte) {
	size := 0
	for _, c := range commits {
		size += len(c)
	}
	chunk := make([]byte, 0, size)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bytes += size
	for _, c := range commits {
		at := len(chunk)
		chunk = append(chunk, c...)
		outline, _ := eventbus.Peek(c) // which whoever adds has read
		t.records = append(t.records, newestRecord{outline.Last, chunk[at:len(chunk):len(chunk)]})
	}
	t.shorten()
}

// shorten drops the older half while there is too much.
func (t *newest) shorten() {
	for t.bytes > newestBytesMax && len(t.records) > 0 {
		n := (len(t.records) + 1) / 2
		t.after = t.records[n-1].last
		for _, r := range t.records[:n] {
			t.bytes -= len(r.bytes)
		}
		t.records = slices.Clone(t.records[n:])
	}
}

// page copies records that end above after and not above upTo, a chunk and so
// many entries at most, and gives the position reached; false when it does not go back so far.
func (t *newest) page(after, upTo eventbus.Position, entries int) (page [][]byte, reached eventbus.Position, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if after < t.after || len(t.records) == 0 {
		return nil, after, false
	}
	first := sort.Search(len(t.records), func(i int) bool { return t.records[i].last > after })
	end := sort.Search(len(t.records), func(i int) bool { return t.records[i].last > upTo })
	if first >= end {
		return nil, after, false
	}
	size, stop := 0, first
	for stop < min(end, first+entries) && (stop == first || size+len(t.records[stop].bytes) <= chunkBytes) {
		size += len(t.records[stop].bytes)
		stop++
	}
	chunk := make([]byte, 0, size)
	page = make([][]byte, 0, stop-first)
	for _, r := range t.records[first:stop] {
		at := len(chunk)
		chunk = append(chunk, r.bytes...)
		page = append(page, chunk[at:len(chunk):len(chunk)])
	}
	return page, t.records[stop-1].last, true
}
