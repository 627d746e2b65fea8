package commands

import (
	"context"

	"florin/domain/dataset"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/domain/risk"
)

// loginDecision is the decision that a login ended with.
func loginDecision(of id.Grant) id.Decision {
	return id.From[id.Decision](DerivedID(of.UUID(), "decision"))
}

// scoreLogin asks risk at the last step of a customer's login, whether its factor is
// right or wrong, so that nobody learns from what follows which it was. A challenge is a
// second factor where the password alone would do; where two are shown, or the key
// behind the customer's finger has signed, it is met already. A name that is nobody's is
// scored like any other. scored is false of a login that goes on.
func (g Grants) scoreLogin(w *work, l login, prove *grant.Prove) (said risk.Assessed, here dataset.Place, scored bool) {
	if l.state.Desk || !l.state.Last(prove.Factor) {
		return said, here, false
	}
	said, d, here := w.decidedAt(attempted{decision: loginDecision(l.id), action: risk.Login, customer: l.state.Customer, device: l.from.Device, about: l.id.String(),
		address: w.order.Caller.IP.Reveal()})
	said.Effect = risk.Allow
	switch {
	case d.Outcome == risk.Block:
		said.Effect, prove.Blocked = risk.Block, true
	case d.Outcome != risk.Allow && l.state.Bound && len(l.state.Shown) == 0 && prove.Factor == grant.Password:
		said.Effect, prove.More = risk.Challenge, true
		said.Decision = id.From[id.Decision](DerivedID(l.id.UUID(), "decision/more")) // the last one is still to come
	}
	return said, here, true
}

// scoreEnrolment asks risk of a device that is about to become the customer's by a login.
// binds is false of a login that binds none. What risk blocks ends the login, in the one
// text that logins end with.
func (g Grants) scoreEnrolment(w *work, l login, prove *grant.Prove) (said risk.Assessed, binds bool) {
	after := l.state.After(*prove)
	if !after.Complete() || after.Device.IsZero() || after.Weak() || l.from.Customer == after.Customer {
		return said, false
	}
	said = w.keeping(attempted{decision: id.From[id.Decision](DerivedID(l.id.UUID(), "enrolment")), action: risk.Enrolment, customer: after.Customer,
		device: after.Device, about: after.Device.String(), address: w.order.Caller.IP.Reveal()})
	prove.Blocked = said.Effect == risk.Block
	return said, true
}

// noteEnrolment keeps what risk has said, unless something else has ended the login.
func (g Grants) noteEnrolment(w *work, l login, said risk.Assessed) error {
	state, err := g.bank.grants.load(w, l.id)
	if err != nil || !state.Complete() && said.Effect != risk.Block {
		return err
	}
	return w.noteDecision(said)
}

// sessionRisk is how likely the login that began a family was fraud, in thousandths;
// 0 where none was scored.
func (b *Bank) sessionRisk(ctx context.Context, login id.Grant) (int64, error) {
	if login.IsZero() {
		return 0, nil
	}
	state, err := b.decisions.look(ctx, loginDecision(login)) // it never changes
	if err != nil || !state.Made {
		return 0, err
	}
	return risk.Probability(state.Score), nil
}
