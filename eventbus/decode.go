package eventbus

import (
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// ErrLayout: the record has a layout that this build does not know; a newer
// build wrote it.
var ErrLayout = errors.New("eventbus: unknown record layout")

// errForm: the bytes are no record.
var errForm = errors.New("eventbus: not a record")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errForm}, args...)...)
}

// Outline is what can be told of a record without reading its events.
type Outline struct {
	ID             uuid.UUID
	First, Last    Position
	Previous, Hash Hash
	RecordedAt     time.Time
	WriterEpoch    uint64
}

// Peek reads a record's outline. The hash is the stored one: it is not verified,
// and neither is anything behind the fixed fields.
func Peek(record []byte) (Outline, error) {
	var o Outline
	if err := checkFrame(record); err != nil {
		return o, err
	}
	o.ID = uuid.UUID(record[atCommitID:])
	o.First = Position(binary.BigEndian.Uint64(record[atFirst:]))
	count := binary.BigEndian.Uint32(record[atCount:])
	if o.First < 1 || o.First > positionMax || count < 1 || count > EventsPerCommitMax {
		return o, malformed("%d events from position %d", count, o.First)
	}
	o.Last = o.First + Position(count) - 1
	o.Previous = Hash(record[atPrevious:])
	o.Hash = Hash(record[len(record)-32:])
	o.RecordedAt = time.UnixMicro(int64(binary.BigEndian.Uint64(record[atRecordedAt:]))).UTC()
	o.WriterEpoch = binary.BigEndian.Uint64(record[atEpoch:])
	return o, nil
}

// checkFrame looks at the tag, the limits, the fixed fields and the trailer.
func checkFrame(b []byte) error {
	if len(b) < tagBytes || string(b[:tagBytes-1]) != commitTag[:tagBytes-1] {
		return malformed("no tag")
	}
	if b[tagBytes-1] != layoutVersion {
		return fmt.Errorf("%w %d", ErrLayout, b[tagBytes-1])
	}
	if len(b) < fixedBytes+trailerBytes || len(b) > CommitBytesMax {
		return malformed("%d bytes", len(b))
	}
	fixed := [...]struct {
		at   int
		head uint32
	}{
		{atCommitID, uint32(tagCommitID)<<24 | 16}, {atFirst, uint32(tagFirst)<<24 | 8},
		{atCount, uint32(tagCount)<<24 | 4}, {atPrevious, uint32(tagPrevious)<<24 | 32},
		{atRecordedAt, uint32(tagRecordedAt)<<24 | 8}, {atEpoch, uint32(tagWriterEpoch)<<24 | 8},
		{len(b) - 32, uint32(tagCommitHash)<<24 | 32},
	}
	for _, f := range fixed {
		if binary.BigEndian.Uint32(b[f.at-fieldHead:]) != f.head {
			return malformed("field %d", f.head>>24)
		}
	}
	return nil
}

// Decode reads a record and verifies everything that it says of itself: form,
// limits, dense indexes and both kinds of hashes. That it extends another is for
// the reader to check (Chain). Data and Intent alias the bytes, which must not
// change any more. It takes exactly what Encode makes, and never panics.
func Decode(record []byte) (Record, error) {
	var d decoder
	return d.decode(record)
}

// decoder keeps what many records share: repeated names, and scratch space.
type decoder struct {
	names  map[string]string
	hashed []byte
	text   []byte
	key    []byte // of stream
	stream Stream
}

// namesMax bounds the memory that hostile names can take.
const namesMax = 1024

// name gives a string without allocating one that was seen before.
func (d *decoder) name(b []byte) string {
	if len(b) > HeaderTextBytesMax {
		return string(b)
	}
	if s, ok := d.names[string(b)]; ok {
		return s
	}
	s := string(b)
	if d.names == nil || len(d.names) >= namesMax {
		d.names = make(map[string]string, 64)
	}
	d.names[s] = s
	return s
}

func (d *decoder) decode(b []byte) (Record, error) {
	outline, err := Peek(b)
	if err != nil {
		return Record{}, err
	}
	r := Record{
		ID: outline.ID, First: outline.First, Previous: outline.Previous, Hash: outline.Hash,
		RecordedAt: outline.RecordedAt, WriterEpoch: outline.WriterEpoch,
	}
	if at, ok := microseconds(r.RecordedAt); !ok || at == zeroTime || r.ID == uuid.Nil {
		return Record{}, malformed("fixed fields")
	}
	rest, err := d.header(&r.Header, b[fixedBytes:len(b)-trailerBytes])
	if err != nil {
		return Record{}, err
	}
	header := len(b) - trailerBytes - len(rest)
	count := int(outline.Last - outline.First + 1)
	d.hashed = appendHead(append(d.hashed[:0], b[:header]...), tagEventHashes, 32*count)
	r.Events = make([]Recorded, count)
	for i := range r.Events {
		tag, block, after, ok := cutField(rest)
		if !ok || tag != tagEvent {
			return Record{}, malformed("event %d is missing", i)
		}
		e := &r.Events[i]
		if err := d.event(e, block, uint32(i)); err != nil {
			return Record{}, fmt.Errorf("event %d: %w", i, err)
		}
		e.ID, e.Position = derivedID(r.ID, uint32(i)), r.First+Position(i)
		d.hashed = append(d.hashed, e.Hash[:]...)
		if i > 0 && e.Stream == r.Events[i-1].Stream && e.Version != r.Events[i-1].Version+1 {
			return Record{}, malformed("event %d: version %d after %d", i, e.Version, r.Events[i-1].Version)
		}
		rest = after
	}
	if len(rest) != 0 {
		return Record{}, malformed("%d bytes after the events", len(rest))
	}
	if hashOf(d.hashed) != r.Hash {
		return Record{}, malformed("the hash does not match")
	}
	return r, nil
}

// derivedID is a UUIDv5 in the namespace of events.
func derivedID(from uuid.UUID, index uint32) uuid.UUID {
	var name [36]byte
	copy(name[:], eventNamespace[:])
	copy(name[16:], from[:])
	binary.BigEndian.PutUint32(name[32:], index)
	sum := sha1.Sum(name[:])
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return id
}
