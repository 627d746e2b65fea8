package eventbus

import (
	"errors"
	"iter"
)

// watchedIndex stops the sequencer when its index turns out to be damaged: what
// an index does not find must not be taken for absent, and the next Open mends it.
type watchedIndex struct {
	Index
	sequencer *Sequencer
}

func (x watchedIndex) Get(key []byte) ([]byte, bool, error) {
	value, ok, err := x.Index.Get(key)
	return value, ok, x.heard(err)
}

func (x watchedIndex) Scan(prefix, from []byte) iter.Seq2[IndexEntry, error] {
	return func(yield func(IndexEntry, error) bool) {
		for entry, err := range x.Index.Scan(prefix, from) {
			if !yield(entry, x.heard(err)) {
				return
			}
		}
	}
}

func (x watchedIndex) heard(err error) error {
	if errors.Is(err, ErrIndexDamaged) {
		x.sequencer.stop(err)
	}
	return err
}
