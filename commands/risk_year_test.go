package commands

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/fraud"
	"florin/domain/id"
	"florin/domain/risk"
	"florin/domain/riskpolicy"
)

// A year of a bank: salaries and rents, days of many payments and days of none, nights,
// policies that change, and restarts. Each decision of it comes out the same, from the
// log alone.
func TestAYearOfDecisionsCanBeMadeAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	require.NoError(t, h.bank.FirstStart(h.ctx()))
	source := rand.New(rand.NewPCG(20, 26))
	from, savings, to := h.account(alice, "Alice", 2_000_000), h.account(alice, "Alice", 0), h.account(bob, "Bob", 500_000)
	for day := range 365 {
		switch day {
		case 90:
			require.NoError(t, h.activate(RiskPolicyChange{File: h.readPolicy("spring"), Role: riskpolicy.Live}))
		case 180:
			require.NoError(t, h.activate(RiskPolicyChange{File: h.readFile(velocityPolicy), Role: riskpolicy.Live}))
		case 250:
			require.NoError(t, h.activate(RiskPolicyChange{File: h.readPolicy("beside"), Role: riskpolicy.Shadow}))
			h.reopen(h.log)
		case 300:
			spring := h.readPolicy("spring")
			require.NoError(t, h.activate(RiskPolicyChange{Digest: spring.Digest(), Role: riskpolicy.Live}))
		}
		for range source.IntN(4) {
			_, _, _ = h.send(h.by(alice), from, to, 500+source.Int64N(40_000)) // whatever becomes of it
			h.pass(time.Duration(source.Int64N(int64(5 * time.Hour))))
		}
		if day%30 == 0 {
			_, _, _ = h.send(h.by(bob), to, from, 100_000)
			_, _, _ = h.send(h.by(alice), from, savings, 150_000)
			_, _, _ = h.submit(h.by(alice), batchOf(from, 100, to, savings))
		}
		h.finds(day)
		h.pass(24 * time.Hour)
	}
	none, err := DecisionReplay{Log: h.log, Treaty: h.bank.treaty, Differs: func(d Difference) { require.Fail(t, "a decision differs", "%+v", d) }}.Run(h.ctx())
	require.NoError(t, err)
	require.Equal(t, none.Decisions, none.Equal)
	require.Greater(t, none.Decisions, 500)
	policies, effects, frauds := map[string]int{}, map[risk.Outcome]int{}, map[int64]int{}
	for _, said := range h.decisions() {
		frauds[feature(said, risk.CustomerFrauds)]++
		policies[said.Policy]++
		effects[said.Effect]++
	}
	require.Len(t, policies, 3)
	require.Greater(t, len(frauds), 2, "%v", frauds)
	require.Greater(t, len(effects), 1, "%v", effects)

	all, err := PoliciesInForce(h.ctx(), h.log, h.bank.treaty)
	require.NoError(t, err)
	var told [][]string
	for _, p := range all {
		told = append(told, []string{p.Name, p.Status})
	}
	require.Equal(t, [][]string{{"test-amounts", "replaced"}, {"spring", "live"}, {"velocity", "replaced"}, {"beside", "shadow"}}, told)

	forged := h.decisions()[0] // by a policy that the bank knows, when another one was in force
	of := h.forge(forged)
	one, differences := h.replay(of)
	require.Equal(t, Replayed{Decisions: 1, Differ: 1}, one)
	require.Equal(t, []string{"policy", all[0].Digest, all[1].Digest}, []string{differences[0].Part, differences[0].Kept, differences[0].Again})
	_, err = PolicyInLog(h.ctx(), h.log, h.bank.treaty, "nobody")
	require.ErrorIs(t, err, riskpolicy.ErrUnknown)
}

// finds has an operator confirm, every fortnight, the last decision as fraud, and on some
// of those days clear it again a day later.
func (h *house) finds(day int) {
	h.t.Helper()
	if day%14 > 1 || day%42 == 1 {
		return
	}
	all := h.decisions()
	if len(all) == 0 {
		return
	}
	verdict, last := fraud.IsConfirmed, all[len(all)-1]
	if day%14 == 1 {
		verdict = fraud.IsCleared
	}
	_, err := h.found(fraud.About{Type: fraud.Decision, ID: last.Decision.String()}, id.Decision{}, verdict)
	if err != nil {
		require.ErrorIs(h.t, err, fraud.ErrFound)
	}
}

func (h *house) readFile(text string) ReadPolicy {
	h.t.Helper()
	read, err := h.bank.RiskPolicies().Read(text)
	require.NoError(h.t, err)
	return read
}
