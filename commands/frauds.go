package commands

import (
	"context"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/fraud"
	"florin/domain/id"
	"florin/domain/risk"
	"florin/schemas/seal"
)

// Frauds are the verbs of what operators find: fraud, or none.
type Frauds struct{ bank *Bank }

// Frauds gives the verbs of findings.
func (b *Bank) Frauds() Frauds { return Frauds{b} }

// FraudLabel asks for a finding to be kept. The reason is the order's.
type FraudLabel struct {
	About fraud.About

	// Decision is one of risk's that was about it. Findings about a decision need none,
	// nor do those about a device, a payee or a customer.
	Decision id.Decision
	Verdict  string
	Note     string
}

// FraudAnswer is a finding.
type FraudAnswer struct {
	About    fraud.About
	Decision id.Decision
	Touches  fraud.Touched
	Verdict  string
	Reason   string
}

// Label keeps what an operator has found. fraud.ErrUnknown: there is no such thing.
func (f Frauds) Label(ctx context.Context, order Order, ask FraudLabel) (FraudAnswer, Outcome, error) {
	return execute(ctx, f.bank, "fraud.label", order, nil, func(w *work) error {
		label, err := w.fraudAbout(ask)
		if err != nil {
			return err
		}
		label.Verdict, label.Reason, label.By, label.At = ask.Verdict, w.order.Caller.Reason, operatorOf(w.order.Caller), w.order.At
		if ask.Note != "" {
			label.Note = domain.NewEvidence(ask.Note)
		}
		w.under(sealedFor(label))
		w.order.Caller.actFor(label.Touches.Customer)
		return w.bank.frauds.decide(w, label.About.Finding(), label)
	}, fraudAnswer)
}

// Of is what was found last of what a decision was about; the zero state: nothing.
func (f Frauds) Of(ctx context.Context, said risk.Assessed) (fraud.State, error) {
	return f.bank.frauds.look(ctx, aboutDecided(said.Decision, said.Action, said.About).Finding())
}

// aboutDecided is the thing that a decision was about: that has one finding, by whichever
// name it is asked for. What has no name of its own is known by the decision.
func aboutDecided(decision id.Decision, action risk.Action, about string) fraud.About {
	switch action {
	case risk.Login, risk.Transfer, risk.Payment:
		return fraud.About{Type: string(action), ID: about}
	}
	return fraud.About{Type: fraud.Decision, ID: decision.String()}
}

// fraudAbout says what a finding is about, once there is such a thing, and whom it touches.
func (w *work) fraudAbout(ask FraudLabel) (label fraud.Label, err error) {
	label.About = ask.About
	switch ask.About.Type {
	case fraud.Decision:
		if ask.Decision, err = id.Parse[id.Decision](ask.About.ID); err != nil {
			return label, fraud.ErrUnknown
		}
		return w.fraudDecided(ask)
	case fraud.Login, fraud.Transfer, fraud.Payment:
		return w.fraudDecided(ask)
	case fraud.Device:
		of, err := id.Parse[id.Device](ask.About.ID)
		if err != nil {
			return label, fraud.ErrUnknown
		}
		label.Touches.Device = of
		state, err := w.bank.devices.load(w, of)
		return label, existing(err, !state.Device.IsZero())
	case fraud.Customer:
		of, err := id.Parse[id.Customer](ask.About.ID)
		if err != nil {
			return label, fraud.ErrUnknown
		}
		label.Touches.Customer = of
		state, err := w.bank.customers.load(w, of)
		return label, existing(err, state.Status != "")
	case fraud.Payee:
		return w.fraudPayee(label)
	}
	return label, fraud.ErrAbout
}

func existing(err error, is bool) error {
	if err == nil && !is {
		return fraud.ErrUnknown
	}
	return err
}

// fraudDecided is about what a decision was about.
func (w *work) fraudDecided(ask FraudLabel) (label fraud.Label, err error) {
	state, err := w.bank.decisions.load(w, ask.Decision)
	if err != nil {
		return label, err
	}
	what := state.What
	about := aboutDecided(ask.Decision, what.Action, what.About)
	if !state.Made || ask.About.Type != fraud.Decision && ask.About != about {
		return label, fraud.ErrUnknown
	}
	return fraud.Label{About: about, Decision: ask.Decision, Touches: fraud.Touched{Customer: what.Customer, Payee: what.Payee}}, nil
}

// fraudPayee is about an account of this bank, or about what stands for a number at
// another in risk's decisions.
func (w *work) fraudPayee(label fraud.Label) (fraud.Label, error) {
	payee, err := uuid.Parse(label.About.ID)
	if err == nil && payee != uuid.Nil {
		label.About.ID, label.Touches.Payee = payee.String(), payee.String()
		return label, nil
	}
	of, err := id.Parse[id.Account](label.About.ID)
	if err != nil {
		return label, fraud.ErrUnknown
	}
	label.About.ID, label.Touches.Payee = of.UUID().String(), of.UUID().String()
	state, err := w.bank.accounts.load(w, of)
	return label, existing(err, state.Status != "")
}

// sealedFor is whose key the words of a finding are under: a person's where it touches
// one, so that they are forgotten with them.
func sealedFor(label fraud.Label) seal.Subject {
	switch {
	case !label.Touches.Customer.IsZero():
		return ofCustomer(label.Touches.Customer)
	case !label.Touches.Device.IsZero():
		return ofDevice(label.Touches.Device)
	}
	return seal.Subject{Kind: "fraud", ID: label.About.Finding().UUID()}
}

func fraudAnswer(facts []Fact) (answer FraudAnswer, _ error) {
	for _, fact := range facts {
		switch e := fact.Event.(type) {
		case fraud.Confirmed:
			answer = FraudAnswer{e.About, e.Decision, e.Touches, fraud.IsConfirmed, e.Reason}
		case fraud.Cleared:
			answer = FraudAnswer{e.About, e.Decision, e.Touches, fraud.IsCleared, e.Reason}
		}
	}
	return answer, nil
}
