package eventbustest

import (
	"bytes"
	"iter"
	"slices"
	"strings"
	"sync"

	"florin/eventbus"
)

// MemoryIndex is an eventbus.Index in memory. Its zero value is empty.
type MemoryIndex struct {
	mu     sync.Mutex
	values map[string][]byte
	sorted []string // all keys but the newest
	fresh  []string
}

func (x *MemoryIndex) Get(key []byte) ([]byte, bool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	value, ok := x.values[string(key)]
	return bytes.Clone(value), ok, nil
}

func (x *MemoryIndex) Set(entries []eventbus.IndexEntry) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.values == nil {
		x.values = make(map[string][]byte)
	}
	for _, e := range entries {
		key := string(e.Key)
		if _, ok := x.values[key]; !ok {
			x.fresh = append(x.fresh, key)
		}
		x.values[key] = bytes.Clone(e.Value)
	}
	return nil
}

// Scan yields what was there when it began.
func (x *MemoryIndex) Scan(prefix, from []byte) iter.Seq2[eventbus.IndexEntry, error] {
	return func(yield func(eventbus.IndexEntry, error) bool) {
		key := max(string(prefix), string(from))
		for {
			entry, ok := x.atOrAfter(key)
			if !ok || !strings.HasPrefix(string(entry.Key), string(prefix)) || !yield(entry, nil) {
				return
			}
			key = string(entry.Key) + "\x00"
		}
	}
}

func (x *MemoryIndex) atOrAfter(key string) (eventbus.IndexEntry, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.fresh) > 0 {
		x.sorted = append(x.sorted, x.fresh...)
		slices.Sort(x.sorted)
		x.fresh = nil
	}
	i, _ := slices.BinarySearch(x.sorted, key)
	if i == len(x.sorted) {
		return eventbus.IndexEntry{}, false
	}
	return eventbus.IndexEntry{Key: []byte(x.sorted[i]), Value: bytes.Clone(x.values[x.sorted[i]])}, true
}

func (x *MemoryIndex) Drop() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.values, x.sorted, x.fresh = nil, nil, nil
	return nil
}

func (x *MemoryIndex) Close() error { return nil }
