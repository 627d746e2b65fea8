package service

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"florin/commands"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/proposal"
	"florin/domain/transfer"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/schemas"
)

// Transfers serves /v1/transfers.
type Transfers struct{ Desk }

// TransferAnswer is a transfer on the wire.
type TransferAnswer struct {
	Transfer  id.Transfer       `json:"transfer"`
	Status    string            `json:"status"`
	Code      string            `json:"code,omitzero"` // of a rejection
	From      id.Account        `json:"from,omitzero"`
	To        id.Account        `json:"to,omitzero"`
	Amount    string            `json:"amount,omitzero"`
	Currency  money.Currency    `json:"currency,omitzero"`
	Reference string            `json:"reference,omitzero"`
	ExecuteOn string            `json:"execute_on,omitzero"` // day; absent: at once
	Original  id.Transfer       `json:"original,omitzero"`   // of a reversal
	Reversed  string            `json:"reversed,omitzero"`   // given back so far
	Exemption string            `json:"exemption,omitzero"`
	Payee     id.Payee          `json:"payee,omitzero"`   // the creditor is one of the customer's
	Consent   id.Consent        `json:"consent,omitzero"` // a third party asked for it, under this
	Challenge *ChallengeAnswer  `json:"challenge,omitzero"`
	History   []TransferStep    `json:"history,omitzero"`
	Position  eventbus.Position `json:"position"`
	At        time.Time         `json:"at,omitzero"`
}

// TransferList is a page of transfers.
type TransferList struct {
	Transfers []TransferAnswer `json:"transfers"`
}

// ChallengeAnswer is what the customer has to confirm. Display is shown and
// signed verbatim.
type ChallengeAnswer struct {
	ID        id.Challenge    `json:"id"`
	Nonce     string          `json:"nonce"`
	Methods   []string        `json:"methods"`
	Display   json.RawMessage `json:"display"`
	ExpiresAt time.Time       `json:"expires_at"`
}

// TransferStep is one fact of a transfer's history.
type TransferStep struct {
	Kind     string            `json:"kind"`
	Detail   string            `json:"detail,omitzero"` // outcome, method or code
	Position eventbus.Position `json:"position"`
	At       time.Time         `json:"at"`
}

// Initiate is InitiateTransfer: 201 posted, 202 challenged (one of a later day always), or
// the refusal.
func (s Transfers) Initiate(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.InitiateTransfer](call.Body)
	if err != nil {
		return err
	}
	amount, err := amountOf(body.Amount, body.Currency)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Transfers().Initiate(r.Context(), s.order(r, call), commands.InitiateTransfer{
		From: body.From, To: body.To, Amount: amount, Reference: evidence(body.Reference), ExecuteOn: body.ExecuteOn,
		Evidence: transfer.Signed{Proof: evidence(call.Proof), Body: evidence(string(call.Body))},
	})
	return s.answer(w, wire.Created, answer, outcome, err)
}

// Authorise answers a challenge: 200 posted or, of a later day, scheduled, or 403 sca-failed in one text.
func (s Transfers) Authorise(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.Transfer](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.AuthoriseTransfer](call.Body)
	if err != nil {
		return err
	}
	shown, said, err := confirmed[transfer.Statement](s.Desk, r, body)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Transfers().Authorise(r.Context(), s.order(r, call), commands.AuthoriseTransfer{
		Transfer: asked, Method: said.Method, Statement: shown, Proven: said.Proven, OTP: said.OTP, Passkey: said.Passkey, Evidence: said.Evidence})
	return s.answer(w, done, answer, outcome, err)
}

// Cancel withdraws a challenged or scheduled transfer.
func (s Transfers) Cancel(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.Transfer](r)
	if err != nil {
		return err
	}
	if err := empty(call.Body); err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Transfers().Cancel(r.Context(), s.order(r, call), asked)
	return s.answer(w, done, answer, outcome, err)
}

// Reverse gives a posted transfer back, in full or in part. In production it is a
// proposal: 202.
func (s Transfers) Reverse(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.Transfer](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.ReverseTransfer](call.Body)
	if err != nil {
		return err
	}
	amount, err := amountIfAny(body.Amount, body.Currency) // not said: all that is left
	if err != nil {
		return err
	}
	order, err := s.reasoned(r, call, body.Reason)
	if err != nil {
		return err
	}
	if !s.alone() {
		return s.propose(w, r, order, commands.Propose{Type: proposal.Reversal,
			Details: proposal.Details{Transfer: asked, Amount: amount, Reference: evidence(body.Reference)}})
	}
	answer, outcome, err := s.Bank.Transfers().Reverse(r.Context(), order, commands.ReverseTransfer{
		Transfer: asked, Amount: amount, Reference: evidence(body.Reference)})
	return s.answer(w, wire.Created, answer, outcome, err)
}

// done is how a verb ends that made nothing new.
func done(w http.ResponseWriter, _ string, v any) error { return wire.OK(w, v) }

// answer writes what a verb of transfers ended in; success is how a finished one
// is told, a challenged one is always 202.
func (s Transfers) answer(w http.ResponseWriter, success func(http.ResponseWriter, string, any) error,
	answer commands.TransferAnswer, outcome commands.Outcome, err error) error {
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	body := TransferAnswer{
		Transfer: answer.Transfer, Status: string(answer.Status), From: answer.From, To: answer.To,
		Reference: answer.Reference.Reveal(), ExecuteOn: answer.ExecuteOn, Original: answer.Original, Exemption: answer.Exemption, Payee: answer.Payee, Consent: answer.Consent,
		Position: outcome.Receipt.Last, At: answer.At,
	}
	if !answer.Amount.IsZero() {
		body.Amount, body.Currency = answer.Amount.Decimal(), answer.Amount.Currency
	}
	place := "/v1/transfers/" + answer.Transfer.String()
	if answer.Status == transfer.Pending {
		body.Challenge = challengeAnswer(answer.Challenge)
		return wire.Accepted(w, place, body)
	}
	if answer.Status == transfer.Reviewed {
		return wire.Accepted(w, place, body)
	}
	return success(w, place, body)
}

func challengeAnswer(c commands.Challenge) *ChallengeAnswer {
	return &ChallengeAnswer{ID: c.ID, Nonce: c.Nonce, Methods: c.Methods, Display: display(c.Display.Reveal()), ExpiresAt: c.ExpiresAt}
}

// Get is one transfer of the caller's, or of an account that the caller holds, with its
// history. Who may pay and not read
// payments sees what was paid under the same login or consent, and no other.
func (s Transfers) Get(w http.ResponseWriter, r *http.Request) error {
	asked, err := pathID[id.Transfer](r)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "transfers"); err != nil {
		return err
	}
	by, from, err := s.Reads.TransferBegun(r.Context(), asked)
	if err != nil {
		return err
	}
	own, err := s.sees(r, by, from)
	if err != nil {
		return err
	}
	row, err := s.Reads.Transfer(r.Context(), asked)
	if err != nil {
		return err
	}
	caller := CallOf(r.Context()).Caller
	if !slices.Contains(caller.Scopes, "payments.read") && (caller.Session.IsZero() || row.Session != caller.Session) {
		return problem.NotFound
	}
	return wire.OK(w, transferSeen(row, own))
}

// pathID reads {id} of the path. What is no identifier of that kind names
// nothing: it is the same 404 as what is not there.
func pathID[I id.ID[K], K id.Kind](r *http.Request) (I, error) {
	asked, err := id.Parse[I, K](pathText(r, "id"))
	if err != nil {
		return asked, problem.NotFound
	}
	return asked, nil
}
