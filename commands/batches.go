package commands

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/batch"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/risk"
	"florin/domain/transfer"
	"florin/schemas"
)

// Batches are the verbs of many transfers under one signature, all or nothing. Each
// is a transfer of its own, with its stream and its posting; the total is held and
// taken in the same commit, or held until the customer confirms total and list.
type Batches struct{ bank *Bank }

// Batches gives the verbs of batches.
func (b *Bank) Batches() Batches { return Batches{b} }

// SubmitBatch asks for money of the caller's to move to many.
type SubmitBatch struct {
	From     id.Account
	Items    []BatchItem
	Evidence transfer.Signed
}

// BatchItem is one transfer of a batch.
type BatchItem struct {
	To        id.Account
	Amount    money.Amount
	Reference domain.Evidence
}

// BatchAnswer is a batch as the verb left it. What the verb did not touch is zero.
type BatchAnswer struct {
	Batch     id.Batch
	Status    batch.Phase
	From      id.Account
	Count     int64
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
	locks := streams(s.batch, ask.From)
	for _, item := range ask.Items {
		locks = append(locks, stripe(item.To.UUID()))
	}
	return execute(ctx, t.bank, "batch.submit", order, locks.sorted(), s.decide, batchAnswer)
}

// submission is one Submit; decide may run several times.
type submission struct {
	SubmitBatch
	bank      *Bank
	batch     id.Batch
	challenge id.Challenge
}

func (s submission) decide(w *work) error {
	b, caller, at := s.bank, w.order.Caller, w.order.At
	b.batches.begin(w, s.batch)
	if _, err := b.batches.load(w, s.batch); err != nil { // opened first, so that its facts come first
		return err
	}
	own, err := s.parties(w)
	if err != nil {
		return err
	}
	command := batch.Submit{Asked: batch.Submitted{Batch: s.batch, Customer: caller.Customer, From: s.From, Count: int64(len(s.Items)), Digest: batchDigest(s.Items),
		Device: caller.Device, Session: caller.Session, Proof: s.Evidence.Proof, Body: s.Evidence.Body, TokenID: caller.TokenID, At: at}}
	if command.Asked.Total, err = s.total(); err != nil {
		return err
	}
	said, err := s.assess(w, own, command.Asked.Total)
	if err != nil {
		return err
	}
	command.Assessment = batch.Assessed{Outcome: string(said.Outcome), Score: said.Score, Policy: said.Policy, Exemption: said.Exemption, Reasons: said.Reasons}
	command.Refused, err = codeOf(try(w, func() error { return s.hold(w, own, said.Outcome, command.Asked.Total, &command.Item) }))
	if err != nil {
		return err
	}
	command.Demand = b.demand(s.challenge, at)
	command.Demand.Text = b.batchText(command)
	w.under(ofCustomer(caller.Customer))
	if err := b.batches.decide(w, s.batch, command); err != nil || command.Refused != "" || said.Outcome == risk.Block {
		return err
	}
	return s.join(w, said.Outcome == risk.Allow)
}

// parties looks at all accounts; own tells whether all money stays the customer's.
func (s submission) parties(w *work) (own bool, err error) {
	debtor, err := w.bank.accounts.load(w, s.From)
	if err != nil {
		return false, err
	}
	own = true
	for _, item := range s.Items {
		creditor, err := w.bank.accounts.load(w, item.To)
		switch {
		case err != nil:
			return false, err
		case creditor.Class != account.Customers:
			return false, account.ErrMissing
		}
		own = own && creditor.Customer == debtor.Customer
	}
	if !owns(w.order.Caller, debtor) {
		return false, account.ErrMissing
	}
	return own, nil
}

// total adds up without running over: each item is an amount, and so must the sum be.
func (s submission) total() (money.Amount, error) {
	sum := money.Amount{Currency: s.Items[0].Amount.Currency}
	for _, item := range s.Items {
		if item.Amount.Currency != sum.Currency || item.Amount.Minor > money.MinorMax || item.Amount.Minor < -money.MinorMax {
			return sum, batch.ErrSize
		}
		if sum.Minor += item.Amount.Minor; sum.Minor > money.MinorMax || sum.Minor < -money.MinorMax {
			return sum, batch.ErrSize
		}
	}
	return sum, nil
}

// assess has risk look at the total; all creditors are trusted payees, or it is none.
func (s submission) assess(w *work, own bool, total money.Amount) (risk.Assessment, error) {
	facts := risk.Facts{Customer: w.order.Caller.Customer, From: s.From, Own: own, Amount: total, ACR: w.order.Caller.ACR}
	all := risk.Payee{Known: true, Trusted: true}
	for i, item := range s.Items {
		one := risk.Facts{}
		if _, err := w.payeeOf(facts.Customer, item.To, &one); err != nil {
			return risk.Assessment{}, err
		}
		if all.Known, all.Trusted = all.Known && one.Payee.Known, all.Trusted && one.Payee.Trusted; i == 0 || one.Payee.Age < all.Age {
			all.Age = one.Payee.Age
		}
	}
	facts.Payee = all
	return risk.Assess(s.bank.settings.Money.Scorer, facts), nil
}

// hold reserves the total, so that balance, overdraft and limits are checked over the
// sum, and takes it at once if risk lets it. item is set to the one that a rule refuses.
func (s submission) hold(w *work, own bool, outcome risk.Outcome, total money.Amount, item *int64) error {
	b, at := s.bank, w.order.At
	for i, one := range s.Items {
		*item = int64(i + 1)
		if code := transfer.Violation(s.From, one.To, one.Amount); code != "" {
			refusal, _ := transfer.Refusal(code)
			return refusal
		}
		creditor, err := b.accounts.load(w, one.To)
		if err == nil {
			_, err = creditor.Decide(account.Credit{Posting: s.batch.Stream(), Amount: one.Amount, At: at})
		}
		if err != nil {
			return err
		}
	}
	*item = 0
	if outcome == risk.Block {
		return nil
	}
	if !own {
		if err := b.payable(w, w.order.Caller.Customer); err != nil {
			return err
		}
	}
	ceiling, err := b.newDeviceCeiling(w, own, total.Currency)
	if err != nil {
		return err
	}
	reserve := account.Reserve{Reservation: s.batch.Stream(), Amount: total, Limited: !own, Ceiling: ceiling, At: at}
	if err := b.accounts.decide(w, s.From, reserve); err != nil || outcome != risk.Allow {
		return err
	}
	return w.takeBatch(s.batch, s.From, s.Items, item)
}

// takeBatch stages all movements: from what is held to each creditor.
func (w *work) takeBatch(of id.Batch, from id.Account, items []BatchItem, item *int64) error {
	for i, one := range items {
		*item = int64(i + 1)
		posting := BatchTransfer(of, int64(i)).Stream()
		if err := w.bank.accounts.decide(w, from, account.Capture{Reservation: of.Stream(), Posting: posting, Amount: one.Amount, At: w.order.At}); err != nil {
			return err
		}
		if err := w.bank.accounts.decide(w, one.To, account.Credit{Posting: posting, Amount: one.Amount, At: w.order.At}); err != nil {
			return err
		}
	}
	*item = 0
	return nil
}

// join makes the transfers, posted or waiting with their batch.
func (s submission) join(w *work, posted bool) error {
	b, caller, at := s.bank, w.order.Caller, w.order.At
	for i, item := range s.Items {
		named := BatchTransfer(s.batch, int64(i))
		b.transfers.begin(w, named)
		if err := b.transfers.decide(w, named, transfer.Initiate{Transfer: named, Customer: caller.Customer, From: s.From, To: item.To, Amount: item.Amount,
			Reference: item.Reference, Device: caller.Device, Session: caller.Session, TokenID: caller.TokenID, Batch: s.batch, At: at}); err != nil {
			return err
		}
		if posted {
			if err := b.transfers.decide(w, named, transfer.Execute{At: at}); err != nil {
				return err
			}
		}
	}
	return nil
}

// batchText is what the customer confirms.
func (b *Bank) batchText(c batch.Submit) string {
	return batch.Statement{
		Audience: b.settings.Money.Audience, Batch: c.Asked.Batch.String(), Challenge: c.Demand.Challenge.String(), Nonce: c.Demand.Nonce,
		Debtor: c.Asked.From.String(), Count: fmt.Sprint(c.Asked.Count), Total: c.Asked.Total.Decimal(), Currency: string(c.Asked.Total.Currency),
		Fees: money.Amount{Currency: c.Asked.Total.Currency}.Decimal(), Digest: c.Asked.Digest, Expiry: transfer.Spell(c.Demand.ExpiresAt),
	}.Text()
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
	return execute(ctx, b, verb, order, streams(ended), func(w *work) error {
		state, err := b.batches.load(w, ended)
		switch {
		case err != nil:
			return err
		case order.Caller.ActorType != ActorSystem && !submitted(order.Caller, state):
			return batch.ErrMissing
		}
		if err := b.batches.decide(w, ended, command); err != nil {
			return err
		}
		return w.dropBatch(state, code)
	}, batchAnswer)
}

// submitted tells whether the batch is the caller's.
func submitted(caller Caller, state batch.State) bool {
	return !caller.Customer.IsZero() && state.Customer == caller.Customer
}

// dropBatch frees the total and rejects every transfer that waited with the batch.
func (w *work) dropBatch(state batch.State, code string) error {
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
			answer.From, answer.Count, answer.Total, answer.Digest, answer.At = e.From, e.Count, e.Total, e.Digest, e.At
		case batch.Assessed:
			answer.Exemption = e.Exemption
		case batch.Challenged:
			answer.Status, answer.Challenge = batch.Pending, Challenge{e.Challenge, e.Nonce, e.Methods, e.Display, e.ExpiresAt}
		case batch.AuthorisationFailed:
			answer.Status, refused = batch.Pending, batch.ErrSCA
		case batch.Executed:
			answer.Status, answer.At = batch.Done, e.At
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
