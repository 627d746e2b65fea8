package gateway

import (
	"florin/gateway/problem"
	"florin/gateway/service"
	"florin/schemas"
)

// riskDecisions: what was said of attempts, and why.
func riskDecisions(desk service.Desk) []Route {
	decisions := service.RiskDecisions{Desk: desk}
	return []Route{
		{Method: get, Path: "/v1/risk/decisions", Handle: decisions.List, Scopes: scopes("risk.read"), Query: []string{"customer", "device", "about", "action", "outcome", "effect", "policy", "reason", "score", "from", "to"}, Response: of[service.RiskDecisionList]()},
		{Method: get, Path: "/v1/risk/decisions/{id}", Handle: decisions.Get, Scopes: scopes("risk.read"), Response: of[service.RiskDecisionAnswer]()},
		{Method: post, Path: "/v1/risk/backtests", Handle: decisions.Backtest, Share: shareTables, Scopes: scopes("risk.read"), Response: of[service.RiskBacktestAnswer]()},
	}
}

// reviews: what risk holds for somebody to look at. Who lets money go has authenticated
// strongly of late.
func reviews(desk service.Desk) []Route {
	held := service.Reviews{Desk: desk}
	return []Route{
		{Method: get, Path: "/v1/risk/reviews", Handle: held.List, Scopes: scopes("risk.read"), Query: []string{"status"}, Response: of[service.ReviewList]()},
		{Method: get, Path: "/v1/risk/reviews/{id}", Handle: held.Get, Scopes: scopes("risk.read"), Response: of[service.ReviewAnswer]()},
		{Method: post, Path: "/v1/risk/reviews/{id}/release", Handle: held.Release, Scopes: scopes("risk.write"), Keyed: true, Signed: true, ACR: problem.StrongACR, MaxAge: problem.Fresh,
			Request: of[schemas.ReleaseReview](), Response: of[service.ReviewedAnswer]()},
		{Method: post, Path: "/v1/risk/reviews/{id}/refusal", Handle: held.Refuse, Scopes: scopes("risk.write"), Keyed: true, Signed: true, ACR: problem.StrongACR, MaxAge: problem.Fresh,
			Request: of[schemas.RefuseReview](), Response: of[service.ReviewedAnswer]()},
	}
}

// dataSets: the files that risk looks into.
func dataSets(desk service.Desk) []Route {
	sets := service.DataSets{Desk: desk}
	return []Route{
		{Method: get, Path: "/v1/risk/data-sets", Handle: sets.List, Scopes: scopes("risk.read"), Response: of[service.DataSetList]()},
		{Method: put, Path: "/v1/risk/data-sets", Handle: sets.Put, Scopes: scopes("risk.write"), Keyed: true, Signed: true, ACR: problem.StrongACR, MaxAge: problem.Fresh,
			Request: of[schemas.PutDataSet](), Response: of[service.DataSetAnswer]()},
	}
}

// frauds: what operators have found, fraud or none.
func frauds(desk service.Desk) []Route {
	found := service.Frauds{Desk: desk}
	return []Route{
		{Method: post, Path: "/v1/risk/labels", Handle: found.Label, Scopes: scopes("risk.write"), Keyed: true, Signed: true, ACR: problem.StrongACR, MaxAge: problem.Fresh,
			Request: of[schemas.LabelFraud](), Response: of[service.FraudAnswer]()},
	}
}

// fraudCases: the work on what may be fraud.
func fraudCases(desk service.Desk) []Route {
	cases := service.FraudCases{Desk: desk}
	const read, write = "risk.read", "risk.write"
	return []Route{
		{Method: get, Path: "/v1/risk/cases", Handle: cases.List, Scopes: scopes(read), Query: []string{"status", "assignee"}, Response: of[service.FraudCaseList]()},
		{Method: post, Path: "/v1/risk/cases", Handle: cases.Open, Scopes: scopes(write), Keyed: true, Signed: true, ACR: problem.StrongACR, MaxAge: problem.Fresh,
			Request: of[schemas.OpenFraudCase](), Response: of[service.FraudCaseDone]()},
		{Method: get, Path: "/v1/risk/cases/{id}", Handle: cases.Get, Scopes: scopes(read), Response: of[service.FraudCaseShown]()},
		{Method: post, Path: "/v1/risk/cases/{id}/assignment", Handle: cases.Assign, Scopes: scopes(write), Keyed: true, Signed: true, ACR: problem.StrongACR, MaxAge: problem.Fresh,
			Request: of[schemas.AssignFraudCase](), Response: of[service.FraudCaseDone]()},
		{Method: post, Path: "/v1/risk/cases/{id}/notes", Handle: cases.Note, Scopes: scopes(write), Keyed: true, Signed: true, ACR: problem.StrongACR, MaxAge: problem.Fresh,
			Request: of[schemas.NoteFraudCase](), Response: of[service.FraudCaseDone]()},
		{Method: post, Path: "/v1/risk/cases/{id}/decision", Handle: cases.Decide, Scopes: scopes(write), Keyed: true, Signed: true, ACR: problem.StrongACR, MaxAge: problem.Fresh,
			Request: of[schemas.DecideFraudCase](), Response: of[service.FraudCaseDone]()},
	}
}

// riskPolicies: what attempts are scored by. It is changed by operators who have
// authenticated strongly of late.
func riskPolicies(desk service.Desk) []Route {
	policies := service.RiskPolicies{Desk: desk}
	const read, write = "risk.read", "risk.write"
	return []Route{
		{Method: get, Path: "/v1/risk/policies", Handle: policies.List, Scopes: scopes(read), Response: of[service.RiskPolicyList]()},
		{Method: put, Path: "/v1/risk/policies", Handle: policies.Put, Scopes: scopes(write), Keyed: true, Signed: true, ACR: problem.StrongACR, MaxAge: problem.Fresh,
			Request: of[schemas.PutRiskPolicy](), Response: of[service.RiskPolicyAnswer]()},
		{Method: get, Path: "/v1/risk/policies/{digest}", Handle: policies.Get, Scopes: scopes(read), Response: of[service.RiskPolicyAnswer](),
			Gives: []string{"application/json", service.MediaYAML}},
		{Method: post, Path: "/v1/risk/policies/{digest}/retirement", Handle: policies.Retire, Scopes: scopes(write), Keyed: true, Signed: true, ACR: problem.StrongACR, MaxAge: problem.Fresh,
			Request: of[schemas.RetireRiskPolicy](), Response: of[service.RiskPolicyAnswer]()},
	}
}
