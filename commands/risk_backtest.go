package commands

import (
	"context"
	"time"

	"florin/domain/risk"
	"florin/domain/risk/study"
	"florin/eventbus"
	"florin/schemas"
)

// RiskBacktest holds a policy against the decisions of a log: each is made again of what
// was known at its time, which is kept beside it, velocity included, by the policy that is
// tried and by the one that it is held against.
type RiskBacktest struct {
	Log      eventbus.Log
	Treaty   *schemas.Treaty
	Policy   *risk.Engine // that is tried
	Live     *risk.Engine // that it is held against
	From, To time.Time    // by the decisions' own time; zero: no bound
	After    eventbus.Position
	Until    eventbus.Position // 0: to the head
	Labels   FraudLabels
	Examples int // decisions named for each way in which an outcome flips
	Progress func(eventbus.Position)
}

// FraudLabels say what was found to be fraud: by the identifier of a decision, or of what
// it was about.
type FraudLabels map[string]bool

func (l FraudLabels) fraud(said risk.Assessed) bool {
	return len(l) > 0 && (l[said.Decision.String()] || l[said.About])
}

// RiskBacktested is what it found.
type RiskBacktested struct {
	study.Backtested
	NotMade int64 `json:"not_made"` // decisions that the scorer had failed to make
}

// Run goes through the log once. What was confirmed before (Series) a policy may only
// block, as when it was decided.
func (b RiskBacktest) Run(ctx context.Context) (found RiskBacktested, err error) {
	all := study.NewBacktest(b.Examples)
	for record, err := range b.Log.ReadAll(ctx, b.After) {
		if err != nil {
			return found, err
		}
		if b.Until > 0 && record.First > b.Until {
			break
		}
		for _, recorded := range record.Events {
			if recorded.Kind != (risk.Assessed{}).Kind() {
				continue
			}
			event, err := b.Treaty.Risk.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
			if err != nil {
				return found, err
			}
			said, is := event.(risk.Assessed)
			switch {
			case !is || !b.From.IsZero() && said.At.Before(b.From) || !b.To.IsZero() && !said.At.Before(b.To):
			case said.Failed():
				found.NotMade++
			default:
				all.Add(b.tried(said))
			}
		}
		if b.Progress != nil {
			b.Progress(record.Last())
		}
	}
	found.Backtested = all.Result()
	return found, ctx.Err()
}

func (b RiskBacktest) tried(said risk.Assessed) study.Tried {
	v := said.Vector()
	word := func(engine *risk.Engine) risk.Outcome {
		if outcome := engine.Outcome(said.Action, &v); !said.Series || outcome == risk.Block {
			return outcome
		}
		return risk.Allow
	}
	return study.Tried{ID: said.Decision.String(), At: said.At, Customer: said.Customer.UUID(), Amount: said.Hundredths, Fraud: b.Labels.fraud(said),
		New: word(b.Policy), Live: word(b.Live)}
}
