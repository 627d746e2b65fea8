package commands

import (
	"context"
	"crypto/hmac"
	"slices"
	"strings"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/client"
	"florin/domain/consent"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/domain/session"
	"florin/schemas"
)

// Consents are the verbs of third parties' requests and of customers' answers.
type Consents struct{ bank *Bank }

// Consents gives the verbs of third parties' requests.
func (b *Bank) Consents() Consents { return Consents{b} }

// PushRequest is what a proven third party asks for. JKT is of the key that the
// tokens will be bound to, "" if it was not said yet.
type PushRequest struct {
	ClientID, JKT        string
	RedirectURI          string
	State                domain.Profile
	CodeChallenge, Nonce string
	Scopes, ACRValues    []string
	Silent               bool // nobody may be asked anything
	Payment              consent.Payment
	Debtor               id.Account // of the payment; zero: any of the customer's
}

// PushedRequest is where a request is found. The URI cannot be guessed.
type PushedRequest struct {
	URI       string
	ExpiresIn int64 // seconds
}

// scopePay is only given together with the payment that it is for.
const scopePay = "payments.transfer"

// Push takes in a request (RFC 9126).
func (c Consents) Push(ctx context.Context, order Order, ask PushRequest) (PushedRequest, Outcome, error) {
	b := c.bank
	app, err := b.allowed(ctx, ask.ClientID, client.AuthorizationCode)
	if err != nil {
		return PushedRequest{}, Outcome{}, err
	}
	scopes, ok := domain.Scopes(ask.Scopes, app.Scopes)
	switch {
	case !app.Confidential || app.FirstParty:
		return PushedRequest{}, Outcome{}, ErrUnauthorized
	case !slices.Contains(app.RedirectURIs, ask.RedirectURI):
		return PushedRequest{}, Outcome{}, consent.ErrRedirect
	case !ok, len(scopes) == 0, slices.Contains(scopes, scopePay) && ask.Payment.IsZero():
		return PushedRequest{}, Outcome{}, ErrScope
	}
	pushed := id.From[id.Consent](DerivedID(order.ID, "consent"))
	push := consent.Push{
		Consent: pushed, Client: app.ID, JKT: ask.JKT, Scopes: scopes, Payment: ask.Payment, RedirectURI: ask.RedirectURI, State: ask.State,
		CodeChallenge: ask.CodeChallenge, Nonce: ask.Nonce, ACRValues: ask.ACRValues, At: order.At,
	}
	return execute(ctx, b, "consent.push", order, streams(pushed), func(w *work) error {
		if still, err := b.enabled(w, app); err != nil || !still {
			return orElse(err, ErrClient)
		}
		b.consents.begin(w, pushed)
		if err := b.consents.decide(w, pushed, push); err != nil {
			return err
		}
		if ask.Silent {
			if err := b.consents.decide(w, pushed, consent.Silence{At: order.At}); err != nil {
				return err
			}
		}
		if ask.Debtor.IsZero() {
			return nil
		}
		return b.consents.decide(w, pushed, consent.NameDebtor{Debtor: ask.Debtor, At: order.At})
	}, func([]Fact) (PushedRequest, error) {
		uri, err := b.requestURI(pushed)
		return PushedRequest{uri, int64(consent.RequestTTL.Seconds())}, err
	})
}

// Question is what a browser shows its customer: who asks, and for what.
type Question struct {
	URI                  string
	Consent              id.Consent
	ClientID, ClientName string
	Scopes               []string
	Payment              consent.Payment
	Debtor               id.Account
	RedirectURI          string
	State                domain.Profile
	Silent               bool // it is not to be shown: the client wants to know whether it would have to be
}

// Open shows a request to the browser that comes with it first; Browser is that
// browser's secret. Any other browser, and any other time: consent.ErrURI.
func (c Consents) Open(ctx context.Context, order Order, clientID, uri, browser string) (Question, Outcome, error) {
	b := c.bank
	asked, err := b.readRequestURI(uri)
	if err != nil {
		return Question{}, Outcome{}, err
	}
	mark, err := b.markOf(browser)
	if err != nil {
		return Question{}, Outcome{}, err
	}
	open := consent.Open{Client: id.Named[id.Client](clientID), Browser: mark, At: order.At}
	order.Asked = schemas.OpenConsent{ClientID: clientID, URI: uri}
	_, outcome, err := execute(ctx, b, "consent.open", order, streams(asked), func(w *work) error {
		return b.consents.decide(w, asked, open)
	}, nothing)
	if err != nil {
		return Question{}, outcome, err
	}
	question, err := c.question(ctx, uri, browser, func(state consent.State, mark string) error { return state.OpenIn(mark, order.At) })
	return question, outcome, err
}

// Ask gives the question again to the browser that has opened it.
func (c Consents) Ask(ctx context.Context, order Order, uri, browser string) (Question, error) {
	return c.question(ctx, uri, browser, func(state consent.State, mark string) error { return state.Asks(mark, order.At) })
}

// Answered gives the question that this browser has answered a moment ago, for as
// long as the answer may be given again.
func (c Consents) Answered(ctx context.Context, order Order, uri, browser string) (Question, error) {
	return c.question(ctx, uri, browser, func(state consent.State, mark string) error { return state.Answered(mark, order.At) })
}

func (c Consents) question(ctx context.Context, uri, browser string, may func(consent.State, string) error) (Question, error) {
	b := c.bank
	asked, err := b.readRequestURI(uri)
	if err != nil {
		return Question{}, err
	}
	mark, err := b.markOf(browser)
	if err != nil {
		return Question{}, err
	}
	state, err := b.consents.look(ctx, asked)
	if err != nil {
		return Question{}, err
	}
	if err := may(state, mark); err != nil {
		return Question{}, err
	}
	app, err := b.clients.look(ctx, state.Client)
	switch {
	case err != nil:
		return Question{}, err
	case !app.Enabled():
		return Question{}, consent.ErrURI
	}
	return Question{
		URI: uri, Consent: asked, ClientID: app.ClientID, ClientName: app.Name, Scopes: state.Scopes, Payment: state.Payment, Debtor: state.Debtor,
		RedirectURI: state.RedirectURI, State: state.Requested.State, Silent: state.Silent,
	}, nil
}

// Reply is a customer's answer. AuthSession is of the login in the same browser;
// it may be missing from a no.
type Reply struct{ URI, Browser, AuthSession string }

// Grant is a yes. Its answer is the code; grant.ErrSession wants another login.
func (c Consents) Grant(ctx context.Context, order Order, reply Reply) (code string, outcome Outcome, err error) {
	b := c.bank
	asked, mark, login, err := c.reply(ctx, reply)
	if err != nil {
		return "", Outcome{}, err
	}
	who, err := b.grants.look(ctx, login) // for whose it is, which never changes
	if err != nil {
		return "", Outcome{}, err
	}
	code, hash, err := b.consentCode(asked)
	if err != nil {
		return "", Outcome{}, err
	}
	return execute(ctx, b, "consent.grant", by(order, who), streams(asked), func(w *work) error {
		state, err := b.grants.load(w, login)
		if err != nil {
			return err
		}
		request, err := b.consents.load(w, asked)
		if err != nil {
			return err
		}
		if err := state.Proves(asked, mark, looks(request.Scopes, request.Payment), order.At); err != nil {
			return err
		}
		if err := b.standing(w, state.Customer, id.Device{}, Client{ID: request.Client}, false); err != nil {
			return grant.ErrDenied
		}
		if vouched, err := b.vouchedFor(w, login, state); err != nil || !vouched {
			return orElse(err, grant.ErrDenied)
		}
		return b.consents.decide(w, asked, consent.Grant{
			Browser: mark, Customer: state.Customer, Grant: login, ACR: state.Proven.ACR, AMR: state.Proven.AMR,
			AuthTime: state.Proven.AuthTime, CodeHash: hash, At: order.At,
		})
	}, func([]Fact) (string, error) { return code, nil })
}

// Deny is a no, by the customer or by whoever sits there before any login.
func (c Consents) Deny(ctx context.Context, order Order, reply Reply) (Outcome, error) {
	b := c.bank
	asked, mark, login, err := c.reply(ctx, reply)
	if err != nil {
		return Outcome{}, err
	}
	deny := consent.Deny{Browser: mark, At: order.At}
	who, err := b.grants.look(ctx, login)
	if err != nil {
		return Outcome{}, err
	}
	if who.Proves(asked, mark, true, order.At) == nil {
		deny.Customer, deny.Grant = who.Customer, login
		order = by(order, who)
	}
	_, outcome, err := execute(ctx, b, "consent.deny", order, streams(asked), func(w *work) error {
		return b.consents.decide(w, asked, deny)
	}, nothing)
	return outcome, err
}

// Revoke takes a yes back and ends the tokens that it became; reason is a code. A
// customer takes back only an own one: any other is not-found. What was taken back
// already stays as it was.
func (c Consents) Revoke(ctx context.Context, order Order, revoked id.Consent, reason string) (Outcome, error) {
	b := c.bank
	_, outcome, err := execute(ctx, b, "consent.revoke", order, streams(revoked), func(w *work) error {
		state, err := b.consents.load(w, revoked)
		switch {
		case err != nil:
			return err
		case !b.mayTouch(order.Caller, state.Granted.Customer):
			return consent.ErrUnknown
		}
		if err := w.known(); err != nil {
			return err
		}
		by := order.Caller.ActorType
		if err := b.consents.decide(w, revoked, consent.Revoke{By: by, Reason: reason, At: order.At}); err != nil || state.Becomes.IsZero() {
			return err
		}
		return b.sessions.decide(w, state.Becomes, session.Revoke{By: by, Reason: "consent-revoked", At: order.At})
	}, nothing)
	return outcome, err
}

func (c Consents) reply(ctx context.Context, reply Reply) (asked id.Consent, mark string, login id.Grant, err error) {
	b := c.bank
	if asked, err = b.readRequestURI(reply.URI); err != nil {
		return asked, "", login, err
	}
	if mark, err = b.markOf(reply.Browser); err != nil || reply.AuthSession == "" {
		return asked, mark, login, err
	}
	kind, named, step, ok, err := b.readHandle(reply.AuthSession)
	if err != nil {
		return asked, mark, login, err
	}
	if !ok || kind != handleLogin {
		return asked, mark, login, grant.ErrSession
	}
	login = id.From[id.Grant](named)
	state, err := b.grants.look(ctx, login)
	if err == nil && state.Steps != step {
		err = grant.ErrSession
	}
	return asked, mark, login, err
}

// by is an order of the customer who has logged in.
func by(order Order, who grant.State) Order {
	if who.Customer.IsZero() {
		return order
	}
	order.Caller.ActorType, order.Caller.Actor, order.Caller.Customer = ActorCustomer, who.Customer.UUID(), who.Customer
	order.Caller.Client, order.Caller.ACR, order.Caller.AMR, order.Caller.AuthTime = who.Client, who.Proven.ACR, who.Proven.AMR, who.Proven.AuthTime
	order.Subject = ofCustomer(who.Customer)
	return order
}

// markOf is what the log knows a browser by.
func (b *Bank) markOf(browser string) (string, error) {
	if browser == "" {
		return "", consent.ErrURI
	}
	return b.macText(keyBrowser, []byte(browser))
}

// requestPrefix is RFC 9126's own.
const requestPrefix = "urn:ietf:params:oauth:request_uri:"

// A request_uri is the request's id and a MAC of it, as a code is: nobody can
// guess one (CVE-2022-39222), and none has to be kept.
func (b *Bank) requestURI(asked id.Consent) (string, error) {
	u := asked.UUID()
	secret, err := b.mac(keyRequestURI, u[:])
	return requestPrefix + opaque.EncodeToString(append(u[:], secret...)), err
}

func (b *Bank) readRequestURI(uri string) (id.Consent, error) {
	text, _ := strings.CutPrefix(uri, requestPrefix)
	raw, err := opaque.DecodeString(text)
	if err != nil || len(raw) != 16+32 {
		return id.Consent{}, consent.ErrURI
	}
	asked := id.From[id.Consent](uuid.UUID(raw[:16]))
	right, err := b.requestURI(asked)
	if err == nil && !hmac.Equal([]byte(right), []byte(uri)) {
		err = consent.ErrURI
	}
	return asked, err
}

func (b *Bank) consentCode(asked id.Consent) (code, hash string, err error) {
	u := asked.UUID()
	secret, err := b.mac(keyConsentCode, u[:])
	if err != nil {
		return "", "", err
	}
	code = opaque.EncodeToString(append(u[:], secret...))
	hash, err = b.macText(keyCodeHash, []byte(code))
	return code, hash, err
}

// readConsentCode gives the request of a code that is truly ours, if it is one.
func (b *Bank) readConsentCode(code string) (id.Consent, bool, error) {
	raw, err := opaque.DecodeString(code)
	if err != nil || len(raw) != 16+32 {
		return id.Consent{}, false, nil
	}
	asked := id.From[id.Consent](uuid.UUID(raw[:16]))
	right, _, err := b.consentCode(asked)
	return asked, hmac.Equal([]byte(right), []byte(code)), err
}
