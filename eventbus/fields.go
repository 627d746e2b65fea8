package eventbus

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/google/uuid"
)

// eventNamespace is the fixed namespace of event ids (UUIDv5).
var eventNamespace = uuid.UUID{0x5f, 0x10, 0xb1, 0x9e, 0x00, 0x6c, 0x4d, 0x0a, 0x9e, 0x2b, 0xf1, 0x07, 0x21, 0x4e, 0xd6, 0x33}

func hashOf(b []byte) Hash { return sha256.Sum256(b) }

// String is the hash in lower-case hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText is String.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

func appendHead(b []byte, tag byte, n int) []byte {
	return binary.BigEndian.AppendUint32(b, uint32(tag)<<24|uint32(n))
}

func putHead(b []byte, tag byte, n int) {
	binary.BigEndian.PutUint32(b, uint32(tag)<<24|uint32(n))
}

func appendUint64(b []byte, tag byte, v uint64) []byte {
	return binary.BigEndian.AppendUint64(appendHead(b, tag, 8), v)
}

func appendUUID(b []byte, tag byte, id uuid.UUID) []byte {
	if id == uuid.Nil {
		return b
	}
	return append(appendHead(b, tag, 16), id[:]...)
}

func appendString(b []byte, tag byte, s string) []byte {
	if s == "" {
		return b
	}
	return append(appendHead(b, tag, len(s)), s...)
}

// appendBytes stores an empty value, but not a nil one.
func appendBytes(b []byte, tag byte, v []byte) []byte {
	if v == nil {
		return b
	}
	return append(appendHead(b, tag, len(v)), v...)
}

// appendHeader writes the fields after the fixed ones. build stands in for an empty BuildVersion.
func appendHeader(b []byte, h *Header, build string) []byte {
	if !h.BookedAt.IsZero() {
		b = appendUint64(b, tagBookedAt, uint64(h.BookedAt.UnixMicro()))
	}
	b = appendString(b, tagActorType, h.ActorType)
	b = appendUUID(b, tagActor, h.Actor)
	b = appendUUID(b, tagOnBehalfOf, h.OnBehalfOf)
	b = appendUUID(b, tagApprover, h.Approver)
	b = appendUUID(b, tagClient, h.Client)
	b = appendUUID(b, tagDevice, h.Device)
	b = appendUUID(b, tagSession, h.Session)
	b = appendString(b, tagACR, h.ACR)
	if len(h.AMR) > 0 {
		n := len(h.AMR)
		for _, s := range h.AMR {
			n += len(s)
		}
		b = appendHead(b, tagAMR, n)
		for _, s := range h.AMR {
			b = append(append(b, byte(len(s))), s...)
		}
	}
	b = appendString(b, tagTokenID, h.TokenID)
	b = appendString(b, tagReason, h.Reason)
	b = appendUUID(b, tagCorrelation, h.Correlation)
	b = appendUUID(b, tagCausation, h.Causation)
	b = appendString(b, tagTraceparent, h.Traceparent)
	b = appendBytes(b, tagIntent, h.Intent)
	if h.BuildVersion != "" {
		build = h.BuildVersion
	}
	b = appendString(b, tagBuildVersion, build)
	return append(b, h.Unknown...)
}

// appendEvent checks an event and writes its hashed bytes.
func appendEvent(b []byte, index uint32, stream Stream, version Version, e *Event) ([]byte, error) {
	if err := checkEvent(e, version); err != nil {
		return nil, err
	}
	b = append(b, eventTag...)
	b = binary.BigEndian.AppendUint32(appendHead(b, tagIndex, 4), index)
	at := len(b)
	b, ok := appendStreamKey(append(b, 0, 0, 0, 0), stream)
	if !ok {
		return nil, invalid("stream %q", stream)
	}
	putHead(b[at:], tagStream, len(b)-at-fieldHead)
	b = appendUint64(b, tagVersion, uint64(version))
	b = appendString(b, tagKind, e.Kind)
	b = binary.BigEndian.AppendUint16(appendHead(b, tagSchemaVersion, 2), e.SchemaVersion)
	b = appendString(b, tagContentType, e.ContentType)
	b = appendBytes(b, tagData, e.Data)
	b = appendString(b, tagValueDate, e.ValueDate)
	if len(e.KeyIDs) > 0 {
		b = appendHead(b, tagKeyIDs, 16*len(e.KeyIDs))
		for i := range e.KeyIDs {
			b = append(b, e.KeyIDs[i][:]...)
		}
	}
	return append(b, e.Unknown...), nil
}

// headerBytes and eventBytes are upper bounds, to allocate a record at once.
func headerBytes(h *Header, build string) int {
	n := 400 + len(h.ActorType) + len(h.ACR) + len(h.TokenID) + len(h.Reason) + len(h.Traceparent) + len(h.Intent) + len(h.BuildVersion) + len(build) + len(h.Unknown)
	for _, s := range h.AMR {
		n += 1 + len(s)
	}
	return n
}

func eventBytes(e *Event, stream Stream) int {
	return 80 + len(stream) + len(e.Kind) + len(e.ContentType) + len(e.Data) + len(e.ValueDate) + 16*len(e.KeyIDs) + len(e.Unknown)
}

// appendStreamKey appends context and raw UUID of "context/lowercase-uuid".
func appendStreamKey(b []byte, s Stream) ([]byte, bool) {
	const text = 36
	n := len(s) - text - 1
	if n < 1 || len(s) > StreamBytesMax || s[n] != '/' || !contextForm(s[:n]) {
		return b, false
	}
	return appendRawUUID(append(b, s[:n]...), s[n+1:])
}

// appendRawUUID takes the one canonical spelling only, unlike uuid.Parse.
func appendRawUUID(b []byte, s Stream) ([]byte, bool) {
	for i := 0; i < len(s); {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return b, false
			}
			i++
		}
		high, low := nibble(s[i]), nibble(s[i+1])
		if high > 15 || low > 15 {
			return b, false
		}
		b = append(b, high<<4|low)
		i += 2
	}
	return b, true
}

func nibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 0xFF
}

// appendStream is the inverse of appendStreamKey. The key has a context.
func appendStream(b []byte, key []byte) []byte {
	n := len(key) - 16
	b = append(append(b, key[:n]...), '/')
	var text [36]byte
	const digits = "0123456789abcdef"
	j := 0
	for i, c := range key[n:] {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			text[j] = '-'
			j++
		}
		text[j], text[j+1] = digits[c>>4], digits[c&15]
		j += 2
	}
	return append(b, text[:]...)
}

// microseconds tells whether a time has a place in a record: the years 1 to 9999.
func microseconds(t time.Time) (int64, bool) {
	year := t.UTC().Year()
	return t.UnixMicro(), year >= 1 && year <= 9999
}
