package risk

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/id"
)

// Event is a fact about one decision. The set is sealed by riskEvent.
type Event interface {
	domain.Event
	riskEvent()
}

// Assessed: risk has said what an attempt may do. It holds all that the decision was
// made of, so that anybody can make it again: the policy and the data sets by their
// digests, the History by the position of the log up to which it had taken in, and what
// the request itself showed among the features.
type Assessed struct {
	Decision      id.Decision `json:"decision"`
	Action        Action      `json:"action"`
	Customer      id.Customer `json:"customer,omitzero"`
	Device        id.Device   `json:"device,omitzero"`
	About         string      `json:"about"` // identifier of what was asked for
	Account       id.Account  `json:"account,omitzero"`
	Payee         string      `json:"payee,omitempty"`      // who is paid: an account's UUID, or what stands for a number
	Hundredths    int64       `json:"hundredths,omitempty"` // of the currency's unit
	Series        bool        `json:"series,omitempty"`     // it was confirmed before: no attempt of its own
	Score         int64       `json:"score"`                // milli-log-odds
	Outcome       Outcome     `json:"outcome"`
	Effect        Outcome     `json:"effect"` // what came of it: the law may want more than the policy
	Exemption     string      `json:"exemption,omitempty"`
	Policy        string      `json:"policy"` // digest
	Data          []DataSet   `json:"data,omitempty"`
	Position      int64       `json:"position"`
	Features      Values      `json:"features,omitempty"`      // the known ones, in their order
	Contributions Weights     `json:"contributions,omitempty"` // those that are not nought, in the scorecard's order
	Reasons       []string    `json:"reasons,omitempty"`       // codes
	Shadows       []Shadow    `json:"shadows,omitempty"`       // what others would have said
	At            time.Time   `json:"at"`
}

// Located: where a customer has logged in, to ten kilometres, beside the decision of that
// login. It holds tenths of a degree north and east, and how many kilometres it may be off.
type Located struct {
	Customer id.Customer    `json:"customer"`
	Place    domain.Profile `json:"place"`
	At       time.Time      `json:"at"`
}

func (Located) Kind() string { return "risk.located" }
func (Located) riskEvent()   {}

// Shadow is what a policy would have said that looks on and decides nothing.
type Shadow struct {
	Policy  string  `json:"policy"` // digest
	Score   int64   `json:"score"`
	Outcome Outcome `json:"outcome"`
}

// DataSet is one that was looked into.
type DataSet struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
}

// Values and Weights are stored as objects with a member for each feature, in their
// order: a decision is kept for ever, and most of it is these.
type (
	Values  []Value
	Weights []Weight
)

// Value is a known feature.
type Value struct {
	Feature string `json:"feature"`
	Value   int64  `json:"value"`
}

// Weight is what a feature added to the score.
type Weight struct {
	Feature string `json:"feature"`
	Weight  int64  `json:"weight"`
}

func (Assessed) Kind() string { return "risk.assessed" }
func (Assessed) riskEvent()   {}

// Failed tells whether no decision could be made, and so the customer was challenged:
// there is nothing to make again.
func (a Assessed) Failed() bool { return slices.Contains(a.Reasons, ReasonScorerFailed) }

// own are the features that the request itself shows; all others are History's.
var own = []Feature{SessionStrength, StrongAuthAge, AddressFlags, Speed, ToOwn}

// Attempt is what was tried, as History is asked about it, and takes it in.
func (a Assessed) Attempt() Attempt {
	attempt := Attempt{Action: a.Action, At: a.At.UTC(), Customer: a.Customer.UUID(), Device: a.Device.UUID(), Account: a.Account.UUID(), Amount: a.Hundredths, Series: a.Series}
	attempt.Payee, _ = uuid.Parse(a.Payee)
	for _, said := range a.Features {
		if f, known := FeatureOf(said.Feature); known && slices.Contains(own, f) {
			attempt.Known.Set(f, said.Value)
		}
	}
	return attempt
}

// With is the fact with what an engine says of a vector.
func (a Assessed) With(v *Vector, d Decision) Assessed {
	a.Features, a.Contributions = make(Values, 0, featureCount), make(Weights, 0, len(d.Contributions))
	for f := range featureCount {
		if value, known := v.Get(f); known {
			a.Features = append(a.Features, Value{f.String(), value})
		}
	}
	for _, c := range d.Contributions {
		if c.Weight != 0 {
			a.Contributions = append(a.Contributions, Weight{c.Feature.String(), c.Weight})
		}
	}
	a.Score, a.Outcome, a.Reasons = d.Score, d.Outcome, d.Reasons
	return a
}

// Vector is what was known of the attempt.
func (a Assessed) Vector() (v Vector) {
	for _, said := range a.Features {
		if f, known := FeatureOf(said.Feature); known {
			v.Set(f, said.Value)
		}
	}
	return v
}

// Command is something one may ask of a decision. The set is sealed.
type Command interface{ riskCommand() }

// Note keeps a decision, and Locate where the login was that it was about.
type (
	Note   struct{ Assessed Assessed }
	Locate struct{ Located Located }
)

func (Note) riskCommand()   {}
func (Locate) riskCommand() {}

// ErrNoted: a decision is made once.
var ErrNoted = &domain.Refusal{Class: domain.Conflict, Code: "decision-exists", Detail: "This was decided already."}

// State is whether there is the decision; it is never changed.
type State struct {
	Made   bool
	Placed bool // it is kept where that was
	Score  int64
	What   What
}

// What was decided on.
type What struct {
	Action   Action
	Customer id.Customer
	Device   id.Device
	About    string
	Payee    string
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Note:
		if s.Made {
			return nil, ErrNoted
		}
		return []Event{c.Assessed}, nil
	case Locate:
		if !s.Made || s.Placed {
			return nil, ErrNoted
		}
		return []Event{c.Located}, nil
	}
	panic(fmt.Sprintf("risk: unknown command %T", command)) // sealed: a bug, not an input
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Assessed:
		s.Made, s.Score, s.What = true, e.Score, What{e.Action, e.Customer, e.Device, e.About, e.Payee}
	case Located:
		s.Placed = true
	}
	return s
}
