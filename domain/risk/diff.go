package risk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Difference is one thing that two policies say otherwise. Was or Is is empty where one
// of them says nothing of it.
type Difference struct {
	What  string `json:"what"`           // base, feature, rule, threshold, rung, reason or example
	Where string `json:"where,omitzero"` // which one
	Was   string `json:"was,omitzero"`
	Is    string `json:"is,omitzero"`
}

// What a Difference is about.
const (
	DiffBase      = "base"
	DiffFeature   = "feature"
	DiffRule      = "rule"
	DiffThreshold = "threshold"
	DiffRung      = "rung"
	DiffReason    = "reason"
	DiffExample   = "example"
)

// String is a line for people.
func (d Difference) String() string {
	subject := strings.TrimSpace(d.What + " " + d.Where)
	switch {
	case d.Was == "":
		return subject + ": new, " + d.Is
	case d.Is == "":
		return subject + ": gone, was " + d.Was
	}
	return subject + ": " + d.Was + " -> " + d.Is
}

// Diff lists what two policies say otherwise, in the order in which a policy is
// written. Two of the same digest, but for their names, differ in nothing.
func Diff(from, to Policy) []Difference {
	all := compare(nil, DiffBase, map[string]string{"": fmt.Sprint(from.Base)}, map[string]string{"": fmt.Sprint(to.Base)})
	all = compare(all, DiffFeature, weights(from), weights(to))
	all = compare(all, DiffRule, ruleTexts(from), ruleTexts(to))
	all = compare(all, DiffThreshold, limits(from), limits(to))
	all = compare(all, DiffRung, rungs(from), rungs(to))
	all = compare(all, DiffReason, from.Reasons, to.Reasons)
	return compare(all, DiffExample, promises(from), promises(to))
}

func compare(all []Difference, what string, from, to map[string]string) []Difference {
	var found []Difference
	for where, was := range from {
		if is := to[where]; is != was {
			found = append(found, Difference{what, where, was, is})
		}
	}
	for where, is := range to {
		if _, both := from[where]; !both {
			found = append(found, Difference{what, where, "", is})
		}
	}
	slices.SortFunc(found, func(a, b Difference) int { return cmp.Compare(a.Where, b.Where) })
	return append(all, found...)
}

// weights has a line for each bin, so that one changed weight is one difference.
func weights(p Policy) map[string]string {
	lines := map[string]string{}
	for _, card := range p.Scorecard {
		for _, bin := range card.Bins {
			lines[fmt.Sprintf("%s below %d", card.Feature, bin.Below)] = fmt.Sprintf("%+d", bin.Weight)
		}
		lines[card.Feature+" from there on"] = fmt.Sprintf("%+d", card.Rest)
		lines[card.Feature+" unknown"] = fmt.Sprintf("%+d", card.Unknown)
		lines[card.Feature+" reason"] = card.Reason
	}
	return lines
}

func ruleTexts(p Policy) map[string]string {
	lines := map[string]string{}
	for _, rule := range p.Rules {
		actions := "all actions"
		if len(rule.Actions) > 0 {
			actions = strings.Trim(fmt.Sprint(rule.Actions), "[]")
		}
		where := "if " + rule.When
		for n := 2; lines[where] != ""; n++ { // the same condition may lead to more
			where = fmt.Sprintf("if %s (%d)", rule.When, n)
		}
		lines[where] = fmt.Sprintf("%s for %s (%s)", rule.Outcome, actions, rule.Reason)
	}
	return lines
}

func limits(p Policy) map[string]string {
	lines := map[string]string{}
	for action, bands := range p.Thresholds {
		for _, band := range bands {
			for outcome, at := range band.At {
				lines[fmt.Sprintf("%s from %d: %s", action, band.From, outcome)] = fmt.Sprintf("at %d", at)
			}
		}
	}
	return lines
}

func rungs(p Policy) map[string]string {
	lines := map[string]string{}
	for _, rung := range p.Ladder {
		lines[fmt.Sprintf("from %d", rung.From)] = fmt.Sprintf("at most %d a day for %d hours", rung.AtMost, rung.Hours)
	}
	return lines
}

func promises(p Policy) map[string]string {
	lines := map[string]string{}
	for _, example := range p.Examples {
		given := make([]string, 0, len(example.Given))
		for feature, value := range example.Given {
			given = append(given, fmt.Sprintf("%s=%d", feature, value))
		}
		slices.Sort(given)
		lines[example.Name] = fmt.Sprintf("%s of %s: %s", example.Action, strings.Join(given, " "), example.Outcome)
	}
	return lines
}
