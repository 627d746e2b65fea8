package risk

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
)

// Alternative is what would have been said, had some of the known features been
// otherwise: the fewest of them, and of as few those that would have had to move least.
type Alternative struct {
	Changes []Change // in the order of features
	Score   int64
	Outcome Outcome
}

// Change is one feature that would have had to be otherwise: at least From and below
// Below, but for the side that is open. Distance counts the bounds of bins, rules and
// amount bands in between.
type Change struct {
	Feature  Feature
	Value    int64 // what it was
	From     int64
	Below    int64
	Open     string
	Distance int
}

// Values of Change.Open: which side has no bound.
const (
	OpenBelow = "no-lower-bound"
	OpenAbove = "no-upper-bound"
)

// SmallestChange is the smallest change of known features that would have led to a less
// strict outcome; of what was allowed, to a stricter one. One feature alone is best, then
// two; where these do not do it, the features that matter most are changed one by one,
// and none of the answer can be left out. Not knowing is no change that anybody can
// make. found is false where nothing would have changed the outcome.
func (e *Engine) SmallestChange(action Action, v *Vector) (smallest Alternative, found bool) {
	s := search{engine: e, action: action, now: *v, cells: e.cells(v)}
	s.was, _ = e.judged(action, v)
	steps, found := s.one()
	if !found {
		steps, found = s.two()
	}
	if !found {
		steps, found = s.many()
	}
	if !found {
		return Alternative{}, false
	}
	changed := s.now
	slices.SortFunc(steps, func(a, b step) int { return cmp.Compare(a.Feature, b.Feature) })
	for _, taken := range steps {
		changed.Set(taken.Feature, taken.to)
		smallest.Changes = append(smallest.Changes, taken.Change)
	}
	then, score := e.judged(action, &changed)
	smallest.Score, smallest.Outcome = score, outcomes[then]
	return smallest, true
}

// step is a change, and the value in it that lies nearest to what the feature was.
type step struct {
	Change
	to int64
}

// search looks for what would have changed an outcome. Its cells are all places where a
// known feature could have been: within one nothing else follows.
type search struct {
	engine *Engine
	action Action
	now    Vector
	was    int // severity
	cells  []step
}

// Outcome is Decide's, for whoever asks for no reasons: it allocates nothing.
func (e *Engine) Outcome(action Action, v *Vector) Outcome {
	outcome, _ := e.judged(action, v)
	return outcomes[outcome]
}

// judged is what Decide says, without saying why: the severity, and the score.
func (e *Engine) judged(action Action, v *Vector) (outcome int, score int64) {
	score = e.policy.Base
	for i := range e.cards {
		score += e.cards[i].weight(v)
	}
	outcome = e.reached(action, v, score)
	for i := range e.rules {
		if rule := &e.rules[i]; rule.applies(action) && rule.when(v) {
			outcome = max(outcome, severity(rule.outcome))
		}
	}
	return outcome, score
}

// flips tells whether an outcome is what is looked for.
func (s *search) flips(then int) bool {
	if s.was == 0 {
		return then > 0
	}
	return then < s.was
}

func (s *search) one() (best []step, found bool) {
	nearest := 0
	for _, taken := range s.cells {
		if found && taken.Distance >= nearest {
			continue
		}
		changed := s.now
		changed.Set(taken.Feature, taken.to)
		if then, _ := s.engine.judged(s.action, &changed); s.flips(then) {
			best, nearest, found = []step{taken}, taken.Distance, true
		}
	}
	return best, found
}

func (s *search) two() (best []step, found bool) {
	nearest := 0
	for i, first := range s.cells {
		for _, second := range s.cells[i+1:] {
			distance := first.Distance + second.Distance
			if first.Feature == second.Feature || found && distance >= nearest {
				continue
			}
			changed := s.now
			changed.Set(first.Feature, first.to)
			changed.Set(second.Feature, second.to)
			if then, _ := s.engine.judged(s.action, &changed); s.flips(then) {
				best, nearest, found = []step{first, second}, distance, true
			}
		}
	}
	return best, found
}

// many changes one feature after another, each time the one that does most, and then
// leaves out what was not needed.
func (s *search) many() (steps []step, found bool) {
	changed := s.now
	then, score := s.engine.judged(s.action, &changed)
	for !s.flips(then) {
		most := -1
		for i, taken := range s.cells {
			if slices.ContainsFunc(steps, func(before step) bool { return before.Feature == taken.Feature }) {
				continue
			}
			next := changed
			next.Set(taken.Feature, taken.to)
			if o, sc := s.engine.judged(s.action, &next); s.better(o, sc, then, score) {
				most, then, score = i, o, sc
			}
		}
		if most < 0 {
			return nil, false
		}
		steps = append(steps, s.cells[most])
		changed.Set(s.cells[most].Feature, s.cells[most].to)
	}
	for i := 0; i < len(steps); {
		less := s.now
		for j, taken := range steps {
			if j != i {
				less.Set(taken.Feature, taken.to)
			}
		}
		if o, _ := s.engine.judged(s.action, &less); s.flips(o) {
			steps = slices.Delete(steps, i, i+1)
			continue
		}
		i++
	}
	return steps, true
}

// better tells whether one judgement lies nearer to what is looked for than another.
func (s *search) better(outcome int, score int64, than int, thanScore int64) bool {
	if s.was == 0 {
		outcome, score, than, thanScore = than, thanScore, outcome, score
	}
	return outcome < than || outcome == than && score < thanScore
}

// cells lists where else each known feature could have been, in their order.
func (e *Engine) cells(v *Vector) (all []step) {
	for f, bounds := range e.bounds() {
		feature := Feature(f)
		value, known := v.Get(feature)
		if !known || len(bounds) == 0 {
			continue
		}
		here, _ := slices.BinarySearch(bounds, value+1) // the first bound above the value
		for at := range len(bounds) + 1 {
			if at == here {
				continue
			}
			c := step{Change: Change{Feature: feature, Value: value, Distance: max(at-here, here-at)}}
			if at < len(bounds) {
				c.Below, c.to = bounds[at], bounds[at]-1
			} else {
				c.Open = OpenAbove
			}
			if at > 0 {
				c.From = bounds[at-1]
			} else {
				c.Open = OpenBelow
			}
			if at > here {
				c.to = c.From
			}
			all = append(all, c)
		}
	}
	return all
}

// bounds are, for each feature, the values from which on something else may follow.
func (e *Engine) bounds() (all [featureCount][]int64) {
	add := func(f Feature, at int64) { all[f] = append(all[f], at) }
	for i := range e.cards {
		for _, bin := range e.cards[i].card.Bins {
			add(e.cards[i].feature, bin.Below)
		}
	}
	for _, bands := range e.policy.Thresholds {
		for _, band := range bands[1:] {
			add(Amount, band.From)
		}
	}
	for _, rule := range e.policy.Rules {
		ruleBounds(rule.When, add)
	}
	for f := range all {
		slices.Sort(all[f])
		all[f] = slices.Compact(all[f])
	}
	return all
}

// ruleBounds finds those of a condition, which compile has read before.
func ruleBounds(rule string, add func(Feature, int64)) {
	tree, err := parser.ParseExpr(rule)
	if err != nil {
		return
	}
	ast.Inspect(tree, func(node ast.Node) bool {
		e, is := node.(*ast.BinaryExpr)
		if !is || e.Op == token.LAND || e.Op == token.LOR {
			return true
		}
		f, errFeature := featureIn(e.X)
		n, errNumber := numberIn(e.Y)
		if errFeature != nil || errNumber != nil {
			return false
		}
		if e.Op != token.LEQ && e.Op != token.GTR {
			add(f, n)
		}
		if e.Op != token.LSS && e.Op != token.GEQ {
			add(f, n+1)
		}
		return false
	})
}
