package eventbus

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Limits of single fields, on every engine.
const (
	HeaderTextBytesMax  = 255 // each string of a header
	IntentBytesMax      = 64
	AMRMax              = 16
	ContentTypeBytesMax = 96
	KeyIDsPerEventMax   = 64
)

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...)
}

func checkHeader(h *Header, build string) error {
	texts := [...]string{h.ActorType, h.ACR, h.TokenID, h.Reason, h.Traceparent, h.BuildVersion, build}
	for _, s := range texts {
		if !headerText(s) {
			return invalid("header text of %d bytes", len(s))
		}
	}
	if len(h.AMR) > AMRMax {
		return invalid("%d authentication methods", len(h.AMR))
	}
	for _, s := range h.AMR {
		if s == "" || !headerText(s) {
			return invalid("authentication method of %d bytes", len(s))
		}
	}
	if len(h.Intent) > IntentBytesMax {
		return invalid("intent of %d bytes", len(h.Intent))
	}
	if !h.BookedAt.IsZero() {
		if at, ok := microseconds(h.BookedAt); !ok || at == zeroTime {
			return invalid("booked-at %v", h.BookedAt)
		}
	}
	if !unknownForm(h.Unknown, headerTagLast, tagEvent) {
		return invalid("unknown header fields")
	}
	return nil
}

func headerText(s string) bool { return len(s) <= HeaderTextBytesMax && utf8.ValidString(s) }

func checkEvent(e *Event, version Version) error {
	if version < 1 || Position(version) > positionMax {
		return invalid("version %d", version)
	}
	if !kindForm(e.Kind) {
		return invalid("kind %q", e.Kind)
	}
	if e.SchemaVersion == 0 {
		return invalid("no schema version")
	}
	if len(e.ContentType) > ContentTypeBytesMax || !utf8.ValidString(e.ContentType) {
		return invalid("content type of %d bytes", len(e.ContentType))
	}
	if e.ValueDate != "" && !dateForm(e.ValueDate) {
		return invalid("value date %q", e.ValueDate)
	}
	if len(e.KeyIDs) > KeyIDsPerEventMax {
		return invalid("%d key ids", len(e.KeyIDs))
	}
	for _, id := range e.KeyIDs {
		if id == uuid.Nil {
			return invalid("empty key id")
		}
	}
	if len(e.Data) > CommitBytesMax {
		return invalid("%d bytes of data", len(e.Data))
	}
	if !unknownForm(e.Unknown, eventTagLast, 0xFF) {
		return invalid("unknown event fields")
	}
	return nil
}

// contextForm: a lower-case letter, then letters, digits, '_' or '-'.
func contextForm[S ~string | ~[]byte](s S) bool {
	if len(s) == 0 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := 1; i < len(s); i++ {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// kindForm is contextForm with dots.
func kindForm[S ~string | ~[]byte](s S) bool {
	if len(s) == 0 || len(s) > KindBytesMax || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := 1; i < len(s); i++ {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

func dateForm(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// unknownForm tells whether b is a sequence of ascending fields with tags
// between the two, so that they may stand after the known ones.
func unknownForm(b []byte, above, below byte) bool {
	for last := above; len(b) > 0; {
		tag, value, rest, ok := cutField(b)
		if !ok || tag <= last || tag >= below || len(value) > CommitBytesMax {
			return false
		}
		last, b = tag, rest
	}
	return true
}

// EventID names an event for ever: UUIDv5 of its commit's id and its index.
func EventID(commit uuid.UUID, index uint32) uuid.UUID {
	return derivedID(commit, index)
}
