package commands

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/fraud"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/payee"
	"florin/domain/risk"
)

// keptPolicy doubts payees that were found to be a fraudster's, and the third within ten
// minutes; a payee that is both nobody keeps.
const keptPolicy = `{name: kept, base: -1000, scorecard: [
  {feature: payee_frauds_30d, reason: payee-reported, unknown: 0, bins: [{below: 1, weight: 0}, {below: 2, weight: 1000}], rest: 1000},
  {feature: count_10m, reason: velocity, unknown: 0, bins: [{below: 2, weight: 0}], rest: 1000}],
thresholds: {login: [{from: 0, at: {}}], enrolment: [{from: 0, at: {}}], payee: [{from: 0, at: {hold: 0, block: 1000}}], payment: [{from: 0, at: {}}], transfer: [{from: 0, at: {}}]},
examples: [{name: a stranger, action: payee, given: {payee_frauds_30d: 0}, outcome: allow}]}`

func newKeeper(t *testing.T) *house {
	h := newHouse(t, newModelLog(t))
	h.policy = []byte(keptPolicy)
	h.reopen(h.log)
	return h
}

func (h *house) savePayee(order Order, to id.Account) (PayeeAnswer, Outcome, error) {
	return h.bank.Payees().Save(h.ctx(), order, SavePayee{Account: to, Name: "Bob"})
}

func (h *house) reported(who string) {
	h.t.Helper()
	_, err := h.found(fraud.About{Type: fraud.Payee, ID: who}, id.Decision{}, fraud.IsConfirmed)
	require.NoError(h.t, err)
}

func TestAPayeeIsScoredWhenItIsSaved(t *testing.T) {
	t.Parallel()
	h := newKeeper(t)
	from, to := h.account(alice, "Alice", 100_000), h.account(bob, "Bob", 0)
	saved, outcome, err := h.savePayee(h.by(alice), to)
	require.NoError(t, err)
	require.Equal(t, h.now().Add(24*time.Hour), saved.TrustedFrom)
	require.Equal(t, []string{"payee.saved"}, h.kinds(outcome), "beside the decision")
	said := h.decisions()[0]
	require.Equal(t, []any{risk.NewPayee, alice, h.by(alice).Caller.Device, saved.Payee.String(), to.UUID().String(), int64(0), risk.Allow, risk.Allow},
		[]any{said.Action, said.Customer, said.Device, said.About, said.Payee, said.Hundredths, said.Outcome, said.Effect})
	require.EqualValues(t, 2, feature(said, risk.SessionStrength))
	_, _, err = h.send(h.by(alice), from, to, 100)
	require.NoError(t, err)
	paid := h.decisions()[1]
	require.Equal(t, []int64{-1, 0, 1}, []int64{feature(paid, risk.PayeeAge), feature(paid, risk.PayeePayments), feature(paid, risk.Count10Minutes)},
		"who was saved was not paid, but it was an attempt")
	h.audit()
}

func TestADoubtedPayeeCoolsOffLonger(t *testing.T) {
	t.Parallel()
	h := newKeeper(t)
	to := h.account(bob, "Bob", 0)
	h.reported(to.String())
	saved, _, err := h.savePayee(h.by(alice), to)
	require.NoError(t, err)
	require.Equal(t, h.now().Add(3*24*time.Hour), saved.TrustedFrom)
	said := h.decisions()[0]
	require.Equal(t, []risk.Outcome{risk.Hold, risk.Challenge}, []risk.Outcome{said.Outcome, said.Effect})
	require.Equal(t, []string{"payee-reported"}, said.Reasons)

	h.terms.DoubtTimes = 0 // this bank has no patience
	h.reopen(h.log)
	saved, _, err = h.savePayee(h.by(bob), to)
	require.NoError(t, err)
	require.Equal(t, h.now().Add(24*time.Hour), saved.TrustedFrom)
	h.audit()
}

func TestWhereRiskFailsThePayeeIsDoubted(t *testing.T) {
	t.Parallel()
	h := newKeeper(t)
	to := h.account(bob, "Bob", 0)
	patience := h.bank.book.wait
	h.bank.book.wait = 10 * time.Millisecond
	h.bank.book.pulling <- struct{}{} // somebody reads, and does not come to an end
	saved, _, err := h.savePayee(h.by(alice), to)
	<-h.bank.book.pulling
	h.bank.book.wait = patience
	require.NoError(t, err)
	require.Equal(t, h.now().Add(3*24*time.Hour), saved.TrustedFrom)
	again, found := h.replay(id.Decision{}, keptPolicy)
	require.Empty(t, found)
	require.Equal(t, Replayed{Decisions: 1, NotMade: 1}, again)
	h.audit()
}

func TestABlockedPayeeIsNotSavedAndItsDecisionIsKept(t *testing.T) {
	t.Parallel()
	h := newKeeper(t)
	to, other := h.account(bob, "Bob", 0), h.account(bob, "Bob", 0)
	h.reported(to.String())
	for _, account := range []id.Account{other, h.account(bob, "Bob", 0)} {
		_, _, err := h.savePayee(h.by(alice), account)
		require.NoError(t, err)
	}
	order := h.by(alice)
	_, outcome, err := h.savePayee(order, to)
	require.ErrorIs(t, err, payee.ErrBlocked)
	require.NotZero(t, outcome.Receipt.Last)
	require.Empty(t, h.kinds(outcome), "but for the decision")
	_, again, err := h.savePayee(order, to)
	require.ErrorIs(t, err, payee.ErrBlocked, "a retry is told the same")
	require.Equal(t, outcome.Receipt, again.Receipt)
	said := h.decisions()
	require.Len(t, said, 3)
	require.Equal(t, risk.Block, said[2].Effect)
	require.Equal(t, []string{"payee-reported", "velocity"}, said[2].Reasons)
	state, err := h.bank.payees.look(h.ctx(), payeesOf(alice))
	require.NoError(t, err)
	require.Len(t, state.Payees, 2)
	_, _, err = h.savePayee(h.by(alice), other)
	require.ErrorIs(t, err, payee.ErrExists)
	require.Len(t, h.decisions(), 3, "what no rule lets be risk is not asked about")
	h.audit()
}

// However many are saved at once, the third of them is one too many.
func TestManyPayeesAtOnceAreDoubted(t *testing.T) {
	t.Parallel()
	h := newKeeper(t)
	for i, days := range []time.Duration{1, 1, 3, 3} {
		saved, _, err := h.savePayee(h.by(alice), h.account(bob, "Bob", 0))
		require.NoError(t, err)
		require.Equal(t, h.now().Add(days*24*time.Hour), saved.TrustedFrom, i)
	}
	number := must(iban.Parse("DE89370400440532013000"))
	saved, _, err := h.bank.Payees().Save(h.ctx(), h.by(bob), SavePayee{IBAN: number, Name: "Bob"})
	require.NoError(t, err)
	require.Equal(t, h.now().Add(24*time.Hour), saved.TrustedFrom)
	said := h.decisions()
	known, err := h.bank.riskPayee(number.String())
	require.NoError(t, err)
	require.Equal(t, known.String(), said[4].Payee, "the same as when it is paid")
	require.NotContains(t, said[4].Payee, "3704")
	again, found := h.replay(id.Decision{}, keptPolicy)
	require.Empty(t, found)
	require.Equal(t, Replayed{Decisions: 5, Equal: 5}, again)
	h.audit()
}
