// Package backchannel tells clients that a session is over (OpenID Connect
// Back-Channel Logout 1.0): a signed logout token, posted to the address that the
// client has registered.
//
//	commands.Logout -> logout token (typ logout+jwt) -> POST -> 200, 204: taken
//	                                                         -> 400: refused
//	                                                         -> all else: again, later
//
// It calls by package outbound alone, which never reaches into the bank's own network
// (row 42), follows no redirect and uses no proxy.
package backchannel

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"florin/commands"
	"florin/gateway/outbound"
	"florin/gateway/token"
)

// tokenLife is how long a logout token is good for; a later try makes another.
const tokenLife = 2 * time.Minute

// Sender posts logout tokens. It is safe for concurrent use.
type Sender struct {
	issuer string
	client *outbound.Client
}

// New makes a sender above a guarded client.
func New(issuer string, client *outbound.Client) *Sender { return &Sender{issuer, client} }

// LogOut tells one client of one session.
func (s *Sender) LogOut(ctx context.Context, l commands.Logout) error {
	raw, err := token.Issuer{URL: s.issuer, Key: l.Key, RSAKey: l.RSAKey}.Logout(token.LogoutClaims{
		Subject: l.Customer.String(), Audience: l.ClientID, SessionID: l.Session.String(), ID: l.ID.String(),
		IssuedAt: l.At.Unix(), ExpiresAt: l.At.Add(tokenLife).Unix(),
	}, l.Algorithm)
	if err != nil {
		return err
	}
	body := url.Values{"logout_token": {raw}}.Encode()
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	status, err := s.client.Post(ctx, l.URI, header, []byte(body))
	if err != nil {
		return fmt.Errorf("backchannel: %w", err)
	}
	switch status {
	case http.StatusOK, http.StatusNoContent:
		return nil
	case http.StatusBadRequest:
		return commands.ErrUndeliverable
	}
	return fmt.Errorf("backchannel: the client answered %d", status)
}
