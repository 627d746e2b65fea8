package projections

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/domain/riskpolicy"
	"florin/eventbus"
)

func TestRiskPolicies(t *testing.T) {
	t.Parallel()
	b, ctx := newBank(t), context.Background()
	ada, bob := id.Named[id.Operator]("ada"), id.Named[id.Operator]("bob")
	digests := map[string]string{}
	for _, name := range []string{"first", "second", "third"} {
		text := `{"name":"` + name + `"}`
		digests[name] = riskpolicy.Digest(text)
		b.commit(eventbus.Header{}, b.part(riskpolicy.VersionOf(digests[name]).Stream(),
			riskpolicy.Submitted{Digest: digests[name], Name: name, Text: text, By: ada, At: b.now}))
	}
	in := func(event riskpolicy.Event) { b.commit(eventbus.Header{}, b.part(riskpolicy.Stream().Stream(), event)) }
	in(riskpolicy.Activated{Digest: digests["first"], Name: "first", Role: riskpolicy.Live, Reason: "first-start", At: b.now})
	in(riskpolicy.Activated{Digest: digests["third"], Name: "third", Role: riskpolicy.Shadow, Reason: "study", Proposer: ada, Approver: bob, At: b.now})
	in(riskpolicy.Activated{Digest: digests["second"], Name: "second", Role: riskpolicy.Live, Replaced: digests["first"], Reason: "tuned", Proposer: ada, Approver: bob, At: b.now})
	in(riskpolicy.Retired{Digest: digests["third"], Reason: "studied", Proposer: bob, Approver: ada, At: b.now})
	r := b.reads("")
	run(t, r)
	require.NoError(t, r.Caught(ctx))
	live, err := r.LiveRiskPolicy(ctx)
	require.NoError(t, err)
	require.Equal(t, digests["second"], live)
	for name, want := range map[string][]any{
		"first":  {RiskReplaced, "tuned", ada, bob},
		"second": {RiskLive, "tuned", ada, bob},
		"third":  {RiskRetired, "studied", bob, ada},
	} {
		row, err := r.RiskPolicyByDigest(ctx, digests[name])
		require.NoError(t, err)
		require.Equal(t, want, []any{row.Status, row.Reason, row.Proposer, row.Approver}, name)
		text, err := r.RiskPolicyText(ctx, digests[name])
		require.NoError(t, err)
		require.Equal(t, digests[name], riskpolicy.Digest(text))
	}
	page, err := r.RiskPolicies(ctx, "", 2)
	require.NoError(t, err)
	require.Len(t, page, 2)
	rest, err := r.RiskPolicies(ctx, page[1].Digest, 2)
	require.NoError(t, err)
	require.Len(t, rest, 1)
	_, err = r.RiskPolicyByDigest(ctx, "none")
	require.ErrorIs(t, err, ErrMissing)
}
