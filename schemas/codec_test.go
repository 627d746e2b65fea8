package schemas_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/money"
	"florin/domain/transfer"
	"florin/schemas"
	"florin/schemas/seal"
)

func treaty(t testing.TB) (*schemas.Treaty, *seal.Ring) {
	t.Helper()
	ring, err := seal.Memory(rand.Reader)
	require.NoError(t, err)
	return schemas.New(ring), ring
}

func place() schemas.Place {
	return schemas.Place{EventID: uuid.New(), Subject: seal.Subject{Kind: "customer", ID: uuid.New()}}
}

func initiated() transfer.Initiated {
	return transfer.Initiated{
		Transfer: id.Named[id.Transfer]("t"), Customer: id.Named[id.Customer]("c"),
		From: id.Named[id.Account]("a"), To: id.Named[id.Account]("b"),
		Amount: money.Amount{Minor: 100, Currency: "EUR"}, Reference: domain.NewEvidence("rent for January"),
		Device: id.Named[id.Device]("d"), Session: id.Named[id.Session]("s"), TokenID: "jti",
		At: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC),
	}
}

func TestPersonalDataIsNeverStoredInClear(t *testing.T) {
	t.Parallel()
	tr, _ := treaty(t)
	at := place()
	stored, err := tr.Transfers.Encode(initiated(), at)
	require.NoError(t, err)
	require.NotContains(t, string(stored.Data), "rent")
	require.Len(t, stored.KeyIDs, 1)
	require.Contains(t, string(stored.Data), stored.KeyIDs[0].String())
	require.NoError(t, tr.Validate(stored.Kind, stored.SchemaVersion, stored.Data))
	got, err := tr.Transfers.Decode(stored.Kind, stored.SchemaVersion, at.EventID, stored.Data)
	require.NoError(t, err)
	require.Equal(t, transfer.Event(initiated()), got)
}

func TestAnEventIsTheSameBytesEachTimeButForItsSeals(t *testing.T) {
	t.Parallel()
	tr, _ := treaty(t)
	event := initiated()
	event.Reference = domain.Evidence{}
	first, err := tr.Encode(event, place())
	require.NoError(t, err)
	second, err := tr.Encode(event, schemas.Place{})
	require.NoError(t, err, "without personal data there is no need of a subject")
	require.Equal(t, first, second)
	require.Empty(t, first.KeyIDs)
	_, err = tr.Encode(initiated(), schemas.Place{})
	require.ErrorIs(t, err, seal.ErrLimit, "with it there is")
}

func TestErasureLeavesTheRestOfTheEvent(t *testing.T) {
	t.Parallel()
	tr, ring := treaty(t)
	at := place()
	event := account.Opened{Account: id.Named[id.Account]("a"), Customer: id.Named[id.Customer]("c"), Class: "customer",
		Name: domain.NewProfile("Zoë"), Currency: "EUR", At: time.Unix(1, 0).UTC()}
	stored, err := tr.Accounts.Encode(event, at)
	require.NoError(t, err)
	require.NoError(t, ring.Destroy(at.Subject, domain.RetainProfile))
	got, err := tr.Accounts.Decode(stored.Kind, 1, at.EventID, stored.Data)
	require.NoError(t, err)
	event.Name = domain.ErasedProfile()
	require.Equal(t, account.Event(event), got)

	_, err = tr.Accounts.Encode(account.Opened{Name: domain.NewProfile("Zoë"), At: event.At}, at)
	require.ErrorIs(t, err, seal.ErrDestroyed)
	again, err := tr.Accounts.Encode(event, at)
	require.NoError(t, err, "what is erased already needs no key")
	require.NoError(t, tr.Validate(again.Kind, 1, again.Data))
	got, err = tr.Accounts.Decode(again.Kind, 1, at.EventID, again.Data)
	require.NoError(t, err)
	require.Equal(t, account.Event(event), got)
}

func TestDecodeClosedNeedsNoKey(t *testing.T) {
	t.Parallel()
	tr, _ := treaty(t)
	at := place()
	stored, err := tr.Encode(initiated(), at)
	require.NoError(t, err)
	stranger, _ := treaty(t)
	got, err := stranger.DecodeClosed(stored.Kind, 1, at.EventID, stored.Data)
	require.NoError(t, err)
	want := initiated()
	want.Reference = domain.ErasedEvidence()
	require.Equal(t, want, got)
	_, err = stranger.DecodeAny(stored.Kind, 1, at.EventID, stored.Data)
	require.ErrorIs(t, err, seal.ErrUnknownKey)
	bad := strings.Replace(string(stored.Data), `"alg":"A256GCM"`, `"alg":"A256GCN"`, 1)
	_, err = stranger.DecodeClosed(stored.Kind, 1, at.EventID, []byte(bad))
	require.ErrorIs(t, err, seal.ErrField)
}

func TestASealedFieldCannotBeMoved(t *testing.T) {
	t.Parallel()
	tr, _ := treaty(t)
	at := place()
	event := initiated()
	event.Evidence = transfer.Signed{Proof: domain.NewEvidence("proof"), Body: domain.NewEvidence("body!")}
	stored, err := tr.Encode(event, at)
	require.NoError(t, err)
	require.Len(t, stored.KeyIDs, 1, "each key once")
	_, err = tr.DecodeAny(stored.Kind, 1, uuid.New(), stored.Data)
	require.ErrorIs(t, err, seal.ErrField, "to another event")
	swapped := strings.NewReplacer(`"proof":`, `"body":`, `"body":`, `"proof":`).Replace(string(stored.Data))
	_, err = tr.DecodeAny(stored.Kind, 1, at.EventID, []byte(swapped))
	require.ErrorIs(t, err, seal.ErrField, "to another path")
	require.ErrorIs(t, err, schemas.ErrStored)
}

func TestStoredDataIsReadStrictly(t *testing.T) {
	t.Parallel()
	tr, _ := treaty(t)
	leg := func(minor string) string {
		return `{"account":"acc_2b414d8c-d750-821f-a38d-92c425ab5454","minor":` + minor + `,"currency":"EUR"}`
	}
	for name, data := range map[string]string{
		"a member nobody knows": `{"code":"x","at":"2026-01-02T03:04:05Z","why":"y"}`,
		"a member twice":        `{"code":"x","code":"y","at":"2026-01-02T03:04:05Z"}`,
		"another case":          `{"Code":"x","at":"2026-01-02T03:04:05Z"}`,
		"not UTF-8":             "{\"code\":\"\xff\",\"at\":\"2026-01-02T03:04:05Z\"}",
		"something behind":      `{"code":"x","at":"2026-01-02T03:04:05Z"}{}`,
		"another type":          `{"code":1,"at":"2026-01-02T03:04:05Z"}`,
		"no object":             `[]`,
		"nothing":               ``,
	} {
		_, err := tr.DecodeAny("transfer.rejected", 1, uuid.New(), []byte(data))
		require.ErrorIs(t, err, schemas.ErrStored, name)
	}
	for name, legs := range map[string]string{
		"legs that make money": leg("5") + "," + leg("-4"), "one leg": leg("5"), "no legs": "", "a leg of nothing": leg("0") + "," + leg("0"),
	} {
		_, err := tr.DecodeAny("transfer.posted", 1, uuid.New(), []byte(`{"legs":[`+legs+`],"at":"2026-01-02T03:04:05Z"}`))
		require.ErrorIs(t, err, money.ErrUnbalanced, name)
	}
	_, err := tr.DecodeAny("transfer.unheard_of", 1, uuid.New(), []byte(`{}`))
	require.ErrorIs(t, err, schemas.ErrUnknownKind)
	_, err = tr.DecodeAny("transfer.rejected", 2, uuid.New(), []byte(`{}`))
	require.ErrorIs(t, err, schemas.ErrUnknownKind)
}

type pretender struct{}

func (pretender) Kind() string { return "transfer.rejected" }

type stranger struct{}

func (stranger) Kind() string { return "transfer.unheard_of" }

func TestOnlyListedEventsAreWritten(t *testing.T) {
	t.Parallel()
	tr, _ := treaty(t)
	_, err := tr.Encode(stranger{}, place())
	require.ErrorIs(t, err, schemas.ErrUnknownKind)
	_, err = tr.Encode(pretender{}, place())
	require.ErrorContains(t, err, "calls itself")
}

func TestSchemasRefuseWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	tr, _ := treaty(t)
	require.NoError(t, tr.Validate("transfer.rejected", 1, []byte(`{"code":"x","at":"2026-01-02T03:04:05Z"}`)))
	for name, data := range map[string]string{
		"a member is missing": `{"code":"x"}`, "null": `{"code":null,"at":"2026-01-02T03:04:05Z"}`, "another zone": `{"code":"x","at":"2026-01-02T03:04:05+01:00"}`,
		"no such day": `{"code":"x","at":"2026-02-30T03:04:05Z"}`, "one too many": `{"code":"x","at":"2026-01-02T03:04:05Z","a":1}`, "no JSON": `{`,
	} {
		require.ErrorIs(t, tr.Validate("transfer.rejected", 1, []byte(data)), schemas.ErrInvalid, name)
	}
	require.ErrorIs(t, tr.Validate("transfer.rejected", 9, []byte(`{}`)), schemas.ErrUnknownKind)
	order := `{"from":"acc_2b414d8c-d750-821f-a38d-92c425ab5454","to":"acc_2b414d8c-d750-821f-a38d-92c425ab5455","amount":"1.00","currency":"EUR"}`
	require.NoError(t, schemas.ValidateCommand("InitiateTransfer", []byte(order)))
	require.ErrorIs(t, schemas.ValidateCommand("InitiateTransfer", []byte(strings.Replace(order, `"1.00"`, `1.00`, 1))), schemas.ErrInvalid)
	require.ErrorIs(t, schemas.ValidateCommand("InitiateTransfer", []byte(strings.Replace(order, `acc_`, `trf_`, 1))), schemas.ErrInvalid)
	require.ErrorIs(t, schemas.ValidateCommand("PrintMoney", []byte(order)), schemas.ErrUnknownKind)
}

func TestManyMayEncodeAndDecodeAtOnce(t *testing.T) {
	t.Parallel()
	tr, _ := treaty(t)
	var wait sync.WaitGroup
	for i := range 16 {
		wait.Go(func() {
			at, event := place(), initiated()
			event.Reference = domain.NewEvidence(strings.Repeat("x", i))
			for range 20 {
				stored, err := tr.Encode(event, at)
				if err != nil {
					panic(err)
				}
				got, err := tr.DecodeAny(stored.Kind, 1, at.EventID, stored.Data)
				if err != nil || got != domain.Event(event) {
					panic("another's event")
				}
			}
		})
	}
	wait.Wait()
}

func FuzzDecode(f *testing.F) {
	examples, err := filepath.Glob("testdata/*.json")
	require.NoError(f, err)
	tr, _ := treaty(f)
	kinds := tr.Kinds()
	for i, example := range examples {
		text, err := os.ReadFile(example)
		require.NoError(f, err)
		f.Add(uint(i), text[strings.Index(string(text), `"data":`)+7:len(text)-2])
	}
	f.Fuzz(func(_ *testing.T, kind uint, data []byte) {
		k := kinds[kind%uint(len(kinds))]
		_, _ = tr.DecodeAny(k.Name, k.Version, uuid.UUID{1}, data)
		_, _ = tr.DecodeClosed(k.Name, k.Version, uuid.UUID{1}, data)
		_ = tr.Validate(k.Name, k.Version, data)
	})
}

func benchmarkEncode(b *testing.B, event domain.Event) {
	tr, _ := treaty(b)
	at := place()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tr.Encode(event, at); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeSealed(b *testing.B) { benchmarkEncode(b, initiated()) }

func BenchmarkEncodePlain(b *testing.B) {
	event := initiated()
	event.Reference = domain.Evidence{}
	benchmarkEncode(b, event)
}

func BenchmarkEncodeCredited(b *testing.B) {
	sum := money.Amount{Minor: 1234, Currency: "EUR"}
	benchmarkEncode(b, account.Credited{Posting: id.Named[id.Transfer]("t").Stream(), Amount: sum, Balance: sum, At: time.Unix(1e9, 1000).UTC()})
}

func BenchmarkEncodePosted(b *testing.B) {
	sum := money.Amount{Minor: 1234, Currency: "EUR"}
	legs, err := money.NewPosting(money.Leg{Account: id.Named[id.Account]("a"), Amount: sum}, money.Leg{Account: id.Named[id.Account]("b"), Amount: sum.Negate()})
	require.NoError(b, err)
	benchmarkEncode(b, journal.Posted{Journal: id.Named[id.Journal]("j"), Purpose: "deposit", Legs: legs, At: time.Unix(1e9, 1000).UTC()})
}

func BenchmarkDecode(b *testing.B) {
	tr, _ := treaty(b)
	at := place()
	stored, err := tr.Transfers.Encode(initiated(), at)
	require.NoError(b, err)
	b.Run("open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = tr.DecodeAny(stored.Kind, 1, at.EventID, stored.Data)
		}
	})
	b.Run("closed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = tr.DecodeClosed(stored.Kind, 1, at.EventID, stored.Data)
		}
	})
}
