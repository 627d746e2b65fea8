package study

import (
	"errors"
	"math"

	"florin/domain/risk"
)

// Sample gathers vectors of known outcome, as the bins that a policy's scorecard
// puts them in: one byte for each feature.
type Sample struct {
	policy risk.Policy
	cards  []risk.Feature
	rows   []uint8 // of a row one after the other; the last bins: the rest, and unknown
	frauds []bool
}

// NewSample is empty. The policy gives features and bins; its weights do not count.
// It has to have been put to work before (risk.NewEngine), so its form is good.
func NewSample(p risk.Policy) *Sample {
	s := &Sample{policy: p}
	for _, card := range p.Scorecard {
		f, _ := risk.FeatureOf(card.Feature)
		s.cards = append(s.cards, f)
	}
	return s
}

// Add takes in one vector.
func (s *Sample) Add(v *risk.Vector, fraud bool) {
	for i, f := range s.cards {
		s.rows = append(s.rows, binOf(s.policy.Scorecard[i], f, v))
	}
	s.frauds = append(s.frauds, fraud)
}

// Len is how many there are.
func (s *Sample) Len() int { return len(s.frauds) }

func binOf(card risk.Card, f risk.Feature, v *risk.Vector) uint8 {
	value, known := v.Get(f)
	if !known {
		return uint8(len(card.Bins) + 1)
	}
	for i := range card.Bins {
		if value < card.Bins[i].Below {
			return uint8(i)
		}
	}
	return uint8(len(card.Bins))
}

// How a fit goes: Newton's steps on the penalised likelihood, from the base rate.
const (
	stepsMax = 25
	penalty  = 4.0 // of a weight's square, as so many transactions: keeps what was seldom seen near nought
	stepMost = 4.0 // log-odds at once, lest the first steps go too far
	enough   = 1e-6
)

// Errors of Fit, for whoever gathered the sample.
var (
	ErrOneKind = errors.New("study: a fit needs transactions that were fraud and such that were not")
	ErrNoFit   = errors.New("study: the weights do not settle")
)

// Fit is the policy with the weights of a binned logistic regression on the sample,
// in thousandths of log-odds, rounded. What the sample knows nothing of keeps its
// weights, and thresholds, rules and examples stay as they are: whoever fits looks at
// them anew. It goes through the sample in its order, so the same sample gives the
// same weights.
func (s *Sample) Fit() (risk.Policy, error) {
	var frauds float64
	for _, fraud := range s.frauds {
		if fraud {
			frauds++
		}
	}
	n := float64(len(s.frauds))
	if frauds == 0 || frauds == n {
		return risk.Policy{}, ErrOneKind
	}
	seen := s.seen()
	offsets, size := s.offsets(seen)
	weights := make([]float64, size)
	weights[0] = math.Log(frauds / (n - frauds))
	for range stepsMax {
		gradient, curvature := s.slope(weights, offsets)
		step, ok := solve(curvature, gradient)
		if !ok {
			return risk.Policy{}, ErrNoFit
		}
		var longest float64
		for _, by := range step {
			longest = max(longest, math.Abs(by))
		}
		for i := range step {
			weights[i] += step[i] * min(1, stepMost/longest)
		}
		if longest < enough {
			return s.fitted(weights, offsets, seen), nil
		}
	}
	return risk.Policy{}, ErrNoFit
}

// seen counts how often each bin of each card was met.
func (s *Sample) seen() [][]int {
	seen := make([][]int, len(s.cards))
	for i, card := range s.policy.Scorecard {
		seen[i] = make([]int, len(card.Bins)+2)
	}
	for at, bin := range s.rows {
		seen[at%len(s.cards)][bin]++
	}
	return seen
}

// silent is the offset of a card of which the sample knows nothing.
const silent = -1

// offsets is where each card's weights begin; the base is the first of all.
func (s *Sample) offsets(seen [][]int) (at []int, size int) {
	size = 1
	for i, bins := range seen {
		if bins[len(bins)-1] == len(s.frauds) { // always unknown
			at = append(at, silent)
			continue
		}
		at = append(at, size)
		size += len(seen[i])
	}
	return at, size
}

// slope is the gradient of the penalised log-likelihood and the negative of its
// second derivative, at these weights.
func (s *Sample) slope(weights []float64, offsets []int) (gradient []float64, curvature [][]float64) {
	size, cards := len(weights), len(s.cards)
	gradient, curvature = make([]float64, size), make([][]float64, size)
	for i := range curvature {
		curvature[i] = make([]float64, size)
	}
	active := make([]int, 1, cards+1)
	for row, fraud := range s.frauds {
		odds := weights[0]
		active = active[:1] // the base
		for i, bin := range s.rows[row*cards : (row+1)*cards] {
			if offsets[i] != silent {
				active = append(active, offsets[i]+int(bin))
				odds += weights[offsets[i]+int(bin)]
			}
		}
		p := 1 / (1 + math.Exp(-odds))
		off, bend := -p, p*(1-p)
		if fraud {
			off++
		}
		for i, a := range active {
			gradient[a] += off
			line := curvature[a]
			for _, b := range active[i:] {
				line[b] += bend
			}
		}
	}
	for i := range size {
		if i > 0 {
			gradient[i] -= penalty * weights[i]
			curvature[i][i] += penalty
		}
		for j := range i {
			curvature[i][j] = curvature[j][i]
		}
	}
	return gradient, curvature
}

// solve is Cholesky's: m is symmetric, and positive definite or there is no answer.
func solve(m [][]float64, right []float64) ([]float64, bool) {
	n := len(right)
	x := append([]float64(nil), right...)
	for i := range n {
		for j := 0; j <= i; j++ {
			sum := m[i][j]
			for k := range j {
				sum -= m[i][k] * m[j][k]
			}
			if i != j {
				m[i][j] = sum / m[j][j]
				continue
			}
			if !(sum > 0) {
				return nil, false
			}
			m[i][i] = math.Sqrt(sum)
		}
		for k := range i {
			x[i] -= m[i][k] * x[k]
		}
		x[i] /= m[i][i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			x[i] -= m[k][i] * x[k]
		}
		x[i] /= m[i][i]
	}
	return x, true
}

// fitted rounds. Each card's weights lie around nought, by how often they were met;
// what they have in common is the base's.
func (s *Sample) fitted(weights []float64, offsets []int, seen [][]int) risk.Policy {
	milli := func(w float64) int64 { return int64(math.Round(w * 1000)) }
	p, base := s.policy, weights[0]
	p.Scorecard = append([]risk.Card(nil), p.Scorecard...)
	for i := range p.Scorecard {
		card, at := &p.Scorecard[i], offsets[i]
		if at == silent {
			continue
		}
		var common float64
		for bin, n := range seen[i] {
			common += weights[at+bin] * float64(n) / float64(len(s.frauds))
		}
		base += common
		weigh := func(bin int) int64 {
			if seen[i][bin] == 0 {
				return 0 // of what was never met nothing is known
			}
			return milli(weights[at+bin] - common)
		}
		card.Bins = append([]risk.Bin(nil), card.Bins...)
		for b := range card.Bins {
			card.Bins[b].Weight = weigh(b)
		}
		card.Rest, card.Unknown = weigh(len(card.Bins)), weigh(len(card.Bins)+1)
	}
	p.Base = milli(base)
	return p
}
