package schemas_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/risk"
	"florin/schemas"
	"florin/schemas/seal"
)

// stream is randomness that is the same for ever: blocks of SHA-256 over a seed
// and a counter.
type stream struct {
	seed  string
	block uint64
	rest  []byte
}

func (s *stream) Read(b []byte) (int, error) {
	for n := 0; n < len(b); {
		if len(s.rest) == 0 {
			sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(s.seed), s.block))
			s.rest, s.block = sum[:], s.block+1
		}
		k := copy(b[n:], s.rest)
		n, s.rest = n+k, s.rest[k:]
	}
	return len(b), nil
}

// example is one stored event of the golden files. Its ring is made of its seed,
// so that its sealed fields can be opened for ever.
type example struct {
	Kind    string          `json:"kind"`
	Version uint16          `json:"version"`
	EventID uuid.UUID       `json:"event_id"`
	Seed    string          `json:"seed"`
	Data    json.RawMessage `json:"data"`
}

var exampleSubject = seal.Subject{Kind: "customer", ID: uuid.MustParse("01020304-0506-4708-890a-0b0c0d0e0f10")}

// exampleTreaty is bound to the ring of a seed, its keys made in a fixed order.
func exampleTreaty(t *testing.T, seed string) *schemas.Treaty {
	t.Helper()
	ring, err := seal.Memory(&stream{seed: seed})
	require.NoError(t, err)
	for _, class := range []domain.Retention{domain.RetainProfile, domain.RetainEvidence} {
		_, _, err := ring.Seal(exampleSubject, class)
		require.NoError(t, err)
	}
	return schemas.New(ring)
}

func TestEveryKindIsStoredAsItEverWas(t *testing.T) {
	t.Parallel()
	tr, _ := treaty(t)
	for _, kind := range tr.Kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			path := "testdata/" + kind.String() + ".json"
			if !kind.Retired {
				golden(t, path, stored(t, kind))
			}
			text, err := os.ReadFile(path)
			require.NoError(t, err, "every version has an example for ever")
			var was example
			require.NoError(t, json.Unmarshal(text, &was))
			require.Equal(t, kind.Name, was.Kind)
			require.Equal(t, kind.Version, was.Version)

			reader := exampleTreaty(t, was.Seed)
			if !*update && !*rewrite { // else the embedded schema is the one before
				require.NoError(t, reader.Validate(was.Kind, was.Version, was.Data), "the example fits its schema")
			}
			event, err := reader.DecodeAny(was.Kind, was.Version, was.EventID, was.Data)
			require.NoError(t, err)
			if !kind.Retired {
				require.Equal(t, exampleEvent(t, kind), event)
			}
			closed, err := reader.DecodeClosed(was.Kind, was.Version, was.EventID, was.Data)
			require.NoError(t, err)
			require.Equal(t, event.Kind(), closed.Kind())
		})
	}
}

// stored encodes the example of a kind into the form of its golden file.
func stored(t *testing.T, kind schemas.Kind) []byte {
	t.Helper()
	was := example{Kind: kind.Name, Version: kind.Version, Seed: kind.String(), EventID: uuid.NewSHA1(uuid.Nil, []byte(kind.String()))}
	out, err := exampleTreaty(t, was.Seed).Encode(exampleEvent(t, kind), schemas.Place{EventID: was.EventID, Subject: exampleSubject})
	require.NoError(t, err)
	require.Equal(t, kind.Version, out.SchemaVersion)
	was.Data = out.Data
	text, err := json.Marshal(was)
	require.NoError(t, err)
	return append(text, '\n')
}

func exampleEvent(t *testing.T, kind schemas.Kind) domain.Event {
	t.Helper()
	v := reflect.New(kind.Type).Elem()
	fill(t, v, kind.Name)
	event, ok := v.Interface().(domain.Event)
	require.True(t, ok, "%s is an event", kind.Type)
	return event
}

// fill sets every field to a value that depends on nothing but its name.
func fill(t *testing.T, v reflect.Value, name string) {
	t.Helper()
	if text, ok := exampleIDs[v.Type()]; ok {
		require.NoError(t, v.Addr().Interface().(interface{ UnmarshalText([]byte) error }).UnmarshalText([]byte(text)))
		return
	}
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		*p = time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	case *domain.Profile:
		*p = domain.NewProfile("Zoë " + name)
	case *domain.Evidence:
		*p = domain.NewEvidence(`{"evidence":"` + name + `"}`)
	case *money.Currency:
		*p = "EUR"
	case *money.Amount:
		*p = money.Amount{Minor: 1234, Currency: "EUR"}
	case *money.Posting:
		amount := money.Amount{Minor: 1234, Currency: "EUR"}
		posting, err := money.NewPosting(money.Leg{Account: id.Named[id.Account]("debtor"), Amount: amount.Negate()},
			money.Leg{Account: id.Named[id.Account]("creditor"), Amount: amount})
		require.NoError(t, err)
		*p = posting
	case *risk.Values:
		*p = risk.Values{{Feature: "payee_age_h", Value: -1}, {Feature: "amount", Value: 7}} // in this order
	case *risk.Weights:
		*p = risk.Weights{{Feature: "payee_age_h", Weight: 700}, {Feature: "amount", Weight: -300}}
	default:
		fillKind(t, v, name)
	}
}

func fillKind(t *testing.T, v reflect.Value, name string) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		v.SetString(name)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(7)
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			require.NotEmpty(t, tag, "%s.%s has no json tag: its name in the log must be fixed", v.Type(), field.Name)
			require.Regexp(t, `^[a-z][a-z0-9_]*$`, tag)
			fill(t, v.Field(i), tag)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), name+"-1")
		fill(t, v.Index(1), name+"-2")
	default:
		t.Fatalf("%s (%s) is no type for a stored event: see the list in the package's doc", name, v.Type())
	}
}

// TestEveryEventIsListed reads the source: a type that the compiler never meets
// in a table is just what this looks for.
func TestEveryEventIsListed(t *testing.T) {
	t.Parallel()
	tr, _ := treaty(t)
	listed := map[string]bool{}
	for _, kind := range tr.Kinds() {
		listed[kind.Name] = true
	}
	named := regexp.MustCompile(`\) Kind\(\) string\s*\{\s*return "([^"]+)"`)
	found := 0
	require.NoError(t, filepath.WalkDir("../domain", func(path string, _ fs.DirEntry, err error) error {
		require.NoError(t, err)
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, match := range named.FindAllStringSubmatch(string(text), -1) {
			found++
			require.True(t, listed[match[1]], "%s has the event %s: add it to its table in schemas", path, match[1])
		}
		return nil
	}))
	require.Positive(t, found, "this test has lost sight of the events")
}
