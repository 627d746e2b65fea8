package commands

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/payee"
	"florin/domain/payment"
	"florin/domain/risk"
	"florin/domain/transfer"
	"florin/schemas/seal"
)

// Payees are the verbs of whom customers have saved as somebody to pay.
type Payees struct{ bank *Bank }

// Payees gives the verbs of payees.
func (b *Bank) Payees() Payees { return Payees{b} }

// payeesOf is the stream of a customer's payees.
func payeesOf(customer id.Customer) id.Payees { return id.From[id.Payees](customer.UUID()) }

// SavePayee names a creditor: an account of the bank, or a number.
type SavePayee struct {
	Account  id.Account
	IBAN     iban.IBAN
	Name     string
	Evidence transfer.Signed
}

// PayeeAnswer is a payee as the verb left it. Holder is shown of a close match alone.
type PayeeAnswer struct {
	Payee       id.Payee
	Account     id.Account
	IBAN        domain.Profile
	Name        domain.Profile
	Check       payee.Check
	Holder      domain.Profile
	TrustedFrom time.Time // zero: never
	At          time.Time
}

// Save adds a payee of the caller's, and says whether the name is the holder's. A
// number of the bank's own is its account; of another bank's that bank is asked. One that
// risk has doubts about cools off longer.
// not-found: there is no such account. payee-blocked: risk lets nobody save it, which is
// written, and has a receipt.
func (p Payees) Save(ctx context.Context, order Order, ask SavePayee) (PayeeAnswer, Outcome, error) {
	b, owner := p.bank, order.Caller.Customer
	asked := payee.Saved{
		Payee: id.From[id.Payee](DerivedID(order.ID, "payee")), Customer: owner, Account: ask.Account, Name: domain.NewProfile(ask.Name), Check: payee.Unavailable,
		Device: order.Caller.Device, Session: order.Caller.Session, Proof: ask.Evidence.Proof, Body: ask.Evidence.Body, TokenID: order.Caller.TokenID, At: order.At,
	}
	if !ask.IBAN.IsZero() {
		if err := b.numbered(ctx, ask.IBAN, &asked); err != nil {
			return PayeeAnswer{}, Outcome{}, err
		}
	}
	if err := b.verifiedPayee(ctx, order, ask, &asked); err != nil {
		return PayeeAnswer{}, Outcome{}, err
	}
	locks := streams(payeesOf(owner), owner) // whose next attempt sees this one
	return execute(ctx, b, "payee.save", order, locks, func(w *work) error {
		saved := asked
		if !saved.Account.IsZero() {
			state, err := b.accounts.load(w, saved.Account)
			switch {
			case err != nil:
				return err
			case state.Class != account.Customers, state.Status == account.Finished:
				return payee.ErrMissing
			}
			holder, err := b.holder(w.ctx, saved.Account)
			if err != nil {
				return err
			}
			if saved.Check = payee.Compare(ask.Name, holder); saved.Check == payee.CloseMatch {
				saved.Holder = domain.NewProfile(holder)
			}
		}
		w.under(ofCustomer(owner))
		return w.savePayee(saved, ask.IBAN)
	}, payeeAnswer)
}

// verifiedPayee asks the other bank whose a number is that is none of the bank's own,
// but not for a repeat, which is answered from what was said the first time.
func (b *Bank) verifiedPayee(ctx context.Context, order Order, ask SavePayee, asked *payee.Saved) error {
	if asked.Number == "" || !payment.Name(ask.Name) {
		return nil
	}
	_, repeated, err := b.log.Find(ctx, order.ID)
	if err != nil || repeated {
		return err
	}
	said := b.Payments().VerifyPayee(ctx, domain.NewEvidence(ask.IBAN.String()), domain.NewEvidence(ask.Name))
	switch said.Result {
	case payment.Matches:
		asked.Check = payee.Match
	case payment.AlmostMatch:
		asked.Check, asked.Holder = payee.CloseMatch, domain.NewProfile(said.Name.Reveal())
	case payment.NoMatch:
		asked.Check = payee.NoMatch
	}
	return nil
}

// numbered finds the account of a number, or makes of it what can be compared and not read.
func (b *Bank) numbered(ctx context.Context, number iban.IBAN, asked *payee.Saved) error {
	asked.IBAN = domain.NewProfile(number.String())
	own, found, err := b.Accounts().Numbered(ctx, number)
	if err != nil || found {
		asked.Account = own
		return err
	}
	digest, err := b.ring.MAC(ofCustomer(asked.Customer), []byte("payee\x00"+number.String()))
	if errors.Is(err, seal.ErrDestroyed) {
		return ErrErased
	}
	asked.Number = hex.EncodeToString(digest)
	return err
}

// Remove takes a payee of the caller's off.
func (p Payees) Remove(ctx context.Context, order Order, removed id.Payee) (PayeeAnswer, Outcome, error) {
	of := payeesOf(order.Caller.Customer)
	return execute(ctx, p.bank, "payee.remove", order, streams(of), func(w *work) error {
		return p.bank.payees.decide(w, of, payee.Remove{Payee: removed, At: order.At})
	}, payeeAnswer)
}

func payeeAnswer(facts []Fact) (PayeeAnswer, error) {
	var answer PayeeAnswer
	for _, fact := range facts {
		switch e := fact.Event.(type) {
		case risk.Assessed:
			if e.Effect == risk.Block {
				return PayeeAnswer{}, payee.ErrBlocked
			}
		case payee.Saved:
			answer = PayeeAnswer{e.Payee, e.Account, e.IBAN, e.Name, e.Check, e.Holder, e.TrustedFrom, e.At}
		case payee.Removed:
			answer = PayeeAnswer{Payee: e.Payee, At: e.At}
		}
	}
	return answer, nil
}

// payeeOf tells risk, and the transfer, what the creditor is to the customer.
func (w *work) payeeOf(customer id.Customer, to id.Account, facts *risk.Facts) (transfer.PayeeNamed, error) {
	state, err := w.bank.payees.load(w, payeesOf(customer))
	if err != nil {
		return transfer.PayeeNamed{}, err
	}
	known, ok := state.Of(to)
	if !ok {
		return transfer.PayeeNamed{}, nil
	}
	at := w.order.At
	facts.Payee = risk.Payee{Known: true, Trusted: known.Trusted(at), Age: at.Sub(known.SavedAt)}
	return transfer.PayeeNamed{Payee: known.Payee, Trusted: facts.Payee.Trusted, SavedAt: known.SavedAt, At: at}, nil
}
