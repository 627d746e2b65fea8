package commands

import (
	"context"
	"slices"

	"florin/domain"
	"florin/domain/customer"
	"florin/domain/device"
	"florin/domain/grant"
	"florin/domain/id"
)

// login finds out which login a step belongs to.
func (g Grants) login(ctx context.Context, order Order, ask LoginStep) (login, error) {
	if l, desk, err := g.atDesk(ctx, order, ask); desk || err != nil {
		return l, err
	}
	from, err := g.deviceOf(ctx, ask)
	if err != nil {
		return login{}, err
	}
	if ask.AuthSession == "" {
		return g.begin(ctx, order, ask, from)
	}
	kind, named, step, ok, err := g.bank.readHandle(ask.AuthSession)
	switch {
	case err != nil:
		return login{}, err
	case ok && kind == handleLogin:
		return g.resume(ctx, order, ask, id.From[id.Grant](named), step, from)
	case ok && kind == handleStepUp && ask.Browser == "":
		return g.stepUp(ctx, order, ask, id.From[id.Session](named), from)
	}
	return login{}, grant.ErrSession
}

// begin starts a login for a name. One that is nobody's gets a budget, a factor
// and next steps of its own, the same each time.
func (g Grants) begin(ctx context.Context, order Order, ask LoginStep, from device.State) (login, error) {
	b := g.bank
	start, err := g.purpose(ctx, order, ask)
	if err != nil {
		return login{}, err
	}
	claim, err := b.claimOf(ask.UserName)
	if err != nil {
		return login{}, err
	}
	name, err := b.names.look(ctx, claim)
	if err != nil {
		return login{}, err
	}
	person, err := b.customers.look(ctx, name.Holder()) // of nobody: the same look, in vain
	if err != nil {
		return login{}, err
	}
	start.Customer, start.Attempts = person.Customer, shadowOf(claim)
	start.TOTP = id.From[id.Factor](DerivedID(claim.UUID(), "totp"))
	if start.Second, err = g.madeUpFactors(claim); err != nil {
		return login{}, err
	}
	if !person.Customer.IsZero() {
		start.Attempts, start.Second = budgetOf(person.Customer), secondFactors(person)
		if factor, there := person.TOTP(); there {
			start.TOTP = factor.Factor
		}
	}
	if ask.Browser != "" {
		if start.Second, err = b.offered(ctx, ask.Consent, start.Second); err != nil {
			return login{}, err
		}
	}
	return g.started(ctx, order, start, person, from)
}

// purpose is what a login is for: the app's own wishes, or in a browser those of
// the third party, as it has pushed them.
func (g Grants) purpose(ctx context.Context, order Order, ask LoginStep) (grant.Start, error) {
	b := g.bank
	if ask.Browser != "" && ask.Consent == grant.OwnPages() {
		return grant.Start{Client: id.Named[id.Client](ownPages), Consent: ask.Consent, Scopes: []string{"devices.manage"}, CodeChallenge: ask.JKT}, nil
	}
	if ask.Browser != "" {
		state, err := b.consents.look(ctx, ask.Consent)
		if err == nil {
			err = state.Asks(ask.JKT, order.At)
		}
		return grant.Start{
			Client: state.Client, Consent: ask.Consent, Scopes: state.Scopes, CodeChallenge: state.CodeChallenge, ACRValues: state.ACRValues,
		}, err
	}
	app, err := g.firstParty(ctx, ask.ClientID)
	if err != nil {
		return grant.Start{}, err
	}
	scopes, ok := domain.Scopes(ask.Scopes, app.Scopes)
	if !ok || len(scopes) == 0 {
		return grant.Start{}, ErrScope
	}
	return grant.Start{Client: app.ID, Scopes: scopes, CodeChallenge: ask.CodeChallenge, Nonce: ask.Nonce, ACRValues: ask.ACRValues}, nil
}

// stepUp starts a login within a family that is there already. The handle works
// on the family's own device alone.
func (g Grants) stepUp(ctx context.Context, order Order, ask LoginStep, family id.Session, from device.State) (login, error) {
	b := g.bank
	state, err := b.sessions.look(ctx, family)
	switch {
	case err != nil:
		return login{}, err
	case !state.Alive(order.At), state.JKT != from.JKT, state.Customer.IsZero():
		return login{}, grant.ErrSession
	}
	app, err := g.firstParty(ctx, ask.ClientID)
	if err != nil {
		return login{}, err
	}
	if app.ID != state.Client {
		return login{}, grant.ErrSession
	}
	person, err := b.customers.look(ctx, state.Customer)
	if err != nil {
		return login{}, err
	}
	start := grant.Start{
		Client: app.ID, Customer: person.Customer, Attempts: budgetOf(person.Customer), Session: family, Second: lifting(person),
		Scopes: state.Scopes, CodeChallenge: ask.CodeChallenge, Nonce: ask.Nonce, ACRValues: ask.ACRValues,
	}
	if factor, there := person.TOTP(); there {
		start.TOTP = factor.Factor
	}
	return g.started(ctx, order, start, person, from)
}

// started completes what a new login begins with, and how it looks from then on.
func (g Grants) started(ctx context.Context, order Order, start grant.Start, person customer.State, from device.State) (login, error) {
	start.Grant, start.At = id.From[id.Grant](DerivedID(order.ID, "grant")), order.At
	start.Device, start.JKT = from.Device, from.JKT
	start.Bound = !person.Customer.IsZero() && from.Customer == person.Customer
	l := login{id: start.Grant, start: start, fresh: true, customer: person}
	events, err := l.state.Decide(start)
	if err != nil {
		return login{}, err
	}
	for _, event := range events {
		l.state = l.state.Evolve(event)
	}
	return g.placed(ctx, order, l, from)
}

// resume goes on with a login at the step that the auth_session was given for.
func (g Grants) resume(ctx context.Context, order Order, ask LoginStep, named id.Grant, step int64, from device.State) (login, error) {
	b := g.bank
	state, err := b.grants.look(ctx, named)
	switch {
	case err != nil:
		return login{}, err
	case state.Steps != step, state.Consent != ask.Consent: // another step was taken meanwhile; or it is for another purpose
		return login{}, grant.ErrSession
	}
	person, err := b.customers.look(ctx, state.Customer)
	if err != nil {
		return login{}, err
	}
	return g.placed(ctx, order, login{id: named, state: state, customer: person}, from)
}

func (g Grants) placed(ctx context.Context, order Order, l login, from device.State) (login, error) {
	var err error
	l.from, l.hardware = from, from.SCAHardware
	l.lanes, err = g.bank.lanesOf(ctx, order.Caller, from.Device, l.state.Bound)
	return l, err
}

// secondFactors are what can follow a password, as the app names it. That another
// device can be asked is said to everybody: who has none waits in vain. A code goes
// to verified contacts alone (CVE-2026-27946), and so is offered where one is.
func secondFactors(person customer.State) []string {
	second := append(lifting(person), grant.Push)
	for _, kind := range person.Reached() {
		second = append(second, channelOf(kind))
	}
	return second
}

// lifting are those that make a session stronger.
func lifting(person customer.State) []string {
	var second []string
	if _, there := person.TOTP(); there {
		second = append(second, grant.OneTime)
	}
	if len(person.Passkeys()) > 0 {
		second = append(second, grant.Passkey)
	}
	if person.RecoveryCodesLeft() > 0 {
		second = append(second, grant.RecoveryCode)
	}
	return second
}

// factorSets are the second factors that customers have beside the one that everybody
// is offered, about as often as they have them; whoever adds a kind of factor adds
// the sets it makes possible, or names that are nobody's stand out.
var factorSets = [][]string{
	{grant.OneTime}, {grant.OneTime}, {grant.OneTime}, {grant.OneTime},
	{grant.OneTime, grant.Passkey}, {grant.OneTime, grant.RecoveryCode}, {grant.Passkey}, {grant.Passkey, grant.RecoveryCode}, {grant.OneTime, grant.Passkey, grant.RecoveryCode},
}

// sendSets are the ways by which codes reach customers, alike: many have verified
// nothing.
var sendSets = [][]string{
	nil, nil, nil, {grant.ByEmail}, {grant.ByEmail}, {grant.BySMS}, {grant.ByEmail, grant.BySMS}, {grant.ByEmail, grant.BySMS},
}

// madeUpFactors are those of a name that is nobody's: always the same for it.
func (g Grants) madeUpFactors(claim id.Claim) ([]string, error) {
	u := claim.UUID()
	digest, err := g.bank.mac(keyFactors, u[:])
	if err != nil {
		return nil, err
	}
	second := append(slices.Clone(factorSets[int(digest[0])%len(factorSets)]), grant.Push)
	return append(second, sendSets[int(digest[1])%len(sendSets)]...), nil
}
