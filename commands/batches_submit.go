package commands

import (
	"fmt"

	"florin/domain/account"
	"florin/domain/batch"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/risk"
	"florin/domain/transfer"
)

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
	command := batch.Submit{Asked: batch.Submitted{Batch: s.batch, Customer: caller.Customer, From: s.From, Count: int64(len(s.Items)), Digest: batchDigest(s.Items), Mode: s.Mode,
		Device: caller.Device, Session: caller.Session, Proof: s.Evidence.Proof, Body: s.Evidence.Body, TokenID: caller.TokenID, At: at}}
	if command.Asked.Total, err = s.total(); err != nil {
		return err
	}
	said, err := s.assess(w, own, command.Asked.Total)
	if err != nil {
		return err
	}
	command.Assessment = batch.Assessed{Outcome: string(said.Outcome), Score: said.Score, Policy: said.Policy, Exemption: said.Exemption, Reasons: said.Reasons}
	var refused []string // of each by itself: the rule that refuses it, or ""
	if s.Mode == batch.Each {
		refused, command.Refused, err = s.holdEach(w, own, said.Outcome, command.Asked.Total.Currency)
		command.Item, command.Failed = refusedIn(refused)
	} else {
		command.Refused, err = codeOf(try(w, func() error { return s.hold(w, own, said.Outcome, command.Asked.Total, &command.Item) }))
	}
	if err != nil {
		return err
	}
	if command.Demand, err = w.demand(s.challenge); err != nil {
		return err
	}
	command.Demand.Text = b.batchText(command)
	w.under(ofCustomer(caller.Customer))
	if err := b.batches.decide(w, s.batch, command); err != nil || command.Refused != "" || said.Outcome == risk.Block {
		return err
	}
	return s.join(w, said.Outcome == risk.Allow, refused)
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
		own = own && account.SameOwners(debtor, creditor)
	}
	return own, mayMove(w.order.Caller, debtor)
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
	caller := w.order.Caller
	facts := risk.Facts{Own: own, Amount: total, ACR: caller.ACR}
	all := risk.Payee{Known: true, Trusted: true}
	for i, item := range s.Items {
		one := risk.Facts{}
		if _, err := w.payeeOf(caller.Customer, item.To, &one); err != nil {
			return risk.Assessment{}, err
		}
		if all.Known, all.Trusted = all.Known && one.Payee.Known, all.Trusted && one.Payee.Trusted; i == 0 || one.Payee.Age < all.Age {
			all.Age = one.Payee.Age
		}
	}
	facts.Payee = all
	return w.assess(attempted{action: risk.Transfer, customer: caller.Customer, device: caller.Device, about: s.batch.String(), account: s.From,
		amount: total, facts: facts, authTime: caller.AuthTime})
}

// hold reserves the total, so that balance, overdraft and limits are checked over the
// sum, and takes it at once if risk lets it. item is set to the one that a rule refuses.
func (s submission) hold(w *work, own bool, outcome risk.Outcome, total money.Amount, item *int64) error {
	b, at := s.bank, w.order.At
	for i, one := range s.Items {
		*item = int64(i + 1)
		if err := s.acceptable(w, s.batch.Stream(), one); err != nil {
			return err
		}
	}
	*item = 0
	if outcome == risk.Block {
		return nil
	}
	ceiling, err := s.permitted(w, own, total.Currency)
	if err != nil {
		return err
	}
	reserve := account.Reserve{Reservation: s.batch.Stream(), Amount: total, Limited: !own, Ceiling: ceiling, At: at}
	if err := b.accounts.decide(w, s.From, reserve); err != nil || outcome != risk.Allow {
		return err
	}
	return w.takeBatch(s.batch, s.From, s.Items, item)
}

// acceptable asks the rules of one transfer and of its creditor.
func (s submission) acceptable(w *work, posting string, one BatchItem) error {
	if code := transfer.Violation(s.From, one.To, one.Amount); code != "" {
		refusal, _ := transfer.Refusal(code)
		return refusal
	}
	creditor, err := s.bank.accounts.load(w, one.To)
	if err == nil {
		_, err = creditor.Decide(account.Credit{Posting: posting, Amount: one.Amount, At: w.order.At})
	}
	return err
}

// permitted asks the rules of the customer, whatever the amounts; ceiling is what a new
// device may spend.
func (s submission) permitted(w *work, own bool, currency money.Currency) (ceiling account.Ceiling, err error) {
	if err := w.permits(own, w.order.Caller.Customer); err != nil {
		return account.Ceiling{}, err
	}
	return s.bank.deviceCeiling(w, own, currency)
}

// permits tells whether the customer may pay others at this time, if it is others.
func (w *work) permits(own bool, who id.Customer) error {
	if own {
		return nil
	}
	return w.bank.payable(w, who)
}

// permitsOwner is permits of somebody who still has to own the account.
func (w *work) permitsOwner(own bool, who id.Customer, from id.Account) error {
	debtor, err := w.bank.accounts.load(w, from)
	if err == nil {
		err = stillOwns(who, debtor)
	}
	if err != nil {
		return err
	}
	return w.permits(own, who)
}

// takeBatch stages all movements: from what is held to each creditor.
func (w *work) takeBatch(of id.Batch, from id.Account, items []BatchItem, item *int64) error {
	for i, one := range items {
		*item = int64(i + 1)
		posting := BatchTransfer(of, int64(i)).Stream()
		if err := w.takeOne(of.Stream(), posting, from, one); err != nil {
			return err
		}
	}
	*item = 0
	return nil
}

func (w *work) takeOne(reservation, posting string, from id.Account, one BatchItem) error {
	if err := w.bank.accounts.decide(w, from, account.Capture{Reservation: reservation, Posting: posting, Amount: one.Amount, At: w.order.At}); err != nil {
		return err
	}
	return w.bank.accounts.decide(w, one.To, account.Credit{Posting: posting, Amount: one.Amount, At: w.order.At})
}

// join makes the transfers: posted, waiting with their batch, or refused by themselves.
func (s submission) join(w *work, posted bool, refused []string) error {
	b, caller, at := s.bank, w.order.Caller, w.order.At
	for i, item := range s.Items {
		named, code := BatchTransfer(s.batch, int64(i)), ""
		if refused != nil {
			code = refused[i]
		}
		b.transfers.begin(w, named)
		if err := b.transfers.decide(w, named, transfer.Initiate{Transfer: named, Customer: caller.Customer, From: s.From, To: item.To, Amount: item.Amount,
			Reference: item.Reference, Device: caller.Device, Session: caller.Session, TokenID: caller.TokenID, Refused: code, Batch: s.batch, At: at}); err != nil {
			return err
		}
		if posted && code == "" {
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
		Fees: money.Amount{Currency: c.Asked.Total.Currency}.Decimal(), Digest: c.Asked.Digest, Mode: string(c.Asked.Mode), Expiry: transfer.Spell(c.Demand.ExpiresAt),
	}.Text()
}
