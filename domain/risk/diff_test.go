package risk_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/risk"
)

func TestWhatTwoPoliciesSayOtherwise(t *testing.T) {
	t.Parallel()
	policy := func() risk.Policy {
		return risk.Policy{
			Name: "p", Base: -6900,
			Scorecard:  []risk.Card{{Feature: "amount", Bins: []risk.Bin{{Below: 100, Weight: -300}, {Below: 200, Weight: 0}}, Rest: 900, Reason: "amount-high"}},
			Rules:      []risk.Rule{{When: "amount > 5", Outcome: risk.Hold, Reason: "x"}, {When: "amount > 5", Actions: []risk.Action{risk.Login}, Outcome: risk.Block, Reason: "y"}},
			Thresholds: map[risk.Action][]risk.Threshold{risk.Login: {{From: 0, At: map[risk.Outcome]int64{risk.Challenge: -4000, risk.Block: 500}}}},
			Examples:   []risk.Example{{Name: "a coffee", Action: risk.Transfer, Given: map[string]int64{"amount": 350, "count_1h": 1}, Outcome: risk.Allow}},
		}
	}
	require.Empty(t, risk.Diff(policy(), policy()))
	to := policy()
	to.Name, to.Base = "q", -7000
	to.Scorecard = []risk.Card{{Feature: "amount", Bins: []risk.Bin{{Below: 100, Weight: -200}, {Below: 300, Weight: 0}}, Rest: 900, Reason: "amount-high"}}
	to.Rules = to.Rules[:1]
	to.Thresholds[risk.Login][0].At[risk.Challenge] = -4100
	to.Examples[0].Outcome = risk.Block
	var lines []string
	for _, difference := range risk.Diff(policy(), to) {
		lines = append(lines, difference.String())
	}
	require.Equal(t, []string{
		"base: -6900 -> -7000",
		"feature amount below 100: -300 -> -200",
		"feature amount below 200: gone, was +0",
		"feature amount below 300: new, +0",
		"rule if amount > 5 (2): gone, was block for login (y)",
		"threshold login from 0: challenge: at -4000 -> at -4100",
		"example a coffee: transfer of amount=350 count_1h=1: allow -> transfer of amount=350 count_1h=1: block",
	}, lines)
	require.Len(t, risk.Diff(to, policy()), 7, "it is the same the other way round")
}
