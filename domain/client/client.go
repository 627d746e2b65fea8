// Package client decides which software may ask for tokens, and for what.
//
//	(none) -- Register --> registered -- Disable --> disabled
//
// A public client holds no secret: it is known by its id, PKCE and the device's
// key. A confidential one signs assertions (private_key_jwt) or shows a certificate
// (tls_client_auth); there are no shared secrets anywhere. Its id is derived from the
// client_id.
package client

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"florin/domain"
	"florin/domain/id"
)

// Types of clients (RFC 6749 section 2.1).
const (
	Public       = "public"
	Confidential = "confidential"
)

// Grant types that the bank knows.
const (
	AuthorizationCode = "authorization_code"
	RefreshToken      = "refresh_token"
	ClientCredentials = "client_credentials"
	CIBA              = "urn:openid:params:grant-type:ciba"
)

// Desk is the client_id of the bank's app for its operators. Names that are given
// to it are operators' names, and never a customer's.
const Desk = "florin-desk"

// Limits.
const (
	ClientIDBytesMax = 64
	NameRunesMax     = 100
	URIBytesMax      = 2048
	listMax          = 20
)

// Command is something one may ask of a client.
type Command interface{ clientCommand() }

type (
	// Register makes a client known.
	Register struct {
		Client       id.Client
		ClientID     string
		Name         string
		Type         string
		Keys         []domain.PublicKey
		RedirectURIs []string
		GrantTypes   []string
		Scopes       []string
		FirstParty   bool
		At           time.Time
	}
	// Disable ends a client for good.
	Disable struct {
		Reason string
		At     time.Time
	}
)

func (Register) clientCommand() {}
func (Disable) clientCommand()  {}

var (
	ErrExists   = &domain.Refusal{Class: domain.Conflict, Code: "client-exists", Detail: "A client with this id is registered already."}
	ErrUnknown  = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrClientID = &domain.Refusal{Class: domain.Invalid, Code: "client-id-invalid", Detail: "A client id has 1 to 64 of a-z, 0-9, dot, dash and underscore, and does not look like an operator's."}
	ErrKeys     = &domain.Refusal{Class: domain.Invalid, Code: "client-keys-invalid", Detail: "A confidential client has public keys with different key ids; a public one has none."}
	ErrRedirect = &domain.Refusal{Class: domain.Invalid, Code: "redirect-uri-invalid", Detail: "A redirect URI is absolute, without fragment or user, and https unless it leads to an app or to this machine."}
	ErrGrant    = &domain.Refusal{Class: domain.Invalid, Code: "grant-type-invalid", Detail: "The client cannot use this grant type."}
	ErrScope    = &domain.Refusal{Class: domain.Invalid, Code: "scope-unknown", Detail: "The client cannot be given this scope."}
)

// State is what the rules need to know of a client.
type State struct {
	Client       id.Client
	ClientID     string
	Name         string
	Type         string
	Keys         []domain.PublicKey
	RedirectURIs []string
	GrantTypes   []string
	Scopes       []string
	FirstParty   bool
	Disabled     bool
	Logout       LogoutArranged
	TLS          TLSArranged
	IDTokens     IDTokensArranged
}

// Enabled tells whether tokens may be given out.
func (s State) Enabled() bool { return !s.Client.IsZero() && !s.Disabled }

// Uses tells whether the client may use a grant type.
func (s State) Uses(grantType string) bool { return slices.Contains(s.GrantTypes, grantType) }

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Register:
		if !s.Client.IsZero() {
			return nil, ErrExists
		}
		return register(c, validKeys(c.Type, c.Keys))
	case RegisterByCertificate:
		return s.registerByCertificate(c)
	case Disable:
		switch {
		case s.Client.IsZero():
			return nil, ErrUnknown
		case s.Disabled:
			return nil, nil
		}
		return []Event{Disabled(c)}, nil
	case ArrangeLogout:
		return s.arrangeLogout(c)
	case ArrangeIDTokens:
		return s.arrangeIDTokens(c)
	case ArrangeTLS:
		return s.arrangeTLS(c)
	}
	panic(fmt.Sprintf("client: unknown command %T", command)) // sealed: a bug, not an input
}

func register(c Register, keysFit bool) ([]Event, error) {
	allowed := domain.CustomerScopes()
	switch {
	case c.FirstParty && c.ClientID == Desk:
		allowed = domain.OperatorScopes()
	case c.FirstParty:
		allowed = append(allowed, domain.OwnAppScopes()...)
	case slices.Contains(c.GrantTypes, ClientCredentials):
		allowed = domain.OperatorScopes() // a machine acts for the bank, never for a customer
	}
	scopes, ok := domain.Scopes(c.Scopes, allowed)
	switch {
	case !validID(c.ClientID), c.Client != id.Named[id.Client](c.ClientID), c.Name == "", utf8.RuneCountInString(c.Name) > NameRunesMax:
		return nil, ErrClientID
	case !keysFit:
		return nil, ErrKeys
	case !validGrants(c):
		return nil, ErrGrant
	case len(c.RedirectURIs) > listMax, !c.FirstParty && slices.Contains(c.GrantTypes, AuthorizationCode) && len(c.RedirectURIs) == 0, slices.ContainsFunc(c.RedirectURIs, func(uri string) bool { return !validRedirect(uri) }):
		return nil, ErrRedirect
	case !ok:
		return nil, ErrScope
	}
	c.Scopes = scopes
	return []Event{Registered(c)}, nil
}

func validID(clientID string) bool {
	return clientID != "" && len(clientID) <= ClientIDBytesMax && !strings.HasPrefix(clientID, "opr_") &&
		strings.Trim(clientID, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == ""
}

func validKeys(clientType string, keys []domain.PublicKey) bool {
	switch clientType {
	case Public:
		return len(keys) == 0
	case Confidential:
		seen := map[string]bool{}
		for _, key := range keys {
			if key.Thumbprint() == "" || key.KeyID == "" || seen[key.KeyID] || !signs(key) {
				return false
			}
			seen[key.KeyID] = true
		}
		return len(keys) > 0 && len(keys) <= listMax
	}
	return false
}

// signs tells whether a key is for an algorithm of FAPI 2.0 section 5.4.1 that is
// spoken here: ES256, or PS256 with an RSA key, never RS256.
func signs(key domain.PublicKey) bool {
	if key.Type == "RSA" {
		return key.Algorithm == "" || key.Algorithm == "PS256"
	}
	return key.Algorithm == "" || key.Algorithm == "ES256"
}

func validGrants(c Register) bool {
	for _, grant := range c.GrantTypes {
		switch grant {
		case AuthorizationCode, RefreshToken:
		case ClientCredentials, CIBA: // nothing but its key tells who asks
			if c.Type != Confidential || c.FirstParty {
				return false
			}
		default:
			return false
		}
	}
	// One that acts for customers and one that acts for itself are two clients: no
	// scope of the one must ever be asked for as the other.
	forOthers := slices.Contains(c.GrantTypes, AuthorizationCode) || slices.Contains(c.GrantTypes, CIBA)
	return len(c.GrantTypes) > 0 && !(forOthers && slices.Contains(c.GrantTypes, ClientCredentials))
}

// validRedirect: RFC 9700 section 2.1 and RFC 8252. What is registered is later
// compared byte for byte.
func validRedirect(text string) bool {
	uri, err := url.Parse(text)
	if err != nil || len(text) > URIBytesMax || uri.Opaque != "" || uri.User != nil || strings.ContainsAny(text, "#\\ *") {
		return false
	}
	switch uri.Scheme {
	case "https":
		return uri.Hostname() != ""
	case "http":
		return uri.Hostname() == "127.0.0.1" || uri.Hostname() == "::1"
	}
	return strings.Contains(uri.Scheme, ".") // a private-use scheme is a reversed domain name
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Registered:
		s = State{
			Client: e.Client, ClientID: e.ClientID, Name: e.Name, Type: e.Type, Keys: e.Keys,
			RedirectURIs: e.RedirectURIs, GrantTypes: e.GrantTypes, Scopes: e.Scopes, FirstParty: e.FirstParty,
		}
	case Disabled:
		s.Disabled = true
	case LogoutArranged:
		s.Logout = e
	case TLSArranged:
		s.TLS = e
	case IDTokensArranged:
		s.IDTokens = e
	}
	return s
}
