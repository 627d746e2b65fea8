package schemas

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"florin/domain"
)

var (
	// ErrUnknownKind: no table lists the kind, or not in this version. The log
	// was written by a newer program, or the event was never meant to be stored.
	ErrUnknownKind = errors.New("schemas: kind or version is not listed")
	// ErrStored: the stored data is not what the kind's version looks like.
	ErrStored = errors.New("schemas: stored data does not decode")
)

// Kind is one kind of record in one version.
type Kind struct {
	Name    string
	Version uint16
	Type    reflect.Type // what it is stored as
	Retired bool         // read by an upcaster, no longer written
}

func (k Kind) compare(other Kind) int {
	return cmp.Or(cmp.Compare(k.Name, other.Name), cmp.Compare(k.Version, other.Version))
}

func (k Kind) String() string { return fmt.Sprintf("%s.v%d", k.Name, k.Version) }

// Table lists the kinds that the streams of one context may hold.
type Table[E domain.Event] struct {
	current map[string]Row[E]
	read    map[version]Row[E]
}

type version struct {
	kind string
	n    uint16
}

// Row is one line of a Table.
type Row[E domain.Event] struct {
	kind   Kind
	sealed bool // holds personal data or a posting: needs the type-specific functions
	encode func(*sealer, E) ([]byte, error)
	decode func([]byte, json.Options) (E, error)
}

// Event says that T is one of E, and which version of its kind it is stored as.
// widen is the identity, written by the caller because only there does the
// compiler know that T is an E.
func Event[T, E domain.Event](n uint16, widen func(T) E) Row[E] {
	var zero T
	write, ok := writer(reflect.TypeFor[T](), "")
	return Row[E]{
		kind: Kind{zero.Kind(), n, reflect.TypeFor[T](), false}, sealed: special(reflect.TypeFor[T]()),
		encode: func(s *sealer, event E) (data []byte, err error) {
			stored, mine := any(event).(T)
			switch {
			case !mine:
				return nil, fmt.Errorf("schemas: %T calls itself %s", event, event.Kind())
			case !ok:
				return json.Marshal(&stored, s.options)
			}
			if s.data, err = write(s, s.data[:0], reflect.ValueOf(&stored).Elem()); err != nil {
				return nil, err
			}
			return bytes.Clone(s.data), nil
		},
		decode: func(data []byte, options json.Options) (E, error) {
			var event T
			err := json.Unmarshal(data, &event, options)
			return widen(event), err
		},
	}
}

// Upcast reads a retired kind or version as an Old and lifts it to an event of
// today. Sealed fields of Old are open already when lift sees them.
func Upcast[Old any, E domain.Event](kind string, n uint16, lift func(Old) E) Row[E] {
	return Row[E]{
		kind: Kind{kind, n, reflect.TypeFor[Old](), true}, sealed: special(reflect.TypeFor[Old]()),
		decode: func(data []byte, options json.Options) (E, error) {
			var old Old
			err := json.Unmarshal(data, &old, options)
			return lift(old), err
		},
	}
}

func newTable[E domain.Event](rows ...Row[E]) *Table[E] {
	t := &Table[E]{current: map[string]Row[E]{}, read: map[version]Row[E]{}}
	for _, row := range rows {
		at := version{row.kind.Name, row.kind.Version}
		if _, twice := t.read[at]; twice || at.n == 0 {
			panic("schemas: " + row.kind.String() + " is listed twice, or as version 0")
		}
		t.read[at] = row
		if row.kind.Retired {
			continue
		}
		if _, twice := t.current[at.kind]; twice {
			panic("schemas: " + at.kind + " is written in two versions")
		}
		t.current[at.kind] = row
	}
	return t
}

// Kinds lists the rows, sorted.
func (t *Table[E]) Kinds() []Kind {
	var kinds []Kind
	for _, row := range t.read {
		kinds = append(kinds, row.kind)
	}
	slices.SortFunc(kinds, Kind.compare)
	return kinds
}

// Codec is a Table bound to the ring that seals and opens.
type Codec[E domain.Event] struct {
	table *Table[E]
	desk  *desk
}

// Encode writes the event as it is stored. The same event at the same place is
// the same bytes but for its sealed fields. seal.ErrDestroyed: its subject was
// erased, nothing personal can be written of them any more.
func (c *Codec[E]) Encode(event E, at Place) (Stored, error) {
	row, known := c.table.current[event.Kind()]
	if !known {
		return Stored{}, fmt.Errorf("%w: %s", ErrUnknownKind, event.Kind())
	}
	s := c.desk.sealer(at)
	defer c.desk.putSealer(s)
	data, err := row.encode(s, event)
	if err != nil {
		return Stored{}, fmt.Errorf("schemas: encoding %s: %w", row.kind, err)
	}
	return Stored{row.kind.Name, row.kind.Version, ContentType, data, slices.Clone(s.keyIDs)}, nil
}

// Decode reads what Encode wrote, now or years ago. Fields whose key is
// destroyed come back as erased. ErrUnknownKind, ErrStored, seal.ErrField and
// seal.ErrUnknownKey are damage or a wrong key ring, never an erasure.
func (c *Codec[E]) Decode(kind string, n uint16, eventID uuid.UUID, data []byte) (E, error) {
	return c.decode(kind, n, data, reading{event: eventID})
}

func (c *Codec[E]) decode(kind string, n uint16, data []byte, how reading) (event E, err error) {
	row, known := c.table.read[version{kind, n}]
	if !known {
		return event, fmt.Errorf("%w: %s.v%d", ErrUnknownKind, kind, n)
	}
	if !row.sealed {
		event, err = row.decode(data, plainDecoding)
	} else {
		o := c.desk.opener(how)
		event, err = row.decode(data, o.options)
		c.desk.putOpener(o)
	}
	if err != nil {
		var none E
		return none, fmt.Errorf("%w: %s: %w", ErrStored, row.kind, err)
	}
	return event, nil
}

func (c *Codec[E]) encodeAny(event domain.Event, at Place) (Stored, error) {
	mine, ok := event.(E)
	if !ok {
		return Stored{}, fmt.Errorf("schemas: %T calls itself %s", event, event.Kind())
	}
	return c.Encode(mine, at)
}

func (c *Codec[E]) decodeAny(kind string, n uint16, data []byte, how reading) (domain.Event, error) {
	event, err := c.decode(kind, n, data, how)
	if err != nil {
		return nil, err
	}
	return event, nil
}

func (c *Codec[E]) describe() []Kind { return c.table.Kinds() }
