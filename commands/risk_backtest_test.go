package commands

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/domain/risk"
	"florin/domain/risk/study"
)

func TestAPolicyIsHeldAgainstThePast(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, to := h.account(alice, "Alice", 2_000_000), h.account(bob, "Bob", 0)
	var third id.Transfer
	for i := range 5 {
		sent, _, err := h.send(h.by(alice), from, to, 10_000)
		require.NoError(t, err)
		if i == 2 {
			third = sent.Transfer
		}
	}
	h.pass(48 * time.Hour)
	_, _, err := h.send(h.by(alice), from, to, 200_000)
	require.NoError(t, err)
	_, _, err = h.submit(h.by(alice), batchOf(from, 100, to))
	require.NoError(t, err)

	tried, err := decidingBy([]byte(velocityPolicy))
	require.NoError(t, err)
	live, err := h.bank.Judges(h.ctx())
	require.NoError(t, err)
	ask := RiskBacktest{Log: h.log, Treaty: h.bank.treaty, Policy: tried.engine, Live: live.Live.Engine, Examples: 9, Labels: FraudLabels{third.String(): true}}
	found, err := ask.Run(h.ctx())
	require.NoError(t, err)
	all := h.decisions()
	require.EqualValues(t, len(all), found.Decisions)
	require.EqualValues(t, 1, found.Frauds)
	require.Equal(t, []study.Flipped{
		{Flip: study.Flip{Live: risk.Allow, New: risk.Challenge}, Decisions: 2, Frauds: 1, Examples: []string{all[2].Decision.String(), all[3].Decision.String()}},
		{Flip: study.Flip{Live: risk.Allow, New: risk.Block}, Decisions: 1, Examples: []string{all[4].Decision.String()}},
		{Flip: study.Flip{Live: risk.Challenge, New: risk.Allow}, Decisions: 1, Examples: []string{all[5].Decision.String()}},
	}, found.Flips, "the attempts before count for the policy that is tried as well")
	require.EqualValues(t, 10_000, found.Policy.Levels[0].ValueCaught)

	again := ask
	again.Policy = ask.Live
	same, err := again.Run(h.ctx())
	require.NoError(t, err)
	require.Empty(t, same.Flips)
	for i, said := range all {
		if said.Outcome == risk.Challenge {
			require.Equal(t, 5, i)
		}
	}
	require.EqualValues(t, 1, same.Policy.Outcomes[1].NoFraud, "the live policy says what was said")

	ask.From = h.now()
	late, err := ask.Run(h.ctx())
	require.NoError(t, err)
	require.EqualValues(t, len(all)-5, late.Decisions)
	ask.To = h.now()
	none, err := ask.Run(h.ctx())
	require.NoError(t, err)
	require.Zero(t, none.Decisions)
	ask.From, ask.To, ask.Until = time.Time{}, time.Time{}, 1
	none, err = ask.Run(h.ctx())
	require.NoError(t, err)
	require.Zero(t, none.Decisions)
}
