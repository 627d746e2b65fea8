package id

// RiskPolicy is a version of the risk policy, named by its digest, or the record of
// which of them are in force.
type RiskPolicy = ID[riskPolicy]

type riskPolicy struct{}

func (riskPolicy) name() (string, string) { return "rkp", "riskpolicy" }
