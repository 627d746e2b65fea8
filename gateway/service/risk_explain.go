package service

import (
	"florin/domain/risk"
	"florin/eventbus"
)

// RiskDecisionAnswer is a decision with all that it was made of: the policy and the data
// sets by their digests, what was known (the features) up to a position of the log, what
// each of them added to the score, and why the outcome is what it is.
type RiskDecisionAnswer struct {
	RiskDecisionRow
	Base       int64             `json:"base,omitzero"` // of the score, before anything was known
	KnownUpTo  eventbus.Position `json:"known_up_to"`   // position of the log
	Series     bool              `json:"series,omitzero"`
	Payee      string            `json:"payee,omitzero"`   // as risk tells payees apart
	Finding    string            `json:"finding,omitzero"` // of what it was about: confirmed or cleared as fraud; not said: nothing was found
	Limit      *RiskLimit        `json:"limit,omitzero"`   // what the customer sends since
	Features   []RiskFeature     `json:"features"`
	Because    []RiskReason      `json:"because"`
	DataSets   []RiskDataSet     `json:"data_sets"`
	PolicyName string            `json:"policy_name,omitzero"`
	Shadows    []RiskShadow      `json:"shadows,omitempty"`
	Otherwise  *RiskAlternative  `json:"otherwise,omitzero"` // not said: nothing that was known would have changed the outcome
}

// RiskLimit is what may leave each of a customer's accounts for a while.
type RiskLimit struct {
	AtMost int64 `json:"at_most"` // hundredths of the currency's unit, in a day
	Hours  int64 `json:"hours"`
}

// RiskFeature is something that was known, and what it added to the score.
type RiskFeature struct {
	Feature string `json:"feature"`
	Meaning string `json:"meaning"`
	Value   *int64 `json:"value,omitzero"` // not said: unknown, which weighs too
	Weight  int64  `json:"weight"`
}

// RiskReason is a reason of an outcome: its code, the words that its customer may read,
// and the rules and features that give it.
type RiskReason struct {
	Code     string   `json:"code"`
	Words    string   `json:"words,omitzero"`
	Rules    []string `json:"rules,omitempty"`
	Features []string `json:"features,omitempty"`
}

// RiskDataSet is one that was looked into.
type RiskDataSet struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
}

// RiskShadow is what a policy would have said that looks on and decides nothing.
type RiskShadow struct {
	Policy  string `json:"policy"`
	Score   int64  `json:"score"`
	Outcome string `json:"outcome"`
}

// RiskAlternative is the smallest change of what was known that would have changed the
// outcome: of all these features at once.
type RiskAlternative struct {
	Outcome string       `json:"outcome"`
	Score   int64        `json:"score"`
	Changes []RiskChange `json:"changes"`
}

// RiskChange is where a feature would have had to be: at least from, and below below,
// where it says so.
type RiskChange struct {
	Feature string `json:"feature"`
	Meaning string `json:"meaning"`
	Value   int64  `json:"value"` // what it was
	From    *int64 `json:"from,omitzero"`
	Below   *int64 `json:"below,omitzero"`
}

// explained is a decision as it is kept, with what its policy has to say of it. Without
// an engine that is left out.
func explained(said risk.Assessed, at eventbus.Position, engine *risk.Engine) RiskDecisionAnswer {
	answer := RiskDecisionAnswer{
		RiskDecisionRow: RiskDecisionRow{Decision: said.Decision, Action: string(said.Action), Customer: said.Customer, Device: said.Device, About: said.About,
			Hundredths: said.Hundredths, Score: said.Score, Probability: risk.Probability(said.Score), Outcome: string(said.Outcome), Effect: string(said.Effect),
			Exemption: said.Exemption, Reasons: said.Reasons, Policy: said.Policy, At: said.At, Position: at},
		KnownUpTo: eventbus.Position(said.Position), Series: said.Series, Payee: said.Payee,
		Features: weighed(said), Because: []RiskReason{}, DataSets: []RiskDataSet{},
	}
	for _, set := range said.Data {
		answer.DataSets = append(answer.DataSets, RiskDataSet(set))
	}
	for _, shadow := range said.Shadows {
		answer.Shadows = append(answer.Shadows, RiskShadow{shadow.Policy, shadow.Score, string(shadow.Outcome)})
	}
	var policy risk.Policy
	if engine != nil {
		policy = engine.Policy()
		answer.PolicyName, answer.Base = policy.Name, policy.Base
		if limit := policy.Rung(said.Score); said.Effect == risk.Limit {
			answer.Limit = &RiskLimit{limit.AtMost, limit.Hours}
		}
	}
	for _, code := range said.Reasons {
		reason := RiskReason{Code: code, Words: policy.Reasons[code]}
		for _, source := range policy.Sources(code, said.Action) {
			if source.Rule != "" {
				reason.Rules = append(reason.Rules, source.Rule)
			} else {
				reason.Features = append(reason.Features, source.Feature)
			}
		}
		answer.Because = append(answer.Because, reason)
	}
	if engine != nil && !said.Failed() {
		answer.Otherwise = otherwise(said, engine)
	}
	return answer
}

// weighed is what was known in the order of features, then what weighed for it was not.
func weighed(said risk.Assessed) []RiskFeature {
	all, weights := []RiskFeature{}, map[string]int64{}
	for _, c := range said.Contributions {
		weights[c.Feature] = c.Weight
	}
	add := func(feature string, value *int64) {
		f, _ := risk.FeatureOf(feature)
		all = append(all, RiskFeature{feature, f.Meaning(), value, weights[feature]})
		delete(weights, feature)
	}
	for _, known := range said.Features {
		add(known.Feature, &known.Value)
	}
	for _, c := range said.Contributions {
		if _, unknown := weights[c.Feature]; unknown {
			add(c.Feature, nil)
		}
	}
	return all
}

func otherwise(said risk.Assessed, engine *risk.Engine) *RiskAlternative {
	v := said.Vector()
	found, is := engine.SmallestChange(said.Action, &v)
	if !is {
		return nil
	}
	answer := &RiskAlternative{Outcome: string(found.Outcome), Score: found.Score}
	for _, c := range found.Changes {
		change := RiskChange{Feature: c.Feature.String(), Meaning: c.Feature.Meaning(), Value: c.Value}
		if c.Open != risk.OpenBelow {
			change.From = &c.From
		}
		if c.Open != risk.OpenAbove {
			change.Below = &c.Below
		}
		answer.Changes = append(answer.Changes, change)
	}
	return answer
}
