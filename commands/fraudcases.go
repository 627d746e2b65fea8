package commands

import (
	"context"
	"errors"
	"time"

	"florin/domain"
	"florin/domain/fraud"
	"florin/domain/fraudcase"
	"florin/domain/id"
	"florin/eventbus"
)

// FraudCases are the verbs of the work on what may be fraud.
type FraudCases struct{ bank *Bank }

// FraudCases gives the verbs of cases.
func (b *Bank) FraudCases() FraudCases { return FraudCases{b} }

// FraudCaseAnswer is what became of a case. What a verb says nothing of is zero.
type FraudCaseAnswer struct {
	Status   string
	Assignee id.Operator
	Outcome  string
	Found    string // verdict that was kept in the same commit; "": none, or it was found before
	At       time.Time
}

// Open begins a case of a thing, as findings name it; decision is one that was about it,
// where it is a login, transfer or payment. The reason is the order's. fraud.ErrUnknown:
// there is no such thing.
func (f FraudCases) Open(ctx context.Context, order Order, subject fraudcase.Subject, decision id.Decision) (id.FraudCase, FraudCaseAnswer, Outcome, error) {
	var of id.FraudCase
	answer, outcome, err := execute(ctx, f.bank, "fraudcase.open", order, nil, func(w *work) error {
		label, err := w.fraudAbout(FraudLabel{About: fraud.About(subject), Decision: decision})
		if err != nil {
			return err
		}
		return w.openCase(label, w.order.Caller.Reason)
	}, func(facts []Fact) (FraudCaseAnswer, error) {
		for _, fact := range facts {
			if e, is := fact.Event.(fraudcase.Opened); is {
				of = e.Subject.Case()
			}
		}
		return fraudCaseAnswer(facts)
	})
	return of, answer, outcome, err
}

func (w *work) openCase(label fraud.Label, reason string) error {
	subject := fraudcase.Subject(label.About)
	w.order.Caller.actFor(label.Touches.Customer)
	return w.bank.fraudCases.decide(w, subject.Case(), fraudcase.Begin{Subject: subject, Decision: label.Decision,
		Touches: fraudcase.Touched(label.Touches), Reason: reason, By: operatorOf(w.order.Caller), At: w.order.At})
}

// Assign gives a case to an operator who may work on it; zero: to nobody.
func (f FraudCases) Assign(ctx context.Context, order Order, of id.FraudCase, to id.Operator) (FraudCaseAnswer, Outcome, error) {
	return execute(ctx, f.bank, "fraudcase.assign", order, nil, func(w *work) error {
		if !to.IsZero() {
			operator, err := w.bank.operators.load(w, to)
			if err != nil {
				return err
			}
			if !operator.Has("risk.read") || !operator.Has("risk.write") {
				return fraudcase.ErrAssignee
			}
		}
		_, err := w.onCase(of, fraudcase.Assign{Assignee: to, Reason: w.order.Caller.Reason, By: operatorOf(w.order.Caller), At: w.order.At})
		return err
	}, fraudCaseAnswer)
}

// Note adds an operator's words. They are under the key of whom the case touches.
func (f FraudCases) Note(ctx context.Context, order Order, of id.FraudCase, text string) (FraudCaseAnswer, Outcome, error) {
	return execute(ctx, f.bank, "fraudcase.note", order, nil, func(w *work) error {
		_, err := w.onCase(of, fraudcase.Note{Text: domain.NewEvidence(text), By: operatorOf(w.order.Caller), At: w.order.At})
		return err
	}, fraudCaseAnswer)
}

// Decide ends a case. Fraud, and that it was none, is found in the same commit, unless it
// was found before: risk counts it from then on.
func (f FraudCases) Decide(ctx context.Context, order Order, of id.FraudCase, outcome string) (FraudCaseAnswer, Outcome, error) {
	return execute(ctx, f.bank, "fraudcase.decide", order, nil, func(w *work) error {
		reason, by := w.order.Caller.Reason, operatorOf(w.order.Caller)
		label, err := w.onCase(of, fraudcase.Decide{Outcome: outcome, Reason: reason, By: by, At: w.order.At})
		if err != nil || outcome == fraudcase.NoAction {
			return err
		}
		label.Verdict, label.Reason, label.By, label.At = verdicts[outcome], reason, by, w.order.At
		err = w.bank.frauds.decide(w, label.About.Finding(), label)
		if errors.Is(err, fraud.ErrFound) {
			return nil
		}
		return err
	}, fraudCaseAnswer)
}

var verdicts = map[string]string{fraudcase.Fraud: fraud.IsConfirmed, fraudcase.Cleared: fraud.IsCleared}

// onCase asks a case, and is what a finding of its subject would bear on.
func (w *work) onCase(of id.FraudCase, command fraudcase.Command) (fraud.Label, error) {
	state, err := w.bank.fraudCases.load(w, of)
	if err != nil {
		return fraud.Label{}, err
	}
	label := labelOf(state)
	w.under(sealedFor(label))
	w.order.Caller.actFor(label.Touches.Customer)
	return label, w.bank.fraudCases.decide(w, of, command)
}

func labelOf(state fraudcase.State) fraud.Label {
	return fraud.Label{About: fraud.About(state.Subject), Decision: state.Decision, Touches: fraud.Touched(state.Touches)}
}

// History is what happened in a case, in order. What was sealed under a destroyed key
// reads as erased.
func (f FraudCases) History(ctx context.Context, of id.FraudCase) (all []fraudcase.Event, err error) {
	for recorded, err := range f.bank.log.ReadStream(ctx, eventbus.Stream(of.Stream()), 0) {
		if err != nil {
			return nil, err
		}
		event, err := f.bank.treaty.FraudCases.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return nil, err
		}
		all = append(all, event)
	}
	return all, ctx.Err()
}

func fraudCaseAnswer(facts []Fact) (answer FraudCaseAnswer, _ error) {
	for _, fact := range facts {
		switch e := fact.Event.(type) {
		case fraudcase.Opened:
			answer.Status, answer.At = string(fraudcase.Open), e.At
		case fraudcase.Assigned:
			answer.Status, answer.Assignee, answer.At = string(fraudcase.Open), e.Assignee, e.At
		case fraudcase.Noted:
			answer.Status, answer.At = string(fraudcase.Open), e.At
		case fraudcase.Decided:
			answer.Status, answer.Outcome, answer.At = string(fraudcase.Over), e.Outcome, e.At
		case fraud.Confirmed:
			answer.Found = fraud.IsConfirmed
		case fraud.Cleared:
			answer.Found = fraud.IsCleared
		}
	}
	return answer, nil
}
