package projections

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/incoming"
	"florin/eventbus"
)

// receive has other banks pay: anna's money is recalled when half of it is spent, and
// money for nobody waits.
func (w *world) receive() {
	begin := func(name string, events ...domain.Event) id.Incoming {
		of := id.Named[id.Incoming](name)
		first := incoming.Received{Incoming: of, Rail: "sepa", Reference: name, Creditor: domain.NewEvidence(canary + "to"), Debtor: domain.NewEvidence(canary + "from"),
			DebtorName: domain.NewEvidence(canary + "zoe"), Amount: eur(1_000), Text: domain.NewEvidence(canary + "salary"), At: w.now}
		w.commit(eventbus.Header{ActorType: "client"}, w.part(of.Stream(), append([]domain.Event{first}, events...)...))
		return of
	}
	entry := id.Named[id.Journal]("receipt")
	w.wanted = begin("IN-1", incoming.Credited{Account: w.annas, Customer: w.anna, Journal: entry, At: w.now},
		incoming.Returned{Return: "R1", Reason: "FRAD", Recall: "C1", Owed: eur(500), Journal: entry, At: w.now}, incoming.ReturnSettled{Journal: entry, At: w.now})
	w.nobodys = begin("IN-2", incoming.Suspended{Reason: "AC01", Journal: entry, At: w.now})
}

func TestIncomingPaymentsTellWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	w, r := followed(t)
	ctx := context.Background()
	back, err := r.Incoming(ctx, w.wanted)
	require.NoError(t, err)
	require.Equal(t, Incoming{Incoming: w.wanted, Account: w.annas, Customer: w.anna, Rail: "sepa", Reference: "IN-1", Amount: eur(1_000), Status: incoming.GoneBack,
		Reason: "FRAD", Return: "R1", Recall: "C1", Owed: eur(500), ReceivedAt: back.ReceivedAt, ChangedAt: back.ChangedAt, Begun: back.Begun, Position: back.Begun + 3}, back)
	all, err := r.IncomingPayments(ctx, "", 0, 10)
	require.NoError(t, err)
	require.Equal(t, []id.Incoming{w.nobodys, w.wanted}, []id.Incoming{all[0].Incoming, all[1].Incoming}, "newest first")
	rest, err := r.IncomingPayments(ctx, "", all[0].Begun, 10)
	require.NoError(t, err)
	require.Equal(t, []Incoming{back}, rest)
	waiting, err := r.IncomingPayments(ctx, incoming.Held, 0, 10)
	require.NoError(t, err)
	require.Len(t, waiting, 1)
	require.Equal(t, []any{w.nobodys, "AC01", id.Account{}}, []any{waiting[0].Incoming, waiting[0].Reason, waiting[0].Account})
	_, err = r.Incoming(ctx, id.Named[id.Incoming]("none"))
	require.ErrorIs(t, err, ErrMissing)
}
