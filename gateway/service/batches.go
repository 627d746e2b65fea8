package service

import (
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/batch"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/transfer"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/schemas"
)

// Batches serves /v1/batches.
type Batches struct{ Desk }

// BatchAnswer is a batch on the wire. Digest is SHA-256, in hex, of the JSON array of
// {"to","amount"} of its items in their order, without white space.
type BatchAnswer struct {
	Batch     id.Batch          `json:"batch"`
	Status    string            `json:"status"`
	Code      string            `json:"code,omitzero"` // of a rejection
	Item      int64             `json:"item,omitzero"` // that was refused, the first being 1; absent: the whole
	From      id.Account        `json:"from,omitzero"`
	Count     int64             `json:"count,omitzero"`
	Mode      string            `json:"mode,omitzero"`   // "each" of one of each by itself
	Failed    int64             `json:"failed,omitzero"` // of each: how many were refused, as they tell themselves
	Total     string            `json:"total,omitzero"`
	Currency  money.Currency    `json:"currency,omitzero"`
	Digest    string            `json:"digest,omitzero"`
	Exemption string            `json:"exemption,omitzero"`
	Challenge *ChallengeAnswer  `json:"challenge,omitzero"`
	Transfers []id.Transfer     `json:"transfers,omitzero"` // unless it was refused at once
	Position  eventbus.Position `json:"position"`
	At        time.Time         `json:"at,omitzero"`
}

// Submit asks for many transfers, all or nothing, or in mode "each" for those that no rule
// refuses: 201 executed, 202 challenged, or the refusal.
func (s Batches) Submit(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.SubmitBatch](call.Body)
	if err != nil {
		return err
	}
	mode, err := batch.ModeOf(body.Mode)
	if err != nil {
		return err
	}
	ask := commands.SubmitBatch{From: body.From, Mode: mode, Evidence: transfer.Signed{Proof: evidence(call.Proof), Body: evidence(string(call.Body))}}
	for _, item := range body.Items {
		if item.To.IsZero() || item.Amount == "" {
			return problem.MissingField.With("An item lacks to or amount.")
		}
		amount, err := amountOf(item.Amount, body.Currency)
		if err != nil {
			return err
		}
		ask.Items = append(ask.Items, commands.BatchItem{To: item.To, Amount: amount, Reference: evidence(item.Reference)})
	}
	answer, outcome, err := s.Bank.Batches().Submit(r.Context(), s.order(r, call), ask)
	return s.answer(w, wire.Created, answer, outcome, err)
}

// Authorise confirms total and list: 200 executed, or 403 sca-failed in one text.
func (s Batches) Authorise(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.Batch](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.AuthoriseBatch](call.Body)
	if err != nil {
		return err
	}
	_, said, err := confirmed[batch.Statement](s.Desk, r, schemas.AuthoriseTransfer(body))
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Batches().Authorise(r.Context(), s.order(r, call), asked, said)
	return s.answer(w, done, answer, outcome, err)
}

// Cancel withdraws a challenged batch.
func (s Batches) Cancel(w http.ResponseWriter, r *http.Request) error {
	asked, err := pathID[id.Batch](r)
	if err != nil {
		return err
	}
	call := CallOf(r.Context())
	if err := empty(call.Body); err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Batches().Cancel(r.Context(), s.order(r, call), asked)
	return s.answer(w, done, answer, outcome, err)
}

func (s Batches) answer(w http.ResponseWriter, success func(http.ResponseWriter, string, any) error,
	answer commands.BatchAnswer, outcome commands.Outcome, err error) error {
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	body := BatchAnswer{Batch: answer.Batch, Status: string(answer.Status), From: answer.From, Count: answer.Count, Mode: string(answer.Mode), Failed: answer.Failed, Digest: answer.Digest,
		Exemption: answer.Exemption, Transfers: transfersOf(answer.Batch, answer.Count), Position: outcome.Receipt.Last, At: answer.At}
	if answer.Count > 0 {
		body.Total, body.Currency = answer.Total.Decimal(), answer.Total.Currency
	}
	place := "/v1/batches/" + answer.Batch.String()
	if answer.Status == batch.Pending {
		body.Challenge = challengeAnswer(answer.Challenge)
		return wire.Accepted(w, place, body)
	}
	if answer.Status == batch.Reviewed {
		return wire.Accepted(w, place, body)
	}
	return success(w, place, body)
}

func transfersOf(of id.Batch, count int64) (all []id.Transfer) {
	for i := range count {
		all = append(all, commands.BatchTransfer(of, i))
	}
	return all
}

// Get is one batch of the caller's, or of an account that the caller holds; its transfers tell of themselves.
func (s Batches) Get(w http.ResponseWriter, r *http.Request) error {
	asked, err := pathID[id.Batch](r)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "batches"); err != nil {
		return err
	}
	row, err := s.Reads.Batch(r.Context(), asked)
	if err != nil {
		return err
	}
	if _, err := s.sees(r, row.Customer, row.From); err != nil { // it shows no challenge
		return err
	}
	answer := BatchAnswer{Batch: row.Batch, Status: string(row.Status), Code: row.Code, Item: row.Item, From: row.From, Count: row.Count, Mode: string(row.Mode), Failed: row.Failed, Total: row.Total.Decimal(),
		Currency: row.Total.Currency, Digest: row.Digest, Exemption: row.Exemption, Position: row.Position, At: row.ChangedAt}
	if row.Status != batch.Declined || !row.ExpiresAt.IsZero() {
		answer.Transfers = transfersOf(row.Batch, row.Count)
	}
	return wire.OK(w, answer)
}
