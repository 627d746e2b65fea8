package eventbus

import (
	"hash/maphash"

	"github.com/google/uuid"
)

// filter proves absence without a look into the index: nearly every commit has an
// id and a stream that were never there before, and for those the index has no
// answer but a search in vain. It is a Bloom filter over commit ids and streams,
// in layers that grow. What it calls possible is looked up; until it has been
// loaded from the index, everything is possible.
//
// Why one block per key: a key costs one cache line per layer.
type filter struct {
	seed   maphash.Seed
	layers []filterLayer
	loaded bool
}

type filterLayer struct {
	blocks [][8]uint64
	room   int // keys that still fit
}

// A layer takes four times the keys of the one before; at 16 bits a key about one
// in 400 is called possible by mistake.
const (
	filterKeysMin = 64 << 10
	filterGrowth  = 4
	filterBits    = 16
	filterProbes  = 6
)

func (f *filter) ofCommit(id uuid.UUID) uint64 { return maphash.Bytes(f.seed, id[:]) }

func (f *filter) ofStream(stream Stream) uint64 { return maphash.String(f.seed, string(stream)) }

func (f *filter) ofStreamText(stream []byte) uint64 { return maphash.Bytes(f.seed, stream) }

func (f *filter) add(hash uint64) {
	n := len(f.layers)
	if n == 0 || f.layers[n-1].room == 0 {
		keys := filterKeysMin
		for range n {
			keys *= filterGrowth
		}
		f.layers = append(f.layers, filterLayer{blocks: make([][8]uint64, keys*filterBits/512), room: keys})
		n++
	}
	layer := &f.layers[n-1]
	layer.room--
	block := &layer.blocks[hash%uint64(len(layer.blocks))]
	for bits, i := mix(hash), 0; i < filterProbes; i, bits = i+1, bits>>9 {
		block[bits>>6&7] |= 1 << (bits & 63)
	}
}

// possible is false only for what was never added.
func (f *filter) possible(hash uint64) bool {
	if !f.loaded {
		return true
	}
	bits := mix(hash)
layers:
	for i := range f.layers {
		block := &f.layers[i].blocks[hash%uint64(len(f.layers[i].blocks))]
		for bits, i := bits, 0; i < filterProbes; i, bits = i+1, bits>>9 {
			if block[bits>>6&7]&(1<<(bits&63)) == 0 {
				continue layers
			}
		}
		return true
	}
	return false
}

func mix(h uint64) uint64 {
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>29
}

// loadFilter adds what the index holds. What is enqueued or caught up meanwhile is
// added by those who do it, so in the end nothing is missing.
func (s *Sequencer) loadFilter() {
	const chunk = 1024
	hashes := make([]uint64, 0, chunk)
	flush := func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, h := range hashes {
			s.filter.add(h)
		}
		hashes = hashes[:0]
		return s.run.Err() == nil && !s.closing
	}
	var text []byte
	for _, kind := range []byte{keyCommit, keyHead} {
		for entry, err := range s.index.Scan([]byte{kind}, nil) {
			if err != nil {
				return // the index answers for itself, more slowly
			}
			key := entry.Key[1:]
			if kind == keyHead {
				if len(key) < 17 {
					continue
				}
				text = appendStream(text[:0], key)
				key = text
			}
			if hashes = append(hashes, s.filter.ofStreamText(key)); len(hashes) == chunk && !flush() {
				return
			}
		}
	}
	if flush() {
		s.mu.Lock()
		s.filter.loaded = true
		s.mu.Unlock()
	}
}
