package commands

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/batch"
	"florin/domain/id"
	"florin/domain/payment"
	"florin/domain/risk"
	"florin/domain/transfer"
)

// suspicious has everything held after the first attempt within ten minutes.
var suspicious = strings.NewReplacer("count_10m >= 4, outcome: block", "count_10m >= 1, outcome: hold").Replace(velocityPolicy)

// suspect is a house in which the next transfer of Alice's is one that risk holds.
func suspect(t *testing.T) (h *house, from, to id.Account) {
	h = newHouse(t, newModelLog(t))
	h.policy = []byte(suspicious)
	h.reopen(h.log)
	from, to = h.account(alice, "Alice", 100_000), h.account(bob, "Bob", 0)
	first, _, err := h.send(h.by(alice), from, to, 100)
	require.NoError(t, err)
	require.Equal(t, transfer.Done, first.Status)
	return h, from, to
}

// held is a transfer that its customer has confirmed, and risk holds.
func (h *house) suspected(from, to id.Account, minor int64) Reviewable {
	h.t.Helper()
	waits, _, err := h.send(h.by(alice), from, to, minor)
	require.NoError(h.t, err)
	require.Equal(h.t, transfer.Pending, waits.Status, "nobody looks at what was never wanted")
	answer, outcome, err := h.answer(h.by(alice), waits, h.statement(waits))
	require.NoError(h.t, err)
	require.Equal(h.t, transfer.Reviewed, answer.Status)
	require.Equal(h.t, []string{"transfer.authorised", "transfer.held"}, h.kinds(outcome))
	return Reviewable{Transfer: waits.Transfer}
}

func TestWhatRiskHoldsIsLookedAt(t *testing.T) {
	t.Parallel()
	h, from, to := suspect(t)
	released, refused, withdrawn, lapsed := h.suspected(from, to, 2_000), h.suspected(from, to, 3_000), h.suspected(from, to, 4_000), h.suspected(from, to, 5_000)
	h.balances(from, 99_900, 14_000)
	said := h.decisions()[1]
	require.Equal(t, []risk.Outcome{risk.Hold, risk.Hold}, []risk.Outcome{said.Outcome, said.Effect})
	_, _, err := h.bank.Reviews().Lapse(h.ctx(), h.operator(), lapsed)
	require.ErrorIs(t, err, transfer.ErrNotHeld, "there is time left")
	_, _, err = h.bank.Reviews().Release(h.ctx(), h.operator(), Reviewable{Transfer: id.Named[id.Transfer]("none")})
	require.ErrorIs(t, err, transfer.ErrMissing)

	h.reopen(h.log)
	by := h.operator()
	answer, outcome, err := h.bank.Reviews().Release(h.ctx(), by, released)
	require.NoError(t, err)
	require.Equal(t, ReviewAnswer{Status: "posted", At: by.At}, answer)
	require.Equal(t, []string{"transfer.released", "transfer.posted", "account.reservation_captured", "account.credited"}, h.kinds(outcome))
	h.balances(to, 2_100, 0)
	again, replayed, err := h.bank.Reviews().Release(h.ctx(), by, released)
	require.NoError(t, err)
	require.True(t, replayed.Replayed)
	require.Equal(t, answer, again)
	for _, word := range []func() error{
		func() error { _, _, err := h.bank.Reviews().Release(h.ctx(), h.operator(), released); return err },
		func() error { _, _, err := h.bank.Reviews().Refuse(h.ctx(), h.operator(), released); return err },
	} {
		require.ErrorIs(t, word(), transfer.ErrNotHeld, "it is decided once")
	}

	answer, _, err = h.bank.Reviews().Refuse(h.ctx(), h.operator(), refused)
	require.NoError(t, err)
	require.Equal(t, []string{"rejected", "review-refused"}, []string{answer.Status, answer.Code})
	_, _, err = h.bank.Transfers().Cancel(h.ctx(), h.by(bob), withdrawn.Transfer)
	require.ErrorIs(t, err, transfer.ErrMissing)
	_, _, err = h.bank.Transfers().Cancel(h.ctx(), h.by(alice), withdrawn.Transfer)
	require.NoError(t, err)
	h.balances(from, 97_900, 5_000)

	h.follow(func() {
		h.pass(defaultReviewWithin - time.Minute)
		require.NoError(t, h.bank.Tick(h.ctx()))
		h.balances(from, 97_900, 5_000)
	})
	h.reopen(h.log)
	h.follow(func() {
		h.pass(time.Minute)
		require.NoError(t, h.bank.Tick(h.ctx()))
	})
	require.Equal(t, []string{"posted", "rejected review-refused", "cancelled", "rejected review-lapsed"},
		[]string{h.stands(released.Transfer), h.stands(refused.Transfer), h.stands(withdrawn.Transfer), h.stands(lapsed.Transfer)})
	h.balances(from, 97_900, 0)
	h.balances(to, 2_100, 0)
	h.audit()
}

// A person's word is no stronger than the rules of the accounts.
func TestWhatIsReleasedMayBeRefusedByARule(t *testing.T) {
	t.Parallel()
	h, from, to := suspect(t)
	held := h.suspected(from, to, 2_000)
	_, _, err := h.bank.Accounts().Freeze(h.ctx(), h.operator(), from, "court-order")
	require.NoError(t, err)
	answer, _, err := h.bank.Reviews().Release(h.ctx(), h.operator(), held)
	require.NoError(t, err)
	require.Equal(t, []string{"rejected", "account-frozen"}, []string{answer.Status, answer.Code})
	h.balances(from, 99_900, 0)
	h.balances(to, 100, 0)
	h.audit()
}

// Somebody who releases and somebody who refuses at the same moment: one of them is heard.
func TestTwoReviewersAtOnce(t *testing.T) {
	t.Parallel()
	h, from, to := suspect(t)
	held := h.suspected(from, to, 2_000)
	words := make(chan error, 8)
	for i := range cap(words) {
		by, verb := h.operator(), h.bank.Reviews().Release
		if i%2 == 0 {
			verb = h.bank.Reviews().Refuse
		}
		go func() {
			_, _, err := verb(h.ctx(), by, held)
			words <- err
		}()
	}
	heard := 0
	for range cap(words) {
		if err := <-words; err == nil {
			heard++
		} else {
			require.ErrorIs(t, err, transfer.ErrNotHeld)
		}
	}
	require.Equal(t, 1, heard)
	h.audit()
}

func TestABatchIsHeldWhole(t *testing.T) {
	t.Parallel()
	for _, mode := range []batch.Mode{"", batch.Each} {
		h, from, x := suspect(t)
		y := h.account(bob, "Bob", 0)
		hold := func() (Reviewable, id.Batch) {
			ask := batchOf(from, 2_000, x, y)
			ask.Mode = mode
			waits, _, err := h.submit(h.by(alice), ask)
			require.NoError(t, err)
			require.Equal(t, batch.Pending, waits.Status)
			answer, _, err := h.bank.Batches().Authorise(h.ctx(), h.by(alice), waits.Batch, confirmed(waits))
			require.NoError(t, err)
			require.Equal(t, batch.Reviewed, answer.Status)
			return Reviewable{Batch: waits.Batch}, waits.Batch
		}
		first, released := hold()
		second, refused := hold()
		h.balances(from, 99_900, 8_000)
		require.Equal(t, []transfer.Phase{transfer.Joined, transfer.Joined}, h.phases(released, 2))
		h.reopen(h.log)
		answer, _, err := h.bank.Reviews().Release(h.ctx(), h.operator(), first)
		require.NoError(t, err)
		require.Equal(t, "executed", answer.Status)
		require.Equal(t, []transfer.Phase{transfer.Done, transfer.Done}, h.phases(released, 2))
		answer, _, err = h.bank.Reviews().Refuse(h.ctx(), h.operator(), second)
		require.NoError(t, err)
		require.Equal(t, []string{"rejected", "review-refused"}, []string{answer.Status, answer.Code})
		require.Equal(t, []transfer.Phase{transfer.Declined, transfer.Declined}, h.phases(refused, 2))
		h.balances(from, 95_900, 0)
		h.balances(x, 2_100, 0)
		h.balances(y, 2_000, 0)
		h.audit()
	}
}

// Nobody is there to confirm a transfer on its day: it was confirmed, and is held at once.
func TestAScheduledTransferIsHeldOnItsDay(t *testing.T) {
	t.Parallel()
	h, from, to := suspect(t)
	waits := h.scheduled(from, to, 2_500, "2026-01-31")
	h.at("2026-01-31", 5)
	h.pass(55 * time.Minute)
	_, _, err := h.send(h.by(alice), from, to, 100)
	require.NoError(t, err)
	h.at("2026-01-31", 6)
	require.Equal(t, "held", h.stands(waits))
	h.balances(from, 99_800, 2_500)
	_, _, err = h.bank.Reviews().Release(h.ctx(), h.operator(), Reviewable{Transfer: waits})
	require.NoError(t, err)
	require.Equal(t, "posted", h.stands(waits))
	h.balances(to, 2_700, 0)
	h.audit()
}

func TestAPaymentIsHeld(t *testing.T) {
	t.Parallel()
	p := newRemitter(t)
	p.policy = []byte(suspicious)
	p.restart()
	p.paid(2_500)
	p.settle()
	told, _ := p.rail.counts()
	hold := func() Reviewable {
		waits := p.paid(3_000)
		require.Equal(t, payment.Pending, waits.Status)
		var statement payment.Statement
		require.NoError(t, json.Unmarshal([]byte(waits.Challenge.Display.Reveal()), &statement))
		answer, _, err := p.bank.Payments().Authorise(p.ctx(), p.by(alice),
			AuthorisePayment{Payment: waits.Payment, Method: MethodSCAKey, Statement: statement, Proven: true})
		require.NoError(t, err)
		require.Equal(t, payment.Reviewed, answer.Status)
		return Reviewable{Payment: waits.Payment}
	}
	released, refused := hold(), hold()
	p.settle()
	after, _ := p.rail.counts()
	require.Equal(t, told, after, "nothing of it is told to the rail")
	answer, _, err := p.bank.Reviews().Refuse(p.ctx(), p.operator(), refused)
	require.NoError(t, err)
	require.Equal(t, []string{"rejected", "review-refused"}, []string{answer.Status, answer.Code})
	answer, _, err = p.bank.Reviews().Release(p.ctx(), p.operator(), released)
	require.NoError(t, err)
	require.Equal(t, "authorised", answer.Status)
	p.settle()
	require.Equal(t, payment.Done, p.state(released.Payment).Phase)
	p.audit()
}
