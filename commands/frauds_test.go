package commands

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/fraud"
	"florin/domain/id"
	"florin/domain/risk"
)

// found keeps an operator's finding.
func (h *house) found(about fraud.About, decision id.Decision, verdict string) (FraudAnswer, error) {
	h.t.Helper()
	order := h.operator()
	order.Caller.Reason = "reported"
	answer, _, err := h.bank.Frauds().Label(h.ctx(), order, FraudLabel{About: about, Decision: decision, Verdict: verdict, Note: "He called us."})
	return answer, err
}

// knew is a feature of the last decision; -1: it was unknown.
func (h *house) knew(f risk.Feature) int64 {
	h.t.Helper()
	all := h.decisions()
	v := all[len(all)-1].Vector()
	if value, known := v.Get(f); known {
		return value
	}
	return -1
}

func TestAFindingReachesWhatRiskKnows(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, to := h.account(alice, "Alice", 2_000_000), h.account(bob, "Bob", 0)
	sent, _, err := h.send(h.by(alice), from, to, 10_000)
	require.NoError(t, err)
	first := h.decisions()[0].Decision
	about := fraud.About{Type: fraud.Transfer, ID: sent.Transfer.String()}

	before := h.decisions()
	for name, try := range map[string]struct {
		about    fraud.About
		decision id.Decision
		verdict  string
		want     error
	}{
		"a decision that nobody made":      {fraud.About{Type: fraud.Decision, ID: id.Named[id.Decision]("none").String()}, id.Decision{}, fraud.IsConfirmed, fraud.ErrUnknown},
		"no identifier":                    {fraud.About{Type: fraud.Decision, ID: "first"}, id.Decision{}, fraud.IsConfirmed, fraud.ErrUnknown},
		"a transfer of no decision":        {about, id.Decision{}, fraud.IsConfirmed, fraud.ErrUnknown},
		"another transfer's decision":      {fraud.About{Type: fraud.Transfer, ID: id.Named[id.Transfer]("x").String()}, first, fraud.IsConfirmed, fraud.ErrUnknown},
		"a payment that was a transfer":    {fraud.About{Type: fraud.Payment, ID: about.ID}, first, fraud.IsConfirmed, fraud.ErrUnknown},
		"a device that nobody registered":  {fraud.About{Type: fraud.Device, ID: id.Named[id.Device]("none").String()}, id.Decision{}, fraud.IsConfirmed, fraud.ErrUnknown},
		"a customer whom nobody enrolled":  {fraud.About{Type: fraud.Customer, ID: id.Named[id.Customer]("none").String()}, id.Decision{}, fraud.IsConfirmed, fraud.ErrUnknown},
		"an account that nobody opened":    {fraud.About{Type: fraud.Payee, ID: id.Named[id.Account]("none").String()}, id.Decision{}, fraud.IsConfirmed, fraud.ErrUnknown},
		"nothing that can be a fraudster":  {fraud.About{Type: "weather", ID: "rain"}, id.Decision{}, fraud.IsConfirmed, fraud.ErrAbout},
		"no verdict":                       {about, first, "perhaps", fraud.ErrVerdict},
		"somebody's name for a payee":      {fraud.About{Type: fraud.Payee, ID: "Bob"}, id.Decision{}, fraud.IsConfirmed, fraud.ErrUnknown},
		"a payee that stands for nobody":   {fraud.About{Type: fraud.Payee, ID: "00000000-0000-0000-0000-000000000000"}, id.Decision{}, fraud.IsConfirmed, fraud.ErrUnknown},
		"a decision by another one's name": {fraud.About{Type: fraud.Decision, ID: sent.Transfer.String()}, first, fraud.IsConfirmed, fraud.ErrUnknown},
	} {
		_, err := h.found(try.about, try.decision, try.verdict)
		require.ErrorIs(t, err, try.want, name)
	}
	require.Equal(t, before, h.decisions())

	made, err := h.found(fraud.About{Type: fraud.Decision, ID: first.String()}, id.Decision{}, fraud.IsConfirmed)
	require.NoError(t, err)
	require.Equal(t, FraudAnswer{about, first, fraud.Touched{Customer: alice, Payee: to.UUID().String()}, fraud.IsConfirmed, "reported"}, made)
	_, err = h.found(about, first, fraud.IsConfirmed)
	require.ErrorIs(t, err, fraud.ErrFound, "a decision stands for what it was about")
	_, _, err = h.send(h.by(alice), from, to, 10_000)
	require.NoError(t, err)
	require.Equal(t, []int64{1, 1}, []int64{h.knew(risk.CustomerFrauds), h.knew(risk.PayeeFrauds)})

	_, err = h.found(fraud.About{Type: fraud.Payee, ID: to.String()}, id.Decision{}, fraud.IsConfirmed)
	require.NoError(t, err)
	_, err = h.found(fraud.About{Type: fraud.Payee, ID: to.UUID().String()}, id.Decision{}, fraud.IsConfirmed)
	require.ErrorIs(t, err, fraud.ErrFound, "an account is the same payee by either name")
	_, _, err = h.send(h.by(alice), from, to, 10_000)
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2}, []int64{h.knew(risk.CustomerFrauds), h.knew(risk.PayeeFrauds)})

	h.pass(24 * time.Hour)
	_, err = h.found(about, first, fraud.IsCleared)
	require.NoError(t, err)
	h.reopen(h.log) // what a bank knows that begins again is the same
	_, _, err = h.send(h.by(alice), from, to, 10_000)
	require.NoError(t, err)
	require.Equal(t, []int64{0, 1}, []int64{h.knew(risk.CustomerFrauds), h.knew(risk.PayeeFrauds)})

	all, differences := h.replay(id.Decision{}, string(amountsPolicy(t)))
	require.Empty(t, differences)
	require.Equal(t, all.Decisions, all.Equal)
}

func TestABacktestTakesItsLabelsFromTheLog(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, to := h.account(alice, "Alice", 2_000_000), h.account(bob, "Bob", 0)
	var sent []id.Transfer
	for range 3 {
		one, _, err := h.send(h.by(alice), from, to, 10_000)
		require.NoError(t, err)
		sent = append(sent, one.Transfer)
	}
	all := h.decisions()
	for i, verdict := range []string{fraud.IsConfirmed, fraud.IsCleared, fraud.IsConfirmed} {
		_, err := h.found(fraud.About{Type: fraud.Transfer, ID: sent[i].String()}, all[i].Decision, verdict)
		require.NoError(t, err)
	}
	mark, err := h.log.Head(h.ctx())
	require.NoError(t, err)
	_, err = h.found(fraud.About{Type: fraud.Transfer, ID: sent[2].String()}, all[2].Decision, fraud.IsCleared)
	require.NoError(t, err)
	_, err = h.found(fraud.About{Type: fraud.Customer, ID: alice.String()}, id.Decision{}, fraud.IsConfirmed)
	require.NoError(t, err)
	was, err := FraudsFound(h.ctx(), h.log, h.bank.treaty, mark.Position)
	require.NoError(t, err)
	require.Equal(t, FraudLabels{sent[0].String(): true, sent[1].String(): false, sent[2].String(): true}, was, "as far as was known")
	now, err := FraudsFound(h.ctx(), h.log, h.bank.treaty, 0)
	require.NoError(t, err)
	require.Equal(t, FraudLabels{sent[0].String(): true, sent[1].String(): false, sent[2].String(): false}, now)
	live, err := h.bank.Judges(h.ctx())
	require.NoError(t, err)
	tested, err := RiskBacktest{Log: h.log, Treaty: h.bank.treaty, Policy: live.Live.Engine, Live: live.Live.Engine, Labels: now}.Run(h.ctx())
	require.NoError(t, err)
	require.EqualValues(t, 1, tested.Frauds)
}
