package commands

import (
	"context"

	"florin/domain"
	"florin/domain/attempt"
	"florin/domain/client"
	"florin/domain/customer"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/domain/operator"
	"florin/domain/session"
)

// The login of operators. It walks like a customer's, step by step and with the
// same uniform answers, but by other names: a name that is given to the desk's
// app is an operator's or nobody's, whoever else may bear it. There is no device:
// the key of the first step's proof is what the session is bound to.

// operatorNamed is the operator of a user name: derived from it by a keyed hash,
// so that finding nobody is the same work as finding somebody.
func (b *Bank) operatorNamed(userName string) (named id.Operator, normal string, err error) {
	normal, ok := normalUser(userName)
	kind := "operator"
	if !ok {
		kind, normal = "no-operator", userName
	}
	digest, err := b.mac(keyClaim, []byte(kind), []byte(normal))
	if err != nil {
		return named, "", err
	}
	return id.From[id.Operator](uuidOf(digest)), normal, nil
}

// deskBudget is an operator's attempt budget, and a name's that is nobody's.
func deskBudget(named id.Operator) id.Attempts {
	return id.From[id.Attempts](DerivedID(named.UUID(), "attempts"))
}

// atDesk finds out whether a step belongs to an operator's login, and to which.
func (g Grants) atDesk(ctx context.Context, order Order, ask LoginStep) (l login, desk bool, err error) {
	b := g.bank
	if ask.Browser != "" || ask.JKT == "" {
		return l, false, nil
	}
	if ask.AuthSession == "" {
		if ask.ClientID != client.Desk {
			return l, false, nil
		}
		l, err = g.beginDesk(ctx, order, ask)
		return l, true, err
	}
	kind, named, step, ok, err := b.readHandle(ask.AuthSession)
	switch {
	case err != nil || !ok:
		return l, false, err
	case kind == handleStepUp:
		return g.stepUpDesk(ctx, order, ask, id.From[id.Session](named))
	case kind != handleLogin:
		return l, false, nil
	}
	state, err := b.grants.look(ctx, id.From[id.Grant](named))
	switch {
	case err != nil || !state.Desk:
		return l, false, err
	case state.Steps != step: // another step was taken meanwhile
		return l, true, grant.ErrSession
	}
	l, err = g.placedAtDesk(ctx, order, login{id: state.Grant, state: state}, state.Operator)
	return l, true, err
}

func (g Grants) beginDesk(ctx context.Context, order Order, ask LoginStep) (login, error) {
	b := g.bank
	start, err := g.purpose(ctx, order, ask)
	if err != nil {
		return login{}, err
	}
	named, _, err := b.operatorNamed(ask.UserName)
	if err != nil {
		return login{}, err
	}
	state, err := b.operators.look(ctx, named)
	if err != nil {
		return login{}, err
	}
	return g.startedAtDesk(ctx, order, grant.StartDesk{
		Client: start.Client, JKT: ask.JKT, Operator: state.Operator, Attempts: deskBudget(named),
		Scopes: start.Scopes, CodeChallenge: start.CodeChallenge, Nonce: start.Nonce, ACRValues: start.ACRValues,
	})
}

// stepUpDesk starts a login within an operator's family. The handle works with the
// family's own key alone, and asks for all factors again.
func (g Grants) stepUpDesk(ctx context.Context, order Order, ask LoginStep, family id.Session) (l login, desk bool, err error) {
	b := g.bank
	state, err := b.sessions.look(ctx, family)
	switch {
	case err != nil || state.Operator.IsZero():
		return l, false, err
	case !state.Alive(order.At), state.JKT != ask.JKT:
		return l, true, grant.ErrSession
	}
	app, err := g.firstParty(ctx, ask.ClientID)
	switch {
	case err != nil:
		return l, true, err
	case app.ID != state.Client:
		return l, true, grant.ErrSession
	}
	l, err = g.startedAtDesk(ctx, order, grant.StartDesk{
		Client: app.ID, JKT: ask.JKT, Operator: state.Operator, Attempts: deskBudget(state.Operator), Session: family,
		Scopes: state.Scopes, CodeChallenge: ask.CodeChallenge, Nonce: ask.Nonce, ACRValues: ask.ACRValues,
	})
	return l, true, err
}

func (g Grants) startedAtDesk(ctx context.Context, order Order, start grant.StartDesk) (login, error) {
	start.Grant, start.At = id.From[id.Grant](DerivedID(order.ID, "grant")), order.At
	l := login{id: start.Grant, start: start, fresh: true}
	events, err := l.state.Decide(start)
	if err != nil {
		return login{}, err
	}
	for _, event := range events {
		l.state = l.state.Evolve(event)
	}
	return g.placedAtDesk(ctx, order, l, start.Operator)
}

func (g Grants) placedAtDesk(ctx context.Context, order Order, l login, named id.Operator) (login, error) {
	var err error
	if l.operator, err = g.bank.operators.look(ctx, named); err != nil { // of nobody: the same look, in vain
		return l, err
	}
	known, err := g.knownAtDesk(ctx, l.operator, l.state.JKT)
	if err != nil {
		return l, err
	}
	if known {
		l.lanes = lanes{password: []string{"device:" + l.state.JKT}, otp: []string{"otp-device:" + l.state.JKT}}
		return l, nil
	}
	l.lanes, err = g.bank.lanesOf(ctx, order.Caller, id.Device{}, false)
	return l, err
}

// knownAtDesk tells whether the operator has logged in with this key lately: then
// what strangers have tried does not keep the operator out. A key that is not the
// operator's own never gets there, for it takes a whole login.
func (g Grants) knownAtDesk(ctx context.Context, person operator.State, jkt string) (bool, error) {
	for _, one := range person.Sessions {
		family, err := g.bank.sessions.look(ctx, one.Session)
		if err != nil || family.JKT == jkt && jkt != "" {
			return err == nil, err
		}
	}
	return false, nil
}

// checkAtDesk looks at one factor; spent is what its use means for the operator.
func (g Grants) checkAtDesk(ctx context.Context, order Order, l login, factor string, ask LoginStep) (right bool, spent operator.Command, err error) {
	b := g.bank
	switch factor {
	case grant.Password:
		right, err = b.rightPassword(ctx, l.operator.Password, ask.Password)
	case grant.OneTime:
		var step int64
		step, right, err = b.matchTOTP(l.operator.TOTP, ask.OTP, order.At)
		right, spent = right && !l.operator.TOTP.IsZero(), operator.UseOTP{Step: step, At: order.At}
	case grant.Passkey:
		right = !ask.Passkey.Factor.IsZero() && ask.Passkey.Factor == l.operator.Passkey
		spent = operator.UsePasskey{SignCount: ask.Passkey.SignCount, BackupEligible: ask.Passkey.BackupEligible,
			BackedUp: ask.Passkey.BackedUp, UserVerified: ask.Passkey.UserVerified, At: order.At}
	}
	return right && l.operator.MayLogIn(), spent, err
}

// proveAtDesk notes a factor, and with the last right one all that a login brings.
// What speaks against it by then makes the factor a wrong one.
func (g Grants) proveAtDesk(ctx context.Context, order Order, l login, prove grant.Prove, ask LoginStep) (LoginAnswer, Outcome, error) {
	b := g.bank
	var spent operator.Command
	var err error
	if prove.Right, spent, err = g.checkAtDesk(ctx, order, l, prove.Factor, ask); err != nil {
		return LoginAnswer{}, Outcome{}, err
	}
	if _, prove.CodeHash, err = b.codeOf(l.id); err != nil {
		return LoginAnswer{}, Outcome{}, err
	}
	return g.note(ctx, order, l, func(w *work) error {
		prove := prove // the deciding function may run again
		if prove.Right {
			err := try(w, func() error {
				if err := b.grants.decide(w, l.id, prove); err != nil {
					return err
				}
				return g.completeAtDesk(w, l, spent)
			})
			if err == nil || !refused(err) {
				return err
			}
			prove.Right = false
		}
		return b.grants.decide(w, l.id, prove)
	})
}

func (g Grants) completeAtDesk(w *work, l login, spent operator.Command) error {
	b := g.bank
	state, err := b.grants.load(w, l.id)
	if err != nil || !state.Complete() {
		return err
	}
	person, err := b.operators.load(w, state.Operator)
	switch {
	case err != nil:
		return err
	case !person.MayLogIn(), person.Password != l.operator.Password, person.TOTP != l.operator.TOTP, person.Passkey != l.operator.Passkey: // enrolled anew meanwhile
		return grant.ErrDenied
	}
	if spent != nil {
		if err := b.operators.decide(w, state.Operator, spent); err != nil {
			return err
		}
	}
	if err := w.giveBack(l.lanes.places, state.Attempts); err != nil {
		return err
	}
	return b.attempts.decide(w, state.Attempts, attempt.Succeed{Lanes: l.lanes.all(), At: w.order.At})
}

// deskPasskeys are those that may answer an operator's login; one made up, the
// same each time, where there is none.
func (b *Bank) deskPasskeys(ctx context.Context, state grant.State) ([]customer.Factor, error) {
	person, err := b.operators.look(ctx, state.Operator)
	if err != nil {
		return nil, err
	}
	if !person.Passkey.IsZero() {
		return []customer.Factor{{Factor: person.Passkey, Type: customer.TypePasskey, Credential: customer.Credential(person.Credential)}}, nil
	}
	madeUp, err := b.madeUpPasskeys(state.Attempts.UUID()) // follows from the name alone
	return madeUp[:min(1, len(madeUp))], err               // an operator has one
}

// deskStanding refuses tokens to an operator or app that is no more. What it
// looked at still holds when the command is committed.
func (b *Bank) deskStanding(w *work, of id.Operator, app Client) (operator.State, error) {
	person, err := b.operators.load(w, of)
	if err != nil {
		return person, err
	}
	software, err := b.clients.load(w, app.ID)
	if err == nil && (!person.MayLogIn() || !software.Enabled()) {
		err = session.ErrGrant
	}
	return person, err
}

// granted are the scopes of those asked for that the operator has.
func granted(asked []string, person operator.State) []string {
	scopes := []string{}
	for _, scope := range asked {
		if _, ok := domain.Scopes([]string{scope}, person.May()); ok {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}
