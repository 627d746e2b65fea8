package commands

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"florin/domain"
	"florin/domain/batch"
	"florin/domain/id"
	"florin/domain/transfer"
)

// batchOf asks for the same amount to each.
func batchOf(from id.Account, minor int64, to ...id.Account) SubmitBatch {
	ask := SubmitBatch{From: from}
	for _, one := range to {
		ask.Items = append(ask.Items, BatchItem{To: one, Amount: euros(minor), Reference: domain.NewEvidence("wage")})
	}
	return ask
}

func (h *house) submit(order Order, ask SubmitBatch) (BatchAnswer, Outcome, error) {
	return h.bank.Batches().Submit(h.ctx(), order, ask)
}

// waitingBatch is one of too much to go ahead unconfirmed.
func (h *house) waitingBatch(from id.Account, to ...id.Account) BatchAnswer {
	h.t.Helper()
	waits, _, err := h.submit(h.by(alice), batchOf(from, 110_000, to...))
	require.NoError(h.t, err)
	require.Equal(h.t, batch.Pending, waits.Status)
	return waits
}

// confirmed is the answer that says exactly what was displayed.
func confirmed(waits BatchAnswer) Confirmation {
	return Confirmation{Method: MethodSCAKey, Text: waits.Challenge.Display.Reveal(), Proven: true}
}

// phases are how a batch's transfers stand.
func (h *house) phases(of id.Batch, count int64) (phases []transfer.Phase) {
	h.t.Helper()
	for i := range count {
		state, err := h.bank.transfers.look(h.ctx(), BatchTransfer(of, i))
		require.NoError(h.t, err)
		phases = append(phases, state.Phase)
	}
	return phases
}

func TestABatchIsTakenInOneCommit(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, x, y := h.account(alice, "Alice", 100_000), h.account(bob, "Bob", 0), h.account(bob, "Bob", 0)
	answer, outcome, err := h.submit(h.again(alice, "k"), batchOf(from, 10_000, x, y, x))
	require.NoError(t, err)
	require.Equal(t, []any{batch.Done, int64(3), euros(30_000)}, []any{answer.Status, answer.Count, answer.Total})
	kinds := h.kinds(outcome)
	require.Equal(t, "batch.submitted", kinds[0])
	posted := 0
	for _, kind := range kinds {
		if kind == (transfer.Posted{}).Kind() {
			posted++
		}
	}
	require.Equal(t, 3, posted)
	h.balances(from, 70_000, 0)
	h.balances(x, 20_000, 0)
	h.balances(y, 10_000, 0)

	h.reopen(h.log)
	h.pass(400 * 24 * time.Hour)
	again, replayed, err := h.submit(h.again(alice, "k"), batchOf(from, 10_000, x, y, x))
	require.NoError(t, err)
	require.True(t, replayed.Replayed)
	require.Equal(t, answer, again)
	h.balances(from, 70_000, 0)

	given, _, err := h.reverse(BatchTransfer(answer.Batch, 1), 10_000)
	require.NoError(t, err, "each is a transfer of its own, and may be given back")
	require.Equal(t, transfer.Done, given.Status)
	h.balances(from, 80_000, 0)
	h.audit()
}

func TestOneRefusedItemRefusesTheBatch(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		code string
		item int64
		with func(h *house, ask *SubmitBatch)
	}{
		"one to a closed account":  {"account-closed", 2, func(h *house, ask *SubmitBatch) { h.close(ask.Items[1].To) }},
		"one to the debtor itself": {"transfer-same-account", 2, func(_ *house, ask *SubmitBatch) { ask.Items[1].To = ask.From }},
		"one of nothing":           {"invalid-amount", 1, func(_ *house, ask *SubmitBatch) { ask.Items[0].Amount.Minor = 0 }},
		"one of less than nothing": {"invalid-amount", 2, func(_ *house, ask *SubmitBatch) { ask.Items[1].Amount.Minor = -1 }},
		"from a frozen account":    {"account-frozen", 0, func(h *house, ask *SubmitBatch) { h.freeze(ask.From) }},
		"each affordable, but not the sum": {"insufficient-funds", 0, func(_ *house, ask *SubmitBatch) {
			ask.Items[0].Amount, ask.Items[1].Amount = euros(6_000), euros(6_000)
		}},
		"each within the day's limit, but not the sum": {"limit-exceeded", 0, func(h *house, ask *SubmitBatch) {
			h.deposit(ask.From, 5_000_000)
			ask.Items[0].Amount, ask.Items[1].Amount = euros(600_000), euros(600_000)
		}},
		"in another currency": {"currency-mismatch", 1, func(_ *house, ask *SubmitBatch) {
			ask.Items[0].Amount, ask.Items[1].Amount = dollars(1), dollars(1)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, newModelLog(t))
			from, x, y := h.account(alice, "Alice", 10_000), h.account(bob, "Bob", 0), h.account(bob, "Bob", 0)
			ask := batchOf(from, 100, x, y)
			tc.with(h, &ask)
			before := h.money(from)
			_, outcome, err := h.submit(h.again(alice, "k"), ask)
			require.Equal(t, tc.code, refusalCode(err))
			require.Equal(t, []string{"batch.submitted", "batch.rejected"}, h.kinds(outcome), "the refusal is a fact, and the only one")
			require.Equal(t, before, h.money(from))
			h.balances(x, 0, 0)
			record, err := h.log.ReadCommit(h.ctx(), outcome.Receipt)
			require.NoError(t, err)
			last := record.Events[1]
			fact, err := h.bank.treaty.Batches.Decode(last.Kind, last.SchemaVersion, last.ID, last.Data)
			require.NoError(t, err)
			require.Equal(t, tc.item, fact.(batch.Rejected).Item)
			h.deposit(from, 10_000)
			_, again, err := h.submit(h.again(alice, "k"), ask)
			require.Equal(t, tc.code, refusalCode(err), "for ever")
			require.True(t, again.Replayed)
			h.audit()
		})
	}
}

func TestWhatIsNoBatchLeavesNoTrace(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, x := h.account(alice, "Alice", 10_000), h.account(bob, "Bob", 10_000)
	mixed := batchOf(from, 1, x, x)
	mixed.Items[1].Amount = dollars(1)
	before := h.commits()
	for name, tc := range map[string]struct {
		code string
		ask  SubmitBatch
	}{
		"of nothing":               {"invalid-batch", batchOf(from, 1)},
		"of too many":              {"invalid-batch", batchOf(from, 1, make([]id.Account, batch.Max+1)...)},
		"of two currencies":        {"invalid-batch", mixed},
		"of more than there is":    {"invalid-batch", batchOf(from, 9_000_000_000_000_000, x, x, x)},
		"from another's account":   {"not-found", batchOf(x, 1, from)},
		"from nowhere":             {"not-found", batchOf(id.Named[id.Account]("none"), 1, x)},
		"one of them to nowhere":   {"not-found", batchOf(from, 1, x, id.Named[id.Account]("none"))},
		"from nobody's, to none's": {"not-found", batchOf(id.Account{}, 1, id.Account{})},
	} {
		_, outcome, err := h.submit(h.by(alice), tc.ask)
		require.Equal(t, tc.code, refusalCode(err), name)
		require.Zero(t, outcome.Receipt, name)
	}
	require.Equal(t, before, h.commits())
	h.audit()
}

func TestAWaitingBatchEndsOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, x, y := h.account(alice, "Alice", 900_000), h.account(bob, "Bob", 0), h.account(bob, "Bob", 0)
	late, withdrawn, wrong, waits := h.waitingBatch(from, x), h.waitingBatch(from, x, y), h.waitingBatch(from, y), h.waitingBatch(from, x, y)
	h.balances(from, 900_000, 660_000)
	require.Equal(t, []transfer.Phase{transfer.Joined, transfer.Joined}, h.phases(waits.Batch, 2))

	_, _, err := h.bank.Batches().Authorise(h.ctx(), h.by(bob), waits.Batch, confirmed(waits))
	require.Equal(t, "not-found", refusalCode(err), "another's")
	_, _, err = h.bank.Batches().Cancel(h.ctx(), h.by(bob), withdrawn.Batch)
	require.Equal(t, "not-found", refusalCode(err))
	for range 5 {
		_, _, err = h.bank.Batches().Authorise(h.ctx(), h.by(alice), wrong.Batch, confirmed(waits))
		require.Equal(t, "sca-failed", refusalCode(err), "what is said of another batch")
	}
	require.Equal(t, []transfer.Phase{transfer.Declined}, h.phases(wrong.Batch, 1))
	_, _, err = h.bank.Batches().Cancel(h.ctx(), h.by(alice), withdrawn.Batch)
	require.NoError(t, err)
	h.balances(from, 900_000, 330_000)

	done, _, err := h.bank.Batches().Authorise(h.ctx(), h.by(alice), waits.Batch, confirmed(waits))
	require.NoError(t, err)
	require.Equal(t, batch.Done, done.Status)
	_, _, err = h.bank.Batches().Cancel(h.ctx(), h.by(alice), waits.Batch)
	require.Equal(t, "batch-not-cancellable", refusalCode(err))
	h.balances(from, 680_000, 110_000)
	h.catchUp()
	h.balances(from, 680_000, 110_000)
	h.reopen(h.log)
	h.pass(5 * time.Minute)
	h.catchUp() // the process finds it again, after a restart
	h.balances(from, 680_000, 0)
	_, _, err = h.bank.Batches().Authorise(h.ctx(), h.by(alice), late.Batch, confirmed(late))
	require.Equal(t, "sca-failed", refusalCode(err))
	for _, of := range []BatchAnswer{late, withdrawn, wrong} {
		for _, phase := range h.phases(of.Batch, of.Count) {
			require.Equal(t, transfer.Declined, phase)
		}
	}
	h.audit()
}

func TestAConfirmedBatchIsRefusedByWhatHappenedMeanwhile(t *testing.T) {
	t.Parallel()
	for code, meanwhile := range map[string]func(h *house, from, to id.Account){
		"account-closed": func(h *house, _, to id.Account) { h.close(to) },
		"account-frozen": func(h *house, from, _ id.Account) { h.freeze(from) },
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, newModelLog(t))
			from, x, y := h.account(alice, "Alice", 500_000), h.account(bob, "Bob", 0), h.account(bob, "Bob", 0)
			waits := h.waitingBatch(from, x, y)
			meanwhile(h, from, y)
			_, outcome, err := h.bank.Batches().Authorise(h.ctx(), h.by(alice), waits.Batch, confirmed(waits))
			require.Equal(t, code, refusalCode(err))
			require.NotZero(t, outcome.Receipt)
			h.balances(from, 500_000, 0)
			h.balances(x, 0, 0)
			require.Equal(t, []transfer.Phase{transfer.Declined, transfer.Declined}, h.phases(waits.Batch, 2))
			h.audit()
		})
	}
}

// Whoever confirms, withdraws and is too late at once: one wins.
func TestABatchIsAnsweredManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, x, y := h.account(alice, "Alice", 300_000), h.account(bob, "Bob", 0), h.account(bob, "Bob", 0)
	waits := h.waitingBatch(from, x, y)
	var all sync.WaitGroup
	won := make(chan batch.Phase, 16)
	for i := range 16 {
		order := h.by(alice)
		all.Go(func() {
			var (
				said BatchAnswer
				err  error
			)
			if i%2 == 0 {
				said, _, err = h.bank.Batches().Authorise(h.ctx(), order, waits.Batch, confirmed(waits))
			} else {
				said, _, err = h.bank.Batches().Cancel(h.ctx(), order, waits.Batch)
			}
			if err == nil {
				won <- said.Status
			}
		})
	}
	all.Wait()
	require.Len(t, won, 1)
	if <-won == batch.Done {
		h.balances(from, 80_000, 0)
		h.balances(x, 110_000, 0)
	} else {
		h.balances(from, 300_000, 0)
		h.balances(x, 0, 0)
	}
	h.audit()
}

// Whatever list is asked for: all of it moves, or nothing does.
func TestAnyBatchIsAllOrNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, shut := h.account(alice, "Alice", 500_000), h.account(bob, "Bob", 0)
	open := []id.Account{h.account(bob, "Bob", 0), h.account(bob, "Bob", 0), h.account(alice, "Alice", 0)}
	h.close(shut)
	rapid.Check(t, func(r *rapid.T) {
		ask, total := SubmitBatch{From: from}, int64(0)
		for range rapid.IntRange(1, 6).Draw(r, "items") {
			minor := rapid.Int64Range(-1, 30_000).Draw(r, "minor")
			to := rapid.SampledFrom(append([]id.Account{shut, from}, open...)).Draw(r, "to")
			ask.Items, total = append(ask.Items, BatchItem{To: to, Amount: euros(minor)}), total+minor
		}
		before := h.money(from)
		answer, _, err := h.submit(h.by(alice), ask)
		after := h.money(from)
		switch {
		case err != nil:
			require.Equal(r, [2]int64{before.Balance, before.Held}, [2]int64{after.Balance, after.Held})
		case answer.Status == batch.Done:
			require.Equal(r, [2]int64{before.Balance - total, before.Held}, [2]int64{after.Balance, after.Held})
		default:
			require.Equal(r, [2]int64{before.Balance, before.Held + total}, [2]int64{after.Balance, after.Held})
			_, _, err := h.bank.Batches().Cancel(h.ctx(), h.by(alice), answer.Batch)
			require.NoError(r, err)
		}
	})
	h.audit()
}
