package commands

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/domain/transfer"
	"florin/eventbus/eventbustest"
)

// life is every way in which money moves, one after another. What it leads to must
// not depend on what the journal did meanwhile.
func (h *house) life() (from, to id.Account, told map[string]ackedDeed) {
	told = map[string]ackedDeed{}
	do := func(key string, who id.Customer, ask func(context.Context, *Bank, Order) (any, Outcome, error)) any {
		order := h.again(who, key)
		d := deed{key, func(ctx context.Context, b *Bank) (any, Outcome, error) { return ask(ctx, b, order) }}
		r := insist(h.t, h.bank, d, false)
		require.NotZero(h.t, r.receipt, key)
		told[key] = ackedDeed{d, r}
		return r.answer
	}
	open := func(key string, who id.Customer) id.Account {
		return do(key, who, func(ctx context.Context, b *Bank, o Order) (any, Outcome, error) {
			return pack(b.Accounts().Open(ctx, o, OpenAccount{Customer: who, Currency: "EUR"}))
		}).(AccountAnswer).Account
	}
	send := func(key string, minor int64) TransferAnswer {
		return do(key, alice, func(ctx context.Context, b *Bank, o Order) (any, Outcome, error) {
			return pack(b.Transfers().Initiate(ctx, o, InitiateTransfer{From: from, To: to, Amount: euros(minor)}))
		}).(TransferAnswer)
	}
	from, to = open("from", alice), open("to", bob)
	do("deposit", alice, func(ctx context.Context, b *Bank, o Order) (any, Outcome, error) {
		return pack(b.Deposits().Deposit(ctx, o, MakeDeposit{To: from, Amount: euros(500_000)}))
	})
	small := send("straight", 2_500)
	send("refused", 900_000)
	large := send("challenged", 200_000)
	answer := func(key string, proven bool) {
		do(key, alice, func(ctx context.Context, b *Bank, o Order) (any, Outcome, error) {
			return pack(b.Transfers().Authorise(ctx, o, AuthoriseTransfer{Transfer: large.Transfer, Method: MethodSCAKey, Statement: h.statement(large), Proven: proven}))
		})
	}
	answer("mistaken", false)
	answer("confirmed", true)
	gone := send("second thoughts", 150_000)
	do("withdrawn", alice, func(ctx context.Context, b *Bank, o Order) (any, Outcome, error) {
		return pack(b.Transfers().Cancel(ctx, o, gone.Transfer))
	})
	do("reversed", alice, func(ctx context.Context, b *Bank, o Order) (any, Outcome, error) {
		return pack(b.Transfers().Reverse(ctx, o, ReverseTransfer{Transfer: small.Transfer, Amount: euros(500)}))
	})
	return from, to, told
}

// TestTheNthAppendFails lets each append of a life fail once in every way that
// there is, then opens the journal anew and checks everything.
func TestTheNthAppendFails(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]eventbustest.Fault{
		"it was kept and the answer lost": eventbustest.FailsKept, "it was lost": eventbustest.FailsLost,
		"it is late": eventbustest.FailsLate, "another writer was first": eventbustest.Fences,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, hit := 1, true
			for ; hit; at++ {
				hit = lifeWithFault(t, fault, at)
			}
			require.Greater(t, at, 10, "the walk met few appends")
		})
	}
}

func lifeWithFault(t *testing.T, fault eventbustest.Fault, at int) (hit bool) {
	t.Helper()
	store := eventbustest.NewStore()
	journal := store.Journal()
	h, log := newHouseOn(t, journal, new(eventbustest.MemoryIndex))
	known(t, h.bank, alice)
	known(t, h.bank, bob)
	journal.Script(func(n int) eventbustest.Fault {
		if n == at {
			hit = true
			return fault
		}
		return eventbustest.Works
	})
	from, to, told := h.life()
	require.NoError(t, log.Close(h.ctx()))
	store.Land()

	h.reopen(h.sequencer(store.Journal(), new(eventbustest.MemoryIndex)))
	h.judge(told)
	where := fmt.Sprint("append ", at)
	require.Equal(t, [4]int64{500_000 - 202_500 + 500, 0, 202_500 - 500, 0},
		[4]int64{h.money(from).Balance, h.money(from).Held, h.money(to).Balance, h.money(to).Held}, where)
	require.Equal(t, "insufficient-funds", told["refused"].code, where)
	require.Equal(t, transfer.ErrSCA.Code, told["mistaken"].code, where)
	return hit
}
