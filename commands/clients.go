package commands

import (
	"context"
	"slices"
	"strings"

	"florin/domain"
	"florin/domain/client"
	"florin/domain/id"
	"florin/domain/operator"
	"florin/domain/signing"
	"florin/schemas"
)

// OwnApp is the client_id of the bank's own app.
const OwnApp = "florin-app"

// Refusals of the token endpoint that concern the client (RFC 6749 section 5.2).
var (
	ErrClient       = &domain.Refusal{Class: domain.Unproven, Code: "invalid-client", Detail: "The client is not known, or not proven."}
	ErrToWeb        = &domain.Refusal{Class: domain.Forbidden, Code: "redirect-to-web", Detail: "This client logs people in on the bank's pages: push a request to /oauth2/par, and open /oauth2/authorize in a browser."}
	ErrUnauthorized = &domain.Refusal{Class: domain.Forbidden, Code: "unauthorized-client", Detail: "The client may not do this."}
	ErrScope        = &domain.Refusal{Class: domain.Invalid, Code: "invalid-scope", Detail: "The client cannot be given this scope."}
)

// Clients are the verbs of clients.
type Clients struct{ bank *Bank }

// Clients gives the verbs of clients.
func (b *Bank) Clients() Clients { return Clients{b} }

// RegisterClient asks for software to be known.
type RegisterClient = schemas.RegisterClient

// Register makes a client known.
func (c Clients) Register(ctx context.Context, order Order, ask RegisterClient) (Outcome, error) {
	b := c.bank
	registered := id.Named[id.Client](ask.ClientID)
	kind := client.Public
	byCertificate := ask.TLSSubjectDN+ask.TLSSANDNS+ask.TLSSANURI != ""
	if len(ask.Keys) > 0 || byCertificate {
		kind = client.Confidential
	}
	register := client.Register{
		Client: registered, ClientID: ask.ClientID, Name: ask.Name, Type: kind, Keys: ask.Keys, RedirectURIs: ask.RedirectURIs,
		GrantTypes: ask.GrantTypes, Scopes: ask.Scopes, FirstParty: ask.FirstParty, At: order.At,
	}
	tls := client.ArrangeTLS{SubjectDN: ask.TLSSubjectDN, SANDNS: ask.TLSSANDNS, SANURI: ask.TLSSANURI, Bound: ask.TLSBound, At: order.At}
	known := []client.Command{register}
	switch {
	case byCertificate:
		known = []client.Command{client.RegisterByCertificate{Register: register, TLS: tls}}
	case ask.TLSBound:
		known = append(known, tls)
	}
	if ask.IDTokenAlgorithm != "" && ask.IDTokenAlgorithm != signing.ES256 {
		known = append(known, client.ArrangeIDTokens{Algorithm: ask.IDTokenAlgorithm, At: order.At})
	}
	if ask.IDTokenAlgorithm == client.RS256 {
		if err := b.Signings().needRSA(ctx); err != nil {
			return Outcome{}, err
		}
	}
	order.Asked = ask
	_, outcome, err := execute(ctx, b, "client.register", order, streams(registered), func(w *work) error {
		for _, command := range known {
			if err := b.clients.decide(w, registered, command); err != nil {
				return err
			}
		}
		if len(ask.PostLogoutURIs) == 0 && ask.BackchannelURI == "" {
			return nil
		}
		return b.clients.decide(w, registered, client.ArrangeLogout{
			PostLogoutURIs: ask.PostLogoutURIs, BackchannelURI: ask.BackchannelURI, Near: ask.NearURIs, At: order.At})
	}, nothing)
	return outcome, err
}

// Disable gives the client no token any more; reason is a code.
func (c Clients) Disable(ctx context.Context, order Order, clientID, reason string) (Outcome, error) {
	b := c.bank
	disabled := id.Named[id.Client](clientID)
	order.Asked = schemas.DisableClient{ClientID: clientID, Reason: reason}
	_, outcome, err := execute(ctx, b, "client.disable", order, streams(disabled), func(w *work) error {
		return b.clients.decide(w, disabled, client.Disable{Reason: reason, At: order.At})
	}, nothing)
	return outcome, err
}

// Client is who may ask for tokens: registered software, or an operator.
type Client struct {
	ID           id.Client   // zero for an operator
	Operator     id.Operator // zero for software
	ClientID     string
	Name         string
	Confidential bool
	FirstParty   bool
	Disabled     bool
	Keys         []domain.PublicKey
	RedirectURIs []string
	GrantTypes   []string
	Scopes       []string

	PostLogoutURIs []string
	TLS            client.TLSArranged
	IDTokens       client.IDTokensArranged
}

// Name is what a client is called; "" of one that nobody registered.
func (c Clients) Name(ctx context.Context, of id.Client) (string, error) {
	state, err := c.bank.clients.look(ctx, of)
	return state.Name, err
}

// Get finds a client by its client_id; an operator's is the operator's id.
// Unknown: ErrClient.
func (c Clients) Get(ctx context.Context, clientID string) (Client, error) {
	if strings.HasPrefix(clientID, "opr_") {
		return c.operator(ctx, clientID)
	}
	state, err := c.bank.clients.look(ctx, id.Named[id.Client](clientID))
	switch {
	case err != nil:
		return Client{}, err
	case state.Client.IsZero():
		return Client{}, ErrClient
	}
	return Client{
		ID: state.Client, ClientID: state.ClientID, Name: state.Name, Confidential: state.Type == client.Confidential, FirstParty: state.FirstParty,
		Disabled: state.Disabled, Keys: state.Keys, RedirectURIs: state.RedirectURIs, GrantTypes: state.GrantTypes, Scopes: state.Scopes,
		PostLogoutURIs: state.Logout.PostLogoutURIs, TLS: state.TLS, IDTokens: state.IDTokens,
	}, nil
}

func (c Client) uses(grantType string) bool { return slices.Contains(c.GrantTypes, grantType) }

func (c Clients) operator(ctx context.Context, clientID string) (Client, error) {
	named, err := id.Parse[id.Operator](clientID)
	if err != nil {
		return Client{}, ErrClient
	}
	var state operator.State
	switch state, err = c.bank.operators.look(ctx, named); {
	case err != nil:
		return Client{}, err
	case state.Operator.IsZero(), state.Person(): // a person has no key to come with
		return Client{}, ErrClient
	}
	return Client{
		Operator: named, ClientID: clientID, Confidential: true, Disabled: state.Disabled,
		Keys: []domain.PublicKey{state.Key}, GrantTypes: []string{client.ClientCredentials}, Scopes: state.May(),
	}, nil
}

// allowed finds a client that may use a grant type now.
func (b *Bank) allowed(ctx context.Context, clientID, grantType string) (Client, error) {
	found, err := b.Clients().Get(ctx, clientID)
	switch {
	case err != nil:
		return found, err
	case found.Disabled:
		return found, ErrClient
	}
	if !found.uses(grantType) {
		return found, ErrUnauthorized
	}
	return found, nil
}
