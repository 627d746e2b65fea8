package client

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"florin/domain"
)

type (
	// ArrangeLogout says with Register how the client takes part in logging out.
	// Near allows addresses of this machine and of private networks: a sandbox's.
	ArrangeLogout struct {
		PostLogoutURIs []string
		BackchannelURI string
		Near           bool
		At             time.Time
	}
	// LogoutArranged: where a browser may be sent once its customer has logged out
	// (OpenID Connect RP-Initiated Logout 1.0), and where the client is told that a
	// session is over (Back-Channel Logout 1.0).
	LogoutArranged struct {
		PostLogoutURIs []string  `json:"post_logout_redirect_uris,omitempty"`
		BackchannelURI string    `json:"backchannel_logout_uri,omitempty"`
		At             time.Time `json:"at"`
	}
)

func (ArrangeLogout) clientCommand() {}

func (LogoutArranged) Kind() string { return "client.logout_arranged" }
func (LogoutArranged) clientEvent() {}

// ErrLogout: a place to go to after logging out, or to be told of it, is not one.
var ErrLogout = &domain.Refusal{Class: domain.Invalid, Code: "logout-uri-invalid",
	Detail: "A post-logout URI is as a redirect URI; a back-channel URI is absolute, https, without fragment or user, and leads to no private address."}

func (s State) arrangeLogout(c ArrangeLogout) ([]Event, error) {
	switch {
	case s.Client.IsZero():
		return nil, ErrUnknown
	case len(c.PostLogoutURIs) > listMax, slices.ContainsFunc(c.PostLogoutURIs, func(uri string) bool { return !validRedirect(uri) }),
		c.BackchannelURI != "" && !validBackchannel(c.BackchannelURI, c.Near):
		return nil, ErrLogout
	}
	return []Event{LogoutArranged{PostLogoutURIs: c.PostLogoutURIs, BackchannelURI: c.BackchannelURI, At: c.At}}, nil
}

// validBackchannel reads what can be read off the URI (Back-Channel Logout 1.0
// section 2.2). What a name leads to is looked at again whenever it is called.
func validBackchannel(text string, near bool) bool {
	uri, err := url.Parse(text)
	if err != nil || len(text) > URIBytesMax || uri.Opaque != "" || uri.User != nil || uri.Hostname() == "" || strings.ContainsAny(text, "#\\ *") {
		return false
	}
	address, err := netip.ParseAddr(uri.Hostname())
	literal := err == nil
	switch {
	case near && literal && address.IsLoopback():
		return uri.Scheme == "http" || uri.Scheme == "https"
	case uri.Scheme != "https":
		return false
	case literal:
		return near || Reachable(address)
	}
	host := strings.ToLower(strings.TrimSuffix(uri.Hostname(), "."))
	name := strings.Trim(host[strings.LastIndexByte(host, '.')+1:], "0123456789") != "" && !strings.HasPrefix(host, "0x") // no address in another spelling
	return name && (near || host != "localhost" && !strings.HasSuffix(host, ".localhost") && strings.Contains(host, "."))
}

// shared, benchmarking, documentation, reserved and transition networks (RFC 6890
// and its registries): nothing of the public's is there.
var unroutable = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
}

// Reachable tells whether an address is one of the public Internet.
func Reachable(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	if !address.IsGlobalUnicast() || address.IsPrivate() {
		return false
	}
	return !slices.ContainsFunc(unroutable, func(net netip.Prefix) bool { return net.Contains(address) })
}
