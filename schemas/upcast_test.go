package schemas

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/transfer"
	"florin/schemas/seal"
)

// sentV1 is how a made-up bank of long ago stored a transfer: under another
// kind, with other names, and without a currency.
type sentV1 struct {
	Transfer id.Transfer     `json:"transfer"`
	Cents    int64           `json:"cents"`
	Memo     domain.Evidence `json:"memo,omitzero"`
	When     time.Time       `json:"when"`
}

func (sentV1) Kind() string { return "transfer.sent" }

// sentV2 gave the money a currency; the kind stayed.
type sentV2 struct {
	Transfer id.Transfer     `json:"transfer"`
	Sum      money.Amount    `json:"sum"`
	Memo     domain.Evidence `json:"memo,omitzero"`
	When     time.Time       `json:"when"`
}

func (sentV2) Kind() string { return "transfer.sent" }

var (
	sentLongAgo  = newTable(Event(1, func(e sentV1) domain.Event { return e }))
	sentYears    = newTable(Event(2, func(e sentV2) domain.Event { return e }))
	initiatedNow = newTable(
		Event(1, func(e transfer.Initiated) domain.Event { return e }),
		Upcast("transfer.sent", 1, func(old sentV1) domain.Event {
			return transfer.Initiated{Transfer: old.Transfer, Amount: money.Amount{Minor: old.Cents, Currency: "EUR"}, Reference: old.Memo, At: old.When}
		}),
		Upcast("transfer.sent", 2, func(old sentV2) domain.Event {
			return transfer.Initiated{Transfer: old.Transfer, Amount: old.Sum, Reference: old.Memo, At: old.When}
		}),
	)
)

// TestAnOldKindIsLiftedToTheEventOfToday shows also that a sealed field opens
// under the path it was stored at, and only then gets its name of today.
func TestAnOldKindIsLiftedToTheEventOfToday(t *testing.T) {
	t.Parallel()
	ring, err := seal.Memory(&counting{})
	require.NoError(t, err)
	desk := newDesk(ring)
	at := Place{uuid.UUID{7}, seal.Subject{Kind: "customer", ID: uuid.UUID{8}}}
	when := time.Unix(1e9, 0).UTC()
	want := transfer.Initiated{
		Transfer: id.Named[id.Transfer]("old"), Amount: money.Amount{Minor: 1250, Currency: "EUR"},
		Reference: domain.NewEvidence("rent"), At: when,
	}
	reader := &Codec[domain.Event]{initiatedNow, desk}
	first, err := (&Codec[domain.Event]{sentLongAgo, desk}).Encode(sentV1{want.Transfer, 1250, want.Reference, when}, at)
	require.NoError(t, err)
	second, err := (&Codec[domain.Event]{sentYears, desk}).Encode(sentV2{want.Transfer, want.Amount, want.Reference, when}, at)
	require.NoError(t, err)
	require.Equal(t, []uint16{1, 2}, []uint16{first.SchemaVersion, second.SchemaVersion})
	for _, stored := range []Stored{first, second} {
		got, err := reader.Decode(stored.Kind, stored.SchemaVersion, at.EventID, stored.Data)
		require.NoError(t, err)
		require.Equal(t, domain.Event(want), got)
	}

	require.NoError(t, ring.Destroy(at.Subject, domain.RetainEvidence))
	got, err := reader.Decode(first.Kind, 1, at.EventID, first.Data)
	require.NoError(t, err)
	require.True(t, got.(transfer.Initiated).Reference.Erased())

	_, err = reader.Decode("transfer.sent", 3, at.EventID, first.Data)
	require.ErrorIs(t, err, ErrUnknownKind, "a version of the future is not guessed at")
	_, err = reader.Decode("transfer.sent", 2, at.EventID, first.Data)
	require.ErrorIs(t, err, ErrStored, "versions are not mixed up")
	_, err = reader.Encode(sentV1{}, at)
	require.ErrorIs(t, err, ErrUnknownKind, "a retired kind is not written any more")
}

func TestATableThatContradictsItselfIsRefused(t *testing.T) {
	t.Parallel()
	one := Event(1, func(e sentV1) domain.Event { return e })
	require.Panics(t, func() { newTable(one, one) }, "listed twice")
	require.Panics(t, func() { newTable(one, Event(2, func(e sentV2) domain.Event { return e })) }, "written in two versions")
	require.Panics(t, func() { newTable(Event(0, func(e sentV1) domain.Event { return e })) }, "version 0")
	tr := New(must(seal.Memory(&counting{})))
	require.Panics(t, func() { sign(tr, newDesk(nil), Accounts) }, "in two tables")
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
