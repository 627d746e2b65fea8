package commands

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"florin/domain/id"
	"florin/domain/risk"
	"florin/domain/riskpolicy"
	"florin/eventbus"
	"florin/schemas"
)

// DecisionReplay makes the decisions of a log again, by the log alone.
//
// It reads the log twice: first for the policies and for what was asked and up to which
// position risk knew, then once more to know just that much, and to decide. It holds some
// 400 bytes in memory for each decision, beside what the live bank holds.
type DecisionReplay struct {
	Log      eventbus.Log
	Treaty   *schemas.Treaty
	Policies map[string]*risk.Engine      // by digest, beside those that the log holds
	Only     id.Decision                  // zero: all
	Progress func(done eventbus.Position) // of both passes together, each as long as the log
	Differs  func(Difference)             // is told of each that differs, in the order of the log
}

// Difference is a part of a decision that comes out otherwise than it was kept.
type Difference struct {
	Decision id.Decision       `json:"decision"`
	Position eventbus.Position `json:"position"` // of the commit
	Part     string            `json:"part"`
	Kept     string            `json:"kept"`
	Again    string            `json:"again"`
}

// Replayed counts decisions.
type Replayed struct {
	Decisions int `json:"decisions"`
	Equal     int `json:"equal"`
	Differ    int `json:"differ"`
	NotMade   int `json:"not_made"` // the scorer had failed, and the customer was challenged: nothing to make again
}

// replayAsked is one decision to make again; in words: after so much was known, this
// was asked, and what was said then lies in that commit.
type replayAsked struct {
	decision id.Decision
	attempt  risk.Attempt
	policy   string
	shadows  []risk.Shadow
}

// Run makes them all again. An error is of the log: what differs is none.
func (r DecisionReplay) Run(ctx context.Context) (all Replayed, err error) {
	asked := map[eventbus.Position][]replayAsked{}
	r.Policies = maps.Clone(r.Policies)
	if r.Policies == nil {
		r.Policies = map[string]*risk.Engine{}
	}
	err = r.read(ctx, 0, func(record eventbus.Record) error {
		for _, recorded := range record.Events {
			switch recorded.Kind {
			case (riskpolicy.Submitted{}).Kind():
				r.learn(recorded)
				continue
			case (risk.Assessed{}).Kind():
			default:
				continue
			}
			event, err := r.Treaty.Risk.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
			if err != nil {
				return err
			}
			if said := event.(risk.Assessed); r.wants(said) && !said.Failed() {
				at := eventbus.Position(said.Position)
				asked[at] = append(asked[at], replayAsked{said.Decision, said.Attempt(), said.Policy, said.Shadows})
			}
		}
		return nil
	})
	if err != nil {
		return all, err
	}
	half, err := r.Log.Head(ctx)
	if err != nil {
		return all, err
	}
	history, again, live := risk.NewHistory(), map[id.Decision]risk.Assessed{}, ""
	r.decide(history, asked[0], again)
	err = r.read(ctx, half.Position, func(record eventbus.Record) error {
		decisions, err := observe(r.Treaty, history, record)
		if err != nil {
			return err
		}
		for _, said := range decisions {
			if r.wants(said) {
				r.compare(&all, said, again, live, record.Last())
			}
		}
		if live, err = r.liveAfter(record, live); err != nil {
			return err
		}
		r.decide(history, asked[record.Last()], again)
		delete(asked, record.Last())
		return nil
	})
	return all, err
}

func (r DecisionReplay) wants(said risk.Assessed) bool {
	return r.Only.IsZero() || r.Only == said.Decision
}

func (r DecisionReplay) read(ctx context.Context, before eventbus.Position, see func(eventbus.Record) error) error {
	for record, err := range r.Log.ReadAll(ctx, 0) {
		if err == nil {
			err = see(record)
		}
		if err != nil {
			return err
		}
		if r.Progress != nil {
			r.Progress(before + record.Last())
		}
	}
	return ctx.Err()
}

// decide makes again what was decided when just so much was known.
func (r DecisionReplay) decide(history *risk.History, all []replayAsked, again map[id.Decision]risk.Assessed) {
	for _, asked := range all {
		engine, known := r.Policies[asked.policy]
		if !known {
			continue
		}
		v := history.Look(asked.attempt)
		said := risk.Assessed{}.With(&v, engineSays(engine, asked.attempt.Action, &v))
		said.Shadows = shadowsSay(r.lookingOn(asked.shadows), asked.attempt.Action, &v)
		again[asked.decision] = said
	}
}

// lookingOn are the policies that are said to have looked on, as far as anybody has them.
func (r DecisionReplay) lookingOn(kept []risk.Shadow) (all []Judge) {
	for _, shadow := range kept {
		if engine, known := r.Policies[shadow.Policy]; known {
			all = append(all, Judge{Digest: shadow.Policy, Engine: engine})
		}
	}
	return all
}

// learn takes a policy out of the log. One that this program cannot put to work, for it
// is an older one or somebody has changed the text, is known to nobody.
func (r DecisionReplay) learn(recorded eventbus.Recorded) {
	digest, engine, err := submitted(r.Treaty, recorded)
	if err != nil {
		delete(r.Policies, digest)
		return
	}
	r.Policies[digest] = engine
}

// liveAfter is the digest of the policy that decides after a commit; "" before the first.
func (r DecisionReplay) liveAfter(record eventbus.Record, live string) (string, error) {
	for _, recorded := range record.Events {
		if recorded.Kind != (riskpolicy.Activated{}).Kind() {
			continue
		}
		event, err := r.Treaty.RiskPolicies.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return live, err
		}
		if e, is := event.(riskpolicy.Activated); is && e.Role == riskpolicy.Live {
			live = e.Digest
		}
	}
	return live, nil
}

func (r DecisionReplay) compare(all *Replayed, kept risk.Assessed, decided map[id.Decision]risk.Assessed, live string, at eventbus.Position) {
	all.Decisions++
	again, made := decided[kept.Decision]
	delete(decided, kept.Decision)
	var differences []Difference
	differs := func(part string, kept, again any) {
		if was, is := fmt.Sprint(kept), fmt.Sprint(again); was != is {
			differences = append(differences, Difference{Part: part, Kept: was, Again: is})
		}
	}
	switch _, known := r.Policies[kept.Policy]; {
	case kept.Failed():
		if kept.Effect == risk.Challenge {
			all.NotMade++
			return
		}
		differs("effect", kept.Effect, risk.Challenge)
	case !known:
		differs("policy", kept.Policy, "nobody has it: name its file with --policy")
	case live != "" && live != kept.Policy:
		differs("policy", kept.Policy, live)
	case !made:
		differs("position", kept.Position, "no commit before this one ends there")
	default:
		differs("features", kept.Features, again.Features)
		differs("contributions", kept.Contributions, again.Contributions)
		differs("score", kept.Score, again.Score)
		differs("outcome", kept.Outcome, again.Outcome)
		differs("reasons", kept.Reasons, again.Reasons)
		differs("shadows", kept.Shadows, again.Shadows)
		if kept.Outcome == risk.Block {
			differs("effect", kept.Effect, kept.Outcome)
		}
	}
	if len(differences) == 0 {
		all.Equal++
		return
	}
	all.Differ++
	for _, d := range differences {
		d.Decision, d.Position = kept.Decision, at
		if r.Differs != nil {
			r.Differs(d)
		}
	}
}

// PoliciesOf puts policy files to work, by digest, and the one that the bank comes with.
func PoliciesOf(files ...[]byte) (map[string]*risk.Engine, error) {
	policies := map[string]*risk.Engine{}
	for _, text := range slices.Concat([][]byte{schemas.DefaultPolicy()}, files) {
		with, err := decidingBy(text)
		if err != nil {
			return nil, err
		}
		policies[with.policy] = with.engine
	}
	return policies, nil
}
