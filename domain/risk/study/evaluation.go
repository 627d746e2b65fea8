// Package study holds a risk policy against transactions of which it is known what
// they were: how well its scores tell fraud (Evaluation), and which weights would
// tell it best (Fit). Nothing of it is part of a decision: it may use floats, and a
// result is the same on every machine only as far as their arithmetic is.
package study

import (
	"container/heap"
	"slices"
	"time"
)

// Judged is one transaction of which all is known.
type Judged struct {
	At     time.Time
	Score  int64 // log-odds of fraud, in thousandths
	Amount int64 // hundredths of a unit
	Fraud  bool
}

// Evaluation gathers judged transactions in the order of their time. Its memory is
// bounded by the days and the alerts a day, however many transactions there are.
type Evaluation struct {
	alerts        int
	frauds, goods []int64 // by score
	days          []*day
}

// scoreMost bounds the scores that are told apart.
const scoreMost = 60_000

// NewEvaluation looks at so many alerts a day: the highest scores of that day, of
// equal ones the earliest.
func NewEvaluation(alerts int) *Evaluation {
	return &Evaluation{alerts: max(alerts, 1), frauds: make([]int64, 2*scoreMost+1), goods: make([]int64, 2*scoreMost+1)}
}

type day struct {
	date                time.Time
	count, frauds, next int64
	fraudValue          int64
	top                 alerts
}

// Add takes in one more. A day is one of UTC.
func (e *Evaluation) Add(j Judged) {
	at := min(max(j.Score, -scoreMost), scoreMost) + scoreMost
	date := j.At.UTC().Truncate(24 * time.Hour)
	if len(e.days) == 0 || !e.days[len(e.days)-1].date.Equal(date) {
		e.days = append(e.days, &day{date: date})
	}
	d := e.days[len(e.days)-1]
	d.count++
	if j.Fraud {
		e.frauds[at]++
		d.frauds++
		d.fraudValue += j.Amount
	} else {
		e.goods[at]++
	}
	d.next++
	d.top.offer(alert{j.Score, d.next, j.Amount, j.Fraud}, e.alerts)
}

// Result is what an evaluation found. Shares lie between 0 and 1; of what there was
// none they are 0.
type Result struct {
	Transactions int64   `json:"transactions"`
	Frauds       int64   `json:"frauds"`
	AUCPR        float64 `json:"auc_pr"` // average precision over all thresholds
	AlertsADay   int     `json:"alerts_a_day"`
	Precision    float64 `json:"precision"`    // frauds among the alerts
	Recall       float64 `json:"recall"`       // alerts among the frauds
	ValueRecall  float64 `json:"value_recall"` // the same, by amount
	Days         []Day   `json:"days"`
}

// Day is the same for one day.
type Day struct {
	Date         string  `json:"date"`
	Transactions int64   `json:"transactions"`
	Frauds       int64   `json:"frauds"`
	Alerts       int     `json:"alerts"`
	Caught       int64   `json:"caught"`
	Precision    float64 `json:"precision"`
	Recall       float64 `json:"recall"`
	ValueRecall  float64 `json:"value_recall"`
}

// Result sums up.
func (e *Evaluation) Result() Result {
	r := Result{AlertsADay: e.alerts, AUCPR: e.averagePrecision()}
	var alerts, caught, value, caughtValue int64
	for _, d := range e.days {
		var found, foundValue int64
		for _, a := range d.top {
			if a.fraud {
				found++
				foundValue += a.amount
			}
		}
		r.Days = append(r.Days, Day{d.date.Format(time.DateOnly), d.count, d.frauds, len(d.top), found,
			share(found, int64(len(d.top))), share(found, d.frauds), share(foundValue, d.fraudValue)})
		r.Transactions, r.Frauds = r.Transactions+d.count, r.Frauds+d.frauds
		alerts, caught, value, caughtValue = alerts+int64(len(d.top)), caught+found, value+d.fraudValue, caughtValue+foundValue
	}
	r.Precision, r.Recall, r.ValueRecall = share(caught, alerts), share(caught, r.Frauds), share(caughtValue, value)
	return r
}

func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// averagePrecision is the area under the curve of precision over recall as the sum
// over its steps; equal scores are one step.
func (e *Evaluation) averagePrecision() (area float64) {
	var all int64
	for _, n := range e.frauds {
		all += n
	}
	var found, seen int64
	for at := len(e.frauds) - 1; at >= 0; at-- {
		found, seen = found+e.frauds[at], seen+e.frauds[at]+e.goods[at]
		if e.frauds[at] > 0 {
			area += share(e.frauds[at], all) * share(found, seen)
		}
	}
	return area
}

// alert is a transaction that somebody would have looked at.
type alert struct {
	score, order, amount int64
	fraud                bool
}

// alerts are a heap whose first is the next to be dropped.
type alerts []alert

func (a *alerts) offer(one alert, most int) {
	if len(*a) < most {
		heap.Push(a, one)
		return
	}
	if one.score > (*a)[0].score {
		(*a)[0] = one
		heap.Fix(a, 0)
	}
}

func (a alerts) Len() int      { return len(a) }
func (a alerts) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a alerts) Less(i, j int) bool {
	if a[i].score != a[j].score {
		return a[i].score < a[j].score
	}
	return a[i].order > a[j].order
}
func (a *alerts) Push(one any) { *a = append(*a, one.(alert)) }
func (a *alerts) Pop() any {
	last := len(*a) - 1
	one := (*a)[last]
	*a = slices.Delete(*a, last, last+1)
	return one
}
