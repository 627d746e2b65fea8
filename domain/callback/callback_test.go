package callback_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/callback"
)

// Row 42, at registration.
func TestNoAddressOfTheBanksOwnNetworkIsTaken(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", "https://", "partner.example", "ftp://partner.example", "http://partner.example/hook", "javascript:alert(1)", "https:partner.example",
		"https://127.0.0.1/", "https://127.1/", "https://0/", "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://127.0.0.0x1/", "https://0177.0.0.1/", "https://017700000001/",
		"https://127.0.0.1./", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[fe80::1%25eth0]/", "https://[fd00::1]/", "https://[64:ff9b::7f00:1]/",
		"https://169.254.169.254/latest/meta-data", "https://10.0.0.1/", "https://172.16.0.1/", "https://192.168.1.1/", "https://100.64.0.1/", "https://0.0.0.0/", "https://[::]/", "https://224.0.0.1/",
		"https://localhost/", "https://LOCALHOST/", "https://hook.localhost/", "https://localhost./", "https://intranet/", "https://１２７.０.０.１/", "https://ⓛocalhost.example/",
		"https://user@partner.example/", "https://user:password@partner.example/", "https://partner.example@127.0.0.1/", "https://partner.example/#x", "https://partner.example\\@127.0.0.1/",
		"https://*.example/", "https://part ner.example/",
	} {
		require.False(t, callback.Valid(bad, false), bad)
	}
	for _, good := range []string{"https://partner.example/hook", "https://partner.example:8443/hook?tenant=7", "https://1.1.1.1/hook", "https://[2606:4700:4700::1111]/", "https://xn--bcher-kva.example/"} {
		require.True(t, callback.Valid(good, false), good)
	}
	require.True(t, callback.Valid("http://127.0.0.1:8090/hook", true), "a sandbox calls itself")
	require.True(t, callback.Valid("http://[::1]:8090/hook", true))
	for _, bad := range []string{"http://10.0.0.1/", "https://10.0.0.1/", "https://169.254.169.254/", "https://[fd00::1]/", "http://localhost:1/", "http://partner.example/", "https://2130706433/", "https://user@127.0.0.1/"} {
		require.False(t, callback.Valid(bad, true), bad)
	}
	require.False(t, callback.Reachable(netip.MustParseAddr("::ffff:10.0.0.1")))
	require.True(t, callback.Reachable(netip.MustParseAddr("1.1.1.1")))
}

// Row 42: what no registry gives to the public Internet.
func TestNoReservedNetworkIsReachable(t *testing.T) {
	t.Parallel()
	for _, host := range []string{
		"[::10.0.0.1]", "[::7f00:1]", "[fec0::1]", "[100::1]", "192.88.99.1", "[3fff::1]", "[5f00::1]", "[64:ff9b::a00:1]", "[fd00::1]", "[::ffff:127.0.0.1]",
	} {
		require.False(t, callback.Valid("https://"+host+"/", false), host)
	}
}
