package embedded

import (
	"bytes"
	"errors"
	"iter"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"florin/eventbus"
)

// section is the part of a store whose keys begin with one byte.
type section struct {
	store *store
	kind  byte
	close func() error // nil: the journal's to close
}

var _ eventbus.Index = (*section)(nil)

// Index is the sequencer's. What Start hands over can be read from it at once,
// durable or not.
func (j *Journal) Index() eventbus.Index { return &section{store: j.store, kind: keyIndex} }

// Snapshots is an index for disposable snapshots of states. It is never ahead
// of the journal, also after a crash.
func (j *Journal) Snapshots() eventbus.Index { return &section{store: j.store, kind: keySnapshot} }

// OpenIndex opens a store of its own for a disposable index, for engines that
// keep their records elsewhere. One that is damaged is thrown away and begun
// again, empty.
func OpenIndex(dir string, options Options) (eventbus.Index, error) {
	options = options.withDefaults()
	switches := newStop()
	lock, err := lockDir(options.FS, dir, true)
	if err != nil {
		return nil, err
	}
	switches.judge = func(err error) error { return judge(options.FS, dir, options, err) }
	p := pebbleOptions(stopFS{options.FS, switches}, switches, options)
	p.Lock = lock
	if mark := options.FS.PathJoin(dir, damagedNames[keyIndex]); exists(options.FS, mark) {
		if err := errors.Join(clearDir(options.FS, dir), options.FS.Remove(mark)); err != nil {
			return nil, errors.Join(err, lock.Close())
		}
	}
	s, err := openStore(dir, p, switches)
	if err != nil && isBroken(err) && switches.failure() == nil {
		if err = clearDir(options.FS, dir); err == nil {
			s, err = openStore(dir, p, switches)
		}
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	switches.arm(options.Fatal)
	return &section{store: s, kind: keyIndex, close: func() error { return errors.Join(s.close(), lock.Close()) }}, nil
}

// Get looks a key up. A look-up in vain costs little: Bloom filters.
func (s *section) Get(key []byte) (value []byte, ok bool, err error) {
	var buffer [96]byte
	full := append(append(buffer[:0], s.kind), key...)
	err = s.reading(func() error {
		found, done, err := s.store.db.Get(full)
		if errors.Is(err, pebble.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		value, ok = slices.Clone(found), true
		return done.Close()
	})
	return value, ok, s.named(err)
}

// reading is using that does without damaged snapshots: it drops them.
func (s *section) reading(f func() error) error {
	err := s.store.using(f)
	if err == nil || s.kind != keySnapshot || !pebble.IsCorruptionError(err) {
		return err
	}
	if err := s.Drop(); err != nil {
		return err
	}
	return s.store.using(f)
}

// named says what damage is: of the index alone, or of the journal beside it.
func (s *section) named(err error) error {
	if err == nil || !pebble.IsCorruptionError(err) {
		return err
	}
	return s.store.stop.judge(err)
}

// scanMax entries are copied out at a time.
const scanMax = 256

// Scan yields what has the prefix, from the key on. The entries are the
// receiver's own.
func (s *section) Scan(prefix, from []byte) iter.Seq2[eventbus.IndexEntry, error] {
	return func(yield func(eventbus.IndexEntry, error) bool) {
		lower := append([]byte{s.kind}, prefix...)
		upper := after(lower)
		if start := append([]byte{s.kind}, from...); bytes.Compare(start, lower) > 0 {
			lower = start
		}
		for {
			var page []eventbus.IndexEntry
			err := s.reading(func() (err error) {
				page, err = s.page(lower, upper)
				return err
			})
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			if err != nil {
				yield(eventbus.IndexEntry{}, s.named(err))
				return
			}
			if len(page) < scanMax {
				return
			}
			lower = append([]byte{s.kind}, append(page[len(page)-1].Key, 0)...)
		}
	}
}

func (s *section) page(lower, upper []byte) (page []eventbus.IndexEntry, err error) {
	it, err := s.store.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok && len(page) < scanMax; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return page, err
		}
		page = append(page, eventbus.IndexEntry{Key: slices.Clone(it.Key()[1:]), Value: slices.Clone(value)})
	}
	return page, it.Error()
}

// after is the first key beyond all that have the prefix.
func after(prefix []byte) []byte {
	end := slices.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// Set keeps the entries. They become durable with the next sync of anything.
func (s *section) Set(entries []eventbus.IndexEntry) error {
	if len(entries) == 0 {
		return nil
	}
	return s.change(func(b *pebble.Batch) error { return setEntries(b, s.kind, entries) })
}

// Drop forgets the section, whether it can be read or not; the rest of the store
// stays.
func (s *section) Drop() error {
	return s.store.using(func() error { return s.store.drop(s.kind) })
}

func (s *section) change(fill func(*pebble.Batch) error) error {
	return s.store.using(func() error {
		batch := s.store.db.NewBatch()
		if err := fill(batch); err != nil {
			return errors.Join(err, batch.Close())
		}
		if err := s.store.apply(batch, false); err != nil {
			return err // the batch may still be in use
		}
		return batch.Close()
	})
}

// Close closes a store of its own; the journal's is closed with the journal.
func (s *section) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}

func setEntries(batch *pebble.Batch, kind byte, entries []eventbus.IndexEntry) error {
	for _, e := range entries {
		op := batch.SetDeferred(1+len(e.Key), len(e.Value))
		op.Key[0] = kind
		copy(op.Key[1:], e.Key)
		copy(op.Value, e.Value)
		if err := op.Finish(); err != nil {
			return err
		}
	}
	return nil
}
