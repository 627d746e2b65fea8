package study_test

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain/risk"
	"florin/domain/risk/study"
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func TestAnEvaluationCountsAsOneWouldByHand(t *testing.T) {
	t.Parallel()
	e := study.NewEvaluation(2)
	for i, j := range []struct {
		day    int
		score  int64
		amount int64
		fraud  bool
	}{
		{0, 900, 100, true}, {0, 500, 300, false}, {0, 400, 700, true}, {0, -100, 50, false},
		{1, 900, 100, false}, {1, 900, 900, true}, {1, 900, 400, true}, {1, 200_000, 10, false},
	} {
		e.Add(study.Judged{At: monday.AddDate(0, 0, j.day).Add(time.Duration(i) * time.Minute), Score: j.score, Amount: j.amount, Fraud: j.fraud})
	}
	r := e.Result()
	require.EqualValues(t, 8, r.Transactions)
	require.EqualValues(t, 4, r.Frauds)
	// Steps from the top: 200000 has 0 of 1; 900 has 3 of 4 (found 3 of 5 seen); 400 has one more (4 of 7 seen).
	require.InDelta(t, 0.75*3/5+0.25*4/7, r.AUCPR, 1e-12)
	require.InDelta(t, 1.0/4, r.Precision, 1e-12, "the day's two highest: 900 and 500; then 200000 and the earliest 900, which was none")
	require.InDelta(t, 1.0/4, r.Recall, 1e-12)
	require.InDelta(t, 100.0/2100, r.ValueRecall, 1e-12)
	require.Equal(t, study.Day{Date: "2026-03-02", Transactions: 4, Frauds: 2, Alerts: 2, Caught: 1, Precision: 0.5, Recall: 0.5, ValueRecall: 0.125}, r.Days[0])
	require.Equal(t, "2026-03-03", r.Days[1].Date)
	require.Zero(t, study.NewEvaluation(0).Result().AUCPR, "of nothing there is nothing to tell")
}

func TestPerfectAndBlindScores(t *testing.T) {
	t.Parallel()
	perfect, blind := study.NewEvaluation(100), study.NewEvaluation(100)
	for i := range 10_000 {
		fraud := i%50 == 0
		score := int64(-1000)
		if fraud {
			score = 1000
		}
		at := monday.Add(time.Duration(i) * time.Minute)
		perfect.Add(study.Judged{At: at, Score: score, Fraud: fraud})
		blind.Add(study.Judged{At: at, Score: 7, Fraud: fraud})
	}
	require.InDelta(t, 1, perfect.Result().AUCPR, 1e-9)
	require.InDelta(t, 0.02, blind.Result().AUCPR, 1e-9, "no better than the share of frauds")
}

func listed(all ...study.Transaction) iter.Seq2[study.Transaction, error] {
	return func(yield func(study.Transaction, error) bool) {
		for _, t := range all {
			if !yield(t, nil) {
				return
			}
		}
	}
}

func paid(name, payee string, after time.Duration, fraud bool) study.Transaction {
	return study.Transaction{ID: name, At: monday.Add(after), Customer: uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)),
		Payee: uuid.NewSHA1(uuid.NameSpaceURL, []byte(payee)), Amount: 1000, Fraud: fraud}
}

// What a fraud was is known only after the delay; and never of the transaction itself.
func TestAReplayKnowsNothingBeforeItsTime(t *testing.T) {
	t.Parallel()
	var frauds []int64
	err := study.Replay(listed(paid("a", "mule", 0, true), paid("b", "mule", time.Hour, false), paid("c", "mule", 71*time.Hour, false), paid("d", "mule", 72*time.Hour, false)),
		72*time.Hour, func(_ study.Transaction, v *risk.Vector) error {
			found, _ := v.Get(risk.PayeeFrauds)
			frauds = append(frauds, found)
			return nil
		})
	require.NoError(t, err)
	require.Equal(t, []int64{0, 0, 0, 1}, frauds)
}

func TestAReplayEndsWithTheFirstError(t *testing.T) {
	t.Parallel()
	see := func(study.Transaction, *risk.Vector) error { return nil }
	require.ErrorIs(t, study.Replay(listed(paid("a", "x", time.Hour, false), paid("b", "x", 0, false)), 0, see), study.ErrOrder)
	broken := errors.New("broken")
	require.ErrorIs(t, study.Replay(func(yield func(study.Transaction, error) bool) { yield(study.Transaction{}, broken) }, 0, see), broken)
	require.ErrorIs(t, study.Replay(listed(paid("a", "x", 0, false)), 0, func(study.Transaction, *risk.Vector) error { return broken }), broken)
}

// template has two features that matter and one that nobody knows.
func template(t *testing.T) risk.Policy {
	t.Helper()
	thresholds := map[risk.Action][]risk.Threshold{}
	for _, action := range risk.Actions() {
		thresholds[action] = []risk.Threshold{{At: map[risk.Outcome]int64{risk.Block: 5000}}}
	}
	p := risk.Policy{
		Name: "template", Thresholds: thresholds, Examples: []risk.Example{{Name: "any", Action: risk.Login, Outcome: risk.Allow}},
		Scorecard: []risk.Card{
			{Feature: "amount", Reason: "amount-high", Bins: []risk.Bin{{Below: 100}, {Below: 200}}, Rest: 0},
			{Feature: "count_1h", Reason: "velocity", Bins: []risk.Bin{{Below: 1}}, Rest: 0},
			{Feature: "device_age_h", Reason: "device-new", Unknown: 17, Bins: []risk.Bin{{Below: 24, Weight: 600}}, Rest: -100},
		},
	}
	_, err := risk.NewEngine(p)
	require.NoError(t, err)
	return p
}

// A fit finds the weights that the world was made with.
func TestAFitFindsWhatIsThere(t *testing.T) {
	t.Parallel()
	source := rand.New(rand.NewPCG(5, 6))
	truth := template(t)
	truth.Base = -3000
	truth.Scorecard[0].Bins = []risk.Bin{{Below: 100, Weight: -1000}, {Below: 200, Weight: 0}}
	truth.Scorecard[0].Rest = 1000
	truth.Scorecard[1].Bins = []risk.Bin{{Below: 1, Weight: -500}}
	truth.Scorecard[1].Rest = 500
	engine, err := risk.NewEngine(truth)
	require.NoError(t, err)
	sample, again := study.NewSample(template(t)), study.NewSample(template(t))
	for range 60_000 {
		var v risk.Vector
		v.Set(risk.Amount, source.Int64N(300))
		v.Set(risk.CountHour, source.Int64N(2))
		fraud := source.Float64() < odds(engine.Decide(risk.Payment, &v).Score-17) // the unknown device weighs nothing in truth
		sample.Add(&v, fraud)
		again.Add(&v, fraud)
	}
	fitted, err := sample.Fit()
	require.NoError(t, err)
	require.InDelta(t, -3000, fitted.Base, 150)
	for i := range 2 {
		for b, bin := range truth.Scorecard[i].Bins {
			require.InDelta(t, bin.Weight, fitted.Scorecard[i].Bins[b].Weight, 200, "card %d bin %d", i, b)
		}
		require.InDelta(t, truth.Scorecard[i].Rest, fitted.Scorecard[i].Rest, 200)
		require.Zero(t, fitted.Scorecard[i].Unknown, "what was never met is worth nothing")
	}
	require.Equal(t, template(t).Scorecard[2], fitted.Scorecard[2], "of what nobody knows the weights stay")
	same, err := again.Fit()
	require.NoError(t, err)
	require.Equal(t, fitted, same)
	require.Equal(t, 60_000, sample.Len())
}

func odds(milli int64) float64 {
	return 1 / (1 + math.Exp(-float64(milli)/1000))
}

func TestThereIsNothingToFitInOneKind(t *testing.T) {
	t.Parallel()
	for _, fraud := range []bool{true, false} {
		sample := study.NewSample(template(t))
		_, err := sample.Fit()
		require.ErrorIs(t, err, study.ErrOneKind)
		var v risk.Vector
		for i := range 10 {
			v.Set(risk.Amount, int64(i))
			sample.Add(&v, fraud)
		}
		_, err = sample.Fit()
		require.ErrorIs(t, err, study.ErrOneKind, fmt.Sprint(fraud))
	}
}
