package identity

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"florin/commands"
	"florin/domain/session"
	"florin/gateway/problem"
	"florin/gateway/token"
	"florin/gateway/wire"
	"florin/schemas"
)

// Introspection is the answer about a token (RFC 7662 section 2.2). All that is
// said of one that would not be taken is that it is not active.
type Introspection struct {
	Active       bool           `json:"active"`
	Issuer       string         `json:"iss,omitzero"`
	Audience     string         `json:"aud,omitzero"`
	Subject      string         `json:"sub,omitzero"`
	ClientID     string         `json:"client_id,omitzero"`
	Scope        string         `json:"scope,omitzero"`
	TokenType    string         `json:"token_type,omitzero"` // of access tokens
	DeviceID     string         `json:"device_id,omitzero"`
	SessionID    string         `json:"sid,omitzero"`
	ACR          string         `json:"acr,omitzero"`
	AMR          []string       `json:"amr,omitempty"`
	AuthTime     int64          `json:"auth_time,omitzero"`
	Confirmation *token.Binding `json:"cnf,omitempty"`
	ID           string         `json:"jti,omitzero"`
	IssuedAt     int64          `json:"iat,omitzero"`
	ExpiresAt    int64          `json:"exp,omitzero"`
}

// scopeIntrospectAll lets its holder ask about the tokens of all clients.
const scopeIntrospectAll = "audit.read"

// Introspect is POST /oauth2/introspect (RFC 7662). Only who authenticates by
// private_key_jwt may ask, about the own tokens or, as an auditor, about all;
// another's token answers like one that never was.
func (p *Provider) Introspect(w http.ResponseWriter, r *http.Request) error {
	values, err := formOf[schemas.RevokeToken](r) // the same members: which token, and who asks
	if err != nil {
		return err
	}
	if err := needs(values, "token"); err != nil {
		return err
	}
	asks, err := p.client(r, values)
	switch {
	case err != nil:
		return err
	case !asks.Confidential:
		return problem.OAuthInvalidClient
	}
	answer, err := p.inspect(r, values.Get("token"))
	if err != nil {
		return err
	}
	if answer.ClientID != asks.ClientID && !slices.Contains(asks.Scopes, scopeIntrospectAll) {
		answer = Introspection{}
	}
	return wire.OK(w, answer)
}

// inspect reads the token as whichever kind it is: the hint is not needed.
func (p *Provider) inspect(r *http.Request, raw string) (Introspection, error) {
	access, err := p.verifier.Verify(raw)
	ask := commands.InspectToken{Token: raw}
	if err == nil {
		ask = commands.InspectToken{Session: access.Session}
	}
	found, failure := p.settings.Bank.Sessions().Inspect(r.Context(), ask)
	switch {
	case errors.Is(failure, session.ErrGrant):
		return Introspection{}, nil
	case failure != nil:
		return Introspection{}, failure
	}
	answer := Introspection{
		Active: true, Issuer: p.settings.Issuer, Audience: p.settings.Issuer, ClientID: found.ClientID, SessionID: found.Session.String(),
		Confirmation: &token.Binding{JKT: found.JKT},
	}
	if !found.Device.IsZero() {
		answer.DeviceID = found.Device.String()
	}
	if err == nil {
		answer.Confirmation = &access.Confirmation
		answer.TokenType, answer.Subject, answer.Scope, answer.ID = "DPoP", access.Subject, access.Scope, access.Claims.ID
		answer.ACR, answer.AMR, answer.AuthTime = access.ACR, access.AMR, access.AuthTime
		answer.IssuedAt, answer.ExpiresAt = access.IssuedAt, access.ExpiresAt
		return answer, nil
	}
	answer.Subject = subjectOf(commands.Tokens{Customer: found.Customer, Operator: found.Operator, ClientID: found.ClientID})
	answer.Scope = strings.Join(found.Scopes, " ")
	answer.IssuedAt, answer.ExpiresAt = found.IssuedAt.Unix(), found.ExpiresAt.Unix()
	return answer, nil
}
