package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"

	"florin/eventbus"
	"florin/gateway/problem"
)

// Bounds of a list.
const (
	LimitDefault = 50
	LimitMax     = 200
)

// Query reads the parameters of a request: each at most once, none that the
// endpoint does not name. Errors are faults.
func Query(r *http.Request, known ...string) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, problem.BadParameter
	}
	for name, given := range values {
		if len(given) != 1 || !contains(known, name) {
			return nil, problem.UnknownParameter
		}
	}
	return values, nil
}

func contains(known []string, name string) bool {
	for _, k := range known {
		if k == name {
			return true
		}
	}
	return false
}

// Limit reads the parameter limit: default 50, capped at 200.
func Limit(values url.Values) (int, error) {
	text := values.Get("limit")
	if text == "" {
		return LimitDefault, nil
	}
	limit, err := strconv.ParseInt(text, 10, 64)
	if err != nil || limit < 1 {
		return 0, problem.BadParameter.With("The limit is a whole number from 1 to 200.")
	}
	return int(min(limit, LimitMax)), nil
}

// ParsePosition reads a log position; the empty text is 0, none.
func ParsePosition(text string) (eventbus.Position, error) {
	if text == "" {
		return 0, nil
	}
	position, err := strconv.ParseUint(text, 10, 64)
	if err != nil || position == 0 || text[0] == '0' || text[0] == '+' {
		return 0, problem.BadParameter.With("The position is a whole number from 1.")
	}
	return eventbus.Position(position), nil
}

// Cursors makes and checks the marks of where a list goes on. A cursor is bound
// to one list of one caller, so that one's cursor is nothing to another, and it
// shows nothing that the list did not.
type Cursors struct{ key [32]byte }

// NewCursors takes the secret that all processes of a bank share.
func NewCursors(key [32]byte) Cursors { return Cursors{key} }

const cursorMAC = 16 // bytes kept of the HMAC

// Seal makes a cursor for the mark in the list.
func (c Cursors) Seal(list, mark string) string {
	return base64.RawURLEncoding.EncodeToString(append(c.mac(list, mark), mark...))
}

// Open gives the mark back, or bad-cursor. The empty cursor is the beginning.
func (c Cursors) Open(list, cursor string) (mark string, err error) {
	if cursor == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) <= cursorMAC || len(raw) > 512 {
		return "", problem.BadCursor
	}
	mark = string(raw[cursorMAC:])
	if !hmac.Equal(raw[:cursorMAC], c.mac(list, mark)) {
		return "", problem.BadCursor
	}
	return mark, nil
}

func (c Cursors) mac(list, mark string) []byte {
	h := hmac.New(sha256.New, c.key[:])
	h.Write([]byte("florin/cursor\x00" + strconv.Itoa(len(list)) + "\x00" + list + mark))
	return h.Sum(nil)[:cursorMAC]
}

// Next sets Link: rel="next" (RFC 8288) to the same list after the cursor.
func Next(w http.ResponseWriter, r *http.Request, cursor string) {
	query := r.URL.Query()
	query.Set("cursor", cursor)
	w.Header().Add("Link", "<"+r.URL.Path+"?"+query.Encode()+`>; rel="next"`)
}
