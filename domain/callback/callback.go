// Package callback is the rule for addresses of other people's that the bank calls by
// itself: a client's back-channel logout, a partner's webhook. Nobody outside may have
// the bank call into its own network (SSRF).
//
// What can be read off a URI is refused when it is registered; what its name leads to
// is looked at again whenever it is called (package gateway/outbound), for a name may
// lead elsewhere tomorrow.
package callback

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// URIBytesMax is the longest address.
const URIBytesMax = 2048

const hostLetters = "abcdefghijklmnopqrstuvwxyz0123456789.-"

// Valid reads what can be read off a URI: absolute, https, without fragment or user,
// and leading to no private address in any spelling. Near allows addresses of this
// machine, also by plain http: a sandbox's.
func Valid(text string, near bool) bool {
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
		return near && address.IsLoopback() || Reachable(address)
	}
	return isName(strings.ToLower(strings.TrimSuffix(uri.Hostname(), ".")), near)
}

// isName tells a name from an address in another spelling: no last label of a name
// begins with a digit, and what is not ASCII may be mapped to digits on its way.
func isName(host string, near bool) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if strings.Trim(host, hostLetters) != "" || last == "" || last[0] >= '0' && last[0] <= '9' {
		return false
	}
	return near || host != "localhost" && !strings.HasSuffix(host, ".localhost") && strings.Contains(host, ".")
}

// shared, benchmarking, documentation, reserved and transition networks (RFC 6890
// and its registries): nothing of the public's is there.
var unroutable = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("::/96"), netip.MustParsePrefix("fec0::/10"), netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("3fff::/20"), netip.MustParsePrefix("5f00::/16"),
}

// Reachable tells whether an address is one of the public Internet.
func Reachable(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	if !address.IsGlobalUnicast() || address.IsPrivate() {
		return false
	}
	return !slices.ContainsFunc(unroutable, func(net netip.Prefix) bool { return net.Contains(address) })
}
