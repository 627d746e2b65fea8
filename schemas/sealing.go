package schemas

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/money"
	"florin/domain/risk"
	"florin/schemas/seal"
)

var (
	plainEncoding = json.JoinOptions(json.FormatNilSliceAsNull(false), json.Deterministic(true))
	plainDecoding = json.JoinOptions(json.RejectUnknownMembers(true))
)

// special tells whether a type holds something that this package writes in its
// own way. Asking once per row keeps look-ups by type off all other events.
func special(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[domain.Profile](), reflect.TypeFor[domain.Evidence](), reflect.TypeFor[money.Posting](),
		reflect.TypeFor[risk.Values](), reflect.TypeFor[risk.Weights]():
		return true
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Pointer:
		return special(t.Elem())
	case reflect.Struct:
		for field := range t.Fields() {
			if special(field.Type) {
				return true
			}
		}
	}
	return false
}

// desk lends out the functions that seal and open, bound to one ring. Each
// sealer and opener serves one event at a time and is used again, because the
// JSON library keeps what it learns about types in its list of functions.
type desk struct {
	sealers, openers sync.Pool
}

func newDesk(ring *seal.Ring) *desk {
	return &desk{
		sealers: sync.Pool{New: func() any { return newSealer(ring) }},
		openers: sync.Pool{New: func() any { return newOpener(ring) }},
	}
}

func (d *desk) sealer(at Place) *sealer {
	s := d.sealers.Get().(*sealer)
	s.at, s.keyIDs = at, s.keyIDs[:0]
	return s
}

func (d *desk) putSealer(s *sealer) { d.sealers.Put(s) }

func (d *desk) opener(how reading) *opener {
	o := d.openers.Get().(*opener)
	o.reading = how
	return o
}

func (d *desk) putOpener(o *opener) { d.openers.Put(o) }

// sealer seals the personal fields of the event that is being encoded.
type sealer struct {
	ring    *seal.Ring
	at      Place
	keyIDs  []uuid.UUID
	field   []byte
	data    []byte
	options json.Options
}

func newSealer(ring *seal.Ring) *sealer {
	s := &sealer{ring: ring}
	s.options = json.JoinOptions(plainEncoding, json.WithMarshalers(json.JoinMarshalers(
		json.MarshalToFunc(func(enc *jsontext.Encoder, p domain.Profile) error {
			return s.seal(enc, domain.RetainProfile, p.Reveal(), p.Erased())
		}),
		json.MarshalToFunc(func(enc *jsontext.Encoder, e domain.Evidence) error {
			return s.seal(enc, domain.RetainEvidence, e.Reveal(), e.Erased())
		}),
		json.MarshalToFunc(func(enc *jsontext.Encoder, p money.Posting) error {
			legs := p.Legs() // by this library, not by the standard one behind MarshalJSON
			return json.MarshalEncode(enc, &legs)
		}),
		marshalByFeature[risk.Values](), marshalByFeature[risk.Weights](),
	)))
	return s
}

func (s *sealer) seal(enc *jsontext.Encoder, class domain.Retention, text string, erased bool) error {
	field, err := s.append(s.field[:0], class, nextPath(enc), text, erased)
	if err != nil {
		return err
	}
	s.field = field
	return enc.WriteValue(field)
}

// note remembers which keys the event needs.
func (s *sealer) note(id uuid.UUID) {
	if !slices.Contains(s.keyIDs, id) {
		s.keyIDs = append(s.keyIDs, id)
	}
}

// reading says how an event is decoded: with its sealed fields opened as those
// of this event, or left closed.
type reading struct {
	event  uuid.UUID
	closed bool
}

// opener deals with the personal fields of the event that is being decoded.
type opener struct {
	reading
	ring    *seal.Ring
	options json.Options
}

func newOpener(ring *seal.Ring) *opener {
	o := &opener{ring: ring}
	o.options = json.JoinOptions(plainDecoding, json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, p *domain.Profile) error {
			text, erased, err := o.open(dec)
			if *p = domain.NewProfile(text); erased {
				*p = domain.ErasedProfile()
			}
			return err
		}),
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, e *domain.Evidence) error {
			text, erased, err := o.open(dec)
			if *e = domain.NewEvidence(text); erased {
				*e = domain.ErasedEvidence()
			}
			return err
		}),
		json.UnmarshalFromFunc(func(dec *jsontext.Decoder, p *money.Posting) error {
			var legs []money.Leg
			if err := json.UnmarshalDecode(dec, &legs); err != nil {
				return err
			}
			posting, err := money.NewPosting(legs...) // checks that they sum to nought
			*p = posting
			return err
		}),
		unmarshalByFeature[risk.Values](valueOf), unmarshalByFeature[risk.Weights](weightOf),
	)))
	return o
}

func (o *opener) open(dec *jsontext.Decoder) (text string, erased bool, err error) {
	var where seal.Where
	if !o.closed {
		where = seal.Where{Event: o.event, Path: nextPath(dec)} // before reading: it is the field's own path
	}
	stored, err := dec.ReadValue()
	if err != nil {
		return "", false, err
	}
	if o.closed {
		if !seal.IsField(stored) {
			return "", false, seal.ErrField
		}
		return "", true, nil
	}
	text, err = o.ring.OpenField(stored, where)
	if errors.Is(err, seal.ErrDestroyed) {
		return "", true, nil
	}
	return text, false, err
}

// stack is what encoder and decoder tell about where they are.
type stack interface {
	StackDepth() int
	StackIndex(int) (jsontext.Kind, int64)
	StackPointer() jsontext.Pointer
}

// nextPath is the JSON Pointer of the value that comes next. The library's own
// points to the last one, which differs inside an array.
func nextPath(s stack) string {
	pointer := string(s.StackPointer())
	kind, length := s.StackIndex(s.StackDepth())
	if kind != '[' {
		return pointer
	}
	if length > 0 {
		pointer = pointer[:strings.LastIndexByte(pointer, '/')]
	}
	return pointer + "/" + strconv.FormatInt(length, 10)
}
