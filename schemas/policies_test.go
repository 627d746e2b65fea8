package schemas_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/risk"
	"florin/domain/riskpolicy"
	"florin/schemas"
)

func TestTheDefaultPolicyKeepsItsPromises(t *testing.T) {
	t.Parallel()
	engine, digest, err := schemas.ReadPolicy(schemas.DefaultPolicy())
	require.NoError(t, err)
	require.Equal(t, "florin-default", engine.Policy().Name)
	require.Len(t, digest, 64)
	again, err := schemas.WritePolicy(engine.Policy())
	require.NoError(t, err)
	_, same, err := schemas.ReadPolicy(again)
	require.NoError(t, err)
	require.Equal(t, digest, same, "neither layout nor comments are part of its identity")
	policy := engine.Policy()
	for _, card := range policy.Scorecard {
		require.NotEmpty(t, policy.Reasons[card.Reason], card.Reason)
	}
	for _, rule := range policy.Rules {
		require.NotEmpty(t, policy.Reasons[rule.Reason], rule.Reason)
	}
}

// FuzzReadPolicy: whatever is taken is the same policy written out again, in either
// form, and what is not is refused as a policy.
func FuzzReadPolicy(f *testing.F) {
	f.Add(string(schemas.DefaultPolicy()))
	amounts, err := os.ReadFile("testdata/policy-amounts.yaml")
	require.NoError(f, err)
	f.Add(string(amounts))
	f.Add(`{"name":"x","base":0,"scorecard":[],"thresholds":{},"examples":[]}`)
	f.Add("name: &a x\nbase: *a")
	f.Add("a: &a [*a, *a]")
	f.Fuzz(func(t *testing.T, file string) {
		engine, digest, err := schemas.ReadPolicy([]byte(file))
		if err != nil {
			require.ErrorIs(t, err, risk.ErrPolicy)
			return
		}
		canonical, err := schemas.CanonicalPolicy(engine.Policy())
		require.NoError(t, err)
		require.Equal(t, digest, riskpolicy.Digest(canonical))
		written, err := schemas.WritePolicy(engine.Policy())
		require.NoError(t, err)
		for _, again := range []string{canonical, string(written)} {
			_, same, err := schemas.ReadPolicy([]byte(again))
			require.NoError(t, err)
			require.Equal(t, digest, same)
		}
	})
}
