package seal

import (
	"bytes"
	"encoding/base64"
	"errors"
	"sync"

	"github.com/google/uuid"

	"florin/domain"
)

// A sealed field is stored in exactly this spelling, and read in no other:
//
//	{"alg":"A256GCM","kid":"<uuid>","nonce":"<16 base64url>","ct":"<base64url>"}
const (
	fieldKeyID  = `{"alg":"A256GCM","kid":"`
	fieldNonce  = `","nonce":"`
	fieldText   = `","ct":"`
	fieldEnd    = `"}`
	fieldErased = `{"alg":"erased"}` // the text was already gone when it was written

	keyIDAt = len(fieldKeyID)
	nonceAt = keyIDAt + 36 + len(fieldNonce)
	textAt  = nonceAt + 16 + len(fieldText)
)

// ErrField: the bytes are not a sealed field, or not the one that was sealed
// for this event and path under this key. Damage, not erasure.
var ErrField = errors.New("seal: not the field that was sealed here")

var fieldBase64 = base64.RawURLEncoding.Strict()

// work is what sealing one field needs besides its output.
type work struct {
	nonce       [nonceBytes]byte
	plain, text []byte
	aad         []byte
}

var works = sync.Pool{New: func() any { return new(work) }}

// Where a field is stored. The ciphertext opens nowhere else.
type Where struct {
	Event uuid.UUID
	Path  string // JSON Pointer (RFC 6901) in the stored data
}

func (w Where) appendAAD(b []byte) []byte {
	b = append(b, "florin/seal/field/1\x00"...)
	b = append(b, w.Event[:]...)
	return append(b, w.Path...)
}

// AppendField seals text for the subject and appends the stored form to dst.
// Errors are those of Seal.
func (r *Ring) AppendField(dst []byte, subject Subject, class domain.Retention, at Where, text string) ([]byte, uuid.UUID, error) {
	id, aead, err := r.Cipher(subject, class)
	if err != nil {
		return dst, id, err
	}
	w := works.Get().(*work)
	defer works.Put(w)
	if err := r.entropy.read(w.nonce[:]); err != nil {
		return dst, id, err
	}
	w.aad = at.appendAAD(w.aad[:0])
	w.plain = append(w.plain[:0], text...)
	w.text = aead.Seal(w.text[:0], w.nonce[:], w.plain, w.aad)
	clear(w.plain)

	dst = append(dst, fieldKeyID...)
	dst = append(dst, id.String()...)
	dst = append(dst, fieldNonce...)
	dst = fieldBase64.AppendEncode(dst, w.nonce[:])
	dst = append(dst, fieldText...)
	dst = fieldBase64.AppendEncode(dst, w.text)
	return append(dst, fieldEnd...), id, nil
}

// AppendErased appends the stored form of a field whose text was already
// destroyed when the event was written.
func AppendErased(dst []byte) []byte { return append(dst, fieldErased...) }

// OpenField gives the text of a stored field back. ErrDestroyed: it is erased;
// ErrUnknownKey: it is another ring's; ErrField: it is damaged or was moved.
func (r *Ring) OpenField(stored []byte, at Where) (string, error) {
	if string(stored) == fieldErased {
		return "", ErrDestroyed
	}
	id, ok := fieldKey(stored)
	if !ok {
		return "", ErrField
	}
	w := works.Get().(*work)
	defer works.Put(w)
	if n, err := fieldBase64.Decode(w.nonce[:], stored[nonceAt:nonceAt+16]); err != nil || n != nonceBytes {
		return "", ErrField
	}
	var err error
	w.text, err = fieldBase64.AppendDecode(w.text[:0], stored[textAt:len(stored)-len(fieldEnd)])
	if err != nil {
		return "", ErrField
	}
	aead, err := r.CipherOf(id)
	if err != nil {
		return "", err
	}
	w.aad = at.appendAAD(w.aad[:0])
	w.plain, err = aead.Open(w.plain[:0], w.nonce[:], w.text, w.aad)
	if err != nil {
		return "", ErrField
	}
	text := string(w.plain)
	clear(w.plain)
	return text, nil
}

// fieldKey checks the frame of a stored field and reads its key's id.
func fieldKey(stored []byte) (id uuid.UUID, ok bool) {
	if len(stored) < textAt+len(fieldEnd) ||
		!bytes.HasPrefix(stored, []byte(fieldKeyID)) ||
		string(stored[keyIDAt+36:nonceAt]) != fieldNonce ||
		string(stored[nonceAt+16:textAt]) != fieldText ||
		string(stored[len(stored)-len(fieldEnd):]) != fieldEnd {
		return id, false
	}
	id, err := uuid.ParseBytes(stored[keyIDAt : keyIDAt+36])
	return id, err == nil && id.String() == string(stored[keyIDAt:keyIDAt+36])
}

// IsField tells whether the bytes have the form of a sealed field, without
// opening it.
func IsField(stored []byte) bool {
	_, ok := fieldKey(stored)
	return ok || string(stored) == fieldErased
}
