package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"florin/domain/consent"
	"florin/domain/grant"
	"florin/domain/id"
)

// LoginOffer is what a login asks for now. It says no more than the answer of the
// step before has said.
type LoginOffer struct {
	Next  []string // factors, of which one is needed
	Sends []string // ways by which a one-time password can be asked for
	Sent  string   // by which way a one-time password was asked for last: email, sms, or "" for none
	More  bool     // another one may be asked for
	// Number is what the person chooses on their device to approve, "" if nobody
	// was asked to.
	Number string
}

// Offer tells what a login in a browser asks for, so that its page can be shown
// again. It is no step. Refusals: grant.ErrSession.
func (g Grants) Offer(ctx context.Context, ask LoginStep) (LoginOffer, error) {
	state, err := g.asking(ctx, ask)
	if err != nil {
		return LoginOffer{}, err
	}
	offer := LoginOffer{Next: state.Asks(), Sends: state.Sends(), Sent: state.Requested.Method, More: state.Requests < grant.OTPsMax}
	if !state.Pushed.Approval.IsZero() {
		offer.Number, err = g.bank.approvalNumber(state.Pushed.Approval)
	}
	return offer, err
}

// asking is the login that an auth_session stands for, if it is this caller's and
// goes on from this very step.
func (g Grants) asking(ctx context.Context, ask LoginStep) (grant.State, error) {
	b := g.bank
	kind, named, step, ok, err := b.readHandle(ask.AuthSession)
	if err == nil && (!ok || kind != handleLogin) {
		err = grant.ErrSession
	}
	if err == nil && ask.Browser != "" {
		ask.JKT, err = b.markOf(ask.Browser)
	}
	if err != nil {
		return grant.State{}, err
	}
	state, err := b.grants.look(ctx, id.From[id.Grant](named))
	if err == nil && state.Consent != ask.Consent {
		err = grant.ErrSession
	}
	if err == nil {
		err = state.Awaits(step, ask.JKT, b.sources.Time())
	}
	return state, err
}

// repeated gives the first answer to a step that was sent before, byte for byte:
// a page's button is pressed twice, or its form sent again.
func (g Grants) repeated(ctx context.Context, order Order) (answer LoginAnswer, outcome Outcome, found bool, err error) {
	b := g.bank
	earlier, found, err := b.log.Find(ctx, order.ID)
	if err != nil || !found {
		return LoginAnswer{}, Outcome{}, false, err
	}
	facts, outcome, err := b.repeat(ctx, &order, earlier, nil)
	if err != nil {
		return LoginAnswer{}, outcome, true, fmt.Errorf("commands: repeated step: %w", err)
	}
	for _, fact := range facts {
		if _, ours := fact.Event.(grant.Event); ours {
			answer, err = g.answer(id.From[id.Grant](uuidIn(fact.Stream)), facts)
			return answer, outcome, true, err
		}
	}
	return LoginAnswer{}, outcome, true, ErrReused
}

// looks tells whether a request of a third party lets it look and not act. Only
// such a one is answered by a login that rests on a password that was sent: that
// lets its owner look alone, and so nobody for them.
func looks(scopes []string, payment consent.Payment) bool {
	return payment.IsZero() && !slices.ContainsFunc(scopes, func(scope string) bool { return !slices.Contains(looking, scope) })
}

// offered leaves out what would not be enough for what a login in a browser is for.
// Who has nothing else keeps it: a login never ends after one factor.
func (b *Bank) offered(ctx context.Context, asked id.Consent, second []string) ([]string, error) {
	drop := func(factor string) bool { return factor == grant.ByEmail || factor == grant.BySMS }
	if asked == grant.OwnPages() { // a phone that is gone must prove nothing: no message to it, and no answer of its own
		drop = func(factor string) bool { return !slices.Contains(inHand, factor) }
	} else {
		state, err := b.consents.look(ctx, asked)
		if err != nil {
			return nil, err
		}
		if looks(state.Scopes, state.Payment) {
			return second, nil
		}
	}
	if enough := slices.DeleteFunc(slices.Clone(second), drop); len(enough) > 0 {
		return enough, nil
	}
	return second, nil
}

// inHand are the second factors that need no message to a phone.
var inHand = []string{grant.OneTime, grant.Passkey, grant.RecoveryCode}

// ownPages stands where a client's name would in a login to the bank's own pages.
const ownPages = "florin-pages"

// Visit gives the order of the customer who has logged in to the bank's own pages
// in this browser, with two factors, no longer ago than within and grant.LoginTTL.
// Refusals: grant.ErrSession, for everything that is not so.
func (g Grants) Visit(ctx context.Context, order Order, authSession, browser string, within time.Duration) (Order, id.Grant, error) {
	b := g.bank
	mark, err := b.markOf(browser)
	if err != nil {
		return Order{}, id.Grant{}, grant.ErrSession
	}
	kind, named, step, ok, err := b.readHandle(authSession)
	if err == nil && (!ok || kind != handleLogin) {
		err = grant.ErrSession
	}
	if err != nil {
		return Order{}, id.Grant{}, err
	}
	login := id.From[id.Grant](named)
	who, err := b.grants.look(ctx, login)
	if err == nil && who.Steps != step {
		err = grant.ErrSession
	}
	if err == nil {
		err = who.Proves(grant.OwnPages(), mark, false, order.At)
	}
	if err != nil {
		return Order{}, id.Grant{}, err
	}
	if order.At.Sub(who.Proven.AuthTime) > within {
		return Order{}, id.Grant{}, grant.ErrSession
	}
	person, err := b.customers.look(ctx, who.Customer)
	if err == nil && (!person.MayLogIn() || who.Proven.AuthTime.Before(person.RecoveredAt) || who.Proven.AuthTime.Before(person.PasswordAt)) {
		err = grant.ErrSession
	}
	return by(order, who), login, err
}

// LogOut ends a visit to the bank's own pages, for every copy of what stands for it.
// One that is over, or somebody else's, is left as it is.
func (g Grants) LogOut(ctx context.Context, order Order, authSession, browser string) (Outcome, error) {
	order, login, err := g.Visit(ctx, order, authSession, browser, grant.LoginTTL)
	if errors.Is(err, grant.ErrSession) {
		return Outcome{}, nil
	} else if err != nil {
		return Outcome{}, err
	}
	_, outcome, err := execute(ctx, g.bank, "grant.log_out", order, streams(login), func(w *work) error {
		return g.bank.grants.decide(w, login, grant.LogOut{At: order.At})
	}, nothing)
	return outcome, err
}
