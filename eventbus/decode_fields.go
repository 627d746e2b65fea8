package eventbus

import (
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

func (d *decoder) header(h *Header, b []byte) (rest []byte, err error) {
	last := tagWriterEpoch
	var unknown []byte // from the first unknown field on
	for len(b) > 0 {
		tag, value, after, ok := cutField(b)
		if !ok || tag > tagEvent || tag <= last {
			return nil, malformed("header field %d", b[0])
		}
		if tag == tagEvent {
			break
		}
		if tag > headerTagLast && unknown == nil {
			unknown = b
		}
		if !d.headerField(h, tag, value) {
			return nil, malformed("header field %d", tag)
		}
		last, b = tag, after
	}
	h.Unknown = unknown[:max(0, len(unknown)-len(b))]
	return b, checkDecodedHeader(h)
}

func (d *decoder) headerField(h *Header, tag byte, v []byte) bool {
	switch tag {
	case tagBookedAt:
		if len(v) != 8 {
			return false
		}
		h.BookedAt = time.UnixMicro(int64(binary.BigEndian.Uint64(v))).UTC()
		return !h.BookedAt.IsZero()
	case tagActorType:
		return d.readText(&h.ActorType, v)
	case tagActor:
		return readUUID(&h.Actor, v)
	case tagOnBehalfOf:
		return readUUID(&h.OnBehalfOf, v)
	case tagApprover:
		return readUUID(&h.Approver, v)
	case tagClient:
		return readUUID(&h.Client, v)
	case tagDevice:
		return readUUID(&h.Device, v)
	case tagSession:
		return readUUID(&h.Session, v)
	case tagACR:
		return d.readText(&h.ACR, v)
	case tagAMR:
		return d.readTexts(&h.AMR, v)
	case tagTokenID:
		h.TokenID = string(v)
		return len(v) > 0
	case tagReason:
		return d.readText(&h.Reason, v)
	case tagCorrelation:
		return readUUID(&h.Correlation, v)
	case tagCausation:
		return readUUID(&h.Causation, v)
	case tagTraceparent:
		h.Traceparent = string(v)
		return len(v) > 0
	case tagIntent:
		h.Intent = v
	case tagBuildVersion:
		return d.readText(&h.BuildVersion, v)
	}
	return true
}

func checkDecodedHeader(h *Header) error {
	if err := checkHeader(h, ""); err != nil {
		return malformed("%v", err)
	}
	return nil
}

func (d *decoder) readText(s *string, v []byte) bool {
	*s = d.name(v)
	return len(v) > 0
}

func (d *decoder) readTexts(list *[]string, v []byte) bool {
	for len(v) > 0 {
		n := int(v[0])
		if n == 0 || len(v) < 1+n || len(*list) == AMRMax {
			return false
		}
		*list = append(*list, d.name(v[1:1+n]))
		v = v[1+n:]
	}
	return len(*list) > 0
}

func readUUID(id *uuid.UUID, v []byte) bool {
	if len(v) != 16 {
		return false
	}
	*id = uuid.UUID(v)
	return *id != uuid.Nil
}

// cutField takes the first field off.
func cutField(b []byte) (tag byte, value, rest []byte, ok bool) {
	if len(b) < fieldHead {
		return 0, nil, nil, false
	}
	head := binary.BigEndian.Uint32(b)
	end := fieldHead + int(head&0xFFFFFF)
	if len(b) < end {
		return 0, nil, nil, false
	}
	return byte(head >> 24), b[fieldHead:end:end], b[end:], true
}

// event reads and hashes one event.
func (d *decoder) event(e *Recorded, block []byte, index uint32) error {
	if len(block) < tagBytes || string(block[:tagBytes]) != eventTag {
		return malformed("no tag")
	}
	var (
		last    byte
		seen    uint32 // known tags, as bits
		unknown []byte
	)
	b := block[tagBytes:]
	for len(b) > 0 {
		tag, value, after, ok := cutField(b)
		if !ok || tag <= last {
			return malformed("event field %d", b[0])
		}
		if tag > eventTagLast && unknown == nil {
			unknown = b
		}
		if !d.eventField(e, tag, value) {
			return malformed("event field %d", tag)
		}
		if tag <= eventTagLast {
			seen |= 1 << tag
		}
		last, b = tag, after
	}
	e.Unknown = unknown
	const required = 1<<tagIndex | 1<<tagStream | 1<<tagVersion | 1<<tagKind | 1<<tagSchemaVersion
	if seen&required != required {
		return malformed("a field is missing")
	}
	if e.Index != index {
		return malformed("index %d", e.Index)
	}
	if err := checkEvent(&e.Event, e.Version); err != nil {
		return malformed("%v", err)
	}
	e.Hash = hashOf(block)
	return nil
}

func (d *decoder) eventField(e *Recorded, tag byte, v []byte) bool {
	switch tag {
	case tagIndex:
		if len(v) != 4 {
			return false
		}
		e.Index = binary.BigEndian.Uint32(v)
	case tagStream:
		return d.readStream(&e.Stream, v)
	case tagVersion:
		if len(v) != 8 {
			return false
		}
		e.Version = Version(binary.BigEndian.Uint64(v))
	case tagKind:
		return d.readText(&e.Kind, v)
	case tagSchemaVersion:
		if len(v) != 2 {
			return false
		}
		e.SchemaVersion = binary.BigEndian.Uint16(v)
	case tagContentType:
		return d.readText(&e.ContentType, v)
	case tagData:
		e.Data = v
	case tagValueDate:
		e.ValueDate = string(v)
		return len(v) > 0
	case tagKeyIDs:
		if len(v) == 0 || len(v)%16 != 0 {
			return false
		}
		e.KeyIDs = make([]uuid.UUID, len(v)/16)
		for i := range e.KeyIDs {
			e.KeyIDs[i] = uuid.UUID(v[16*i:])
		}
	}
	return true
}

// readStream spells a stream out; events of one stream follow one another, so
// the last spelling often serves again.
func (d *decoder) readStream(s *Stream, key []byte) bool {
	if string(key) == string(d.key) {
		*s = d.stream
		return true
	}
	if len(key) < 17 || len(key)+21 > StreamBytesMax || !contextForm(key[:len(key)-16]) {
		return false
	}
	d.text = appendStream(d.text[:0], key)
	d.key = append(d.key[:0], key...)
	d.stream = Stream(d.text)
	*s = d.stream
	return true
}
