package commands

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/domain/risk"
	"florin/domain/riskpolicy"
	"florin/domain/transfer"
)

// decisions are what risk has said, in the order of the log.
func (h *house) decisions() (all []risk.Assessed) {
	h.t.Helper()
	for record, err := range h.log.ReadAll(h.ctx(), 0) {
		require.NoError(h.t, err)
		for _, recorded := range record.Events {
			if recorded.Kind != (risk.Assessed{}).Kind() {
				continue
			}
			event, err := h.bank.treaty.Risk.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
			require.NoError(h.t, err)
			all = append(all, event.(risk.Assessed))
		}
	}
	return all
}

func feature(of risk.Assessed, f risk.Feature) int64 {
	v := of.Vector()
	value, known := v.Get(f)
	if !known {
		return -999
	}
	return value
}

// velocityPolicy challenges the third payment in ten minutes and blocks the fifth.
const velocityPolicy = `{name: velocity, base: 0, scorecard: [{feature: count_10m, reason: velocity, unknown: 0, bins: [{below: 2, weight: -100}], rest: 100}],
rules: [{when: count_10m >= 4, outcome: block, reason: velocity}],
thresholds: {login: [{from: 0, at: {}}], enrolment: [{from: 0, at: {}}], payee: [{from: 0, at: {}}], payment: [{from: 0, at: {challenge: 100}}], transfer: [{from: 0, at: {challenge: 100}}]},
examples: [{name: idle, action: transfer, given: {count_10m: 0}, outcome: allow}]}`

func TestADecisionIsKeptWithAllThatItWasMadeOf(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	h.policy = []byte(velocityPolicy)
	h.reopen(h.log)
	from, to := h.account(alice, "Alice", 100_000), h.account(bob, "Bob", 0)
	head, err := h.log.Head(h.ctx())
	require.NoError(t, err)
	sent, outcome, err := h.send(h.by(alice), from, to, 2_500)
	require.NoError(t, err)
	all := h.decisions()
	require.Len(t, all, 1)
	said := all[0]
	require.Equal(t, []any{risk.Transfer, alice, sent.Transfer.String(), from, to.UUID().String(), int64(2_500)},
		[]any{said.Action, said.Customer, said.About, said.Account, said.Payee, said.Hundredths})
	require.Equal(t, []any{risk.Allow, risk.Allow, int64(-100), h.bank.founding.policy, int64(head.Position)},
		[]any{said.Outcome, said.Effect, said.Score, said.Policy, said.Position})
	require.Equal(t, risk.Weights{{Feature: "count_10m", Weight: -100}}, said.Contributions)
	for f, want := range map[risk.Feature]int64{risk.Amount: 2_500, risk.BalanceShare: 25, risk.PayeeAge: -1, risk.CustomerAge: 0, risk.SessionStrength: 2, risk.FailedLogins: 0, risk.Count10Minutes: 0} {
		require.Equal(t, want, feature(said, f), f)
	}
	record, err := h.log.ReadCommit(h.ctx(), outcome.Receipt)
	require.NoError(t, err)
	require.Equal(t, "risk.assessed", record.Events[len(record.Events)-1].Kind, "in the commit of what it let happen")
	_, _, err = h.send(h.by(alice), from, from, 1)
	require.Equal(t, "transfer-same-account", refusalCode(err))
	require.Len(t, h.decisions(), 1, "what no rule lets be risk is not asked about")
	h.audit()
}

func TestRiskSteersTransfers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	h.policy = []byte(velocityPolicy)
	h.reopen(h.log)
	from, to := h.account(alice, "Alice", 100_000), h.account(bob, "Bob", 0)
	for i, want := range []transfer.Phase{transfer.Done, transfer.Done, transfer.Pending, transfer.Pending, transfer.Declined} {
		answer, _, err := h.send(h.by(alice), from, to, 100)
		require.Equal(t, want, answer.Status, i)
		if want == transfer.Declined {
			require.Equal(t, "transfer-blocked", refusalCode(err))
		}
	}
	all := h.decisions()
	require.EqualValues(t, 4, feature(all[4], risk.Count10Minutes))
	require.Equal(t, []string{"velocity"}, all[4].Reasons)
	h.pass(11 * 60_000_000_000)
	answer, _, err := h.send(h.by(alice), from, to, 100)
	require.NoError(t, err)
	require.Equal(t, transfer.Done, answer.Status, "ten minutes later")
	h.reopen(h.log)
	_, _, err = h.send(h.by(bob), to, from, 1)
	require.NoError(t, err, "another customer has tried nothing")
	answer, _, err = h.send(h.by(alice), from, to, 100)
	require.NoError(t, err)
	require.Equal(t, transfer.Done, answer.Status)
	all = h.decisions()
	require.EqualValues(t, 6, feature(all[len(all)-1], risk.CountDay), "a bank that was started anew remembers")
	h.audit()
}

// However many of a customer's transfers come at once, each sees those before it.
func TestABurstIsSeenAsOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	h.policy = []byte(velocityPolicy)
	h.reopen(h.log)
	ctx, stop := context.WithCancel(h.ctx())
	ended := make(chan error, 1)
	go func() { ended <- h.bank.book.follow(ctx) }()
	defer func() { stop(); require.NoError(t, <-ended) }()
	from, other, to := h.account(alice, "Alice", 100_000), h.account(alice, "Alice", 100_000), h.account(bob, "Bob", 0)
	var all sync.WaitGroup
	for i := range 12 {
		order := h.again(alice, fmt.Sprint("burst ", i))
		all.Go(func() { // whatever becomes of it is in the log
			if i%2 == 0 {
				_, _, _ = h.send(order, from, to, 100)
			} else {
				_, _, _ = h.send(order, other, to, 100)
			}
		})
	}
	all.Wait()
	done := 0
	for i, said := range h.decisions() {
		if said.Effect == risk.Allow {
			done++
		}
		if !said.Failed() {
			require.EqualValues(t, i, feature(said, risk.Count10Minutes))
		}
	}
	require.LessOrEqual(t, done, 2)
	require.Len(t, h.decisions(), 12)
	h.audit()
}

// A command does not wait for ever for what risk must know: it is challenged.
func TestWhatRiskCannotKnowInTimeIsChallenged(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, to := h.account(alice, "Alice", 100_000), h.account(bob, "Bob", 0)
	patience := h.bank.book.wait
	h.bank.book.wait = 10 * time.Millisecond
	h.bank.book.pulling <- struct{}{} // somebody reads, and does not come to an end
	answer, _, err := h.send(h.by(alice), from, to, 100)
	require.NoError(t, err)
	require.Equal(t, transfer.Pending, answer.Status)
	<-h.bank.book.pulling
	h.bank.book.wait = patience
	answer, _, err = h.send(h.by(alice), from, to, 100)
	require.NoError(t, err)
	require.Equal(t, transfer.Done, answer.Status)
	all := h.decisions()
	require.True(t, all[0].Failed())
	require.False(t, all[1].Failed())
}

// A policy that looks on says what it would have said, and nothing comes of it.
func TestShadowsLookOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	require.NoError(t, h.bank.FirstStart(h.ctx()))
	strict, err := h.bank.RiskPolicies().Read(velocityPolicy)
	require.NoError(t, err)
	require.NoError(t, h.activate(RiskPolicyChange{File: strict, Role: riskpolicy.Shadow}))
	from, to := h.account(alice, "Alice", 100_000), h.account(bob, "Bob", 0)
	for range 5 {
		answer, _, err := h.send(h.by(alice), from, to, 100)
		require.NoError(t, err)
		require.Equal(t, transfer.Done, answer.Status)
	}
	all := h.decisions()
	for i, want := range []risk.Outcome{risk.Allow, risk.Allow, risk.Challenge, risk.Challenge, risk.Block} {
		require.Equal(t, risk.Allow, all[i].Effect)
		require.Len(t, all[i].Shadows, 1)
		require.Equal(t, []any{strict.Digest(), want}, []any{all[i].Shadows[0].Policy, all[i].Shadows[0].Outcome}, i)
	}
	again, found := h.replay(id.Decision{})
	require.Empty(t, found)
	require.Equal(t, Replayed{Decisions: 5, Equal: 5}, again)
	forged := all[4]
	forged.Shadows = []risk.Shadow{{Policy: strict.Digest(), Score: 100, Outcome: risk.Allow}}
	_, found = h.replay(h.forge(forged))
	require.Len(t, found, 1)
	require.Equal(t, "shadows", found[0].Part)
	h.audit()
}

// What is kept as the effect is what came of it.
func TestTheEffectIsWhatCameOfIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	h.policy = []byte(strings.NewReplacer("count_10m >= 4, outcome: block", "count_10m >= 1, outcome: hold", "challenge: 100", "limit: -100", "outcome: allow", "outcome: limit").Replace(velocityPolicy))
	h.reopen(h.log)
	from, to := h.account(alice, "Alice", 100_000), h.account(bob, "Bob", 0)
	for range 2 {
		answer, _, err := h.send(h.by(alice), from, to, 100)
		require.NoError(t, err)
		require.Equal(t, transfer.Pending, answer.Status)
	}
	all := h.decisions()
	require.Equal(t, []risk.Outcome{risk.Limit, risk.Challenge}, []risk.Outcome{all[0].Outcome, all[0].Effect})
	require.Equal(t, []risk.Outcome{risk.Hold, risk.Hold}, []risk.Outcome{all[1].Outcome, all[1].Effect})
	h.audit()
}

// limiting limits what is sent after the first attempt within ten minutes, and lets everything be confirmed.
var limiting = strings.NewReplacer("count_10m >= 4, outcome: block", "count_10m >= 1, outcome: limit",
	"examples:", "ladder: [{from: -5000, at_most: 5000, hours: 24}, {from: 100000, at_most: 100, hours: 48}], examples:").Replace(velocityPolicy)

func TestRiskLowersWhatACustomerSends(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	h.policy = []byte(limiting)
	h.reopen(h.log)
	from, other, own, to := h.account(alice, "Alice", 100_000), h.account(alice, "Alice", 100_000), h.account(alice, "Alice", 0), h.account(bob, "Bob", 0)
	_, _, err := h.send(h.by(alice), from, to, 100)
	require.NoError(t, err)
	_, outcome, err := h.send(h.by(alice), from, to, 6_000)
	require.Equal(t, "sending-limited", refusalCode(err), "too much; and from now on")
	require.Equal(t, []string{"transfer.initiated", "transfer.rejected", "customer.sending_limited"}, h.kinds(outcome))
	waits, _, err := h.send(h.by(alice), from, to, 4_000)
	require.NoError(t, err)
	require.Equal(t, transfer.Pending, waits.Status, "within it, and confirmed")
	_, _, err = h.answer(h.by(alice), waits, h.statement(waits))
	require.NoError(t, err)
	_, _, err = h.send(h.by(alice), from, to, 1_000)
	require.Equal(t, "sending-limited", refusalCode(err), "all of a day counts")
	said := h.decisions()
	require.Equal(t, []risk.Outcome{risk.Limit, risk.Limit}, []risk.Outcome{said[1].Outcome, said[1].Effect})

	h.reopen(h.log)
	h.pass(20 * time.Minute) // risk has nothing against it any more
	_, _, err = h.send(h.by(alice), other, to, 5_001)
	require.Equal(t, "sending-limited", refusalCode(err), "from no account of theirs")
	moved, _, err := h.send(h.by(alice), other, own, 50_000)
	require.NoError(t, err, "but what stays theirs")
	require.NotEqual(t, transfer.Declined, moved.Status)
	_, err = h.bank.Customers().LiftSendingLimit(h.ctx(), h.operator(), alice)
	require.NoError(t, err)
	_, err = h.bank.Customers().LiftSendingLimit(h.ctx(), h.operator(), alice)
	require.Equal(t, "sending-not-limited", refusalCode(err))
	h.pass(20 * time.Minute)
	_, _, err = h.send(h.by(alice), other, to, 5_001)
	require.NoError(t, err)

	_, _, err = h.send(h.by(alice), other, to, 5_001)
	require.Equal(t, "sending-limited", refusalCode(err), "and once more")
	h.pass(24*time.Hour - time.Second)
	_, _, err = h.send(h.by(alice), other, to, 5_001)
	require.Equal(t, "sending-limited", refusalCode(err))
	h.pass(time.Hour)
	_, _, err = h.send(h.by(alice), other, to, 5_001)
	require.NoError(t, err, "it ends by itself")
	_, found := h.replay(id.Decision{}, limiting)
	require.Empty(t, found)
	h.audit()
}
