package commands

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/batch"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/transfer"
	"florin/schemas"
)

// Batches are the verbs of many transfers under one signature, all or nothing, or each
// by itself (batches_each.go). Each
// is a transfer of its own, with its stream and its posting; the total is held and
// taken in the same commit, or held until the customer confirms total and list.
type Batches struct{ bank *Bank }

// Batches gives the verbs of batches.
func (b *Bank) Batches() Batches { return Batches{b} }

// SubmitBatch asks for money of the caller's to move to many.
type SubmitBatch struct {
	From     id.Account
	Mode     batch.Mode
	Items    []BatchItem
	Evidence transfer.Signed
}

// BatchItem is one transfer of a batch.
type BatchItem struct {
	To        id.Account
	Amount    money.Amount
	Reference domain.Evidence
	transfer  id.Transfer // once there is one
}

// BatchAnswer is a batch as the verb left it. What the verb did not touch is zero.
type BatchAnswer struct {
	Batch     id.Batch
	Status    batch.Phase
	From      id.Account
	Count     int64
	Mode      batch.Mode
	Failed    int64 // of each by itself: not posted
	Total     money.Amount
	Digest    string
	Exemption string
	Challenge Challenge
	At        time.Time
}

// BatchTransfer is the i-th transfer of a batch, the first being 0.
func BatchTransfer(of id.Batch, i int64) id.Transfer {
	return id.From[id.Transfer](DerivedID(of.UUID(), "transfer/"+strconv.FormatInt(i, 10)))
}

// batchDigest is what the customer confirms of the list: SHA-256, in hex, of a JSON
// array of {"to","amount"} in the order of the batch, without white space.
func batchDigest(items []BatchItem) string {
	type line struct {
		To     string `json:"to"`
		Amount string `json:"amount"`
	}
	lines := make([]line, len(items))
	for i, item := range items {
		lines[i] = line{item.To.String(), item.Amount.Decimal()}
	}
	text, err := json.Marshal(lines)
	if err != nil {
		panic("commands: a list of strings always marshals: " + err.Error())
	}
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:])
}

// Submit executes the batch, or challenges it and holds the total. not-found (an
// account is not there, or the debtor's is not the caller's) and what is no batch
// leave no trace; all other refusals are facts of the batch.
func (t Batches) Submit(ctx context.Context, order Order, ask SubmitBatch) (BatchAnswer, Outcome, error) {
	if len(ask.Items) < 1 || len(ask.Items) > batch.Max {
		return BatchAnswer{}, Outcome{}, batch.ErrSize
	}
	s := submission{SubmitBatch: ask, bank: t.bank, batch: id.From[id.Batch](DerivedID(order.ID, "batch")),
		challenge: id.From[id.Challenge](DerivedID(order.ID, "challenge"))}
	locks := streams(s.batch, ask.From, order.Caller.Customer)
	for _, item := range ask.Items {
		locks = append(locks, stripe(item.To.UUID()))
	}
	return execute(ctx, t.bank, "batch.submit", order, locks.sorted(), s.decide, batchAnswer)
}

// Cancel withdraws a challenged batch of the caller's and frees the total.
func (t Batches) Cancel(ctx context.Context, order Order, cancelled id.Batch) (BatchAnswer, Outcome, error) {
	return t.end(ctx, order, "batch.cancel", cancelled, batch.Cancel{At: order.At}, "batch-cancelled")
}

// Expire ends a challenge whose time has run out. Only the bank's own process asks for it.
func (t Batches) Expire(ctx context.Context, order Order, expired id.Batch) (BatchAnswer, Outcome, error) {
	order.Asked = schemas.ExpireBatch{Batch: expired}
	return t.end(ctx, order, "batch.expire", expired, batch.Expire{At: order.At}, "batch-expired")
}

func (t Batches) end(ctx context.Context, order Order, verb string, ended id.Batch, command batch.Command, code string) (BatchAnswer, Outcome, error) {
	b := t.bank
	before, err := b.batches.look(ctx, ended) // only for what never changes: from
	if err != nil {
		return BatchAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, verb, order, streams(ended, before.From), func(w *work) error {
		state, err := b.batches.load(w, ended)
		if err == nil && order.Caller.ActorType != ActorSystem {
			err = w.mayStop(order.Caller, state.Customer, state.From)
		}
		if err != nil {
			return err
		}
		if err := b.batches.decide(w, ended, command); err != nil {
			return err
		}
		return w.dropBatch(state, code)
	}, batchAnswer)
}

// dropBatch frees the total and rejects every transfer that waited with the batch.
func (w *work) dropBatch(state batch.State, code string) error {
	if state.Mode == batch.Each {
		return w.dropEach(state, code)
	}
	if err := w.bank.accounts.decide(w, state.From, account.Release{Reservation: state.Batch.Stream(), At: w.order.At}); err != nil {
		return err
	}
	for i := range state.Count {
		if err := w.bank.transfers.decide(w, BatchTransfer(state.Batch, i), transfer.Drop{Code: code, At: w.order.At}); err != nil {
			return err
		}
	}
	return nil
}

// batchAnswer makes the answer of every verb of batches from its facts: a rejection
// is the refusal that its code names.
func batchAnswer(facts []Fact) (answer BatchAnswer, refused error) {
	for _, fact := range facts {
		event, ok := fact.Event.(batch.Event)
		if !ok {
			continue
		}
		answer.Batch = id.From[id.Batch](uuidIn(fact.Stream))
		switch e := event.(type) {
		case batch.Submitted:
			answer.From, answer.Count, answer.Mode, answer.Total, answer.Digest, answer.At = e.From, e.Count, e.Mode, e.Total, e.Digest, e.At
		case batch.Assessed:
			answer.Exemption = e.Exemption
		case batch.Challenged:
			answer.Status, answer.Challenge = batch.Pending, Challenge{e.Challenge, e.Nonce, e.Methods, e.Display, e.ExpiresAt}
		case batch.AuthorisationFailed:
			answer.Status, refused = batch.Pending, batch.ErrSCA
		case batch.Held:
			answer.Status, answer.At = batch.Reviewed, e.At
		case batch.Executed:
			answer.Status, answer.Failed, answer.At = batch.Done, e.Failed, e.At
		case batch.Expired:
			answer.Status, answer.At = batch.TimedOut, e.At
		case batch.Cancelled:
			answer.Status, answer.At = batch.Withdrawn, e.At
		case batch.Rejected:
			answer.Status, answer.At, refused = batch.Declined, e.At, rejection(e.Code)
		}
	}
	return answer, refused
}
