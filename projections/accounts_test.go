package projections

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain/id"
)

func TestAccountsShowBalancesAndTransactions(t *testing.T) {
	t.Parallel()
	b, _ := newTapeBank(t, 1)
	owner := id.From[id.Customer](uuid.UUID{1})
	from, to := b.open(owner), b.open(owner)
	b.deposit(from, 10_000)
	_, receipt := b.transfer(from, to, 2_500)
	r := b.reads("")
	run(t, r)
	b.settle(r)
	ctx := context.Background()

	got, err := r.Account(ctx, from)
	require.NoError(t, err)
	require.Equal(t, eur(7_500), got.Balance)
	require.Equal(t, eur(7_500), got.Available)
	all, err := r.AccountsOf(ctx, owner, id.Account{}, 10)
	require.NoError(t, err)
	require.Len(t, all, 2)
	page, err := r.Transactions(ctx, from, Span{}, 0, 10)
	require.NoError(t, err)
	require.Len(t, page, 2)
	require.Equal(t, eur(-2_500), page[0].Amount)
	require.Equal(t, to, page[0].Counterparty)
	require.Equal(t, canary+"rent", page[0].Reference)
	require.Equal(t, "deposit", page[1].Purpose)
	balance, _, err := r.BalanceAt(ctx, from, At{Position: receipt.First - 1})
	require.NoError(t, err)
	require.Equal(t, eur(10_000), balance)
}
