package identity

import (
	"net/http"

	"florin/commands"
	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/passkey"
	"florin/gateway/problem"
	"florin/gateway/service"
	"florin/gateway/wire"
	"florin/schemas"
)

// EnrolmentAnswer is an operator's enrolment: offered, with what there is to
// choose from, or enrolled. The secret is shown to whoever has the code, and is
// good with that code alone.
type EnrolmentAnswer struct {
	Operator id.Operator       `json:"operator_id"`
	Status   string            `json:"status"`           // offered or enrolled
	Secret   string            `json:"secret,omitzero"`  // base32, of one-time passwords
	URI      string            `json:"uri,omitzero"`     // otpauth://
	Options  passkey.Options   `json:"options,omitzero"` // for navigator.credentials.create
	Position eventbus.Position `json:"position,omitzero"`
}

// EnrolOperator is POST /v1/operators/enrolment, in two requests: the first shows
// the code and learns what can be chosen, the second sets the factors. Whatever is
// wrong with name or code is one refusal.
func (p *Provider) EnrolOperator(w http.ResponseWriter, r *http.Request) error {
	proof, err := p.resourceProof(r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.EnrolOperator](service.CallOf(r.Context()).Body)
	if err != nil {
		return err
	}
	if len(body.UserName) > 320 || len(body.Code) > 64 || len(body.Password) > 1024 || len(body.OTP) > 16 {
		return problem.BadRequest
	}
	operators := p.settings.Bank.Operators()
	offer, err := operators.OfferEnrolment(r.Context(), body.UserName, body.Code)
	if err != nil {
		return err
	}
	answer := EnrolmentAnswer{Operator: offer.Operator, Status: "offered", Secret: offer.Secret, URI: offer.URI}
	if body.Password == "" && body.OTP == "" && body.Credential == "" {
		user := offer.Operator.UUID()
		if answer.Options, err = p.party.Creation(offer.Challenge, user[:], offer.Label, offer.Label, nil); err != nil {
			return err
		}
		return wire.OK(w, answer)
	}
	ask := commands.EnrolOperator{UserName: body.UserName, Code: body.Code, Password: body.Password, OTP: body.OTP, Passkey: body.Credential != ""}
	if ask.Passkey {
		if made, err := p.party.Attested(body.Credential, offer.Challenge); err == nil {
			ask.Credential = made
		}
	}
	enrolled, outcome, err := operators.Enrol(r.Context(), p.order(r, proof), ask)
	if err != nil {
		return err
	}
	wire.Position(w, outcome.Receipt.Last)
	return wire.OK(w, EnrolmentAnswer{Operator: enrolled, Status: "enrolled", Position: outcome.Receipt.Last})
}
