package projections

import (
	"database/sql"
	"encoding"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// A row is its answer: each struct of this package that lies in a table lists
// pointers to its fields in the order of the columns, and the functions here
// turn them into stored values and back. Identifiers are stored as they are
// spelled on the wire, times as microseconds since 1970 UTC.

// appendValues adds the stored form of what the fields point to.
func appendValues(values []any, fields []any) []any {
	for _, field := range fields {
		values = append(values, stored(field))
	}
	return values
}

func stored(field any) any {
	switch f := field.(type) {
	case *string:
		return *f
	case *int64:
		return *f
	case *uint64:
		return int64(*f)
	case *bool:
		if *f {
			return int64(1)
		}
		return int64(0)
	case *time.Time:
		return micros(*f)
	case *uuid.UUID:
		return uuidText(*f)
	case fmt.Stringer: // identifiers
		return f.String()
	}
	panic(fmt.Sprintf("projections: a field of type %T cannot be stored", field)) // a bug
}

// destinations is what database/sql scans a row of these fields into.
func destinations(fields []any) []any {
	out := make([]any, len(fields))
	for i, field := range fields {
		switch f := field.(type) {
		case *time.Time:
			out[i] = (*moment)(f)
		case *uuid.UUID:
			out[i] = (*identity)(f)
		case encoding.TextUnmarshaler:
			out[i] = spelled{f}
		default:
			out[i] = field
		}
	}
	return out
}

type (
	moment   time.Time
	identity uuid.UUID
	spelled  struct{ encoding.TextUnmarshaler }
)

var (
	_ sql.Scanner = (*moment)(nil)
	_ sql.Scanner = (*identity)(nil)
	_ sql.Scanner = spelled{}
)

func (m *moment) Scan(source any) error {
	n, ok := source.(int64)
	if !ok {
		return fmt.Errorf("projections: %T is not a time", source)
	}
	*m = moment(fromMicros(n))
	return nil
}

func (i *identity) Scan(source any) error {
	t, ok := source.(string)
	if !ok {
		return fmt.Errorf("projections: %T is not a UUID", source)
	}
	if t == "" {
		*i = identity{}
		return nil
	}
	u, err := uuid.Parse(t)
	*i = identity(u)
	return err
}

func (s spelled) Scan(source any) error {
	t, ok := source.(string)
	if !ok {
		return fmt.Errorf("projections: %T is not an identifier", source)
	}
	return s.UnmarshalText([]byte(t))
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

func uuidText(u uuid.UUID) string {
	if u == uuid.Nil {
		return ""
	}
	return u.String()
}
