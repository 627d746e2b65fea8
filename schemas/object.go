package schemas

import (
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// Object is a JSON object whose members another standard says, as it was sent; nil:
// none was.
type Object jsontext.Value

// ErrObject is what a value that is no object ends in.
var ErrObject = errors.New("schemas: not a JSON object")

// MarshalJSONTo writes it as it came.
func (o Object) MarshalJSONTo(e *jsontext.Encoder) error { return e.WriteValue(jsontext.Value(o)) }

// UnmarshalJSONFrom reads an object alone. ErrObject.
func (o *Object) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != jsontext.KindBeginObject {
		return ErrObject
	}
	value, err := d.ReadValue()
	*o = Object(value.Clone())
	return err
}
