// Package outbound is how the bank calls other people's addresses: a client's
// back-channel logout, a partner's webhook.
//
//	URL -> name -> addresses -> all of them the public's? -> connect to one that was looked at
//
// It must never reach into the bank's own network (row 42): the very addresses that
// were looked at are connected to, so that a name which leads elsewhere the next moment
// is of no use. It follows no redirect, uses no proxy, keeps no connection, and reads
// no more of an answer than it has to.
package outbound

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"florin/domain/callback"
)

// ErrPrivate: the address is none of the public's. Its name may lead elsewhere tomorrow.
var ErrPrivate = errors.New("the address is not public")

// Timeouts of one call. The context of a call may end it sooner.
const (
	dialTimeout  = 3 * time.Second
	WholeTimeout = 5 * time.Second
)

const answerBytesMax = 4 << 10

// Network is what a client reaches the world by.
type Network struct {
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	Connect func(ctx context.Context, address netip.AddrPort) (net.Conn, error)
}

// Internet is that of this machine.
func Internet() Network {
	return Network{
		Resolve: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
		Connect: func(ctx context.Context, address netip.AddrPort) (net.Conn, error) {
			return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", address.String())
		},
	}
}

// Client makes calls. It is safe for concurrent use.
type Client struct {
	network Network
	near    bool
	http    *http.Client
}

// New makes a client. near lets it reach this machine: a sandbox's.
func New(network Network, near bool) *Client {
	c := &Client{network: network, near: near}
	c.http = &http.Client{
		Timeout:       WholeTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: c.dial, TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: WholeTimeout, DisableKeepAlives: true,
			MaxResponseHeaderBytes: 16 << 10, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		},
	}
	return c
}

// dial connects to the first address of a name that can be reached. One private
// address among several is enough to connect to none.
func (c *Client) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, ErrPrivate
	}
	number, err := net.DefaultResolver.LookupPort(ctx, "tcp", port)
	if err != nil {
		return nil, ErrPrivate
	}
	var found []netip.Addr
	if literal, err := netip.ParseAddr(host); err == nil {
		found = []netip.Addr{literal}
	} else if found, err = c.network.Resolve(ctx, host); err != nil {
		return nil, errors.New("the name leads nowhere") // err would show it
	}
	for _, address := range found {
		if !c.allowed(address) {
			return nil, ErrPrivate
		}
	}
	err = errors.New("the name leads nowhere")
	for _, address := range found {
		var conn net.Conn
		if conn, err = c.network.Connect(ctx, netip.AddrPortFrom(address.Unmap(), uint16(number))); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

func (c *Client) allowed(address netip.Addr) bool {
	return c.near && address.Unmap().IsLoopback() || callback.Reachable(address)
}

// Post sends a body and gives the status of the answer; what it says is for nobody.
// Errors tell neither address nor path, which is often a secret.
func (c *Client) Post(ctx context.Context, target string, header http.Header, body []byte) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return 0, errors.New("the address cannot be read")
	}
	request.Header = header.Clone()
	answer, err := c.http.Do(request)
	if err != nil {
		return 0, bare(err)
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, answerBytesMax))
	return answer.StatusCode, nil
}

// bare keeps what went wrong, and drops where.
func bare(err error) error {
	if located, ok := errors.AsType[*url.Error](err); ok {
		err = located.Err
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return fmt.Errorf("no answer in time: %w", context.DeadlineExceeded)
	}
	if operation, ok := errors.AsType[*net.OpError](err); ok {
		err = operation.Err
	}
	return err
}
