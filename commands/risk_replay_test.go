package commands

import (
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/domain/risk"
	"florin/schemas"
)

func (h *house) replay(only id.Decision, policies ...string) (Replayed, []Difference) {
	h.t.Helper()
	var files [][]byte
	for _, policy := range policies {
		files = append(files, []byte(policy))
	}
	known, err := PoliciesOf(files...)
	require.NoError(h.t, err)
	var found []Difference
	all, err := DecisionReplay{Log: h.log, Treaty: h.bank.treaty, Policies: known, Only: only, Differs: func(d Difference) { found = append(found, d) }}.Run(h.ctx())
	require.NoError(h.t, err)
	return all, found
}

// forge keeps a decision that nobody made.
func (h *house) forge(said risk.Assessed) id.Decision {
	h.t.Helper()
	order := h.operator()
	said.Decision = id.From[id.Decision](DerivedID(order.ID, "forged"))
	_, _, err := execute(h.ctx(), h.bank, "test.forge", order, streams(said.Decision), func(w *work) error {
		return w.noteDecision(said)
	}, func([]Fact) (struct{}, error) { return struct{}{}, nil })
	require.NoError(h.t, err)
	return said.Decision
}

func TestEveryDecisionCanBeMadeAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, savings, to := h.account(alice, "Alice", 2_000_000), h.account(alice, "Alice", 0), h.account(bob, "Bob", 5_000)
	scene := func() {
		for range 7 {
			_, _, _ = h.send(h.by(alice), from, to, 12_345) // whatever becomes of it
			_, _, _ = h.send(h.by(bob), to, from, 999)
			h.pass(7 * 60_000_000_000)
			_, _, _ = h.send(h.by(alice), from, savings, 250_000)
		}
		_, _, _ = h.submit(h.by(alice), batchOf(from, 100, to, savings))
	}
	scene()
	h.policy = []byte(velocityPolicy) // from here on another one decides
	h.reopen(h.log)
	scene()
	h.policy = nil // and now the bank's own
	h.reopen(h.log)
	scene()
	all, found := h.replay(id.Decision{}, velocityPolicy, string(amountsPolicy(t)))
	require.Empty(t, found)
	require.Equal(t, Replayed{Decisions: 66, Equal: 66}, all)
	outcomes := map[risk.Outcome]int{}
	for _, said := range h.decisions() {
		outcomes[said.Effect]++
	}
	require.Greater(t, len(outcomes), 2, "%v", outcomes)

	last := h.decisions()[65]
	for part, change := range map[string]func(*risk.Assessed){
		"score":         func(a *risk.Assessed) { a.Score-- },
		"outcome":       func(a *risk.Assessed) { a.Outcome = risk.Allow },
		"features":      func(a *risk.Assessed) { a.Features = append([]risk.Value{}, a.Features[1:]...) },
		"contributions": func(a *risk.Assessed) { a.Contributions = nil },
		"reasons":       func(a *risk.Assessed) { a.Reasons = []string{"because"} },
		"position":      func(a *risk.Assessed) { a.Position-- },
		"policy":        func(a *risk.Assessed) { a.Policy = "0000" },
		"effect":        func(a *risk.Assessed) { a.Reasons, a.Effect = []string{risk.ReasonScorerFailed}, risk.Allow },
	} {
		forged := last
		change(&forged)
		of := h.forge(forged)
		one, differences := h.replay(of, velocityPolicy, string(amountsPolicy(t)))
		require.Equal(t, Replayed{Decisions: 1, Differ: 1}, one, part)
		require.Equal(t, part, differences[0].Part)
		require.Equal(t, of, differences[0].Decision)
	}
	one, found := h.replay(last.Decision, velocityPolicy, string(amountsPolicy(t)))
	require.Empty(t, found)
	require.Equal(t, Replayed{Decisions: 1, Equal: 1}, one, "forgeries that come later change nothing of it")
	all, _ = h.replay(id.Decision{})
	require.Equal(t, 74, all.Decisions)
	require.Equal(t, 22, all.Equal, "of policies that nobody has nothing can be said")
	_, err := PoliciesOf([]byte("name: x"))
	require.ErrorIs(t, err, risk.ErrPolicy)
	require.NotEmpty(t, schemas.DefaultPolicy())
}
