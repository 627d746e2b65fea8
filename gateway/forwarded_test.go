package gateway

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhoSentWhatAProxyPassedOn(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	for name, c := range map[string]struct {
		peer string
		said []string
		want string
	}{
		"a stranger's word":               {"203.0.113.9:4711", []string{"198.51.100.1"}, "203.0.113.9:4711"},
		"a proxy's":                       {"10.0.0.1:80", []string{"198.51.100.1"}, "198.51.100.1"},
		"a proxy that says nothing":       {"10.0.0.1:80", nil, "10.0.0.1:80"},
		"a proxy that says nobody":        {"10.0.0.1:80", []string{"unknown"}, "10.0.0.1:80"},
		"a stranger's word to a proxy":    {"10.0.0.1:80", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
		"in a header of its own":          {"10.0.0.1:80", []string{"1.1.1.1", "198.51.100.1"}, "198.51.100.1"},
		"two proxies":                     {"10.0.0.1:80", []string{"1.1.1.1, 198.51.100.1, 10.9.9.9"}, "198.51.100.1"},
		"a proxy that is said to be one":  {"10.0.0.1:80", []string{"10.7.7.7, 198.51.100.1"}, "198.51.100.1"},
		"a port":                          {"10.0.0.1:80", []string{"198.51.100.1:1234"}, "198.51.100.1:1234"},
		"IPv6":                            {"[2001:db8::1]:80", []string{"[2001:4860::1]:443"}, "[2001:4860::1]:443"},
		"IPv6 without a port":             {"[2001:db8::1]:80", []string{"2001:4860::1"}, "2001:4860::1"},
		"IPv4 in IPv6":                    {"[::ffff:10.0.0.1]:80", []string{"198.51.100.1"}, "198.51.100.1"},
		"rubbish before who it heard":     {"10.0.0.1:80", []string{"<script>, 198.51.100.1"}, "198.51.100.1"},
		"rubbish behind it":               {"10.0.0.1:80", []string{"198.51.100.1, <script>"}, "10.0.0.1:80"},
		"only proxies all the way":        {"10.0.0.1:80", []string{"10.0.0.2, 10.0.0.3"}, "10.0.0.2"},
		"an empty element":                {"10.0.0.1:80", []string{"198.51.100.1,"}, "10.0.0.1:80"},
		"a socket whose peer is not told": {"@", []string{"198.51.100.1"}, "@"},
	} {
		require.Equal(t, c.want, sender(proxies, c.peer, c.said), name)
	}
}

// Behind a trusted proxy each sender has a limit of its own, and cannot talk its way
// out of it.
func TestEachSenderBehindAProxyHasItsOwnLimit(t *testing.T) {
	t.Parallel()
	p := newPorch(t, func(s *Settings) {
		s.Rates.Peer = Rate{PerSecond: 1, Burst: 2}
		s.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	})
	ask := func(from string) int {
		return p.send(http.MethodGet, "/open", "", "X-Forwarded-For: "+from).status
	}
	for _, from := range []string{"198.51.100.1", "198.51.100.2", "2001:4860:1:1::1"} {
		require.Equal(t, 200, ask(from))
		require.Equal(t, 200, ask("6.6.6.6, "+from))
		require.Equal(t, 429, ask("7.7.7.7, "+from), from)
	}
	require.Equal(t, 429, ask("2001:4860:1:1::2"), "the same subscriber's")
}
