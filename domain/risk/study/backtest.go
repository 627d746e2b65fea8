package study

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"florin/domain/risk"
)

// Tried is one decision of the past, as a policy would have made it and as the one that
// it is held against does.
type Tried struct {
	ID       string
	At       time.Time
	Customer uuid.UUID // zero: nobody's
	Amount   int64     // hundredths of a unit
	Fraud    bool      // what nobody has found to be fraud is none
	New      risk.Outcome
	Live     risk.Outcome
}

// Backtest gathers decisions. It holds a few bytes for each customer, and nothing for
// each decision.
type Backtest struct {
	outcomes    []risk.Outcome
	count       int64
	frauds      int64
	fraudValue  int64
	first, last time.Time
	tried, live tally
	flips       map[Flip]*Flipped
	examples    int
}

// tally counts what one policy says; the index is the outcome's severity.
type tally struct {
	fraud, good, fraudValue [5]int64
	customers               map[uuid.UUID]int // strictest outcome that one met without fraud
}

// NewBacktest names at most so many decisions for each way in which an outcome flips.
func NewBacktest(examples int) *Backtest {
	return &Backtest{outcomes: risk.Outcomes(), flips: map[Flip]*Flipped{}, examples: examples,
		tried: tally{customers: map[uuid.UUID]int{}}, live: tally{customers: map[uuid.UUID]int{}}}
}

// Add takes in one more, in any order.
func (b *Backtest) Add(t Tried) {
	b.count++
	if t.Fraud {
		b.frauds++
		b.fraudValue += t.Amount
	}
	if b.first.IsZero() || t.At.Before(b.first) {
		b.first = t.At
	}
	if t.At.After(b.last) {
		b.last = t.At
	}
	b.tried.add(t, slices.Index(b.outcomes, t.New))
	b.live.add(t, slices.Index(b.outcomes, t.Live))
	if t.New == t.Live {
		return
	}
	which := Flip{t.Live, t.New}
	flipped, known := b.flips[which]
	if !known {
		flipped = &Flipped{Flip: which, Examples: []string{}}
		b.flips[which] = flipped
	}
	flipped.Decisions++
	if t.Fraud {
		flipped.Frauds++
	}
	if len(flipped.Examples) < b.examples {
		flipped.Examples = append(flipped.Examples, t.ID)
	}
}

func (t *tally) add(one Tried, severity int) {
	if one.Fraud {
		t.fraud[severity]++
		t.fraudValue[severity] += one.Amount
		return
	}
	t.good[severity]++
	if one.Customer != uuid.Nil && severity > t.customers[one.Customer] {
		t.customers[one.Customer] = severity
	}
}

// Backtested is what a back-test found.
type Backtested struct {
	Decisions  int64     `json:"decisions"`
	Frauds     int64     `json:"frauds"`
	FraudValue int64     `json:"fraud_value"` // hundredths, whatever the currency
	Days       float64   `json:"days"`        // from the first decision to the last; at least one
	Policy     Judgement `json:"policy"`
	Live       Judgement `json:"live"`
	Flips      []Flipped `json:"flips"` // the most frequent first
}

// Judgement is how a policy tells fraud.
type Judgement struct {
	Outcomes []OutcomeCount `json:"outcomes"` // what was said of what
	Levels   []Level        `json:"levels"`   // by what counts as an alert
}

// OutcomeCount is a line of the confusion matrix.
type OutcomeCount struct {
	Outcome risk.Outcome `json:"outcome"`
	Fraud   int64        `json:"fraud"`
	NoFraud int64        `json:"no_fraud"`
}

// Level takes every outcome at least so strict for an alert.
type Level struct {
	AtLeast      risk.Outcome `json:"at_least"`
	Caught       int64        `json:"caught"`       // true positives
	Alarms       int64        `json:"false_alarms"` // false positives
	Missed       int64        `json:"missed"`       // false negatives
	LetThrough   int64        `json:"let_through"`  // true negatives
	Precision    float64      `json:"precision"`
	Recall       float64      `json:"recall"`
	ValueCaught  int64        `json:"value_caught"` // hundredths
	ValueRecall  float64      `json:"value_recall"`
	AlertsADay   float64      `json:"alerts_a_day"`
	CustomersHit int          `json:"customers_hit"` // without fraud
}

// Flip is an outcome of the live policy, and that of the other.
type Flip struct {
	Live risk.Outcome `json:"live"`
	New  risk.Outcome `json:"new"`
}

// Flipped counts them.
type Flipped struct {
	Flip
	Decisions int64    `json:"decisions"`
	Frauds    int64    `json:"frauds"`
	Examples  []string `json:"examples"` // identifiers of decisions, the first ones
}

// Result sums up.
func (b *Backtest) Result() Backtested {
	days := max(b.last.Sub(b.first).Hours()/24, 1)
	r := Backtested{Decisions: b.count, Frauds: b.frauds, FraudValue: b.fraudValue, Days: days, Flips: []Flipped{}}
	r.Policy, r.Live = b.judgement(&b.tried, days), b.judgement(&b.live, days)
	for _, live := range b.outcomes {
		for _, now := range b.outcomes {
			if flipped, is := b.flips[Flip{live, now}]; is {
				r.Flips = append(r.Flips, *flipped)
			}
		}
	}
	slices.SortStableFunc(r.Flips, func(x, y Flipped) int { return int(y.Decisions - x.Decisions) })
	return r
}

func (b *Backtest) judgement(t *tally, days float64) (j Judgement) {
	for s, outcome := range b.outcomes {
		j.Outcomes = append(j.Outcomes, OutcomeCount{outcome, t.fraud[s], t.good[s]})
		if s == 0 {
			continue
		}
		l := Level{AtLeast: outcome}
		for at := range b.outcomes {
			switch {
			case at >= s:
				l.Caught, l.Alarms, l.ValueCaught = l.Caught+t.fraud[at], l.Alarms+t.good[at], l.ValueCaught+t.fraudValue[at]
			default:
				l.Missed, l.LetThrough = l.Missed+t.fraud[at], l.LetThrough+t.good[at]
			}
		}
		for _, met := range t.customers {
			if met >= s {
				l.CustomersHit++
			}
		}
		l.Precision, l.Recall, l.ValueRecall = share(l.Caught, l.Caught+l.Alarms), share(l.Caught, b.frauds), share(l.ValueCaught, b.fraudValue)
		l.AlertsADay = float64(l.Caught+l.Alarms) / days
		j.Levels = append(j.Levels, l)
	}
	return j
}
