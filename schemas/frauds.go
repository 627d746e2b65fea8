package schemas

import "florin/domain/fraud"

// LabelFraud is POST /v1/risk/labels: what an operator has found of something.
type LabelFraud struct {
	About   fraud.About `json:"about"`
	Verdict string      `json:"verdict"`       // confirmed or cleared
	Reason  string      `json:"reason"`        // code
	Note    string      `json:"note,omitzero"` // in the operator's words
}

// Frauds lists every kind of record that the stream of a finding may hold.
var Frauds = newTable(
	Event(1, func(e fraud.Confirmed) fraud.Event { return e }),
	Event(1, func(e fraud.Cleared) fraud.Event { return e }),
)
