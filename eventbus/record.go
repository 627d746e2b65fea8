package eventbus

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// The layout of a record, version 1 (log.md, Record). It is never changed: what
// is new gets a new tag, which older builds keep and hash without knowing it.
//
//	record = "florinC" 0x01, header fields, events, hash
//	event  = "florinE" 0x01, event fields
//	field  = tag (1 byte), length (3 bytes), value; tags ascending, each once
//
// The first six header fields are always there, so they lie at fixed offsets and
// can be filled in last. An event is the field 0xE0 of its record, once for each;
// the hash is the field 0xFF. Integers are big-endian, times microseconds since
// 1970 UTC, UUIDs 16 raw bytes, a stream is its context and then its raw UUID, a
// list of strings has a length byte before each. Zero values are not stored;
// empty (non-nil) Data and Intent are, with length 0.
//
//	event hash  = SHA-256(event)
//	commit hash = SHA-256("florinC" 0x01, header fields, field 0xE1 of all event hashes)
//
// The previous commit's hash is a header field. Field 0xE1 is hashed, not stored.
const (
	commitTag     = "florinC\x01"
	eventTag      = "florinE\x01"
	leafTag       = "florinL\x01"
	tagBytes      = 8
	layoutVersion = 1
)

// Header fields.
const (
	tagCommitID byte = iota + 1
	tagFirst
	tagCount
	tagPrevious
	tagRecordedAt
	tagWriterEpoch
	tagBookedAt
	tagActorType
	tagActor
	tagOnBehalfOf
	tagApprover
	tagClient
	tagDevice
	tagSession
	tagACR
	tagAMR
	tagTokenID
	tagReason
	tagCorrelation
	tagCausation
	tagTraceparent
	tagIntent
	tagBuildVersion
	headerTagLast = tagBuildVersion
)

// Event fields.
const (
	tagIndex byte = iota + 1
	tagStream
	tagVersion
	tagKind
	tagSchemaVersion
	tagContentType
	tagData
	tagValueDate
	tagKeyIDs
	eventTagLast = tagKeyIDs
)

// Fields of a record that are not of its header.
const (
	tagEvent       byte = 0xE0
	tagEventHashes byte = 0xE1
	tagCommitHash  byte = 0xFF
)

// Offsets of the values of the fixed header fields.
const (
	fieldHead    = 4
	atCommitID   = tagBytes + fieldHead
	atFirst      = atCommitID + 16 + fieldHead
	atCount      = atFirst + 8 + fieldHead
	atPrevious   = atCount + 4 + fieldHead
	atRecordedAt = atPrevious + 32 + fieldHead
	atEpoch      = atRecordedAt + 8 + fieldHead
	fixedBytes   = atEpoch + 8
	trailerBytes = fieldHead + 32
	// positionMax leaves room for sums of positions without overflow.
	positionMax Position = 1 << 62
)

// LeafBytes is the size of a Merkle leaf.
const LeafBytes = tagBytes + 8 + 32 + 32

// Leaf is the data of leaf number position-1 of the Merkle log over events: tag,
// position, event hash, commit hash. The event's bytes travel beside it.
func Leaf(position Position, event, commit Hash) (leaf [LeafBytes]byte) {
	copy(leaf[:], leafTag)
	binary.BigEndian.PutUint64(leaf[tagBytes:], uint64(position))
	copy(leaf[tagBytes+8:], event[:])
	copy(leaf[tagBytes+8+32:], commit[:])
	return leaf
}

// Encode gives the record of a commit. What follows from the rest is computed and
// not read from r: event ids, indexes, positions, event hashes and the commit
// hash. An error is ErrInvalid. Encode is the inverse of Decode, byte for byte.
func Encode(r Record) ([]byte, error) {
	if r.First < 1 || r.First > positionMax {
		return nil, invalid("first position %d", r.First)
	}
	recordedAt, ok := microseconds(r.RecordedAt)
	if !ok || r.RecordedAt.IsZero() {
		return nil, invalid("recorded-at %v", r.RecordedAt)
	}
	if len(r.Events) == 0 || len(r.Events) > EventsPerCommitMax {
		return nil, invalid("%d events", len(r.Events))
	}
	size := 0
	for i := range r.Events {
		size += eventBytes(&r.Events[i].Event, r.Events[i].Stream)
	}
	var d draft
	if err := d.begin(r.ID, &r.Header, "", len(r.Events), size); err != nil {
		return nil, err
	}
	for i := range r.Events {
		e := &r.Events[i]
		if err := d.add(e.Stream, e.Version, &e.Event); err != nil {
			return nil, fmt.Errorf("event %d: %w", i, err)
		}
	}
	if err := d.finish(); err != nil {
		return nil, err
	}
	d.place(r.First, r.Previous, recordedAt, r.WriterEpoch)
	return d.record, nil
}

// EventHash is the hash of an event at an index of its commit. An error is ErrInvalid.
func EventHash(index uint32, stream Stream, version Version, e Event) (Hash, error) {
	block, err := appendEvent(nil, index, stream, version, &e)
	if err != nil {
		return Hash{}, err
	}
	return hashOf(block), nil
}

// draft is a record of which only the place in the log is open, so that all of the
// encoding and most of the hashing is done before the sequencer's lock.
type draft struct {
	record []byte
	header int    // bytes of tag and header fields
	hashed []byte // what the commit hash covers; its header is filled in by place
	count  uint32
}

// begin encodes the header. eventsSize is an upper bound of what is added.
func (d *draft) begin(id uuid.UUID, h *Header, build string, count, eventsSize int) error {
	if id == uuid.Nil {
		return invalid("no commit id")
	}
	if err := checkHeader(h, build); err != nil {
		return err
	}
	b := make([]byte, 0, fixedBytes+headerBytes(h, build)+eventsSize+trailerBytes)
	b = append(b, commitTag...)
	b = appendUUID(b, tagCommitID, id)
	b = appendUint64(b, tagFirst, 0)
	b = append(appendHead(b, tagCount, 4), 0, 0, 0, 0)
	binary.BigEndian.PutUint32(b[atCount:], uint32(count))
	b = append(appendHead(b, tagPrevious, 32), zeroHash[:]...)
	b = appendUint64(b, tagRecordedAt, 0)
	b = appendUint64(b, tagWriterEpoch, 0)
	d.record = appendHeader(b, h, build)
	d.header = len(d.record)
	d.hashed = make([]byte, d.header, d.header+fieldHead+32*count)
	d.hashed = appendHead(d.hashed, tagEventHashes, 32*count)
	return nil
}

// add encodes and hashes the next event.
func (d *draft) add(stream Stream, version Version, e *Event) error {
	head := len(d.record)
	b := appendHead(d.record, tagEvent, 0)
	b, err := appendEvent(b, d.count, stream, version, e)
	if err != nil {
		return err
	}
	block := b[head+fieldHead:]
	if len(b) > CommitBytesMax {
		return invalid("more than %d bytes", CommitBytesMax)
	}
	putHead(b[head:], tagEvent, len(block))
	hash := hashOf(block)
	d.hashed = append(d.hashed, hash[:]...)
	d.record = b
	d.count++
	return nil
}

// finish makes room for the hash and checks the limit.
func (d *draft) finish() error {
	d.record = append(appendHead(d.record, tagCommitHash, 32), zeroHash[:]...)
	if len(d.record) > CommitBytesMax {
		return invalid("more than %d bytes", CommitBytesMax)
	}
	return nil
}

// place fixes where the commit lies and gives its hash. It may be called again.
func (d *draft) place(first Position, previous Hash, recordedAt int64, epoch uint64) Hash {
	binary.BigEndian.PutUint64(d.record[atFirst:], uint64(first))
	copy(d.record[atPrevious:], previous[:])
	binary.BigEndian.PutUint64(d.record[atRecordedAt:], uint64(recordedAt))
	binary.BigEndian.PutUint64(d.record[atEpoch:], epoch)
	copy(d.hashed, d.record[:d.header])
	hash := hashOf(d.hashed)
	copy(d.record[len(d.record)-32:], hash[:])
	return hash
}

var zeroHash Hash

// zeroTime stands for an absent time and so is never stored.
var zeroTime = time.Time{}.UnixMicro()
