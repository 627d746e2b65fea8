package study_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain/risk"
	"florin/domain/risk/study"
)

func TestABacktestCountsWhatAPolicyWouldHaveDone(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	anna, bert := uuid.New(), uuid.New()
	b := study.NewBacktest(1)
	for i, one := range []study.Tried{
		{ID: "caught by both", Customer: anna, Amount: 500, Fraud: true, New: risk.Block, Live: risk.Hold},
		{ID: "caught now", Customer: anna, Amount: 300, Fraud: true, New: risk.Challenge, Live: risk.Allow},
		{ID: "missed by both", Customer: bert, Amount: 200, Fraud: true, New: risk.Allow, Live: risk.Allow},
		{ID: "stopped for nothing", Customer: bert, Amount: 100, New: risk.Hold, Live: risk.Allow},
		{ID: "asked for nothing", Customer: anna, Amount: 100, New: risk.Challenge, Live: risk.Challenge},
		{ID: "and again", Customer: anna, Amount: 100, New: risk.Challenge, Live: risk.Allow},
		{ID: "a login as nobody", New: risk.Challenge, Live: risk.Allow},
		{ID: "let through", Customer: bert, Amount: 100, New: risk.Allow, Live: risk.Allow},
	} {
		one.At = begin.Add(time.Duration(i%5) * 12 * time.Hour)
		b.Add(one)
	}
	r := b.Result()
	require.Equal(t, []any{int64(8), int64(3), int64(1000), 2.0}, []any{r.Decisions, r.Frauds, r.FraudValue, r.Days})
	require.Equal(t, []study.OutcomeCount{{risk.Allow, 1, 1}, {risk.Challenge, 1, 3}, {risk.Limit, 0, 0}, {risk.Hold, 0, 1}, {risk.Block, 1, 0}}, r.Policy.Outcomes)
	require.Equal(t, study.Level{AtLeast: risk.Challenge, Caught: 2, Alarms: 4, Missed: 1, LetThrough: 1, Precision: 2. / 6, Recall: 2. / 3, ValueCaught: 800, ValueRecall: 0.8,
		AlertsADay: 3, CustomersHit: 2}, r.Policy.Levels[0])
	require.Equal(t, study.Level{AtLeast: risk.Hold, Caught: 1, Alarms: 1, Missed: 2, LetThrough: 4, Precision: 0.5, Recall: 1. / 3, ValueCaught: 500, ValueRecall: 0.5,
		AlertsADay: 1, CustomersHit: 1}, r.Policy.Levels[2])
	require.Equal(t, study.Level{AtLeast: risk.Block, Missed: 3, LetThrough: 5}, r.Live.Levels[3])
	require.Equal(t, []study.Flipped{
		{Flip: study.Flip{Live: risk.Allow, New: risk.Challenge}, Decisions: 3, Frauds: 1, Examples: []string{"caught now"}},
		{Flip: study.Flip{Live: risk.Allow, New: risk.Hold}, Decisions: 1, Examples: []string{"stopped for nothing"}},
		{Flip: study.Flip{Live: risk.Hold, New: risk.Block}, Decisions: 1, Frauds: 1, Examples: []string{"caught by both"}},
	}, r.Flips)
	none := study.NewBacktest(3).Result()
	require.Zero(t, none.Policy.Levels[0].Precision, "of nothing there is no share")
	require.Empty(t, none.Flips)
}
