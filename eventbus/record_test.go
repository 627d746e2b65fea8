package eventbus_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"florin/eventbus"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The record layout is stored for ever. These bytes never change; a change here
// means that old ledgers cannot be verified any more.
func TestRecordsKeepTheirGoldenBytes(t *testing.T) {
	t.Parallel()
	for name, record := range goldenRecords() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			encoded, err := eventbus.Encode(record)
			require.NoError(t, err)
			decoded, err := eventbus.Decode(encoded)
			require.NoError(t, err)
			readable, err := json.MarshalIndent(readable(decoded), "", "  ")
			require.NoError(t, err)
			golden(t, name+".hex", []byte(lines(hex.EncodeToString(encoded))))
			golden(t, name+".json", append(readable, '\n'))
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run with -update once, then never again for a released layout")
	require.Equal(t, string(want), string(got))
}

func lines(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		n := min(len(s), 96)
		b.WriteString(s[:n] + "\n")
		s = s[n:]
	}
	return b.String()
}

type readableRecord struct {
	eventbus.Record
	Leaves []string
}

func readable(r eventbus.Record) readableRecord {
	out := readableRecord{Record: r}
	for _, e := range r.Events {
		leaf := eventbus.Leaf(e.Position, e.Hash, r.Hash)
		out.Leaves = append(out.Leaves, hex.EncodeToString(leaf[:]))
	}
	return out
}

func goldenRecords() map[string]eventbus.Record {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	id := func(n byte) uuid.UUID {
		return uuid.UUID{0x01, 0x9b, 0, n, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, n}
	}
	one := eventbus.Recorded{Stream: "account/019b0001-0000-7000-8000-000000000001", Version: 1,
		Event: eventbus.Event{Kind: "account.opened", SchemaVersion: 1}}
	full := eventbus.Record{
		ID: id(1), First: 42, Previous: sha256.Sum256([]byte("previous")), RecordedAt: at, WriterEpoch: 7,
		Header: eventbus.Header{
			BookedAt: at.Add(-time.Hour), ActorType: "customer", Actor: id(2), OnBehalfOf: id(3), Approver: id(4),
			Client: id(5), Device: id(6), Session: id(7), ACR: "urn:florin:acr:sca", AMR: []string{"pwd", "otp"}, TokenID: "jti-1",
			Reason: "customer-request", Correlation: id(8), Causation: id(9), Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
			Intent: bytes.Repeat([]byte{0xAB}, 32), BuildVersion: "florin 1.0.0",
		},
		Events: []eventbus.Recorded{
			{Stream: "transfer/019b0001-0000-7000-8000-00000000000a", Version: 1, Event: eventbus.Event{
				Kind: "transfer.initiated", SchemaVersion: 1, ContentType: "application/json", Data: []byte(`{"amount":"12.50"}`),
				KeyIDs: []uuid.UUID{id(10), id(11)}}},
			{Stream: "transfer/019b0001-0000-7000-8000-00000000000a", Version: 2, Event: eventbus.Event{
				Kind: "transfer.posted", SchemaVersion: 3, ContentType: "application/json", Data: []byte(`{}`), ValueDate: "2026-01-05"}},
			{Stream: "account/019b0001-0000-7000-8000-00000000000b", Version: 900, Event: eventbus.Event{
				Kind: "account.debited", SchemaVersion: 1, ContentType: "application/json", Data: []byte{}}},
		},
	}
	unknown := full
	unknown.Header.Unknown = []byte{100, 0, 0, 3, 'n', 'e', 'w', 101, 0, 0, 0}
	unknown.Events = append([]eventbus.Recorded{}, full.Events...)
	unknown.Events[1].Unknown = []byte{200, 0, 0, 1, 9}
	return map[string]eventbus.Record{
		"least":   {ID: id(1), First: 1, RecordedAt: at, Events: []eventbus.Recorded{one}},
		"full":    full,
		"unknown": unknown,
	}
}

func TestUnknownFieldsAreKeptAndHashed(t *testing.T) {
	t.Parallel()
	records := goldenRecords()
	plain, err := eventbus.Encode(records["full"])
	require.NoError(t, err)
	encoded, err := eventbus.Encode(records["unknown"])
	require.NoError(t, err)
	decoded, err := eventbus.Decode(encoded)
	require.NoError(t, err)
	require.Equal(t, records["unknown"].Header.Unknown, decoded.Header.Unknown)
	require.Equal(t, records["unknown"].Events[1].Unknown, decoded.Events[1].Unknown)
	again, err := eventbus.Encode(decoded)
	require.NoError(t, err)
	require.Equal(t, encoded, again)
	without, err := eventbus.Decode(plain)
	require.NoError(t, err)
	require.NotEqual(t, without.Hash, decoded.Hash)
	require.NotEqual(t, without.Events[1].Hash, decoded.Events[1].Hash)
	require.Equal(t, without.Events[0].Hash, decoded.Events[0].Hash)
}

func TestAbsentIsNotEmpty(t *testing.T) {
	t.Parallel()
	record := goldenRecords()["least"]
	absent, err := eventbus.Encode(record)
	require.NoError(t, err)
	record.Events[0].Data, record.Header.Intent = []byte{}, []byte{}
	empty, err := eventbus.Encode(record)
	require.NoError(t, err)
	a, err := eventbus.Decode(absent)
	require.NoError(t, err)
	e, err := eventbus.Decode(empty)
	require.NoError(t, err)
	require.Nil(t, a.Events[0].Data)
	require.Nil(t, a.Header.Intent)
	require.NotNil(t, e.Events[0].Data)
	require.NotNil(t, e.Header.Intent)
	require.NotEqual(t, a.Hash, e.Hash)
	require.NotEqual(t, a.Events[0].Hash, e.Events[0].Hash)
}

func TestEveryChangedByteIsFound(t *testing.T) {
	t.Parallel()
	for name, record := range goldenRecords() {
		encoded, err := eventbus.Encode(record)
		require.NoError(t, err)
		for i := range encoded {
			for bit := range 8 {
				changed := bytes.Clone(encoded)
				changed[i] ^= 1 << bit
				_, err := eventbus.Decode(changed)
				require.Error(t, err, "%s: byte %d, bit %d", name, i, bit)
			}
		}
		for i := range encoded {
			_, err := eventbus.Decode(encoded[:i])
			require.Error(t, err, "%s cut at %d", name, i)
		}
		_, err = eventbus.Decode(append(bytes.Clone(encoded), 0))
		require.Error(t, err)
	}
}

func TestWhatNoRecordMayHold(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 256)
	cases := map[string]func(*eventbus.Record){
		"no commit id":               func(r *eventbus.Record) { r.ID = uuid.Nil },
		"no time":                    func(r *eventbus.Record) { r.RecordedAt = time.Time{} },
		"a time beyond year 9999":    func(r *eventbus.Record) { r.RecordedAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"position nought":            func(r *eventbus.Record) { r.First = 0 },
		"no events":                  func(r *eventbus.Record) { r.Events = nil },
		"1,001 events":               func(r *eventbus.Record) { r.Events = make([]eventbus.Recorded, 1001) },
		"more than 512 KiB":          func(r *eventbus.Record) { r.Events[0].Data = make([]byte, 512<<10) },
		"version nought":             func(r *eventbus.Record) { r.Events[0].Version = 0 },
		"no kind":                    func(r *eventbus.Record) { r.Events[0].Kind = "" },
		"a kind in upper case":       func(r *eventbus.Record) { r.Events[0].Kind = "Account.opened" },
		"a kind of 97 bytes":         func(r *eventbus.Record) { r.Events[0].Kind = long[:97] },
		"no schema version":          func(r *eventbus.Record) { r.Events[0].SchemaVersion = 0 },
		"a stream without a context": func(r *eventbus.Record) { r.Events[0].Stream = "/019b0001-0000-7000-8000-000000000001" },
		"a stream in upper case":     func(r *eventbus.Record) { r.Events[0].Stream = "account/019B0001-0000-7000-8000-000000000001" },
		"a stream without dashes":    func(r *eventbus.Record) { r.Events[0].Stream = "account/019b000100007000800000000000000100000" },
		"a stream of 129 bytes": func(r *eventbus.Record) {
			r.Events[0].Stream = eventbus.Stream(long[:92]) + "/019b0001-0000-7000-8000-000000000001"
		},
		"a value date of another form": func(r *eventbus.Record) { r.Events[0].ValueDate = "2026-1-2" },
		"an empty key id":              func(r *eventbus.Record) { r.Events[0].KeyIDs = []uuid.UUID{{}} },
		"a long reason":                func(r *eventbus.Record) { r.Header.Reason = long },
		"a reason that is not UTF-8":   func(r *eventbus.Record) { r.Header.Reason = "\xff" },
		"an empty method":              func(r *eventbus.Record) { r.Header.AMR = []string{""} },
		"17 methods":                   func(r *eventbus.Record) { r.Header.AMR = strings.Split(strings.Repeat("x", 17), "") },
		"an intent of 65 bytes":        func(r *eventbus.Record) { r.Header.Intent = make([]byte, 65) },
		"a known tag among unknown":    func(r *eventbus.Record) { r.Header.Unknown = []byte{5, 0, 0, 0} },
		"unknown tags out of order":    func(r *eventbus.Record) { r.Header.Unknown = []byte{60, 0, 0, 0, 59, 0, 0, 0} },
		"an unknown field cut short":   func(r *eventbus.Record) { r.Events[0].Unknown = []byte{60, 0, 0, 9} },
		"a header field that ends it":  func(r *eventbus.Record) { r.Header.Unknown = []byte{0xE0, 0, 0, 0} },
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			record := goldenRecords()["least"]
			spoil(&record)
			_, err := eventbus.Encode(record)
			require.ErrorIs(t, err, eventbus.ErrInvalid)
		})
	}
}

func TestEventIDsAreVersion5(t *testing.T) {
	t.Parallel()
	commit := uuid.MustParse("019b0001-0000-7000-8000-000000000001")
	namespace := uuid.MustParse("5f10b19e-006c-4d0a-9e2b-f107214ed633")
	want := uuid.NewSHA1(namespace, append(commit[:], 0, 0, 1, 2))
	require.Equal(t, want, eventbus.EventID(commit, 258))
}

func TestPeekAgreesWithDecode(t *testing.T) {
	t.Parallel()
	for _, record := range goldenRecords() {
		encoded, err := eventbus.Encode(record)
		require.NoError(t, err)
		decoded, err := eventbus.Decode(encoded)
		require.NoError(t, err)
		outline, err := eventbus.Peek(encoded)
		require.NoError(t, err)
		require.Equal(t, eventbus.Outline{ID: decoded.ID, First: decoded.First, Last: decoded.Last(), Previous: decoded.Previous,
			Hash: decoded.Hash, RecordedAt: decoded.RecordedAt, WriterEpoch: decoded.WriterEpoch}, outline)
		for _, e := range decoded.Events {
			hash, err := eventbus.EventHash(e.Index, e.Stream, e.Version, e.Event)
			require.NoError(t, err)
			require.Equal(t, e.Hash, hash)
		}
	}
}

func TestANewerLayoutIsNamedAsSuch(t *testing.T) {
	t.Parallel()
	encoded, err := eventbus.Encode(goldenRecords()["least"])
	require.NoError(t, err)
	encoded[7] = 2
	_, err = eventbus.Decode(encoded)
	require.ErrorIs(t, err, eventbus.ErrLayout)
}

func TestAnyRecordComesBackAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		record := drawRecord(t)
		encoded, err := eventbus.Encode(record)
		require.NoError(t, err)
		decoded, err := eventbus.Decode(encoded)
		require.NoError(t, err)
		require.Equal(t, record.Header, decoded.Header)
		for i, e := range record.Events {
			require.Equal(t, e.Event, decoded.Events[i].Event)
			require.Equal(t, e.Stream, decoded.Events[i].Stream)
			require.Equal(t, record.First+eventbus.Position(i), decoded.Events[i].Position)
		}
		again, err := eventbus.Encode(decoded)
		require.NoError(t, err)
		require.Equal(t, encoded, again)
	})
}

func drawRecord(t *rapid.T) eventbus.Record {
	id := rapid.Custom(func(t *rapid.T) uuid.UUID {
		return uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "uuid"))
	}).Filter(func(id uuid.UUID) bool { return id != uuid.Nil })
	maybe := rapid.OneOf(rapid.Just(uuid.Nil), id)
	text := rapid.StringN(0, 20, 60)
	at := func(label string) time.Time {
		return time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, label)).UTC()
	}
	r := eventbus.Record{ID: id.Draw(t, "id"), First: eventbus.Position(rapid.Uint64Range(1, 1<<40).Draw(t, "first")), RecordedAt: at("recorded")}
	r.Header = eventbus.Header{BookedAt: at("booked"), ActorType: text.Draw(t, "type"), Actor: maybe.Draw(t, "actor"), Approver: maybe.Draw(t, "approver"),
		Session: maybe.Draw(t, "session"), ACR: text.Draw(t, "acr"), TokenID: text.Draw(t, "jti"), Traceparent: text.Draw(t, "trace"), Causation: maybe.Draw(t, "causation")}
	if n := rapid.IntRange(0, 4).Draw(t, "methods"); n > 0 {
		r.Header.AMR = rapid.SliceOfN(rapid.StringN(1, 5, 20), n, n).Draw(t, "amr")
	}
	for i := range rapid.IntRange(1, 8).Draw(t, "events") {
		e := eventbus.Recorded{Stream: eventbus.Stream("account/" + uuid.UUID{byte(i)}.String()), Version: eventbus.Version(rapid.Uint64Range(1, 1<<40).Draw(t, "version")),
			Event: eventbus.Event{Kind: "account.opened", SchemaVersion: rapid.Uint16Min(1).Draw(t, "schema"), ContentType: text.Draw(t, "content"),
				Data: rapid.SliceOfN(rapid.Byte(), 0, 64).Draw(t, "data")}}
		r.Events = append(r.Events, e)
	}
	return r
}

// What Decode takes, Encode makes: there is one spelling of every commit.
func FuzzDecode(f *testing.F) {
	for _, record := range goldenRecords() {
		encoded, err := eventbus.Encode(record)
		require.NoError(f, err)
		f.Add(encoded)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, candidate := range [][]byte{b, eventbus.Rehash(b)} {
			record, err := eventbus.Decode(candidate)
			if err != nil {
				continue
			}
			again, err := eventbus.Encode(record)
			require.NoError(t, err)
			require.Equal(t, candidate, again)
		}
	})
}
