package schemas

import "florin/domain/riskpolicy"

// The JSON bodies of the commands about the risk policy.
type (
	// PutRiskPolicy is PUT /v1/risk/policies: a policy, by its file (YAML, of which
	// JSON is a part) or, for one that the bank knows, by its digest.
	PutRiskPolicy struct {
		Role   string `json:"role"`            // live or shadow
		Policy string `json:"policy,omitzero"` // the file
		Digest string `json:"digest,omitzero"` // instead of it
		Base   string `json:"base,omitzero"`   // digest of the live one that this is meant to follow; not said: the one that is
		Reason string `json:"reason"`          // code
	}
	// RetireRiskPolicy is POST /v1/risk/policies/{digest}/retirement, of a shadow.
	RetireRiskPolicy struct {
		Base   string `json:"base,omitzero"`
		Reason string `json:"reason"` // code
	}
)

// RiskPolicies lists every kind of record that the stream of the policies in force may
// hold, and RiskVersions those of the stream of a version.
var (
	RiskPolicies = newTable(
		Event(1, func(e riskpolicy.Activated) riskpolicy.Event { return e }),
		Event(1, func(e riskpolicy.Retired) riskpolicy.Event { return e }),
	)
	RiskVersions = newTable(
		Event(1, func(e riskpolicy.Submitted) riskpolicy.VersionEvent { return e }),
	)
)

func riskCommands() []Command {
	return []Command{
		body[PutRiskPolicy]("riskpolicy.activate"),
		body[RetireRiskPolicy]("riskpolicy.retire"),
		body[PutDataSet]("dataset.change"),
		body[LabelFraud]("fraud.label"),
	}
}
