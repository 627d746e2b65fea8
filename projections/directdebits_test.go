package projections

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/directdebit"
	"florin/domain/id"
	"florin/domain/mandate"
	"florin/eventbus"
)

// collect has another bank collect from anna: once it is paid back, once refused; one
// mandate is granted anew after its end, and another's creditor is blocked.
func (w *world) collect() {
	gas, water := id.Named[id.Creditor]("gas"), id.Named[id.Creditor]("water")
	w.gas, w.water = id.Named[id.Mandate]("gas"), id.Named[id.Mandate]("water")
	terms := func(of string) mandate.Terms {
		return mandate.Terms{CreditorID: domain.NewEvidence(canary + of), CreditorName: domain.NewEvidence(canary + "creditor"), Reference: domain.NewEvidence(canary + "umr")}
	}
	received := func(name string) directdebit.Received {
		return directdebit.Received{DirectDebit: id.Named[id.DirectDebit](name), Rail: "sepa", Reference: name, EndToEnd: domain.NewEvidence(canary + "e2e"), Debtor: domain.NewEvidence(canary + "from"),
			Creditor: domain.NewEvidence(canary + "to"), CreditorName: domain.NewEvidence(canary + "creditor"), CreditorID: domain.NewEvidence(canary + "gas"), Mandate: domain.NewEvidence(canary + "umr"),
			Sequence: "RCUR", Amount: eur(500), Text: domain.NewEvidence(canary + "may"), At: w.now}
	}
	w.collected, w.refused = id.Named[id.DirectDebit]("TX-1"), id.Named[id.DirectDebit]("TX-2")
	entry := id.Named[id.Journal]("collection")
	w.commit(eventbus.Header{ActorType: "client"},
		w.part(w.collected.Stream(), received("TX-1"), directdebit.Collected{Account: w.annas, Customer: w.anna, Mandate: w.gas, Journal: entry, At: w.now},
			directdebit.Refunded{Refund: "D1", Grounds: directdebit.NoReason, By: w.anna, Journal: entry, At: w.now}, directdebit.ClaimDenied{Reason: "LEGL", Journal: entry, At: w.now}),
		w.part(w.gas.Stream(), mandate.Registered{Mandate: w.gas, Account: w.annas, Customer: w.anna, Creditor: gas, Terms: terms("old"), At: w.now},
			mandate.Collected{DirectDebit: w.collected, Amount: eur(500), At: w.now}, mandate.Cancelled{Reason: "customer", At: w.now},
			mandate.Granted{Mandate: w.gas, Account: w.annas, Customer: w.anna, Creditor: gas, Terms: terms("gas"), Limit: eur(700), By: w.anna, At: w.now}))
	w.commit(eventbus.Header{ActorType: "client"},
		w.part(w.refused.Stream(), received("TX-2"), directdebit.Refused{Account: w.annas, Customer: w.anna, Reason: "AM04", At: w.now}),
		w.part(w.water.Stream(), mandate.Granted{Mandate: w.water, Account: w.annas, Customer: w.anna, Creditor: water, Terms: terms("water"), By: w.anna, At: w.now},
			mandate.Suspended{By: w.anna, At: w.now}),
		w.part(water.Stream(), mandate.CreditorBlocked{Creditor: water, Account: w.annas, By: w.anna, At: w.now}),
		w.part(gas.Stream(), mandate.CreditorBlocked{Creditor: gas, Account: w.annas, By: w.anna, At: w.now}, mandate.CreditorAllowed{Creditor: gas, Account: w.annas, By: w.anna, At: w.now}))
}

func TestDirectDebitsTellWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	w, r := followed(t)
	ctx := context.Background()
	back, err := r.DirectDebit(ctx, w.collected)
	require.NoError(t, err)
	require.Equal(t, []any{directdebit.Lost, "LEGL", eur(500), directdebit.NoReason, w.annas, w.gas}, []any{back.Status, back.Reason, back.Amount, back.Grounds, back.Account, back.Mandate})
	require.Equal(t, []string{canary + "gas", canary + "creditor", canary + "umr", canary + "may", canary + "to", canary + "e2e"},
		[]string{back.CreditorID, back.CreditorName, back.MandateReference, back.Text, back.Creditor, back.EndToEnd})
	all, err := r.DirectDebitsOf(ctx, w.anna, 0, 10)
	require.NoError(t, err)
	require.Equal(t, []id.DirectDebit{w.refused, w.collected}, []id.DirectDebit{all[0].DirectDebit, all[1].DirectDebit}, "newest first")
	rest, err := r.DirectDebitsOf(ctx, w.anna, all[0].Begun, 10)
	require.NoError(t, err)
	require.Equal(t, []DirectDebit{back}, rest)
	none, err := r.DirectDebitsOf(ctx, w.bert, 0, 10)
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = r.DirectDebitOf(ctx, w.bert, w.collected)
	require.ErrorIs(t, err, ErrMissing)
	claimed, err := r.DirectDebitsClaimed(ctx, 0, 10)
	require.NoError(t, err)
	require.Equal(t, []DirectDebit{back}, claimed)
}

func TestMandatesTellWhoMayCollect(t *testing.T) {
	t.Parallel()
	w, r := followed(t)
	ctx := context.Background()
	gas, err := r.MandateOf(ctx, w.anna, w.gas)
	require.NoError(t, err)
	require.Equal(t, []any{mandate.Active, "", eur(700), true, int64(1), false}, []any{gas.Status, gas.Reason, gas.Limit, gas.Granted, gas.Count, gas.Blocked})
	require.Equal(t, []string{canary + "gas", canary + "creditor", canary + "umr"}, []string{gas.CreditorID, gas.CreditorName, gas.Reference}, "as it was granted last")
	water, err := r.MandateOf(ctx, w.anna, w.water)
	require.NoError(t, err)
	require.Equal(t, []any{mandate.OnHold, true}, []any{water.Status, water.Blocked})
	all, err := r.MandatesOf(ctx, w.anna, id.Mandate{}, 10)
	require.NoError(t, err)
	require.Len(t, all, 2)
	rest, err := r.MandatesOf(ctx, w.anna, all[0].Mandate, 10)
	require.NoError(t, err)
	require.Equal(t, all[1:], rest)
	_, err = r.MandateOf(ctx, w.bert, w.gas)
	require.ErrorIs(t, err, ErrMissing)
}
