package commands

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/batch"
	"florin/domain/id"
	"florin/domain/transfer"
)

// eachOf asks for the same amount to each, each by itself.
func eachOf(from id.Account, minor int64, to ...id.Account) SubmitBatch {
	ask := batchOf(from, minor, to...)
	ask.Mode = batch.Each
	return ask
}

func TestEachByItself(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, x, shut, y := h.account(alice, "Alice", 25_000), h.account(bob, "Bob", 0), h.account(bob, "Bob", 0), h.account(bob, "Bob", 0)
	h.close(shut)
	order := h.again(alice, "each")
	ask := eachOf(from, 10_000, x, shut, from, y, x)
	answer, outcome, err := h.submit(order, ask)
	require.NoError(t, err)
	require.Equal(t, []any{batch.Done, batch.Each, int64(5), int64(3)}, []any{answer.Status, answer.Mode, answer.Count, answer.Failed})
	require.Equal(t, "batch.submitted", h.kinds(outcome)[0])
	require.Equal(t, []transfer.Phase{transfer.Done, transfer.Declined, transfer.Declined, transfer.Done, transfer.Declined}, h.phases(answer.Batch, 5),
		"a closed account, the debtor itself, and what the balance no longer covers")
	var codes []string
	for i := range answer.Count {
		state, err := h.bank.transfers.look(h.ctx(), BatchTransfer(answer.Batch, i))
		require.NoError(t, err)
		codes = append(codes, state.Code)
	}
	require.Equal(t, []string{"", "account-closed", "transfer-same-account", "", "insufficient-funds"}, codes)
	h.balances(from, 5_000, 0)
	h.balances(x, 10_000, 0)
	h.balances(y, 10_000, 0)
	again, replayed, err := h.submit(order, ask)
	require.NoError(t, err)
	require.True(t, replayed.Replayed)
	require.Equal(t, answer, again)
	h.audit()
}

func TestEachThatIsRefusedWhole(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		code string
		with func(h *house, ask *SubmitBatch)
	}{
		"all to closed accounts": {"account-closed", func(h *house, ask *SubmitBatch) { h.close(ask.Items[0].To); h.close(ask.Items[1].To) }},
		"from a frozen account":  {"account-frozen", func(h *house, ask *SubmitBatch) { h.freeze(ask.From) }},
		"none affordable": {"insufficient-funds", func(_ *house, ask *SubmitBatch) {
			ask.Items[0].Amount, ask.Items[1].Amount = euros(20_000), euros(20_001)
		}},
		"one of less than nothing": {"invalid-amount", func(_ *house, ask *SubmitBatch) { ask.Items[1].Amount.Minor = -90 }},
		"one of nothing":           {"invalid-amount", func(_ *house, ask *SubmitBatch) { ask.Items[1].Amount.Minor = 0 }},
		"more than a day's limit": {"limit-exceeded", func(h *house, ask *SubmitBatch) {
			h.deposit(ask.From, 9_000_000)
			ask.Items[0].Amount, ask.Items[1].Amount = euros(3_000_000), euros(3_000_000)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, newModelLog(t))
			from, x, y := h.account(alice, "Alice", 10_000), h.account(bob, "Bob", 0), h.account(bob, "Bob", 0)
			ask := eachOf(from, 100, x, y)
			tc.with(h, &ask)
			before := h.money(from)
			_, outcome, err := h.submit(h.by(alice), ask)
			require.Equal(t, tc.code, refusalCode(err))
			require.Equal(t, []string{"batch.submitted", "batch.rejected"}, h.kinds(outcome))
			require.Equal(t, before, h.money(from))
			h.balances(x, 0, 0)
			h.audit()
		})
	}
}

func TestEachIsConfirmedOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, x, y, z := h.account(alice, "Alice", 500_000), h.account(bob, "Bob", 0), h.account(bob, "Bob", 0), h.account(bob, "Bob", 0)
	waits := func(to ...id.Account) BatchAnswer {
		answer, _, err := h.submit(h.by(alice), eachOf(from, 110_000, to...))
		require.NoError(t, err)
		require.Equal(t, batch.Pending, answer.Status)
		require.Contains(t, answer.Challenge.Display.Reveal(), `"mode":"each"`, "it is part of what is confirmed")
		return answer
	}
	one := waits(x, y, z)
	h.balances(from, 500_000, 330_000)
	h.close(y) // meanwhile
	done, _, err := h.bank.Batches().Authorise(h.ctx(), h.by(alice), one.Batch, confirmed(one))
	require.NoError(t, err)
	require.Equal(t, []any{batch.Done, int64(1)}, []any{done.Status, done.Failed})
	require.Equal(t, []transfer.Phase{transfer.Done, transfer.Declined, transfer.Done}, h.phases(one.Batch, 3))
	h.balances(from, 280_000, 0)
	_, _, err = h.bank.Batches().Authorise(h.ctx(), h.by(alice), one.Batch, confirmed(one))
	require.Equal(t, "sca-failed", refusalCode(err))

	partly := waits(x, y) // y is refused at once, x waits
	require.Equal(t, []transfer.Phase{transfer.Joined, transfer.Declined}, h.phases(partly.Batch, 2))
	h.balances(from, 280_000, 110_000)
	_, _, err = h.bank.Batches().Cancel(h.ctx(), h.by(alice), partly.Batch)
	require.NoError(t, err)
	h.balances(from, 280_000, 0)

	gone := h.account(bob, "Bob", 0)
	none := waits(gone)
	h.close(gone)
	_, _, err = h.bank.Batches().Authorise(h.ctx(), h.by(alice), none.Batch, confirmed(none))
	require.Equal(t, "account-closed", refusalCode(err), "none is left")
	require.Equal(t, []transfer.Phase{transfer.Declined}, h.phases(none.Batch, 1))
	h.balances(from, 280_000, 0)

	late := waits(x)
	h.catchUp()
	h.pass(time.Hour)
	h.catchUp()
	require.Equal(t, []transfer.Phase{transfer.Declined}, h.phases(late.Batch, 1))
	h.balances(from, 280_000, 0)
	h.audit()
}
