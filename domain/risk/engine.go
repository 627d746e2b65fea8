package risk

import (
	"slices"
)

// Engine is a policy at work. It is safe for use by several at once, and its answer
// follows from the policy, the action and the vector alone.
type Engine struct {
	policy Policy
	cards  []weighed
	rules  []ruled
	bands  map[Action][]band
}

type weighed struct {
	feature Feature
	card    Card
}

type ruled struct {
	when    condition
	actions []Action
	outcome Outcome
	reason  string
}

type band struct {
	from int64
	at   [5]int64 // by severity; never: unreached
}

const unreached = 1<<63 - 1

// Decision is what an engine says of one attempt, with all that led to it.
type Decision struct {
	Score         int64 // log-odds of fraud, in thousandths
	Outcome       Outcome
	Limit         Rung           // of outcome Limit; zero: the policy has no ladder
	Contributions []Contribution // of the scorecard, in its order
	Reasons       []string       // codes: of rules that hold, then of weights that raise the score, the heaviest first
}

// Contribution is what one feature adds to the score.
type Contribution struct {
	Feature Feature
	Value   int64
	Known   bool
	Weight  int64
}

// reasonsMax bounds how many weights are given as reasons.
const reasonsMax = 4

// NewEngine puts a policy to work: if it is well formed, its rules can be read, and
// every one of its examples comes true. Errors: ErrPolicy, with what to mend.
func NewEngine(p Policy) (*Engine, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	e := &Engine{policy: p, bands: map[Action][]band{}}
	for _, card := range p.Scorecard {
		f, _ := FeatureOf(card.Feature)
		e.cards = append(e.cards, weighed{f, card})
	}
	for _, rule := range p.Rules {
		when, err := compile(rule.When)
		if err != nil {
			return nil, p.broken("rule %q: %v", rule.When, err)
		}
		e.rules = append(e.rules, ruled{when, rule.Actions, rule.Outcome, rule.Reason})
	}
	for action, bands := range p.Thresholds {
		for _, said := range bands {
			b := band{from: said.From, at: [5]int64{unreached, unreached, unreached, unreached, unreached}}
			for o, at := range said.At {
				b.at[severity(o)] = at
			}
			e.bands[action] = append(e.bands[action], b)
		}
	}
	if err := e.try(); err != nil {
		return nil, err
	}
	return e, nil
}

// try holds the policy to its examples.
func (e *Engine) try() error {
	for _, example := range e.policy.Examples {
		var v Vector
		for name, value := range example.Given {
			f, known := FeatureOf(name)
			if !known {
				return e.policy.broken("example %q: there is no feature %q", example.Name, name)
			}
			v.Set(f, value)
		}
		if _, known := e.bands[example.Action]; !known || severity(example.Outcome) < 0 {
			return e.policy.broken("example %q needs an action of %v and an outcome of %v", example.Name, Actions(), outcomes)
		}
		if d := e.Decide(example.Action, &v); d.Outcome != example.Outcome {
			return e.policy.broken("example %q promises %s, and the policy says %s (score %d, reasons %v)", example.Name, example.Outcome, d.Outcome, d.Score, d.Reasons)
		}
	}
	return nil
}

// Policy is what the engine was made of.
func (e *Engine) Policy() Policy { return e.policy }

func (w *weighed) weight(v *Vector) int64 {
	value, known := v.Get(w.feature)
	if !known {
		return w.card.Unknown
	}
	for i := range w.card.Bins {
		if value < w.card.Bins[i].Below {
			return w.card.Bins[i].Weight
		}
	}
	return w.card.Rest
}

// Decide says what an attempt may do, and why.
func (e *Engine) Decide(action Action, v *Vector) Decision {
	d := Decision{Score: e.policy.Base, Contributions: make([]Contribution, len(e.cards))}
	for i := range e.cards {
		card := &e.cards[i]
		value, known := v.Get(card.feature)
		d.Contributions[i] = Contribution{card.feature, value, known, card.weight(v)}
		d.Score += d.Contributions[i].Weight
	}
	outcome := e.reached(action, v, d.Score)
	for i := range e.rules {
		if rule := &e.rules[i]; rule.applies(action) && rule.when(v) {
			outcome = max(outcome, severity(rule.outcome))
			d.Reasons = append(d.Reasons, rule.reason)
		}
	}
	if d.Outcome = outcomes[outcome]; d.Outcome == Limit {
		d.Limit = e.policy.Rung(d.Score)
	}
	if d.Outcome != Allow {
		d.Reasons = e.explained(d.Reasons, d.Contributions)
	}
	return d
}

func (r *ruled) applies(action Action) bool {
	return len(r.actions) == 0 || slices.Contains(r.actions, action)
}

// reached is the severity of the strictest outcome whose threshold the score has
// reached. Nobody knows how to judge an action without thresholds: it is challenged.
func (e *Engine) reached(action Action, v *Vector, score int64) int {
	bands := e.bands[action]
	if len(bands) == 0 {
		return severity(Challenge)
	}
	amount, _ := v.Get(Amount)
	at := bands[0].at
	for i := range bands {
		if amount >= bands[i].from {
			at = bands[i].at
		}
	}
	for s := len(at) - 1; s > 0; s-- {
		if at[s] != unreached && score >= at[s] {
			return s
		}
	}
	return 0
}

// explained adds the reasons of the weights that raise the score most.
func (e *Engine) explained(reasons []string, all []Contribution) []string {
	raising := make([]int, 0, len(all))
	for i := range all {
		if all[i].Weight > 0 {
			raising = append(raising, i)
		}
	}
	slices.SortStableFunc(raising, func(a, b int) int { return int(all[b].Weight - all[a].Weight) })
	for _, i := range raising[:min(len(raising), reasonsMax)] {
		if reason := e.cards[i].card.Reason; !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	return reasons
}
