package attest

import (
	"errors"

	"github.com/fxamacker/cbor/v2"
)

// strictCBOR reads what platforms write: definite lengths, no key twice, no tags, nothing
// nested deeper than an attestation object is, and text that is UTF-8.
var strictCBOR = func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden, MaxNestedLevels: 4,
		MaxArrayElements: 16, MaxMapPairs: 16, ExtraReturnErrors: cbor.ExtraDecErrorUnknownField, FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
	}.DecMode()
	if err != nil {
		panic(err) // a bug: options are constants
	}
	return mode
}()

// Unpack reads one CBOR item that fills its bytes; members that T does not name are refused.
func Unpack[T any](raw []byte) (T, error) {
	var into T
	return into, refusedCBOR(strictCBOR.Unmarshal(raw, &into))
}

// UnpackFirst reads one CBOR item and gives what follows it.
func UnpackFirst[T any](raw []byte) (into T, rest []byte, err error) {
	rest, err = strictCBOR.UnmarshalFirst(raw, &into)
	return into, rest, refusedCBOR(err)
}

func refusedCBOR(err error) error {
	if err == nil {
		return nil
	}
	if _, twice := errors.AsType[*cbor.DupMapKeyError](err); twice {
		return ErrCBORDuplicate
	}
	if _, endless := errors.AsType[*cbor.IndefiniteLengthError](err); endless {
		return ErrCBORIndefinite
	}
	if _, deep := errors.AsType[*cbor.MaxNestedLevelError](err); deep {
		return ErrCBORNested
	}
	if _, more := errors.AsType[*cbor.ExtraneousDataError](err); more {
		return ErrTrailing
	}
	if _, other := errors.AsType[*cbor.UnmarshalTypeError](err); other {
		return ErrMalformed
	}
	if _, other := errors.AsType[*cbor.UnknownFieldError](err); other {
		return ErrMalformed
	}
	return ErrCBOR
}
