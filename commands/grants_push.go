package commands

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"florin/domain"
	"florin/domain/approval"
	"florin/domain/device"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/domain/text"
)

// Steps of a push approval, as LoginStep names them.
const (
	PushStart = "start"
	PushPoll  = "poll"
)

// askApproval asks the customer on another device. Work and answer are the same for
// a login that is nobody's or wrong already: the request is then made where nobody
// sees it.
func (g Grants) askApproval(ctx context.Context, order Order, l login, step grant.RequestApproval, from device.State) (LoginAnswer, Outcome, error) {
	b := g.bank
	asked, err := b.newApproval(order)
	if err != nil {
		return LoginAnswer{}, Outcome{}, err
	}
	number, err := b.approvalNumber(asked)
	if err != nil {
		return LoginAnswer{}, Outcome{}, err
	}
	app, err := b.clients.look(ctx, l.state.Client)
	if err != nil {
		return LoginAnswer{}, Outcome{}, err
	}
	step.Approval, step.ExpiresAt = asked, order.At.Add(approval.LoginTTL)
	statement := approval.Statement{
		Audience: b.settings.Money.Audience, Approval: asked.String(), Purpose: approval.Login, Client: app.Name, Asker: described(from),
		From: origin(order.Caller.IP.Reveal()), Expiry: approval.Spell(step.ExpiresAt),
	}
	answer, outcome, err := g.note(ctx, order, l, func(w *work) error { return g.ask(w, l.id, step, statement) })
	if err == nil {
		answer.Pending, answer.Number, answer.ExpiresIn = true, number, int64(approval.LoginTTL.Seconds())
	}
	return answer, outcome, err
}

func (g Grants) ask(w *work, login id.Grant, step grant.RequestApproval, statement approval.Statement) error {
	b := g.bank
	state, err := b.grants.load(w, login)
	if err != nil {
		return err
	}
	ask := approval.Ask{
		Approvals: vainApprovals(state.Attempts), Approval: step.Approval, Purpose: approval.Login, Grant: login, Client: state.Client, Device: state.Device,
		Statement: domain.NewEvidence(statement.Text()), TTL: approval.LoginTTL, At: w.order.At,
	}
	before := w.subject
	if state.Right() {
		ask.Approvals, ask.Customer = approvalsOf(state.Customer), state.Customer
		w.under(ofCustomer(state.Customer))
	}
	if err := b.approvals.decide(w, ask.Approvals, ask); err != nil {
		return err
	}
	w.under(before)
	step.Approvals = ask.Approvals
	return b.grants.decide(w, login, step)
}

// describedRunesMax bounds what a device may say of itself on another's screen.
const describedRunesMax = 60

// described is a device as it says of itself: text of a stranger's, so one short
// line of it at most.
func described(from device.State) string {
	words := strings.Trim(from.Model+", "+from.OS, ", ")
	switch {
	case from.Device.IsZero():
		return "a browser"
	case words == "", utf8.RuneCountInString(words) > describedRunesMax, !text.Line(words):
		return "a device"
	}
	return words
}

// poll looks for the customer's answer. As long as there is none it is no step: the
// auth_session stays as it is, and nothing is written. A request that was withdrawn
// looks like one that nobody answers.
func (g Grants) poll(ctx context.Context, order Order, l login, ask LoginStep, prove grant.Prove) (LoginAnswer, Outcome, error) {
	b, pushed := g.bank, l.state.Pushed
	state, err := b.approvals.look(ctx, pushed.Approvals)
	if err != nil {
		return LoginAnswer{}, Outcome{}, err
	}
	request, _ := state.Find(pushed.Approval)
	decided := request.Status == approval.Approved || request.Status == approval.Denied
	if !decided && order.At.Before(pushed.ExpiresAt) {
		return LoginAnswer{AuthSession: ask.AuthSession, Next: l.state.Asks(), Pending: true}.sending(l.state.Sends()), Outcome{}, nil
	}
	if _, prove.CodeHash, err = b.codeOf(l.id); err != nil {
		return LoginAnswer{}, Outcome{}, err
	}
	return g.note(ctx, order, l, func(w *work) error {
		if prove.Right, err = b.approved(w, l.id, l.state); err != nil {
			return err
		}
		return g.prove(w, l, prove, nil)
	})
}

// vouchedFor tells whether the device that approved a login, if one did, is still the
// customer's: one that was lost since may have been in the same hands.
func (b *Bank) vouchedFor(w *work, of id.Grant, state grant.State) (bool, error) {
	if !slices.Contains(state.Shown, grant.Push) {
		return true, nil
	}
	return b.approved(w, of, state)
}

// approved tells whether this very login was approved on a device that is still the
// customer's. What it looked at still holds when the command is committed.
func (b *Bank) approved(w *work, of id.Grant, login grant.State) (bool, error) {
	state, err := b.approvals.load(w, login.Pushed.Approvals)
	if err != nil {
		return false, err
	}
	request, known := state.Find(login.Pushed.Approval)
	if !known || request.Status != approval.Approved || request.Grant != of || request.Customer != login.Customer {
		return false, nil
	}
	by, err := b.devices.load(w, request.By)
	return by.Usable() && by.Customer == request.Customer, err
}
