package schemas

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"florin/domain"
	"florin/domain/money"
	"florin/domain/risk"
	"florin/schemas/seal"
)

// Why events have a writer of their own: the JSON library asks for a function by
// type at every value once any type has one, which is half the cost of encoding
// an event. The types of event fields are few, so what to write is worked out
// once per type. The bytes are those that the library writes, and a test holds
// the two against each other for every kind; what is not known here (personal
// fields inside slices) is left to the library.

// write appends one value. v is addressable.
type write func(s *sealer, b []byte, v reflect.Value) ([]byte, error)

// writer works out how to write a type that stands at this path; ok is false if
// it has to be left to the library.
func writer(t reflect.Type, path string) (w write, ok bool) {
	switch t {
	case reflect.TypeFor[domain.Profile]():
		return func(s *sealer, b []byte, v reflect.Value) ([]byte, error) {
			p := v.Addr().Interface().(*domain.Profile)
			return s.append(b, domain.RetainProfile, path, p.Reveal(), p.Erased())
		}, true
	case reflect.TypeFor[domain.Evidence]():
		return func(s *sealer, b []byte, v reflect.Value) ([]byte, error) {
			e := v.Addr().Interface().(*domain.Evidence)
			return s.append(b, domain.RetainEvidence, path, e.Reveal(), e.Erased())
		}, true
	case reflect.TypeFor[time.Time]():
		return writeTime, true
	case reflect.TypeFor[money.Amount]():
		return func(_ *sealer, b []byte, v reflect.Value) ([]byte, error) {
			b, err := appendAmount(append(b, '{'), *v.Addr().Interface().(*money.Amount))
			return append(b, '}'), err
		}, true
	case reflect.TypeFor[money.Posting]():
		return writePosting, true
	case reflect.TypeFor[risk.Values](), reflect.TypeFor[risk.Weights]():
		return writeByFeature, true
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextAppender]()) {
		return writeText, true
	}
	switch t.Kind() {
	case reflect.String:
		return func(_ *sealer, b []byte, v reflect.Value) ([]byte, error) { return appendString(b, v.String()) }, true
	case reflect.Bool:
		return func(_ *sealer, b []byte, v reflect.Value) ([]byte, error) {
			return strconv.AppendBool(b, v.Bool()), nil
		}, true
	case reflect.Int64:
		return func(_ *sealer, b []byte, v reflect.Value) ([]byte, error) {
			return strconv.AppendInt(b, v.Int(), 10), nil
		}, true
	case reflect.Slice:
		return sliceWriter(t)
	case reflect.Struct:
		return structWriter(t, path)
	}
	return nil, false
}

func writeText(_ *sealer, b []byte, v reflect.Value) ([]byte, error) {
	b, err := v.Addr().Interface().(encoding.TextAppender).AppendText(append(b, '"')) // identifiers need no escapes
	return append(b, '"'), err
}

func writeTime(_ *sealer, b []byte, v reflect.Value) ([]byte, error) {
	at := v.Addr().Interface().(*time.Time)
	if year := at.Year(); year < 0 || year > 9999 || at.Location() != time.UTC {
		return b, fmt.Errorf("schemas: %s is not a time in UTC that RFC 3339 can spell", at)
	}
	return append(at.AppendFormat(append(b, '"'), time.RFC3339Nano), '"'), nil
}

func writePosting(_ *sealer, b []byte, v reflect.Value) ([]byte, error) {
	b = append(b, '[')
	for i, leg := range v.Addr().Interface().(*money.Posting).Legs() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"account":"`...)
		b, _ = leg.Account.AppendText(b)
		var err error
		if b, err = appendAmount(append(b, `",`...), leg.Amount); err != nil {
			return b, err
		}
		b = append(b, '}')
	}
	return append(b, ']'), nil
}

func appendAmount(b []byte, amount money.Amount) ([]byte, error) {
	b = strconv.AppendInt(append(b, `"minor":`...), amount.Minor, 10)
	return appendString(append(b, `,"currency":`...), string(amount.Currency))
}

// appendString refuses what is not UTF-8.
func appendString(b []byte, text string) ([]byte, error) {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			return jsontext.AppendQuote(b, text)
		}
	}
	return append(append(append(b, '"'), text...), '"'), nil
}

func sliceWriter(t reflect.Type) (write, bool) {
	if special(t.Elem()) {
		return nil, false // their paths hold an index
	}
	element, ok := writer(t.Elem(), "")
	return func(s *sealer, b []byte, v reflect.Value) (_ []byte, err error) {
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = element(s, b, v.Index(i)); err != nil {
				return b, err
			}
		}
		return append(b, ']'), nil
	}, ok
}

// member is one field of a struct.
type member struct {
	index int
	name  string // with quotes and colon
	omit  func(reflect.Value) bool
	write write
}

func structWriter(t reflect.Type, path string) (write, bool) {
	var members []member
	for field := range t.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		inner, ok := writer(field.Type, path+"/"+name)
		omit, known := omitter(field.Type, options)
		if !ok || !known || !field.IsExported() || field.Anonymous || name == "" || name == "-" || strings.ContainsAny(name, `~/"\`) {
			return nil, false
		}
		members = append(members, member{field.Index[0], `"` + name + `":`, omit, inner})
	}
	return func(s *sealer, b []byte, v reflect.Value) (_ []byte, err error) {
		b = append(b, '{')
		first := len(b)
		for i := range members {
			m := &members[i]
			value := v.Field(m.index)
			if m.omit != nil && m.omit(value) {
				continue
			}
			if len(b) > first {
				b = append(b, ',')
			}
			if b, err = m.write(s, append(b, m.name...), value); err != nil {
				return b, fmt.Errorf("%s%w", m.name, err)
			}
		}
		return append(b, '}'), nil
	}, true
}

// omitter says when a member is left out, as the library's tags mean it.
func omitter(t reflect.Type, options string) (omit func(reflect.Value) bool, known bool) {
	type zeroer interface{ IsZero() bool }
	switch {
	case options == "":
		return nil, true
	case options == "omitzero" && reflect.PointerTo(t).Implements(reflect.TypeFor[zeroer]()):
		return func(v reflect.Value) bool { return v.Addr().Interface().(zeroer).IsZero() }, true
	case options == "omitzero":
		return reflect.Value.IsZero, true
	case options == "omitempty" && (t.Kind() == reflect.String || t.Kind() == reflect.Slice):
		return func(v reflect.Value) bool { return v.Len() == 0 }, true
	case options == "omitempty" && (t.Kind() == reflect.Bool || t.Kind() == reflect.Int64):
		return nil, true // neither false nor 0 is an empty JSON value
	}
	return nil, false
}

// append seals one field in its place.
func (s *sealer) append(b []byte, class domain.Retention, path, text string, erased bool) ([]byte, error) {
	if erased {
		return seal.AppendErased(b), nil
	}
	b, id, err := s.ring.AppendField(b, s.at.Subject, class, seal.Where{Event: s.at.EventID, Path: path}, text)
	if err == nil {
		s.note(id)
	}
	return b, err
}
