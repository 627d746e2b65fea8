package proposal

import (
	"time"

	"florin/domain/text"
)

// Types of proposals about what the bank scores attempts by.
const (
	RiskPolicyActivation = "risk-policy-activation"
	RiskPolicyRetirement = "risk-policy-retirement"
)

// RiskPolicy is which version is to be live or a shadow, or, without a role, to be
// retired. Base is the version that was live when it was proposed: once another one
// is, what was proposed is refused.
type RiskPolicy struct {
	Digest string
	Name   string
	Role   string
	Base   string
}

// RiskPolicyDescribed: which version the proposal is about, in the commit that made it.
type RiskPolicyDescribed struct {
	Digest string    `json:"digest"`
	Name   string    `json:"name"`
	Role   string    `json:"role,omitzero"` // live or shadow; not said: it is to be retired
	Base   string    `json:"base"`          // digest of the live one
	At     time.Time `json:"at"`
}

func (RiskPolicyDescribed) Kind() string   { return "proposal.risk_policy_described" }
func (RiskPolicyDescribed) proposalEvent() {}

// fits tells whether a proposal of the type is about such a policy, or about none.
func (p RiskPolicy) fits(kind string) bool {
	switch kind {
	case RiskPolicyActivation:
		return p.Digest != "" && p.Name != "" && text.Code(p.Role) && p.Base != ""
	case RiskPolicyRetirement:
		return p.Digest != "" && p.Name != "" && p.Role == "" && p.Base != ""
	}
	return p == RiskPolicy{}
}

// describe adds the policy to what was made, if there is one.
func (p RiskPolicy) describe(made []Event, at time.Time) []Event {
	if p == (RiskPolicy{}) {
		return made
	}
	return append(made, RiskPolicyDescribed{Digest: p.Digest, Name: p.Name, Role: p.Role, Base: p.Base, At: at})
}
