package eventbus

import (
	"encoding/binary"

	"github.com/google/uuid"
)

// look is what was read from the index outside the lock, and when.
type look struct {
	seen    uint64 // tickets up to this were in the index when the look began
	resyncs uint64
	began   bool
	found   bool // the commit is there
	locator Mark
	heads   []lookedHead // by the commit's streams
	inline  [4]lookedHead
}

type lookedHead struct {
	wanted, known bool
	version       Version
}

// want is the first guess of what has to be looked up: all that may be new.
func (l *look) want(streams []Append) {
	l.heads = l.inline[:0]
	for i := range streams {
		l.heads = append(l.heads, lookedHead{wanted: streams[i].Expected == 0})
	}
}

// look reads the index: the commit's id, and the heads that admit wants.
func (s *Sequencer) look(l *look, id uuid.UUID, streams []Append) error {
	l.began = true
	l.resyncs = s.resyncs.Load()
	l.seen = s.durableSeq.Load()
	key := [17]byte{keyCommit}
	copy(key[1:], id[:])
	value, found, err := s.index.Get(key[:])
	if err != nil {
		return err
	}
	if l.found = found; found {
		l.locator, err = readLocator(value)
		return err
	}
	for i := range l.heads {
		if !l.heads[i].wanted {
			continue
		}
		if l.heads[i].version, err = s.indexedHead(streams[i].Stream); err != nil {
			return err
		}
		l.heads[i].known = true
	}
	return nil
}

func (s *Sequencer) indexedHead(stream Stream) (Version, error) {
	key, err := streamKey(keyHead, stream)
	if err != nil {
		return 0, err
	}
	value, ok, err := s.index.Get(key)
	if err != nil || !ok || len(value) != 8 {
		return 0, err
	}
	return Version(binary.BigEndian.Uint64(value)), nil
}
