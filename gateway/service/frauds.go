package service

import (
	"net/http"

	"florin/commands"
	"florin/domain/fraud"
	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// Frauds serves /v1/risk/labels: what operators have found, fraud or none.
type Frauds struct{ Desk }

// FraudAnswer is a finding, and on whom it bears.
type FraudAnswer struct {
	About    fraud.About       `json:"about"` // a decision on a login, transfer or payment stands for that
	Decision id.Decision       `json:"decision,omitzero"`
	Customer id.Customer       `json:"customer,omitzero"`
	Device   id.Device         `json:"device,omitzero"`
	Payee    string            `json:"payee,omitzero"`
	Verdict  string            `json:"verdict"` // confirmed or cleared
	Reason   string            `json:"reason"`
	Position eventbus.Position `json:"position,omitzero"`
}

// Label keeps what an operator has found. A login, transfer or payment is known by the
// latest decision of risk that was about it.
func (s Frauds) Label(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.LabelFraud](call.Body)
	if err != nil {
		return err
	}
	order, err := s.reasoned(r, call, body.Reason)
	if err != nil {
		return err
	}
	ask := commands.FraudLabel{About: body.About, Verdict: body.Verdict, Note: body.Note}
	switch body.About.Type {
	case fraud.Login, fraud.Transfer, fraud.Payment:
		if ask.Decision, err = s.decided(r, body.About); err != nil {
			return err
		}
	}
	made, outcome, err := s.Bank.Frauds().Label(r.Context(), order, ask)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, FraudAnswer{About: made.About, Decision: made.Decision, Customer: made.Touches.Customer, Device: made.Touches.Device, Payee: made.Touches.Payee,
		Verdict: made.Verdict, Reason: made.Reason, Position: outcome.Receipt.Last})
}

// decided is the latest decision about a thing; zero: there is none.
func (s Frauds) decided(r *http.Request, about fraud.About) (of id.Decision, err error) {
	if err := s.fresh(r, "risk"); err != nil {
		return of, err
	}
	found, err := s.Reads.RiskDecisions(r.Context(), projections.RiskFilter{About: about.ID}, 0, 1)
	if len(found) > 0 {
		of = found[0].Decision
	}
	return of, err
}
