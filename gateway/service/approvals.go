package service

import (
	"encoding/json"
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/approval"
	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/token"
	"florin/gateway/wire"
	"florin/schemas"
)

// Approvals serves /v1/approvals: what a customer is asked to approve on this
// device. It is for the customer's own devices; a third party, whatever its scope,
// has no business with who logs in where.
type Approvals struct{ Desk }

// ApprovalRequest is what waits for an answer. Display is shown and signed verbatim;
// the number stands on the asking device and is typed on this one.
type ApprovalRequest struct {
	Approval    id.Approval     `json:"approval_id"`
	Display     json.RawMessage `json:"display"`
	RequestedAt time.Time       `json:"requested_at"`
	ExpiresAt   time.Time       `json:"expires_at"`
}

// ApprovalList is all that waits: one at most.
type ApprovalList struct {
	Approvals []ApprovalRequest `json:"approvals"`
}

// ApprovalAnswer is what an answer has led to. A wrong number denies.
type ApprovalAnswer struct {
	Approval id.Approval       `json:"approval_id"`
	Status   approval.Status   `json:"status"`          // approved or denied
	Reason   string            `json:"reason,omitzero"` // of a denial: customer or wrong-number
	Position eventbus.Position `json:"position"`
}

// List is what the caller's device may answer now.
func (s Approvals) List(w http.ResponseWriter, r *http.Request) error {
	if _, err := wire.Query(r); err != nil {
		return err
	}
	call := CallOf(r.Context())
	if call.Caller.Device.IsZero() {
		return problem.InsufficientScope.Challenged("scope", "devices.manage")
	}
	waiting, err := s.Bank.Approvals().List(r.Context(), s.order(r, call))
	if err != nil {
		return err
	}
	list := ApprovalList{Approvals: make([]ApprovalRequest, 0, len(waiting))}
	for _, one := range waiting {
		list.Approvals = append(list.Approvals, ApprovalRequest{one.Approval, display(one.Display.Reveal()), one.RequestedAt, one.ExpiresAt})
	}
	return wire.OK(w, list)
}

// decided is what a florin-approval+jwt says: the statement as displayed, what was
// typed, what was decided, and when.
type decided struct {
	approval.Statement
	Number   string `json:"number,omitzero"`
	Decision string `json:"decision"`
	IssuedAt int64  `json:"iat"`
	ID       string `json:"jti"`
}

// Answer approves or denies.
func (s Approvals) Answer(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.Approval](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.AnswerApproval](call.Body)
	if err != nil {
		return err
	}
	ask := commands.AnswerApproval{Approval: asked, Evidence: evidence(body.Approval)}
	keys, err := s.Bank.Devices().Keys(r.Context(), call.Caller.Device)
	if err != nil {
		return err
	}
	said, err := token.OpenApproval[decided](body.Approval, keys.SCA)
	if err == nil && said.ID != "" && token.Recent(said.IssuedAt, s.Bank.Sources().Wall()) {
		ask.Statement, ask.Decision, ask.Number, ask.Proven = said.Statement, said.Decision, said.Number, true
	}
	answer, outcome, err := s.Bank.Approvals().Answer(r.Context(), s.order(r, call), ask)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, ApprovalAnswer{answer.Approval, answer.Status, answer.Reason, outcome.Receipt.Last})
}
