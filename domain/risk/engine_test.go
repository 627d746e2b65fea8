package risk_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/risk"
)

// policy is a small one, whose numbers one can add up.
func policy() risk.Policy {
	thresholds := map[risk.Action][]risk.Threshold{}
	for _, action := range risk.Actions() {
		thresholds[action] = []risk.Threshold{{From: 0, At: map[risk.Outcome]int64{risk.Challenge: -1000, risk.Hold: 0, risk.Block: 1000}}}
	}
	thresholds[risk.Transfer] = append(thresholds[risk.Transfer], risk.Threshold{From: 100_000, At: map[risk.Outcome]int64{risk.Challenge: -2000, risk.Limit: -1500}})
	return risk.Policy{
		Name: "small", Base: -2500, Thresholds: thresholds,
		Scorecard: []risk.Card{
			{Feature: "amount", Reason: "amount-high", Bins: []risk.Bin{{Below: 1000, Weight: -500}, {Below: 50_000, Weight: 0}}, Rest: 900},
			{Feature: "payee_age_h", Reason: "payee-new", Unknown: 100, Bins: []risk.Bin{{Below: 0, Weight: 1600}, {Below: 24, Weight: 800}}, Rest: -300},
			{Feature: "count_10m", Reason: "velocity", Bins: []risk.Bin{{Below: 3, Weight: 0}}, Rest: 1700},
		},
		Rules:    []risk.Rule{{When: "payee_frauds_30d > 0", Actions: []risk.Action{risk.Transfer}, Outcome: risk.Hold, Reason: "payee-reported"}},
		Examples: []risk.Example{{Name: "small", Action: risk.Transfer, Given: map[string]int64{"amount": 10}, Outcome: risk.Allow}},
	}
}

func vector(given map[risk.Feature]int64) *risk.Vector {
	var v risk.Vector
	for f, value := range given {
		v.Set(f, value)
	}
	return &v
}

func TestAScoreIsTheSumOfItsWeights(t *testing.T) {
	t.Parallel()
	engine, err := risk.NewEngine(policy())
	require.NoError(t, err)
	for _, try := range []struct {
		name    string
		action  risk.Action
		given   map[risk.Feature]int64
		score   int64
		outcome risk.Outcome
		reasons []string
	}{
		{"nothing is known", risk.Payment, nil, -2400, risk.Allow, nil},
		{"a small amount", risk.Payment, map[risk.Feature]int64{risk.Amount: 999}, -2900, risk.Allow, nil},
		{"the bin above begins where the one below ends", risk.Payment, map[risk.Feature]int64{risk.Amount: 1000}, -2400, risk.Allow, nil},
		{"a new payee", risk.Payment, map[risk.Feature]int64{risk.Amount: 1000, risk.PayeeAge: -1}, -900, risk.Challenge, []string{"payee-new"}},
		{"and much money", risk.Payment, map[risk.Feature]int64{risk.Amount: 50_000, risk.PayeeAge: -1}, 0, risk.Hold, []string{"payee-new", "amount-high"}},
		{"in a hurry", risk.Payment, map[risk.Feature]int64{risk.Amount: 50_000, risk.PayeeAge: -1, risk.Count10Minutes: 3}, 1700, risk.Block, []string{"velocity", "payee-new", "amount-high"}},
		{"a band of its own for much money", risk.Transfer, map[risk.Feature]int64{risk.Amount: 100_000, risk.PayeeAge: 24}, -1900, risk.Challenge, []string{"amount-high"}},
		{"where a lower limit helps", risk.Transfer, map[risk.Feature]int64{risk.Amount: 100_000, risk.PayeeAge: 23}, -800, risk.Limit, []string{"amount-high", "payee-new"}},
		{"a band that does not block does not", risk.Transfer, map[risk.Feature]int64{risk.Amount: 100_000, risk.PayeeAge: -1, risk.Count10Minutes: 9}, 1700, risk.Limit, []string{"velocity", "payee-new", "amount-high"}},
		{"a rule says more than the score", risk.Transfer, map[risk.Feature]int64{risk.Amount: 10, risk.PayeeFrauds: 1}, -2900, risk.Hold, []string{"payee-reported", "payee-new"}},
		{"where it applies", risk.Payment, map[risk.Feature]int64{risk.Amount: 10, risk.PayeeFrauds: 1}, -2900, risk.Allow, nil},
		{"and never less", risk.Transfer, map[risk.Feature]int64{risk.Amount: 60_000, risk.PayeeAge: -1, risk.Count10Minutes: 3, risk.PayeeFrauds: 1}, 1700, risk.Block, []string{"payee-reported", "velocity", "payee-new", "amount-high"}},
		{"an action that nobody knows how to judge", risk.Action("gift"), nil, -2400, risk.Challenge, []string{"payee-new"}},
	} {
		v := vector(try.given)
		d := engine.Decide(try.action, v)
		require.Equal(t, try.score, d.Score, try.name)
		require.Equal(t, try.outcome, d.Outcome, try.name)
		require.Equal(t, try.reasons, d.Reasons, try.name)
		sum := engine.Policy().Base
		for _, c := range d.Contributions {
			sum += c.Weight
		}
		require.Equal(t, d.Score, sum, "contributions explain all of the score")
	}
}

func TestPoliciesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*risk.Policy){
		"no name":                               func(p *risk.Policy) { p.Name = "" },
		"a name of words":                       func(p *risk.Policy) { p.Name = "My Policy" },
		"no example":                            func(p *risk.Policy) { p.Examples = nil },
		"an example that is untrue":             func(p *risk.Policy) { p.Examples[0].Outcome = risk.Block },
		"an example of a feature that is none":  func(p *risk.Policy) { p.Examples[0].Given = map[string]int64{"karma": 1} },
		"an example of an action that is none":  func(p *risk.Policy) { p.Examples[0].Action = "gift" },
		"an example of an outcome that is none": func(p *risk.Policy) { p.Examples[0].Outcome = "maybe" },
		"a feature that is none":                func(p *risk.Policy) { p.Scorecard[0].Feature = "karma" },
		"a feature twice":                       func(p *risk.Policy) { p.Scorecard[1].Feature = "amount" },
		"bins that fall":                        func(p *risk.Policy) { p.Scorecard[0].Bins[1].Below = 1000 },
		"a bin beyond what JSON keeps":          func(p *risk.Policy) { p.Scorecard[0].Bins[1].Below = 1 << 60 },
		"a weight beyond reason":                func(p *risk.Policy) { p.Scorecard[0].Bins[0].Weight = 20_001 },
		"a rest beyond reason":                  func(p *risk.Policy) { p.Scorecard[0].Rest = -20_001 },
		"a base beyond reason":                  func(p *risk.Policy) { p.Base = -20_001 },
		"no reason":                             func(p *risk.Policy) { p.Scorecard[0].Reason = "" },
		"a reason in words":                     func(p *risk.Policy) { p.Scorecard[0].Reason = "too much" },
		"too many bins":                         func(p *risk.Policy) { p.Scorecard[0].Bins = make([]risk.Bin, 33) },
		"too many cards":                        func(p *risk.Policy) { p.Scorecard = make([]risk.Card, 65) },
		"a rule that cannot be read":            func(p *risk.Policy) { p.Rules[0].When = "amount >" },
		"a rule that allows":                    func(p *risk.Policy) { p.Rules[0].Outcome = risk.Allow },
		"a rule without a reason":               func(p *risk.Policy) { p.Rules[0].Reason = "" },
		"a rule for an action that is none":     func(p *risk.Policy) { p.Rules[0].Actions = []risk.Action{"gift"} },
		"words for what is no code":             func(p *risk.Policy) { p.Reasons = map[string]string{"Bad karma": "Bad karma."} },
		"a reason without words":                func(p *risk.Policy) { p.Reasons = map[string]string{"velocity": ""} },
		"words of two lines":                    func(p *risk.Policy) { p.Reasons = map[string]string{"velocity": "Too\nmuch."} },
		"a reason that is a story":              func(p *risk.Policy) { p.Reasons = map[string]string{"velocity": strings.Repeat("so ", 100)} },
		"no thresholds":                         func(p *risk.Policy) { delete(p.Thresholds, risk.Login) },
		"thresholds for what is no action":      func(p *risk.Policy) { p.Thresholds["gift"] = p.Thresholds[risk.Login] },
		"thresholds that begin above nought":    func(p *risk.Policy) { p.Thresholds[risk.Transfer] = p.Thresholds[risk.Transfer][1:] },
		"bands that fall":                       func(p *risk.Policy) { p.Thresholds[risk.Transfer][1].From = 0 },
		"a score that allows":                   func(p *risk.Policy) { p.Thresholds[risk.Transfer][1].At[risk.Allow] = 5 },
		"an outcome that is none":               func(p *risk.Policy) { p.Thresholds[risk.Transfer][1].At["maybe"] = 5 },
		"the stricter at the lower score":       func(p *risk.Policy) { p.Thresholds[risk.Transfer][1].At[risk.Block] = -3000 },
	} {
		p := policy()
		spoil(&p)
		engine, err := risk.NewEngine(p)
		require.ErrorIs(t, err, risk.ErrPolicy, name)
		require.Nil(t, engine, name)
		require.Greater(t, len(err.Error()), len(risk.ErrPolicy.Error())+5, "it says what to mend")
	}
}

// Whatever is asked, the answer is the same each time, and knowing that money is
// safe at a payee never makes it worse.
func TestEnginesHaveNoMood(t *testing.T) {
	t.Parallel()
	engine, err := risk.NewEngine(policy())
	require.NoError(t, err)
	given := map[risk.Feature]int64{}
	for i, f := range risk.Features() {
		given[f] = int64(i * 1000)
		again, err := risk.NewEngine(policy())
		require.NoError(t, err)
		require.Equal(t, engine.Decide(risk.Transfer, vector(given)), again.Decide(risk.Transfer, vector(maps.Clone(given))))
	}
	require.Equal(t, strings.ToLower(risk.Amount.String()), risk.Amount.String())
	for _, f := range risk.Features() {
		named, known := risk.FeatureOf(f.String())
		require.True(t, known && named == f)
		require.NotEmpty(t, f.Meaning())
	}
	_, known := risk.FeatureOf("unknown")
	require.False(t, known)
	require.Equal(t, "unknown", risk.Feature(200).String())
}
