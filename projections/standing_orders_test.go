package projections

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/payment"
	"florin/domain/standing"
	"florin/eventbus"
)

func TestAStandingOrderToAnotherBank(t *testing.T) {
	t.Parallel()
	w := newWorld(newBank(t))
	order, out := id.Named[id.StandingOrder]("abroad"), id.Named[id.Payment]("out")
	payee := standing.Payee{IBAN: domain.NewEvidence(canary + "iban"), Name: domain.NewEvidence(canary + "name"), Verified: standing.AlmostMatch, Holder: domain.NewEvidence(canary + "holder")}
	w.commit(eventbus.Header{ActorType: "customer", Actor: w.anna.UUID()}, w.part(order.Stream(),
		standing.Ordered{Order: order, Customer: w.anna, From: w.annas, Payee: payee, Amount: eur(100), Plan: standing.Plan{Frequency: standing.Monthly, First: "2026-02-01"}, Zone: "UTC", At: w.now},
		standing.Challenged{Challenge: id.From[id.Challenge](w.uuid()), Nonce: "n", Methods: []string{"totp"}, ExpiresAt: w.now.Add(time.Minute), At: w.now},
		standing.Authorised{Challenge: id.From[id.Challenge](w.uuid()), Method: "totp", At: w.now}, standing.Executed{Day: "2026-02-01", Payment: out, At: w.now},
		standing.Failed{Occurrence: 1, Day: "2026-03-01", Slot: 1, Code: "rail-unavailable", At: w.now}))
	w.commit(eventbus.Header{ActorType: "system"}, w.part(out.Stream(),
		payment.Initiated{Payment: out, Customer: w.anna, From: w.annas, Creditor: domain.NewEvidence("iban"), CreditorName: domain.NewEvidence("name"), Amount: eur(100), Rail: "sepa", At: w.now},
		payment.Ordered{Order: order, At: w.now}, payment.Authorised{At: w.now}))
	r := w.reads("")
	run(t, r)
	ctx := context.Background()
	require.NoError(t, r.Caught(ctx))
	seen, err := r.StandingOrder(ctx, order)
	require.NoError(t, err)
	require.Equal(t, []string{canary + "iban", canary + "name", canary + "holder"}, []string{seen.IBAN, seen.Name, seen.PayeeName})
	require.Equal(t, []any{standing.AlmostMatch, id.Account{}, int64(1), "2026-03-01", "rail-unavailable"}, []any{seen.Payee, seen.To, seen.Executed, seen.Next, seen.Failure})
	require.Equal(t, []id.Payment{out, {}}, []id.Payment{seen.Occurrences[0].Payment, seen.Occurrences[1].Payment})
	all, err := r.StandingOrdersOf(ctx, w.anna, id.StandingOrder{}, 10)
	require.NoError(t, err)
	require.Len(t, all, 2)
	named := 0
	for _, one := range all {
		if one.Order == order {
			named++
			require.Equal(t, canary+"iban", one.IBAN, "in the list too")
		} else {
			require.Empty(t, one.IBAN+one.Name+one.PayeeName+string(one.Payee))
		}
	}
	require.Equal(t, 1, named)
	paid, err := r.Payment(ctx, out)
	require.NoError(t, err)
	require.Equal(t, order, paid.Order)
	none, err := r.StandingOrdersOf(ctx, w.bert, id.StandingOrder{}, 10)
	require.NoError(t, err)
	require.Empty(t, none)
}
