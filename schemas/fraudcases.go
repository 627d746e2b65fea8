package schemas

import (
	"florin/domain/fraudcase"
	"florin/domain/id"
)

// The JSON bodies of the commands about cases.
type (
	// OpenFraudCase is POST /v1/risk/cases.
	OpenFraudCase struct {
		Subject fraudcase.Subject `json:"subject"` // as a label's about
		Reason  string            `json:"reason"`  // code
	}
	// AssignFraudCase is POST /v1/risk/cases/{id}/assignment.
	AssignFraudCase struct {
		Assignee id.Operator `json:"assignee,omitzero"` // not said: nobody
		Reason   string      `json:"reason"`            // code
	}
	// NoteFraudCase is POST /v1/risk/cases/{id}/notes.
	NoteFraudCase struct {
		Text string `json:"text"` // in the operator's words
	}
	// DecideFraudCase is POST /v1/risk/cases/{id}/decision.
	DecideFraudCase struct {
		Outcome string `json:"outcome"` // fraud, cleared or no-action
		Reason  string `json:"reason"`  // code
	}
)

// FraudCases lists every kind of record that the stream of a case may hold.
var FraudCases = newTable(
	Event(1, func(e fraudcase.Opened) fraudcase.Event { return e }),
	Event(1, func(e fraudcase.Assigned) fraudcase.Event { return e }),
	Event(1, func(e fraudcase.Noted) fraudcase.Event { return e }),
	Event(1, func(e fraudcase.Decided) fraudcase.Event { return e }),
)

func fraudCaseCommands() []Command {
	return []Command{
		body[OpenFraudCase]("fraudcase.open"),
		body[AssignFraudCase]("fraudcase.assign"),
		body[NoteFraudCase]("fraudcase.note"),
		body[DecideFraudCase]("fraudcase.decide"),
	}
}
