package risk

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"florin/domain/text"
)

// Policy says what a score is made of and what follows from it. It is data: read from
// a file, checked as a whole, and known by the digest of its canonical form. All
// weights, thresholds and scores are log-odds of fraud in thousandths.
type Policy struct {
	Name       string                 `json:"name" yaml:"name"`
	Base       int64                  `json:"base" yaml:"base"` // before anything is known
	Scorecard  []Card                 `json:"scorecard" yaml:"scorecard"`
	Rules      []Rule                 `json:"rules,omitempty" yaml:"rules,omitempty"`
	Thresholds map[Action][]Threshold `json:"thresholds" yaml:"thresholds"`
	Ladder     []Rung                 `json:"ladder,omitempty" yaml:"ladder,omitempty"`   // of limits; none: who is to be limited confirms
	Reasons    map[string]string      `json:"reasons,omitempty" yaml:"reasons,omitempty"` // what a code means, in words that a customer may read
	Examples   []Example              `json:"examples" yaml:"examples"`
}

// Card weighs one feature by the bin that it falls into.
type Card struct {
	Feature string `json:"feature" yaml:"feature"`
	Unknown int64  `json:"unknown" yaml:"unknown"` // weight of not knowing
	Bins    []Bin  `json:"bins" yaml:"bins"`
	Rest    int64  `json:"rest" yaml:"rest"`     // weight of what lies in no bin
	Reason  string `json:"reason" yaml:"reason"` // code that explains a weight that raises the score
}

// Bin is what lies below a number and in no bin before.
type Bin struct {
	Below  int64 `json:"below" yaml:"below"`
	Weight int64 `json:"weight" yaml:"weight"`
}

// Rule decides over the score when its condition holds: the strictest outcome of
// those that hold is the least that happens.
type Rule struct {
	When    string   `json:"when" yaml:"when"`
	Actions []Action `json:"actions,omitempty" yaml:"actions,omitempty"` // none: all
	Outcome Outcome  `json:"outcome" yaml:"outcome"`
	Reason  string   `json:"reason" yaml:"reason"`
}

// Threshold is the score from which an outcome follows, for amounts from so many
// hundredths of a unit on: of the bands that an amount reaches, the highest counts.
type Threshold struct {
	From int64             `json:"from" yaml:"from"`
	At   map[Outcome]int64 `json:"at" yaml:"at"`
}

// Rung is the limit that an attempt brings upon its customer whose outcome is Limit: of
// the rungs that its score reaches the highest counts, and of none the first.
type Rung struct {
	From   int64 `json:"from" yaml:"from"`       // score
	AtMost int64 `json:"at_most" yaml:"at_most"` // hundredths of a unit, from each account, a day
	Hours  int64 `json:"hours" yaml:"hours"`     // for how long
}

// Example is a promise of the policy that is tried whenever it is read.
type Example struct {
	Name    string           `json:"name" yaml:"name"`
	Action  Action           `json:"action" yaml:"action"`
	Given   map[string]int64 `json:"given" yaml:"given"`
	Outcome Outcome          `json:"outcome" yaml:"outcome"`
}

// Action is what is scored.
type Action string

// The actions, by the word of the trade.
const (
	Login     Action = "login"
	Enrolment Action = "enrolment"
	NewPayee  Action = "payee"
	Payment   Action = "payment"
	Transfer  Action = "transfer"
)

// Actions lists them.
func Actions() []Action { return []Action{Login, Enrolment, NewPayee, Payment, Transfer} }

// outcomes by how much they stand in the customer's way.
var outcomes = []Outcome{Allow, Challenge, Limit, Hold, Block}

// Outcomes besides Allow, Challenge and Block.
const (
	Limit Outcome = "limit" // goes on within a lower limit
	Hold  Outcome = "hold"  // waits for a person's look
)

func severity(o Outcome) int { return slices.Index(outcomes, o) }

// Outcomes lists them, the one that stands least in the way first.
func Outcomes() []Outcome { return slices.Clone(outcomes) }

// Bounds of a policy.
const (
	cardsMax    = 64
	binsMax     = 32
	rulesMax    = 200
	examplesMax = 200
	reasonsMost = 300
	wordsMax    = 200 // bytes
	rungsMax    = 16
	hoursMax    = 30 * 24
	weightMax   = 20_000
	numberMax   = 1_000_000_000_000_000 // of what is compared with a feature: exact in JSON
)

// ErrPolicy: the policy cannot be put to work; the text says what to mend.
var ErrPolicy = errors.New("risk: the policy cannot be used")

func (p *Policy) broken(format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrPolicy, p.Name, fmt.Sprintf(format, args...))
}

// check looks at the form of a policy; what it promises is tried by New.
func (p *Policy) check() error {
	switch {
	case p.Name == "" || len(p.Name) > 64 || strings.Trim(p.Name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "":
		return p.broken("a name is 1 to 64 lower-case letters, digits, dots and hyphens")
	case len(p.Scorecard) > cardsMax, len(p.Rules) > rulesMax, len(p.Examples) > examplesMax:
		return p.broken("at most %d cards, %d rules and %d examples", cardsMax, rulesMax, examplesMax)
	case len(p.Examples) == 0:
		return p.broken("without an example nobody can see that it does what is meant")
	case heavy(p.Base):
		return p.broken("base lies between -%d and %d", weightMax, weightMax)
	}
	seen := map[string]bool{}
	for _, card := range p.Scorecard {
		if seen[card.Feature] {
			return p.broken("feature %q is weighed twice", card.Feature)
		}
		seen[card.Feature] = true
		if err := p.checkCard(card); err != nil {
			return err
		}
	}
	for _, rule := range p.Rules {
		if i := slices.IndexFunc(rule.Actions, func(a Action) bool { return !slices.Contains(Actions(), a) }); i >= 0 {
			return p.broken("rule %q: there is no action %q", rule.When, rule.Actions[i])
		}
		if severity(rule.Outcome) < severity(Challenge) || !text.Code(rule.Reason) {
			return p.broken("rule %q needs a reason code and one of the outcomes %v", rule.When, outcomes[1:])
		}
	}
	if err := p.checkReasons(); err != nil {
		return err
	}
	if err := p.checkLadder(); err != nil {
		return err
	}
	return p.checkThresholds()
}

// checkLadder wants less, and for longer or as long, at a higher score.
func (p *Policy) checkLadder() error {
	if len(p.Ladder) > rungsMax {
		return p.broken("at most %d rungs", rungsMax)
	}
	for i, rung := range p.Ladder {
		if far(rung.From) || rung.AtMost < 1 || far(rung.AtMost) || rung.Hours < 1 || rung.Hours > hoursMax {
			return p.broken("a rung lets at_most hundredths (1 or more) leave in a day, for 1 to %d hours", hoursMax)
		}
		if i > 0 && (rung.From <= p.Ladder[i-1].From || rung.AtMost > p.Ladder[i-1].AtMost || rung.Hours < p.Ladder[i-1].Hours) {
			return p.broken("rungs rise: a higher score leaves no more, and for no shorter a time")
		}
	}
	return nil
}

// Rung is the limit for a score; zero: the policy has none.
func (p *Policy) Rung(score int64) (limit Rung) {
	for i, rung := range p.Ladder {
		if i == 0 || score >= rung.From {
			limit = rung
		}
	}
	return limit
}

// checkReasons wants a line of words for each code. That of a rule which is gone does no
// harm.
func (p *Policy) checkReasons() error {
	if len(p.Reasons) > reasonsMost {
		return p.broken("at most %d reasons", reasonsMost)
	}
	for _, code := range slices.Sorted(maps.Keys(p.Reasons)) {
		words := p.Reasons[code]
		if !text.Code(code) || words == "" || len(words) > wordsMax || !utf8.ValidString(words) || strings.ContainsFunc(words, unicode.IsControl) {
			return p.broken("reason %q: a code needs 1 to %d bytes of words, in one line", code, wordsMax)
		}
	}
	return nil
}

func (p *Policy) checkCard(card Card) error {
	if _, known := FeatureOf(card.Feature); !known {
		return p.broken("there is no feature %q", card.Feature)
	}
	if !text.Code(card.Reason) {
		return p.broken("feature %q needs a reason code", card.Feature)
	}
	if len(card.Bins) > binsMax || heavy(card.Unknown) || heavy(card.Rest) {
		return p.broken("feature %q: at most %d bins, weights between -%d and %d", card.Feature, binsMax, weightMax, weightMax)
	}
	for i, bin := range card.Bins {
		if heavy(bin.Weight) || far(bin.Below) || i > 0 && bin.Below <= card.Bins[i-1].Below {
			return p.broken("feature %q: bins rise, and weights lie between -%d and %d", card.Feature, weightMax, weightMax)
		}
	}
	return nil
}

func (p *Policy) checkThresholds() error {
	for action := range p.Thresholds {
		if !slices.Contains(Actions(), action) {
			return p.broken("there is no action %q", action)
		}
	}
	for _, action := range Actions() {
		bands := p.Thresholds[action]
		if len(bands) == 0 || bands[0].From != 0 {
			return p.broken("%s needs thresholds from 0 on", action)
		}
		for i, band := range bands {
			if far(band.From) || i > 0 && band.From <= bands[i-1].From {
				return p.broken("%s: bands rise", action)
			}
			if err := p.checkBand(action, band); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkBand wants a stricter outcome at no lower score.
func (p *Policy) checkBand(action Action, band Threshold) error {
	last := int64(-weightMax * cardsMax)
	for o, at := range band.At {
		if severity(o) < severity(Challenge) || far(at) {
			return p.broken("%s: %q is no outcome that a score leads to", action, o)
		}
	}
	for _, o := range outcomes[1:] {
		at, set := band.At[o]
		if !set {
			continue
		}
		if at < last {
			return p.broken("%s from %d: %s comes at a lower score than what is less strict", action, band.From, o)
		}
		last = at
	}
	return nil
}

func far(number int64) bool { return number > numberMax || number < -numberMax }

func heavy(weight int64) bool { return weight > weightMax || weight < -weightMax }
