package wire

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"florin/gateway/problem"
	"florin/schemas"
)

// DepthMax bounds the nesting of a body; no request of ours nests deeper.
const DepthMax = 16

// Decode reads body into *T, strictly (http-api.md). Errors are faults: bad-json
// for what is not I-JSON (RFC 7493), nested too deep, null, in another case or of
// another type; unknown-field; missing-field; invalid-amount.
func Decode[T any](body []byte) (T, error) {
	var request T
	shape := shapeOf(reflect.TypeFor[T]())
	if err := survey(body, shape); err != nil {
		return request, err
	}
	err := json.Unmarshal(body, &request, json.RejectUnknownMembers(true))
	switch {
	case err == nil:
		return request, nil
	case errors.Is(err, schemas.ErrDecimal):
		return request, problem.InvalidAmount
	case errors.Is(err, json.ErrUnknownName):
		return request, problem.UnknownField
	}
	return request, problem.BadJSON
}

// shape is what a request type says of its members.
type shape struct {
	known    map[string]bool // name -> required
	required []string        // in the type's order
}

var shapes sync.Map // reflect.Type -> shape

func shapeOf(t reflect.Type) shape {
	if kept, ok := shapes.Load(t); ok {
		return kept.(shape)
	}
	s := shape{known: map[string]bool{}}
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "-" || name == "" {
			continue
		}
		required := !strings.Contains(options, "omitzero")
		s.known[name] = required
		if required {
			s.required = append(s.required, name)
		}
	}
	shapes.Store(t, s)
	return s
}

// Members are the names that T's fields have on the wire.
func Members[T any]() []string {
	return slices.Sorted(maps.Keys(shapeOf(reflect.TypeFor[T]()).known))
}

// survey walks the tokens once: syntax, depth, nulls, and which members are there.
func survey(body []byte, s shape) error {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(body))
	seen := make(map[string]bool, len(s.known))
	var fault error // the first member that is wrong; bad syntax later on outranks it
	for whole := false; ; {
		token, err := decoder.ReadToken()
		if whole && errors.Is(err, io.EOF) {
			break
		}
		depth := decoder.StackDepth()
		switch {
		case err != nil, whole, depth > DepthMax, token.Kind() == 'n':
			return problem.BadJSON
		case depth == 0:
			if token.Kind() != '}' {
				return problem.BadJSON
			}
			whole = true
		case depth == 1:
			name, is := memberName(decoder, token)
			if _, known := s.known[name]; is && !known && fault == nil {
				fault = s.unknown(name)
			}
			seen[name] = seen[name] || is
		}
	}
	if fault != nil {
		return fault
	}
	for _, name := range s.required {
		if !seen[name] {
			return problem.MissingField.With("The body lacks the required member " + name + ".")
		}
	}
	return nil
}

// memberName gives the token's text if it is a name in the outermost object.
func memberName(decoder *jsontext.Decoder, token jsontext.Token) (name string, is bool) {
	kind, length := decoder.StackIndex(1)
	if kind != '{' || length%2 == 0 || token.Kind() != '"' {
		return "", false
	}
	return token.String(), true
}

// unknown tells a known name in the wrong case from a name that means nothing.
func (s shape) unknown(name string) error {
	for known := range s.known {
		if strings.EqualFold(known, name) {
			return problem.BadJSON.With("A member's name is in the wrong case.")
		}
	}
	return problem.UnknownField
}
