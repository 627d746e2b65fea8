package service

import (
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/id"
	"florin/domain/payment"
	"florin/gateway/wire"
	"florin/schemas"
)

// RecallAnswer is how the last recall of a payment stands on the wire.
type RecallAnswer struct {
	Status   string    `json:"status"`             // asked, denied, or granted: it has come back
	Reason   string    `json:"reason,omitzero"`    // ISO 20022 code: why it is wanted back
	Denial   string    `json:"denial,omitzero"`    // ISO 20022 code: why the other bank keeps it
	AnswerBy time.Time `json:"answer_by,omitzero"` // by when it has to answer
	Overdue  bool      `json:"overdue,omitzero"`   // which it has not, and people look into it
}

// Recall asks the other bank for a settled payment: of the caller's, or for those who
// operate the rail of anybody's.
func (s Payments) Recall(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.Payment](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.RecallOwnPayment](call.Body)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Payments().Recall(r.Context(), s.order(r, call), commands.RecallOwn{Payment: asked, Reason: body.Reason,
		Evidence: payment.Signed{Proof: evidence(call.Proof), Body: evidence(string(call.Body))}})
	return s.answer(w, done, answer, outcome, err)
}

// DenyRecall is the other bank that keeps a recalled payment of the caller's.
func (s Simulate) DenyRecall(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	of, err := ownedPath(r, s.Bank.Payments().Owner)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.SimulateDenial](call.Body)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Payments().SimulateDenial(r.Context(), s.order(r, call), of, body.Reason)
	return Payments(s).answer(w, done, answer, outcome, err)
}
