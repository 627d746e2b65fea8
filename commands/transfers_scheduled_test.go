package commands

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/quota"
	"florin/domain/transfer"
	"florin/eventbus"
)

// later asks for a transfer of a later day, which is always challenged.
func (h *house) later(from, to id.Account, minor int64, day string) TransferAnswer {
	h.t.Helper()
	answer, _, err := h.bank.Transfers().Initiate(h.ctx(), h.by(alice), InitiateTransfer{From: from, To: to, Amount: euros(minor),
		Reference: domain.NewEvidence("rent"), ExecuteOn: day})
	require.NoError(h.t, err)
	require.Equal(h.t, []any{transfer.Pending, day}, []any{answer.Status, answer.ExecuteOn})
	return answer
}

// scheduled asks for one and confirms it.
func (h *house) scheduled(from, to id.Account, minor int64, day string) id.Transfer {
	h.t.Helper()
	waits := h.later(from, to, minor, day)
	answer, _, err := h.answer(h.by(alice), waits, h.statement(waits))
	require.NoError(h.t, err)
	require.Equal(h.t, transfer.Waiting, answer.Status)
	return waits.Transfer
}

func (h *house) stands(of id.Transfer) string {
	h.t.Helper()
	state, err := h.bank.transfers.look(h.ctx(), of)
	require.NoError(h.t, err)
	if state.Code != "" {
		return string(state.Phase) + " " + state.Code
	}
	return string(state.Phase)
}

func TestATransferIsMadeOnItsDay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, to := h.account(alice, "Alice", 10_000), h.account(bob, "Bob", 0)
	waits := h.later(from, to, 2_500, "2026-01-31")
	require.Equal(t, "2026-01-31", h.statement(waits).ExecuteOn, "small as it is, it is confirmed, with its day")
	another := h.statement(waits)
	another.ExecuteOn = "2026-01-30"
	_, _, err := h.answer(h.by(alice), waits, another)
	require.Equal(t, "sca-failed", refusalCode(err))
	h.catchUp()
	_, _, err = h.answer(h.by(alice), waits, h.statement(waits))
	require.NoError(t, err)
	h.balances(from, 10_000, 0)
	h.at("2026-01-31", 5)
	require.Equal(t, "scheduled", h.stands(waits.Transfer))
	h.balances(to, 0, 0)
	_, _, err = h.bank.Transfers().Run(h.ctx(), h.operator(), waits.Transfer)
	require.ErrorIs(t, err, transfer.ErrNotDue)
	h.reopen(h.log) // which forgets all
	h.at("2026-01-31", 6)
	require.Equal(t, "posted", h.stands(waits.Transfer))
	h.balances(from, 7_500, 0)
	h.balances(to, 2_500, 0)
	h.reopen(h.log)
	h.at("2026-12-31", 23)
	h.balances(to, 2_500, 0) // once
	given, _, err := h.reverse(waits.Transfer, 2_500)
	require.NoError(t, err, "it is a transfer like others")
	require.Equal(t, transfer.Done, given.Status)
	h.audit()
}

// Whatever the clock does, and however many look at once, each is made once, in order.
func TestManyDaysInOneJump(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, to := h.account(alice, "Alice", 10_000), h.account(bob, "Bob", 0)
	third, first, second := h.scheduled(from, to, 4_000, "2026-03-31"), h.scheduled(from, to, 4_000, "2026-01-05"), h.scheduled(from, to, 4_000, "2026-02-10")
	today := h.scheduled(from, to, 100, "2026-01-02")
	h.catchUp()
	require.Equal(t, "posted", h.stands(today), "today's hour is over, and it is made at once")
	h.at("2026-05-01", 12)
	require.Equal(t, []string{"posted", "posted", "rejected insufficient-funds"}, []string{h.stands(first), h.stands(second), h.stands(third)})
	h.balances(to, 8_100, 0)

	again := h.scheduled(from, to, 500, "2026-05-02")
	h.pass(48 * time.Hour)
	var all sync.WaitGroup
	for i := range 8 {
		order := SystemOrder("test", id.Named[id.Transfer](fmt.Sprint(i)).UUID(), "transfer.run", h.now(), ofCustomer(alice))
		all.Go(func() { _, _, _ = h.bank.Transfers().Run(h.ctx(), order, again) })
	}
	all.Wait()
	h.catchUp()
	h.balances(to, 8_600, 0)
	h.audit()
}

func TestTheDayAsksEveryRuleAgain(t *testing.T) {
	t.Parallel()
	type scene struct {
		from, to id.Account
		of       id.Transfer
	}
	for name, tc := range map[string]struct {
		minor  int64
		change func(h *house, s scene)
		stands string
	}{
		"more than there is":        {5_000, func(h *house, s scene) { h.moved(s.from, s.to, 6_000) }, "rejected insufficient-funds"},
		"more than a day allows":    {1_000_001, func(h *house, s scene) { h.deposit(s.from, 5_000_000) }, "rejected limit-exceeded"},
		"a frozen account":          {100, func(h *house, s scene) { h.freeze(s.from) }, "rejected account-frozen"},
		"a creditor that is gone":   {100, func(h *house, s scene) { h.close(s.to) }, "rejected account-closed"},
		"the debtor's account gone": {100, func(h *house, s scene) { h.moved(s.from, s.to, 10_000); h.close(s.from) }, "rejected account-closed"},
		"payments are stopped":      {100, func(h *house, _ scene) { h.person(alice, customer.Restrict{Reason: "check", At: h.now()}) }, "rejected customer-limited"},
		"the customer has died":     {100, func(h *house, _ scene) { h.person(alice, customer.ReportDeath{At: h.now()}) }, "rejected customer-gone"},
		"risk knows better by now": {100, func(h *house, _ scene) {
			h.policy = blockingPolicy(h.t)
			h.reopen(h.log)
		}, "rejected transfer-blocked"},
		"it is withdrawn before": {100, func(h *house, s scene) {
			_, _, err := h.bank.Transfers().Cancel(h.ctx(), h.by(bob), s.of)
			require.Equal(h.t, "not-found", refusalCode(err), "another's")
			_, _, err = h.bank.Transfers().Cancel(h.ctx(), h.by(alice), s.of)
			require.NoError(h.t, err)
		}, "cancelled"},
		"nothing speaks against it": {100, func(*house, scene) {}, "posted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, newModelLog(t))
			s := scene{from: h.account(alice, "Alice", 10_000), to: h.account(bob, "Bob", 0)}
			s.of = h.scheduled(s.from, s.to, tc.minor, "2026-01-05")
			tc.change(h, s)
			h.catchUp()
			mark := h.newest()
			h.at("2026-01-05", 12)
			require.Equal(t, tc.stands, h.stands(s.of))
			if tc.stands != "posted" && tc.stands != "cancelled" {
				require.Contains(t, h.inbox(alice, mark), "transfer-rejected")
			}
			h.audit()
		})
	}
}

func (h *house) moved(from, to id.Account, minor int64) {
	h.t.Helper()
	_, _, err := h.send(h.by(alice), from, to, minor)
	require.NoError(h.t, err)
}

// A crash before or after any append of the day: nothing is lost and nothing doubled.
func TestADayThatIsCutOff(t *testing.T) {
	t.Parallel()
	for n := range 6 {
		log := newModelLog(t)
		h := newHouse(t, log)
		from, to := h.account(alice, "Alice", 10_000), h.account(bob, "Bob", 0)
		for range 3 {
			h.scheduled(from, to, 1_000, "2026-01-05")
		}
		h.catchUp()
		h.pass(5 * 24 * time.Hour)
		left, stopped := n, errors.New("killed")
		log.onAdd(func(eventbus.Commit) error {
			if left--; left < 0 {
				return stopped
			}
			return nil
		})
		_ = h.bank.Tick(context.Background())
		log.onAdd(nil)
		h.reopen(h.log)
		h.catchUp()
		h.pass(time.Hour) // what failed is tried again later
		h.catchUp()
		h.balances(to, 3_000, 0)
		h.balances(from, 7_000, 0)
		h.audit()
	}
}

func TestWhatCouldNeverBeScheduledIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, to, shut := h.account(alice, "Alice", 10_000), h.account(bob, "Bob", 0), h.account(bob, "Bob", 0)
	h.close(shut)
	ask := func(to id.Account, minor int64, day string) InitiateTransfer {
		return InitiateTransfer{From: from, To: to, Amount: euros(minor), ExecuteOn: day}
	}
	before := h.commits()
	for name, tc := range map[string]struct {
		ask  InitiateTransfer
		code string
	}{
		"yesterday":           {ask(to, 100, "2026-01-01"), "invalid-execution-date"},
		"in more than a year": {ask(to, 100, "2027-01-03"), "invalid-execution-date"},
		"on no day":           {ask(to, 100, "soon"), "invalid-execution-date"},
		"money of another's":  {InitiateTransfer{From: to, To: from, Amount: euros(1), ExecuteOn: "2026-01-05"}, "not-found"},
		"to nobody":           {ask(id.Named[id.Account]("none"), 1, "2026-01-05"), "not-found"},
		"to the bank's own":   {ask(account.Suspense.In("EUR"), 1, "2026-01-05"), "not-found"},
	} {
		_, outcome, err := h.bank.Transfers().Initiate(h.ctx(), h.by(alice), tc.ask)
		require.Equal(t, tc.code, refusalCode(err), name)
		require.Zero(t, outcome.Receipt, name)
	}
	require.Equal(t, before, h.commits(), "no trace")
	for name, tc := range map[string]struct {
		ask  InitiateTransfer
		code string
	}{
		"to a closed account": {ask(shut, 100, "2026-01-05"), "account-closed"},
		"nothing":             {ask(to, 0, "2026-01-05"), "invalid-amount"},
		"to itself":           {ask(from, 100, "2026-01-05"), "transfer-same-account"},
		"another currency":    {InitiateTransfer{From: from, To: to, Amount: dollars(1), ExecuteOn: "2026-01-05"}, "currency-mismatch"},
	} {
		_, outcome, err := h.bank.Transfers().Initiate(h.ctx(), h.by(alice), tc.ask)
		require.Equal(t, tc.code, refusalCode(err), name)
		require.NotZero(t, outcome.Receipt, "a refusal by a rule is a fact")
	}
	for range quota.Transfers.Max() {
		h.later(from, to, 100, "2026-12-31")
	}
	_, _, err := h.bank.Transfers().Initiate(h.ctx(), h.by(alice), ask(to, 100, "2026-12-31"))
	require.Equal(t, "too-many-scheduled-transfers", refusalCode(err))
	h.moved(from, to, 100) // at once is another matter
	h.pass(time.Hour)
	h.catchUp()
	waits := h.later(from, to, 100, "2026-12-31")
	_, _, err = h.bank.Transfers().Cancel(h.ctx(), h.by(alice), waits.Transfer)
	require.NoError(t, err, "and nothing is freed that was not held")
	h.balances(from, 9_900, 0)
	h.audit()
}
