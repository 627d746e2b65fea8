package projections

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/domain/risk"
	"florin/eventbus"
)

func TestRiskDecisionsAreListed(t *testing.T) {
	t.Parallel()
	b, ctx := newBank(t), context.Background()
	anna, bert, phone := id.Named[id.Customer]("anna"), id.Named[id.Customer]("bert"), id.Named[id.Device]("phone")
	began := b.now
	all := []risk.Assessed{
		{Action: risk.Login, Customer: anna, Device: phone, About: "grt_1", Score: -5000, Outcome: risk.Allow, Effect: risk.Allow, Policy: "first", At: began},
		{Action: risk.Transfer, Customer: anna, Device: phone, About: "trf_1", Hundredths: 500, Score: -4000, Outcome: risk.Allow, Effect: risk.Challenge, Policy: "first", At: began.Add(time.Hour)},
		{Action: risk.Transfer, Customer: bert, About: "trf_2", Score: 2000, Outcome: risk.Block, Effect: risk.Block, Policy: "second", Reasons: []string{"velocity", "payee-new"}, At: began.Add(2 * time.Hour)},
		{Action: risk.Login, About: "grt_2", Score: -5000, Outcome: risk.Challenge, Effect: risk.Challenge, Policy: "second", Reasons: []string{"payee-newer"}, At: began.Add(3 * time.Hour)},
	}
	for i := range all {
		all[i].Decision = id.Named[id.Decision](all[i].About)
		b.commit(eventbus.Header{}, b.part(all[i].Decision.Stream(), all[i]))
	}
	r := b.reads("")
	run(t, r)
	require.NoError(t, r.Caught(ctx))
	low := int64(-4500)
	for name, try := range map[string]struct {
		filter RiskFilter
		want   []string // the latest first
	}{
		"all":                         {RiskFilter{}, []string{"grt_2", "trf_2", "trf_1", "grt_1"}},
		"a customer's":                {RiskFilter{Customer: anna}, []string{"trf_1", "grt_1"}},
		"of a device":                 {RiskFilter{Device: phone, Action: risk.Login}, []string{"grt_1"}},
		"about one thing":             {RiskFilter{About: "trf_2"}, []string{"trf_2"}},
		"what the engine said":        {RiskFilter{Outcome: risk.Allow}, []string{"trf_1", "grt_1"}},
		"what came of it":             {RiskFilter{Effect: risk.Challenge}, []string{"grt_2", "trf_1"}},
		"by a policy":                 {RiskFilter{Policy: "first"}, []string{"trf_1", "grt_1"}},
		"for a reason, not its start": {RiskFilter{Reason: "payee-new"}, []string{"trf_2"}},
		"no pattern":                  {RiskFilter{Reason: "%"}, nil},
		"from a score on":             {RiskFilter{Score: &low}, []string{"trf_2", "trf_1"}},
		"within a time":               {RiskFilter{From: began.Add(time.Hour), To: began.Add(2 * time.Hour)}, []string{"trf_1"}},
	} {
		found, err := r.RiskDecisions(ctx, try.filter, 0, 10)
		require.NoError(t, err, name)
		var abouts []string
		for _, d := range found {
			abouts = append(abouts, d.About)
		}
		require.Equal(t, try.want, abouts, name)
	}
	page, err := r.RiskDecisions(ctx, RiskFilter{}, 0, 3)
	require.NoError(t, err)
	require.Len(t, page, 3)
	require.Equal(t, []string{"velocity", "payee-new"}, page[1].Codes())
	require.Empty(t, page[2].Codes())
	rest, err := r.RiskDecisions(ctx, RiskFilter{}, page[2].Position, 3)
	require.NoError(t, err)
	require.Len(t, rest, 1)
	said, at, err := r.RiskDecisionFact(ctx, all[2].Decision)
	require.NoError(t, err)
	require.Equal(t, page[1].Position, at)
	require.Equal(t, all[2].Reasons, said.Reasons)
	_, _, err = r.RiskDecisionFact(ctx, id.Named[id.Decision]("none"))
	require.ErrorIs(t, err, ErrMissing)
}
