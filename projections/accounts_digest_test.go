package projections

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/eventbus"
)

// shared is all that can happen to who holds an account, what is held on it and what
// may leave it.
func (w *world) shared() id.Account {
	of, anna, bert := w.open(w.anna), w.anna, w.bert
	w.deposit(of, 9_000)
	invitation, another := id.Named[id.Invitation]("bert"), id.Named[id.Invitation]("cleo")
	invited := func(i id.Invitation, who id.Customer, role account.Role) account.HolderInvited {
		return account.HolderInvited{Invitation: i, Customer: who, Name: domain.NewProfile(canary + "name"), Role: role, By: anna, ExpiresAt: w.now.Add(time.Hour), At: w.now}
	}
	hold, lifted := id.Named[id.Hold]("kept"), id.Named[id.Hold]("lifted")
	limits := func(daily, monthly int64) account.Limits {
		return account.Limits{Daily: eur(daily), Monthly: eur(monthly)}
	}
	for _, event := range []domain.Event{
		account.LimitsAgreed{Limits: limits(1_000, 2_000), Cap: limits(3_000, 4_000), Zone: "Asia/Tokyo", At: w.now},
		account.LimitsChanged{Limits: limits(2_500, 3_500), At: w.now},
		account.CapChanged{Limits: limits(2_000, 3_500), Cap: limits(2_000, 3_600), Reason: "fraud-watch", At: w.now},
		invited(invitation, bert, account.Reader), account.HolderAdded{Invitation: invitation, Customer: bert, Role: account.Reader, At: w.now},
		invited(another, w.cleo, account.Owner), account.InvitationEnded{Invitation: another, By: anna, At: w.now},
		invited(id.Named[id.Invitation]("waits"), w.cleo, account.Owner),
		account.HoldPlaced{Hold: hold, Amount: eur(700), Reason: "dispute", At: w.now},
		account.HoldPlaced{Hold: lifted, Amount: eur(900), Reason: "dispute", At: w.now}, account.HoldLifted{Hold: lifted, Amount: eur(900), Reason: "settled", At: w.now},
	} {
		w.commit(eventbus.Header{}, w.part(of.Stream(), event))
	}
	return of
}

var sharing = []string{"v_accounts", "v_holders", "v_transactions", "v_periods", "v_products"}

// What accounts' views say of holders, holds, limits and months is the same live,
// rebuilt and replayed, and no fact of them leaves a digest as it was.
func TestDigestsOfSharedAccounts(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	w := newWorld(b)
	of := w.shared()
	r := b.reads("")
	run(t, r)
	b.settle(r)
	ctx := context.Background()
	require.Equal(t, [][]string{{"2000", "3500", "2000", "3600", "Asia/Tokyo", "700", "8300"}},
		rowsOf(t, r, Analysis{View: "v_accounts", Columns: []string{"daily_limit", "monthly_limit", "daily_cap", "monthly_cap", "time_zone", "held", "available"},
			Filters: []Filter{{"account", Eq, []string{of.String()}}}}))
	holders, err := r.HoldersOf(ctx, of)
	require.NoError(t, err)
	require.Len(t, holders, 2)
	waiting, err := r.InvitationsOf(ctx, of, w.now)
	require.NoError(t, err)
	require.Len(t, waiting, 1)
	held, err := r.HoldsOf(ctx, of)
	require.NoError(t, err)
	require.Len(t, held, 1)

	live, err := r.Digests(ctx, sharing...)
	require.NoError(t, err)
	require.NoError(t, r.Rebuild(ctx, "accounts", func(uint64, uint64) {}))
	rebuilt, err := r.Digests(ctx, sharing...)
	require.NoError(t, err)
	require.Equal(t, live, rebuilt)
	after, err := r.InvitationsOf(ctx, of, w.now)
	require.NoError(t, err)
	require.Equal(t, waiting, after, "which no view shows")

	before, err := r.Digests(ctx, "v_accounts", "v_holders", "v_transactions")
	require.NoError(t, err)
	b.commit(eventbus.Header{}, b.part(of.Stream(), account.LimitsChanged{Limits: account.Limits{Daily: eur(1), Monthly: eur(2)}, At: b.now}))
	b.commit(eventbus.Header{}, b.part(of.Stream(), account.HolderRemoved{Customer: w.bert, By: w.anna, At: b.now}))
	b.commit(eventbus.Header{}, b.part(of.Stream(), account.HoldPlaced{Hold: id.Named[id.Hold]("more"), Amount: eur(1), Reason: "dispute", At: b.now}))
	b.settle(r)
	now, err := r.Digests(ctx, "v_accounts", "v_holders", "v_transactions")
	require.NoError(t, err)
	for i := range now {
		require.NotEqual(t, before[i].SHA256, now[i].SHA256, now[i].View)
	}
}
