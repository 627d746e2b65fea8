package commands

import (
	"context"
	"time"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/mandate"
	"florin/domain/money"
	"florin/domain/transfer"
	"florin/schemas"
)

// Mandates are the verbs of who may collect from customers' accounts.
type Mandates struct{ bank *Bank }

// Mandates gives the verbs of mandates.
func (b *Bank) Mandates() Mandates { return Mandates{b} }

// Names that mandates and creditors are parted by, under the key of claims.
const (
	nameMandate  = "mandate"
	nameCreditor = "creditor"
)

// creditorOf is one creditor as one account knows it, the same for ever, and the same
// under whatever business code.
func (b *Bank) creditorOf(of id.Account, creditor iban.Creditor) (id.Creditor, error) {
	claim, err := b.nameClaim(nameCreditor, of.String()+"\x00"+creditor.Key())
	return id.From[id.Creditor](claim.UUID()), err
}

// mandateOf is the mandate that a creditor calls by a reference.
func (b *Bank) mandateOf(of id.Account, creditor iban.Creditor, reference string) (id.Mandate, error) {
	claim, err := b.nameClaim(nameMandate, of.String()+"\x00"+creditor.Key()+"\x00"+reference)
	return id.From[id.Mandate](claim.UUID()), err
}

// GrantMandate lets a creditor collect from an account of the caller's.
type GrantMandate struct {
	Account   id.Account
	Creditor  iban.Creditor
	Name      domain.Evidence
	Reference string
	Limit     money.Amount // zero: none
	Evidence  transfer.Signed
}

// MandateAnswer is a mandate as the verb left it. What the verb did not touch is zero.
type MandateAnswer struct {
	Mandate   id.Mandate
	Account   id.Account
	Status    mandate.Phase
	Creditor  domain.Evidence // its identifier
	Name      domain.Evidence
	Reference domain.Evidence
	Limit     money.Amount
	Blocked   bool // its creditor
	At        time.Time
}

// Grant makes a mandate before anything is collected by it, or anew one that is over.
// mandate-exists: it stands already.
func (m Mandates) Grant(ctx context.Context, order Order, ask GrantMandate) (MandateAnswer, Outcome, error) {
	b := m.bank
	creditor, err := b.creditorOf(ask.Account, ask.Creditor)
	if err != nil {
		return MandateAnswer{}, Outcome{}, err
	}
	of, err := b.mandateOf(ask.Account, ask.Creditor, ask.Reference)
	if err != nil {
		return MandateAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, "mandate.grant", order, streams(of, ask.Account), func(w *work) error {
		if _, err := b.mandates.load(w, of); err != nil { // opened first, so that its facts come first
			return err
		}
		state, err := w.held(ask.Account)
		switch {
		case err != nil:
			return err
		case state.Status == account.Finished:
			return account.ErrClosed
		case state.Currency != "EUR":
			return account.ErrCurrency
		}
		w.under(ofCustomer(state.Customer))
		caller := order.Caller
		return b.mandates.decide(w, of, mandate.Grant{Asked: mandate.Granted{
			Mandate: of, Account: ask.Account, Customer: state.Customer, Creditor: creditor, Limit: ask.Limit, By: caller.Customer,
			Terms:  mandate.Terms{CreditorID: domain.NewEvidence(ask.Creditor.String()), CreditorName: ask.Name, Reference: domain.NewEvidence(ask.Reference)},
			Device: caller.Device, Session: caller.Session, Proof: ask.Evidence.Proof, Body: ask.Evidence.Body, TokenID: caller.TokenID, At: order.At}})
	}, mandateAnswer)
}

// held loads an account that the caller may move money of.
func (w *work) held(of id.Account) (account.State, error) {
	state, err := w.bank.accounts.load(w, of)
	if err == nil {
		err = mayMove(w.order.Caller, state)
	}
	return state, err
}

// SetLimit bounds what one collection may take; the zero amount lifts the bound.
func (m Mandates) SetLimit(ctx context.Context, order Order, of id.Mandate, limit money.Amount) (MandateAnswer, Outcome, error) {
	return m.change(ctx, order, "mandate.set_limit", of, mandate.SetLimit{Limit: limit, By: order.Caller.Customer, At: order.At})
}

// Suspend has nothing collected by a mandate until Resume.
func (m Mandates) Suspend(ctx context.Context, order Order, of id.Mandate) (MandateAnswer, Outcome, error) {
	return m.change(ctx, order, "mandate.suspend", of, mandate.Suspend{By: order.Caller.Customer, At: order.At})
}

// Resume ends Suspend.
func (m Mandates) Resume(ctx context.Context, order Order, of id.Mandate) (MandateAnswer, Outcome, error) {
	return m.change(ctx, order, "mandate.resume", of, mandate.Resume{By: order.Caller.Customer, At: order.At})
}

// Cancel ends a mandate: what is collected by it from now on is refused.
func (m Mandates) Cancel(ctx context.Context, order Order, of id.Mandate) (MandateAnswer, Outcome, error) {
	return m.change(ctx, order, "mandate.cancel", of, mandate.Cancel{Reason: mandate.ByCustomer, At: order.At})
}

// change is a command by who may move money of the mandate's account.
func (m Mandates) change(ctx context.Context, order Order, verb string, of id.Mandate, command mandate.Command) (MandateAnswer, Outcome, error) {
	b := m.bank
	before, err := b.mandates.look(ctx, of) // only for what never changes: the account
	if err != nil {
		return MandateAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, verb, order, streams(of, before.Account), func(w *work) error {
		if _, err := w.mandateHeld(of); err != nil {
			return err
		}
		return b.mandates.decide(w, of, command)
	}, mandateAnswer)
}

// mandateHeld loads a mandate of an account that the caller may move money of. One of
// another's is not there.
func (w *work) mandateHeld(of id.Mandate) (mandate.State, error) {
	state, err := w.bank.mandates.load(w, of)
	switch {
	case err != nil:
		return state, err
	case state.Phase == mandate.Absent:
		return state, mandate.ErrMissing
	}
	_, err = w.held(state.Account)
	return state, err
}

// BlockCreditor lets the creditor of a mandate collect nothing from its account any
// more, by this mandate or another.
func (m Mandates) BlockCreditor(ctx context.Context, order Order, of id.Mandate) (MandateAnswer, Outcome, error) {
	return m.judge(ctx, order, "mandate.block_creditor", of, func(creditor id.Creditor, on id.Account) mandate.CreditorCommand {
		return mandate.Block{Asked: mandate.CreditorBlocked{Creditor: creditor, Account: on, By: order.Caller.Customer, At: order.At}}
	})
}

// AllowCreditor ends BlockCreditor.
func (m Mandates) AllowCreditor(ctx context.Context, order Order, of id.Mandate) (MandateAnswer, Outcome, error) {
	return m.judge(ctx, order, "mandate.allow_creditor", of, func(creditor id.Creditor, on id.Account) mandate.CreditorCommand {
		return mandate.Allow{Asked: mandate.CreditorAllowed{Creditor: creditor, Account: on, By: order.Caller.Customer, At: order.At}}
	})
}

func (m Mandates) judge(ctx context.Context, order Order, verb string, of id.Mandate,
	command func(id.Creditor, id.Account) mandate.CreditorCommand) (MandateAnswer, Outcome, error) {
	b := m.bank
	before, err := b.mandates.look(ctx, of) // only for what never changes: whose, on which account
	if err != nil {
		return MandateAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, verb, order, streams(of, before.Creditor, before.Account), func(w *work) error {
		state, err := w.mandateHeld(of)
		if err != nil {
			return err
		}
		return b.creditors.decide(w, state.Creditor, command(state.Creditor, state.Account))
	}, func(facts []Fact) (MandateAnswer, error) {
		answer, err := mandateAnswer(facts)
		answer.Mandate = of
		return answer, err
	})
}

// Expire ends a mandate that was not used for too long. Only the bank's own process
// asks for it; a refusal means that there is nothing to do.
func (m Mandates) Expire(ctx context.Context, order Order, of id.Mandate) (MandateAnswer, Outcome, error) {
	b := m.bank
	order.Asked = schemas.ExpireMandate{Mandate: of}
	return execute(ctx, b, "mandate.expire", order, streams(of), func(w *work) error {
		return b.mandates.decide(w, of, mandate.Expire{At: order.At})
	}, mandateAnswer)
}

func mandateAnswer(facts []Fact) (MandateAnswer, error) {
	var a MandateAnswer
	for _, fact := range facts {
		switch e := fact.Event.(type) {
		case mandate.Granted:
			a = MandateAnswer{Account: e.Account, Status: mandate.Active, Creditor: e.Terms.CreditorID, Name: e.Terms.CreditorName, Reference: e.Terms.Reference, Limit: e.Limit, At: e.At}
		case mandate.LimitSet:
			a.Limit, a.At = e.Limit, e.At
		case mandate.Suspended:
			a.Status, a.At = mandate.OnHold, e.At
		case mandate.Resumed:
			a.Status, a.At = mandate.Active, e.At
		case mandate.Cancelled:
			a.Status, a.At = mandate.Withdrawn, e.At
		case mandate.Expired:
			a.Status, a.At = mandate.Lapsed, e.At
		case mandate.CreditorBlocked:
			a.Blocked, a.At = true, e.At
		case mandate.CreditorAllowed:
			a.At = e.At
		}
		if _, its := fact.Event.(mandate.Event); its {
			a.Mandate = id.From[id.Mandate](uuidIn(fact.Stream))
		}
	}
	return a, nil
}
