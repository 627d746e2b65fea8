package risk_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/risk"
)

func TestTheSmallestChangeThatWouldHaveChangedTheOutcome(t *testing.T) {
	t.Parallel()
	threefold := policy()
	threefold.Thresholds[risk.Login] = []risk.Threshold{{At: map[risk.Outcome]int64{risk.Challenge: -3100}}}
	either := policy()
	either.Rules = append(either.Rules, risk.Rule{When: "failed_logins_1h > 2 || device_customers >= 3", Outcome: risk.Block, Reason: "device-shared"})
	no := policy()
	no.Rules = append(no.Rules, risk.Rule{When: "!known(device_age_h)", Actions: []risk.Action{risk.Login}, Outcome: risk.Block, Reason: "device-unknown"})
	for _, try := range []struct {
		name    string
		policy  risk.Policy
		action  risk.Action
		given   map[risk.Feature]int64
		changes []risk.Change
		outcome risk.Outcome
	}{
		{"of several the nearest, and of as near ones the first", policy(), risk.Payment, map[risk.Feature]int64{risk.Amount: 1000, risk.PayeeAge: -1},
			[]risk.Change{{Feature: risk.Amount, Value: 1000, Below: 1000, Open: risk.OpenBelow, Distance: 1}}, risk.Allow},
		{"a block that would have been a hold", policy(), risk.Payment, map[risk.Feature]int64{risk.Amount: 50_000, risk.PayeeAge: -1, risk.Count10Minutes: 3},
			[]risk.Change{{Feature: risk.Amount, Value: 50_000, From: 1000, Below: 50_000, Distance: 1}}, risk.Hold},
		{"what was allowed, and the amount from which it would not have been", policy(), risk.Transfer, map[risk.Feature]int64{risk.Amount: 500, risk.PayeeAge: 12},
			[]risk.Change{{Feature: risk.Amount, Value: 500, From: 50_000, Below: 100_000, Distance: 2}}, risk.Challenge},
		{"a rule's feature", policy(), risk.Transfer, map[risk.Feature]int64{risk.Amount: 10, risk.PayeeFrauds: 2},
			[]risk.Change{{Feature: risk.PayeeFrauds, Value: 2, Below: 1, Open: risk.OpenBelow, Distance: 1}}, risk.Allow},
		{"two features where one is not enough", either, risk.Login, map[risk.Feature]int64{risk.FailedLogins: 5, risk.DeviceCustomers: 4},
			[]risk.Change{{Feature: risk.FailedLogins, Value: 5, Below: 3, Open: risk.OpenBelow, Distance: 1}, {Feature: risk.DeviceCustomers, Value: 4, Below: 3, Open: risk.OpenBelow, Distance: 1}}, risk.Allow},
		{"three where two are not enough", threefold, risk.Login, map[risk.Feature]int64{risk.Amount: 50_000, risk.PayeeAge: 0, risk.Count10Minutes: 3},
			[]risk.Change{{Feature: risk.Amount, Value: 50_000, Below: 1000, Open: risk.OpenBelow, Distance: 2}, {Feature: risk.PayeeAge, Value: 0, From: 24, Open: risk.OpenAbove, Distance: 1},
				{Feature: risk.Count10Minutes, Value: 3, Below: 3, Open: risk.OpenBelow, Distance: 1}}, risk.Allow},
		{"nothing where nothing is known", policy(), risk.Payment, nil, nil, ""},
		{"knowing more is no change", no, risk.Login, map[risk.Feature]int64{risk.Amount: 10}, nil, ""},
	} {
		engine, err := risk.NewEngine(try.policy)
		require.NoError(t, err, try.name)
		found, is := engine.SmallestChange(try.action, vector(try.given))
		require.Equal(t, try.changes != nil, is, try.name)
		require.Equal(t, try.changes, found.Changes, try.name)
		require.Equal(t, try.outcome, found.Outcome, try.name)
	}
}

// What is promised comes true, at both ends of what it says, and no part of it can be
// left out.
func TestWhatAnAlternativePromisesComesTrue(t *testing.T) {
	t.Parallel()
	p := policy()
	p.Rules = append(p.Rules, risk.Rule{When: "count_10m == 7 || amount > 70000 && payee_age_h != 30", Outcome: risk.Challenge, Reason: "odd"})
	engine, err := risk.NewEngine(p)
	require.NoError(t, err)
	source, changed := rand.New(rand.NewPCG(1, 2)), 0
	for range 3000 {
		given := map[risk.Feature]int64{risk.Amount: source.Int64N(150_000), risk.PayeeAge: source.Int64N(50) - 1, risk.Count10Minutes: source.Int64N(10), risk.PayeeFrauds: source.Int64N(2)}
		action := risk.Actions()[source.IntN(len(risk.Actions()))]
		v := vector(given)
		found, is := engine.SmallestChange(action, v)
		again, _ := engine.SmallestChange(action, v)
		require.Equal(t, found, again)
		if !is {
			continue
		}
		changed++
		was := engine.Decide(action, v).Outcome
		for left := range len(found.Changes) + 1 { // the last leaves none out
			other := *v
			for i, c := range found.Changes {
				if i != left {
					other.Set(c.Feature, inside(c))
				}
			}
			then := engine.Decide(action, &other)
			if left < len(found.Changes) {
				require.Equal(t, was, then.Outcome, "%v without its change %d", found, left)
				continue
			}
			require.Equal(t, found.Outcome, then.Outcome)
			require.Equal(t, found.Score, then.Score)
			require.NotEqual(t, was, then.Outcome)
		}
	}
	require.Greater(t, changed, 2000)
}

// inside is a value that a change allows, the farthest from where it was.
func inside(c risk.Change) int64 {
	switch {
	case c.Open == risk.OpenBelow:
		return c.Below - 1
	case c.Open == risk.OpenAbove:
		return c.From
	case c.Value < c.From:
		return c.Below - 1
	}
	return c.From
}
