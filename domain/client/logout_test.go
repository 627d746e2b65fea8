package client_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/callback"
	"florin/domain/client"
	"florin/domain/id"
)

// Row 42: what can be read off the address of who wants to be told.
func TestBackchannelURIsLeadToPublicPlaces(t *testing.T) {
	t.Parallel()
	shop := client.State{Client: id.Named[id.Client]("shop")}
	arrange := func(uri string, near bool) error {
		_, err := shop.Decide(client.ArrangeLogout{BackchannelURI: uri, Near: near, At: time.Unix(1, 0)})
		return err
	}
	for _, uri := range []string{"https://shop.example/logout", "https://shop.example:8443/logout?tenant=1", "https://1.1.1.1/x", "https://[2606:4700:4700::1111]/x"} {
		require.NoError(t, arrange(uri, false), uri)
	}
	for _, uri := range []string{
		"http://shop.example/logout", "https://shop.example/#x", "https://user@shop.example/", "https:///x", "shop.example", "ftp://shop.example/",
		"https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest", "https://10.0.0.1/", "https://192.168.1.1/", "https://100.64.0.1/", "https://[fd00::1]/",
		"https://[fe80::1]/", "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://0.0.0.0/", "https://2130706433/", "https://0x7f000001/", "https://127.1/", "https://0177.0.0.1/",
		"https://localhost/", "https://a.localhost/", "https://LOCALHOST./", "https://intranet/", "https://a b.example/",
	} {
		require.ErrorIs(t, arrange(uri, false), client.ErrLogout, uri)
	}
	require.NoError(t, arrange("http://127.0.0.1:8081/logout", true), "a sandbox's own machine")
	require.ErrorIs(t, arrange("http://shop.example/logout", true), client.ErrLogout)
	require.False(t, callback.Reachable(netip.MustParseAddr("255.255.255.255")))
	require.False(t, callback.Reachable(netip.MustParseAddr("224.0.0.1")))
}
