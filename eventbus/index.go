package eventbus

import (
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"
)

// Keys of the index. All values can be rebuilt from the journal.
//
//	c commit id                  -> locator of the commit
//	h stream key                 -> version of the stream's last event
//	s stream key, last version   -> locator of the commit that holds it
//	p inverted position          -> mark: where to begin to read above a position
//	k                            -> checkpoint: how far the index has come
//
// A locator is where to begin to read so that the commit comes first: the
// position before it (8 bytes) and the engine's place. The p keys are for engines
// that cannot find a position by themselves.
const (
	keyCommit     = 'c'
	keyHead       = 'h'
	keyStream     = 's'
	keyPosition   = 'p'
	keyCheckpoint = 'k'
)

var checkpointKey = []byte{keyCheckpoint}

func commitKey(id uuid.UUID) []byte { return append([]byte{keyCommit}, id[:]...) }

func streamKey(kind byte, stream Stream) ([]byte, error) {
	key, ok := appendStreamKey(append(make([]byte, 0, 64), kind), stream)
	if !ok {
		return nil, invalid("stream %q", stream)
	}
	return key, nil
}

// checkpoint is how far an index has come, and where its last commit is found.
type checkpoint struct {
	end    Mark
	before Mark // of the last commit; its hash is not kept
}

func (c checkpoint) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(c.end.Position))
	b = append(b, c.end.Hash[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(c.before.Position))
	b = binary.BigEndian.AppendUint16(b, uint16(len(c.before.Place)))
	b = append(b, c.before.Place...)
	return append(b, c.end.Place...)
}

func readCheckpoint(b []byte) (checkpoint, error) {
	var c checkpoint
	if len(b) < 50 {
		return c, fmt.Errorf("%w: a checkpoint of %d bytes", ErrIndexDamaged, len(b))
	}
	c.end.Position = Position(binary.BigEndian.Uint64(b))
	c.end.Hash = Hash(b[8:])
	c.before.Position = Position(binary.BigEndian.Uint64(b[40:]))
	n := int(binary.BigEndian.Uint16(b[48:]))
	if len(b) < 50+n {
		return c, fmt.Errorf("%w: a checkpoint of %d bytes", ErrIndexDamaged, len(b))
	}
	c.before.Place, c.end.Place = clone(b[50:50+n]), clone(b[50+n:])
	return c, nil
}

func clone(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return append([]byte(nil), b...)
}

func readLocator(b []byte) (Mark, error) {
	if len(b) < 8 {
		return Mark{}, fmt.Errorf("eventbus: index locator of %d bytes", len(b))
	}
	return Mark{Position: Position(binary.BigEndian.Uint64(b)), Place: clone(b[8:])}, nil
}

// entries collects index entries in one reused buffer. What it gave is valid
// until reset.
type entries struct {
	list  []IndexEntry
	buf   []byte
	heads map[Stream]struct{} // written in this batch already
}

func (e *entries) reset() {
	e.list, e.buf = e.list[:0], e.buf[:0]
	if e.heads == nil {
		e.heads = make(map[Stream]struct{}, 64)
	}
	clear(e.heads)
}

// room grows the buffer before slices of it are taken, as they would not follow it.
func (e *entries) room(n int) {
	if cap(e.buf)-len(e.buf) < n {
		e.buf = make([]byte, 0, max(2*cap(e.buf), n, 16<<10))
	}
}

func (e *entries) take(from int) []byte { return e.buf[from:len(e.buf):len(e.buf)] }

// commit adds what belongs to one commit. Commits come last first: of several
// heads of one stream only the newest is written.
func (e *entries) commit(id uuid.UUID, before Mark, streams []placed) {
	e.room(17 + 8 + len(before.Place) + len(streams)*(2*(StreamBytesMax+9)+8))
	at := len(e.buf)
	e.buf = append(append(e.buf, keyCommit), id[:]...)
	key := e.take(at)
	at = len(e.buf)
	e.buf = binary.BigEndian.AppendUint64(e.buf, uint64(before.Position))
	e.buf = append(e.buf, before.Place...)
	locator := e.take(at)
	e.list = append(e.list, IndexEntry{Key: key, Value: locator})
	for i := range streams {
		at = len(e.buf)
		e.buf, _ = appendStreamKey(append(e.buf, keyStream), streams[i].stream)
		end := len(e.buf)
		e.buf = binary.BigEndian.AppendUint64(e.buf, uint64(streams[i].version))
		key = e.take(at)
		e.list = append(e.list, IndexEntry{Key: key, Value: locator})
		if _, ok := e.heads[streams[i].stream]; ok {
			continue
		}
		e.heads[streams[i].stream] = struct{}{}
		head := len(e.buf)
		e.buf = append(append(e.buf, keyHead), e.buf[at+1:end]...)
		e.list = append(e.list, IndexEntry{Key: e.take(head), Value: key[len(key)-8:]})
	}
}

// position adds where a mark is found by position.
func (e *entries) position(m Mark) {
	e.room(9 + 32 + len(m.Place))
	at := len(e.buf)
	e.buf = binary.BigEndian.AppendUint64(append(e.buf, keyPosition), ^uint64(m.Position))
	key := e.take(at)
	at = len(e.buf)
	e.buf = append(append(e.buf, m.Hash[:]...), m.Place...)
	e.list = append(e.list, IndexEntry{Key: key, Value: e.take(at)})
}

func (e *entries) checkpoint(c checkpoint) {
	e.list = append(e.list, IndexEntry{Key: checkpointKey, Value: c.append(nil)})
}

// markBelow is the nearest known mark at or below a position.
func markBelow(index Index, position Position) (Mark, error) {
	from := binary.BigEndian.AppendUint64([]byte{keyPosition}, ^uint64(position))
	for entry, err := range index.Scan([]byte{keyPosition}, from) {
		if err != nil {
			return Mark{}, err
		}
		if len(entry.Key) != 9 || len(entry.Value) < 32 {
			return Mark{}, fmt.Errorf("eventbus: index position of %d bytes", len(entry.Value))
		}
		return Mark{
			Position: Position(^binary.BigEndian.Uint64(entry.Key[1:])),
			Hash:     Hash(entry.Value), Place: clone(entry.Value[32:]),
		}, nil
	}
	return Mark{}, nil
}
