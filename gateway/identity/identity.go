// Package identity is the provider's face: discovery, the native login, the token
// endpoint, revocation, and the registration of devices.
//
//	POST /v1/devices/challenge -> nonce        POST /v1/devices -> device, by its two keys
//	POST /oauth2/challenge -> next ... -> code POST /oauth2/token -> tokens bound to the device key
//	POST /oauth2/par -> GET /oauth2/authorize -> login, consent (pages) -> code, back to the third party
//	POST /oauth2/bc-authorize -> approval on the phone -> POST /oauth2/token, polled -> tokens
//	GET /account/devices -> login (pages) -> own devices and sessions, ended without a phone
//
// It checks what can be checked on the wire (forms, proofs, client assertions,
// statements by a device's keys) and hands the facts to the commands, which
// decide. Answers are those of the RFCs; nothing here is kept but what is used
// once: nonces of registrations and ids of client assertions.
//
// It must never tell a first step's result, and never give a token to a key that
// has not shown itself in this very request.
package identity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"florin/commands"
	"florin/domain"
	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/passkey"
	"florin/gateway/problem"
	"florin/gateway/service"
	"florin/gateway/token"
	"florin/projections"
	"florin/schemas/seal"
)

// Settings of the provider.
type Settings struct {
	Bank   *commands.Bank
	Proofs *token.Proofs
	Issuer string
	// Certificates: the request's listener asks clients for certificates and follows
	// them to authorities that the bank has chosen (RFC 8705).
	Certificates func(*http.Request) bool
	// Settled returns when what a commit has ended is over for every request.
	Settled func(context.Context, eventbus.Position) error
	// Reads is what the account page shows. No login looks there.
	Reads *projections.Reads
}

// Provider is the identity provider.
type Provider struct {
	settings   Settings
	tokens     token.Issuer
	verifier   *token.Verifier // of access tokens that are to be revoked: an ended one is no error
	party      passkey.Party
	nonces     *nonces
	pages      *pages
	turns      turns
	assertions *token.Once
	pace       pace
	began      time.Time // assertions of before are refused: their ids were forgotten with the former process
}

// New makes a provider; it takes its secrets from the bank's random source.
func New(settings Settings) (*Provider, error) {
	sources := settings.Bank.Sources()
	party, err := passkey.New(settings.Issuer)
	if err != nil {
		return nil, err
	}
	p := &Provider{
		settings:   settings,
		party:      party,
		tokens:     token.Issuer{URL: settings.Issuer, Key: settings.Bank.Signings().Current, RSAKey: settings.Bank.Signings().CurrentRSA},
		nonces:     &nonces{used: token.NewOnce(nonceLife, nonceMax)},
		assertions: token.NewOnce(token.AssertionAge+2*token.Skew, assertionsMax),
		began:      sources.Wall(),
	}
	p.verifier = &token.Verifier{
		URL: settings.Issuer, Key: settings.Bank.Signings().Public, Now: sources.Now,
		Revoked: func(*token.Access) bool { return false },
	}
	if p.pages, err = newPages(); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(sources.Random, p.nonces.key[:]); err != nil {
		return nil, fmt.Errorf("identity: nonce key: %w", err)
	}
	return p, nil
}

// identityKeys are those that this provider's ID tokens are signed with.
func (p *Provider) identityKeys() token.IdentityKeys {
	signings := p.settings.Bank.Signings()
	return token.IdentityKeys{ES256: signings.Public, RS256: signings.PublicRSA}
}

// Face is a provider for a process that holds none: it has the pages that a gateway
// shows when the core cannot, and answers nothing else.
func Face(issuer string) (*Provider, error) {
	pages, err := newPages()
	return &Provider{settings: Settings{Issuer: issuer}, pages: pages}, err
}

// assertionsMax bounds the client assertions remembered; a machine needs one per
// token, every five minutes.
const assertionsMax = 100_000

// proof checks the request's DPoP proof, which comes without a token here.
func (p *Provider) proof(r *http.Request) (*token.Proof, error) {
	proof, err := p.settings.Proofs.Check(r.Header, token.Want{Method: r.Method, URL: p.settings.Issuer + r.URL.Path})
	switch {
	case err == nil:
		return proof, nil
	case errors.Is(err, token.ErrNonce):
		return nil, problem.OAuthNonceNeeded
	case errors.Is(err, token.ErrFull):
		return nil, problem.Busy
	}
	return nil, problem.OAuthInvalidProof
}

// order is the envelope of what a key asks that belongs to nobody yet.
func (p *Provider) order(r *http.Request, proof *token.Proof) commands.Order {
	sources := p.settings.Bank.Sources()
	at := sources.Time()
	caller := service.CallOf(r.Context()).Caller
	order := commands.Order{ID: sources.NewID(), Caller: caller, At: at, Subject: seal.Day(at)}
	if proof != nil {
		device := id.Named[id.Device](proof.JKT)
		order.Caller.ActorType, order.Caller.Actor, order.Caller.Device = commands.ActorDevice, device.UUID(), device
		order.Subject = seal.Subject{Kind: "device", ID: device.UUID()}
	}
	return order
}

// refusedAs makes any refusal of class Missing the given OAuth error.
func refusedAs(err error, oauth error) error {
	if refusal, ok := errors.AsType[*domain.Refusal](err); ok && refusal.Class == domain.Missing {
		return oauth
	}
	return err
}
