package schemas

import (
	"crypto/rand"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
	"florin/schemas/seal"
)

// counting is randomness that counts, so that two sealers seal alike.
type counting struct{ n byte }

func (c *counting) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = c.n
		c.n++
	}
	return len(b), nil
}

func testSealer(t testing.TB) *sealer {
	ring, err := seal.Memory(&counting{})
	require.NoError(t, err)
	s := newSealer(ring)
	s.at = Place{uuid.UUID{1}, seal.Subject{Kind: "customer", ID: uuid.UUID{2}}}
	return s
}

// vary sets every field it can to one of a few values, by turns: empty ones,
// and texts with everything that JSON escapes.
func vary(v reflect.Value, turn int) {
	texts := []string{"", "plain", `quo"te\`, "line\nfeed\u2028", "Zoë \U0001F3E6", "\x7f\x00<&>"}
	switch p := v.Addr().Interface().(type) {
	case *domain.Profile:
		*p = []domain.Profile{{}, domain.NewProfile(texts[turn%6]), domain.ErasedProfile()}[turn%3]
	case *domain.Evidence:
		*p = []domain.Evidence{{}, domain.NewEvidence(texts[turn%6]), domain.ErasedEvidence()}[turn%3]
	case *time.Time:
		*p = []time.Time{{}, time.Unix(1, 1000).UTC(), time.Unix(1e9, 0).UTC()}[turn%3]
	case *money.Posting:
		amount := money.Amount{Minor: 5, Currency: "EUR"}
		*p, _ = money.NewPosting(money.Leg{Account: id.Named[id.Account]("a"), Amount: amount}, money.Leg{Account: id.Named[id.Account]("b"), Amount: amount.Negate()})
	default:
		varyKind(v, turn, texts)
	}
}

func varyKind(v reflect.Value, turn int, texts []string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(texts[turn%len(texts)])
	case reflect.Bool:
		v.SetBool(turn%2 == 0)
	case reflect.Int64:
		v.SetInt([]int64{0, 1, -1 << 62}[turn%3])
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				vary(v.Field(i), turn+i)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), turn%3, 3))
		for i := range v.Len() {
			vary(v.Index(i), turn+i)
		}
	}
}

func TestTheWriterWritesWhatTheLibraryWrites(t *testing.T) {
	t.Parallel()
	ring, err := seal.Memory(rand.Reader)
	require.NoError(t, err)
	for _, kind := range New(ring).Kinds() {
		if kind.Retired {
			continue
		}
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			write, ok := writer(kind.Type, "")
			require.True(t, ok, "it is left to the library: correct, but slow")
			for turn := range 18 {
				v := reflect.New(kind.Type)
				vary(v.Elem(), turn)
				mine, theirs := testSealer(t), testSealer(t)
				got, err := write(mine, nil, v.Elem())
				require.NoError(t, err)
				want, err := json.Marshal(v.Interface(), theirs.options)
				require.NoError(t, err)
				require.Equal(t, string(want), string(got))
				require.Equal(t, theirs.keyIDs, mine.keyIDs)
			}
		})
	}
}

func TestWhatTheWriterRefuses(t *testing.T) {
	t.Parallel()
	type timed struct {
		At time.Time `json:"at"`
	}
	type named struct {
		Name string `json:"name"`
	}
	for name, value := range map[string]any{
		"not UTF-8": &named{"\xff"}, "another zone": &timed{time.Unix(1, 0).In(time.FixedZone("east", 3600))},
		"beyond RFC 3339": &timed{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		v := reflect.ValueOf(value).Elem()
		write, ok := writer(v.Type(), "")
		require.True(t, ok)
		_, err := write(testSealer(t), nil, v)
		require.Error(t, err, name)
	}
}

// listed is a shape that the writer leaves to the library: personal fields in
// slices, whose paths hold an index.
type listed struct {
	People []person         `json:"people"`
	Notes  []domain.Profile `json:"notes"`
	Single domain.Profile   `json:"single"`
}

type person struct {
	Name domain.Profile   `json:"name,omitzero"`
	Also []domain.Profile `json:"also,omitempty"`
}

func TestPersonalFieldsInSlicesAreSealedUnderTheirOwnPaths(t *testing.T) {
	t.Parallel()
	_, ok := writer(reflect.TypeFor[listed](), "")
	require.False(t, ok)
	p := domain.NewProfile
	value := listed{
		People: []person{{Name: p("a")}, {Name: p("b"), Also: []domain.Profile{p("c"), p("d")}}},
		Notes:  []domain.Profile{p("e"), {}, p("f")}, Single: p("g"),
	}
	s := testSealer(t)
	data, err := json.Marshal(&value, s.options)
	require.NoError(t, err)
	var raw struct {
		People []struct {
			Name jsontext.Value   `json:"name"`
			Also []jsontext.Value `json:"also"`
		} `json:"people"`
		Notes  []jsontext.Value `json:"notes"`
		Single jsontext.Value   `json:"single"`
	}
	require.NoError(t, json.Unmarshal(data, &raw))
	for path, field := range map[string]jsontext.Value{
		"/people/0/name": raw.People[0].Name, "/people/1/name": raw.People[1].Name,
		"/people/1/also/0": raw.People[1].Also[0], "/people/1/also/1": raw.People[1].Also[1],
		"/notes/0": raw.Notes[0], "/notes/1": raw.Notes[1], "/notes/2": raw.Notes[2], "/single": raw.Single,
	} {
		_, err := s.ring.OpenField(field, seal.Where{Event: s.at.EventID, Path: path})
		require.NoError(t, err, path)
	}
	o := newOpener(s.ring)
	o.event = s.at.EventID
	var got listed
	require.NoError(t, json.Unmarshal(data, &got, o.options))
	require.Equal(t, value, got)
	swapped := strings.Replace(strings.Replace(strings.Replace(string(data),
		string(raw.Notes[0]), "\x00", 1), string(raw.Notes[2]), string(raw.Notes[0]), 1), "\x00", string(raw.Notes[2]), 1)
	require.ErrorIs(t, json.Unmarshal([]byte(swapped), &got, o.options), seal.ErrField, "not even in the same list")
}
