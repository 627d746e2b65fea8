// Package backchannel tells clients that a session is over (OpenID Connect
// Back-Channel Logout 1.0): a signed logout token, posted to the address that the
// client has registered.
//
//	commands.Logout -> logout token (typ logout+jwt) -> POST -> 200, 204: taken
//	                                                         -> 400: refused
//	                                                         -> all else: again, later
//
// It must never reach into the bank's own network: an address is looked at when
// the connection is made, after its name was resolved, so that a name that leads
// elsewhere today is of no use (row 42). It follows no redirect and uses no proxy.
package backchannel

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"florin/commands"
	"florin/domain/client"
	"florin/gateway/token"
)

// errPrivate: the address is none of the public's.
var errPrivate = errors.New("the address is not public")

// Timeouts of one try. The context of LogOut may end it sooner.
const (
	dialTimeout  = 3 * time.Second
	wholeTimeout = 5 * time.Second
)

// tokenLife is how long a logout token is good for; a later try makes another.
const tokenLife = 2 * time.Minute

// Sender posts logout tokens. It is safe for concurrent use.
type Sender struct {
	issuer string
	http   *http.Client
}

// New makes a sender. near lets it reach this machine: a sandbox's.
func New(issuer string, near bool) *Sender {
	dialer := &net.Dialer{Timeout: dialTimeout, Control: func(_, address string, _ syscall.RawConn) error { return allowed(address, near) }}
	return &Sender{issuer, &http.Client{
		Timeout:       wholeTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: wholeTimeout, DisableKeepAlives: true,
			MaxResponseHeaderBytes: 16 << 10, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		},
	}}
}

// allowed looks at an address that is about to be connected to.
func allowed(address string, near bool) error {
	at, err := netip.ParseAddrPort(address)
	switch {
	case err != nil:
		return errPrivate
	case near && at.Addr().Unmap().IsLoopback(), client.Reachable(at.Addr()):
		return nil
	}
	return errPrivate
}

// LogOut tells one client of one session.
func (s *Sender) LogOut(ctx context.Context, l commands.Logout) error {
	raw, err := token.Issuer{URL: s.issuer, Key: l.Key}.Logout(token.LogoutClaims{
		Subject: l.Customer.String(), Audience: l.ClientID, SessionID: l.Session.String(), ID: l.ID.String(),
		IssuedAt: l.At.Unix(), ExpiresAt: l.At.Add(tokenLife).Unix(),
	})
	if err != nil {
		return err
	}
	body := url.Values{"logout_token": {raw}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.URI, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: its address cannot be read", commands.ErrUndeliverable)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := s.http.Do(request)
	if err != nil {
		if located, ok := errors.AsType[*url.Error](err); ok {
			err = located.Err // without the address
		}
		return fmt.Errorf("backchannel: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 4<<10)) // what it says is for nobody
	switch answer.StatusCode {
	case http.StatusOK, http.StatusNoContent:
		return nil
	case http.StatusBadRequest:
		return commands.ErrUndeliverable
	}
	return fmt.Errorf("backchannel: the client answered %d", answer.StatusCode)
}
