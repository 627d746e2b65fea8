package commands

import (
	"context"
	"crypto/hmac"
	"slices"
	"strconv"

	"florin/domain"
	"florin/domain/client"
	"florin/domain/device"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/domain/operator"
	"florin/domain/session"
)

// Sessions are the verbs of token families.
type Sessions struct{ bank *Bank }

// Sessions gives the verbs of token families.
func (b *Bank) Sessions() Sessions { return Sessions{b} }

// RedeemCode is a code with what it was asked for with. Challenge is S256 of the
// verifier; JKT is of the proven key; RedirectURI is a third party's.
type RedeemCode struct{ ClientID, JKT, Code, Challenge, RedirectURI string }

// Redeem turns a code into the first tokens of a family, or into an elevated
// token of the family that asked for a step-up. A code that comes again ends the
// family it became. Every failure is invalid-grant.
func (s Sessions) Redeem(ctx context.Context, order Order, ask RedeemCode) (Tokens, Outcome, error) {
	b := s.bank
	login, ours, err := b.readCode(ask.Code)
	if err != nil {
		return Tokens{}, Outcome{}, err
	}
	asked, consented, err := b.readConsentCode(ask.Code)
	if err != nil {
		return Tokens{}, Outcome{}, err
	}
	app, err := b.allowed(ctx, ask.ClientID, client.AuthorizationCode)
	switch {
	case err != nil:
		return Tokens{}, Outcome{}, err
	case consented:
		return s.redeemConsent(ctx, order, app, asked, ask)
	case !ours:
		return Tokens{}, Outcome{}, grant.ErrCode
	}
	began, err := b.grants.look(ctx, login) // for what never changes: nonce, family
	if err != nil {
		return Tokens{}, Outcome{}, err
	}
	var family session.State
	if !began.Session.IsZero() {
		if family, err = b.sessions.look(ctx, began.Session); err != nil {
			return Tokens{}, Outcome{}, err
		}
	}
	salt := opaque.EncodeToString(b.sources.Secret(16))
	return execute(ctx, b, "session.redeem", order, streams(login), func(w *work) error {
		return s.redeem(w, app, login, ask, salt)
	}, func(facts []Fact) (Tokens, error) {
		tokens, err := b.tokens(ctx, app.ClientID, family.Started, facts)
		tokens.Nonce = began.Nonce
		return tokens, err
	})
}

func (s Sessions) redeem(w *work, app Client, login id.Grant, ask RedeemCode, salt string) error {
	b, at := s.bank, w.order.At
	state, err := b.grants.load(w, login)
	if err != nil {
		return err
	}
	began := id.From[id.Session](DerivedID(w.order.ID, "session"))
	redeem := grant.Redeem{Session: began, Client: app.ID, JKT: ask.JKT, Challenge: ask.Challenge, At: at}
	if err := b.grants.decide(w, login, redeem); err != nil {
		return err
	}
	if state.Redeemed() {
		return b.sessions.decide(w, state.Becomes, session.Revoke{By: ActorSystem, Reason: "code-replayed", At: at})
	}
	if state.Desk {
		person, err := b.deskStanding(w, state.Operator, app)
		if err != nil {
			return err
		}
		if state.Session.IsZero() {
			return s.startDesk(w, app, state, person, began, salt)
		}
	} else if err := b.standing(w, state.Customer, state.Device, app, state.Weak()); err != nil {
		return err
	} else if err := b.overtaken(w, state.Customer, state.Coded.AuthTime); err != nil {
		return err
	} else if vouched, err := b.vouchedFor(w, login, state); err != nil || !vouched {
		return orElse(err, session.ErrGrant)
	}
	if !state.Session.IsZero() {
		elevate := session.Elevate{Grant: login, ACR: state.Coded.ACR, AMR: state.Coded.AMR, AuthTime: state.Coded.AuthTime, At: at}
		if err := b.sessions.decide(w, state.Session, elevate); err != nil {
			return err
		}
		return b.sessions.decide(w, state.Session, session.Issue{JTI: jti(w), At: at})
	}
	return s.start(w, app, state, began, salt)
}

// start begins a family with its first tokens.
func (s Sessions) start(w *work, app Client, login grant.State, began id.Session, salt string) error {
	b, at := s.bank, w.order.At
	if err := s.begin(w, session.Start{
		Session: began, Customer: login.Customer, Client: app.ID, Device: login.Device, Grant: login.Grant, JKT: login.JKT, Scopes: lookOnly(login),
		ACR: login.Coded.ACR, AMR: login.Coded.AMR, AuthTime: login.Coded.AuthTime, Retry: session.RetryKeyed, Salt: salt,
		ExpiresAt: login.Coded.AuthTime.Add(session.LifeMax), At: at,
	}); err != nil {
		return err
	}
	from, err := b.devices.load(w, login.Device)
	if err != nil {
		return err
	}
	if oldest, full := from.Displaced(); full {
		if err := b.sessions.decide(w, oldest, session.Revoke{By: ActorSystem, Reason: "displaced", At: at}); err != nil {
			return err
		}
	}
	return b.devices.decide(w, login.Device, device.JoinSession{Session: began, Visitor: login.Weak(), At: at})
}

// startDesk begins an operator's family: short, with the scopes that the operator
// has of those asked for, and bound to the key of the login.
func (s Sessions) startDesk(w *work, app Client, login grant.State, person operator.State, began id.Session, salt string) error {
	b, at := s.bank, w.order.At
	scopes := granted(login.Scopes, person)
	if len(scopes) == 0 {
		return ErrScope
	}
	ends := login.Coded.AuthTime.Add(session.OperatorLifeMax)
	if oldest, full := person.Displaced(at); full {
		if err := b.sessions.decide(w, oldest, session.Revoke{By: ActorSystem, Reason: "displaced", At: at}); err != nil {
			return err
		}
	}
	if err := s.begin(w, session.Start{
		Session: began, Operator: person.Operator, Client: app.ID, Grant: login.Grant, JKT: login.JKT, Scopes: scopes,
		ACR: login.Coded.ACR, AMR: login.Coded.AMR, AuthTime: login.Coded.AuthTime, Retry: session.RetryKeyed, Salt: salt, ExpiresAt: ends, At: at,
	}); err != nil {
		return err
	}
	return b.operators.decide(w, person.Operator, operator.JoinSession{Session: began, ExpiresAt: ends, At: at})
}

// looking are the scopes that a weak login can give.
var looking = []string{"openid", "profile", "accounts.read", "payments.read", "cards.read", "notifications.read"}

// lookOnly are the scopes of a login's family: after a weak one, those of
// looking alone.
func lookOnly(login grant.State) []string {
	if !login.Weak() {
		return login.Scopes
	}
	return slices.DeleteFunc(slices.Clone(login.Scopes), func(scope string) bool { return !slices.Contains(looking, scope) })
}

// standing refuses tokens to a customer, device or client that is no more. What it
// looked at still holds when the command is committed. What a weak login lets in
// is a device that is nobody's.
func (b *Bank) standing(w *work, of id.Customer, from id.Device, app Client, weak bool) error {
	person, err := b.customers.load(w, of)
	if err != nil {
		return err
	}
	if !from.IsZero() { // a third party's family is no device's
		key, err := b.devices.load(w, from)
		if err != nil {
			return err
		}
		if theirs := key.Customer == of || weak && key.Customer.IsZero(); !key.Usable() || !theirs {
			return session.ErrGrant
		}
	}
	software, err := b.clients.load(w, app.ID)
	if err != nil {
		return err
	}
	if !person.MayLogIn() || !software.Enabled() {
		return session.ErrGrant
	}
	return nil
}

// RefreshTokens is a refresh token and who shows it. Key is the Idempotency-Key.
// Scopes narrow the access token; none: all.
type RefreshTokens struct {
	ClientID, JKT, Token, Key string
	Scopes                    []string
}

// Refresh rotates: the token's successor and a new access token. Reuse ends the
// family; another's key does not. Every failure but a scope is invalid-grant.
func (s Sessions) Refresh(ctx context.Context, order Order, ask RefreshTokens) (Tokens, Outcome, error) {
	b := s.bank
	app, err := b.allowed(ctx, ask.ClientID, client.RefreshToken)
	if err != nil {
		return Tokens{}, Outcome{}, err
	}
	family, generation, err := s.family(ctx, ask.Token)
	if err != nil {
		return Tokens{}, Outcome{}, err
	}
	refresh := session.Refresh{Generation: generation, Client: app.ID, JKT: ask.JKT, Scopes: ask.Scopes, At: order.At}
	if ask.Key != "" {
		if refresh.RetryHash, err = b.macText(keyRetry, []byte(family.Session.String()), []byte(strconv.FormatInt(generation, 10)), []byte(ask.Key)); err != nil {
			return Tokens{}, Outcome{}, err
		}
	}
	return execute(ctx, b, "session.refresh", order, streams(family.Session), func(w *work) error {
		if !family.Operator.IsZero() {
			if _, err := b.deskStanding(w, family.Operator, app); err != nil {
				return err
			}
		} else if err := b.standing(w, family.Customer, family.Device, app, family.Started.ACR == session.ACRDevice); err != nil {
			return err
		} else if err := b.outlived(w, family.Customer, family.Started.AuthTime); err != nil {
			return err
		}
		refresh.JTI = jti(w)
		var err error
		if _, refresh.RefreshHash, err = b.refreshToken(family.Session, generation+1, family.Salt); err != nil {
			return err
		}
		return b.sessions.decide(w, family.Session, refresh)
	}, func(facts []Fact) (Tokens, error) {
		tokens, err := b.tokens(ctx, app.ClientID, family.Started, facts)
		if err != nil {
			return Tokens{}, err
		}
		return b.detailed(ctx, tokens, family.Started)
	})
}

// family finds the family of a refresh token that is truly ours.
func (s Sessions) family(ctx context.Context, token string) (session.State, int64, error) {
	named, generation, ok := readRefresh(token)
	if !ok {
		return session.State{}, 0, session.ErrGrant
	}
	state, err := s.bank.sessions.look(ctx, named)
	switch {
	case err != nil:
		return state, 0, err
	case state.Session.IsZero(), state.Salt == "":
		return state, 0, session.ErrGrant
	}
	right, _, err := s.bank.refreshToken(named, generation, state.Salt)
	if err == nil && !hmac.Equal([]byte(right), []byte(token)) {
		err = session.ErrGrant
	}
	return state, generation, err
}

// MachineTokens is what a proven confidential client or operator asks for itself.
type MachineTokens struct {
	ClientID, JKT string
	Scopes        []string // none: all it has
}

// Machine gives one access token and nothing to refresh it with.
func (s Sessions) Machine(ctx context.Context, order Order, ask MachineTokens) (Tokens, Outcome, error) {
	b := s.bank
	app, err := b.allowed(ctx, ask.ClientID, client.ClientCredentials)
	if err != nil {
		return Tokens{}, Outcome{}, err
	}
	scopes, ok := domain.Scopes(ask.Scopes, app.Scopes)
	switch {
	case !app.Confidential || ask.JKT == "":
		return Tokens{}, Outcome{}, ErrUnauthorized
	case !ok:
		return Tokens{}, Outcome{}, ErrScope
	case len(scopes) == 0:
		scopes = app.Scopes
	}
	began := id.From[id.Session](DerivedID(order.ID, "session"))
	return execute(ctx, b, "session.machine", order, streams(began), func(w *work) error {
		if still, err := b.enabled(w, app); err != nil || !still {
			return orElse(err, ErrClient)
		}
		b.sessions.begin(w, began)
		if err := b.sessions.decide(w, began, session.Start{
			Session: began, Operator: app.Operator, Client: app.ID, JKT: ask.JKT, Scopes: scopes, ACR: session.ACRKey, AMR: []string{"pop"},
			AuthTime: order.At, ExpiresAt: order.At.Add(session.AccessTTL), At: order.At,
		}); err != nil {
			return err
		}
		return b.sessions.decide(w, began, session.Issue{JTI: jti(w), At: order.At})
	}, func(facts []Fact) (Tokens, error) { return b.tokens(ctx, app.ClientID, session.Started{}, facts) })
}

func (b *Bank) enabled(w *work, app Client) (bool, error) {
	if !app.Operator.IsZero() {
		state, err := b.operators.load(w, app.Operator)
		return state.Enabled(), err
	}
	state, err := b.clients.load(w, app.ID)
	return state.Enabled(), err
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// jti is the access token's id: a command gives one at most.
func jti(w *work) string { return DerivedID(w.order.ID, "jti").String() }
