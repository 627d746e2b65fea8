package outbound_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/outbound"
)

// recorder is a network that notes what would have been connected to, and connects to
// nothing: no test sends a packet to such an address.
type recorder struct {
	mu        sync.Mutex
	names     map[string][][]netip.Addr // what a name leads to, the first time, the second, ...
	resolved  int
	connected []netip.AddrPort
}

func (r *recorder) network() outbound.Network {
	return outbound.Network{
		Resolve: func(_ context.Context, host string) ([]netip.Addr, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.resolved++
			answers := r.names[host]
			if len(answers) == 0 {
				return nil, errors.New("no such host")
			}
			if len(answers) > 1 {
				r.names[host] = answers[1:]
			}
			return answers[0], nil
		},
		Connect: func(_ context.Context, address netip.AddrPort) (net.Conn, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.connected = append(r.connected, address)
			return nil, errors.New("recorded")
		},
	}
}

func addresses(all ...string) (found []netip.Addr) {
	for _, one := range all {
		found = append(found, netip.MustParseAddr(one))
	}
	return found
}

// Row 42, at the time of the call.
func TestNoPacketGoesToAPrivateAddress(t *testing.T) {
	t.Parallel()
	private := []string{"127.0.0.1", "::1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::", "fd00::1", "fe80::1",
		"::ffff:10.0.0.1", "64:ff9b::a00:1", "224.0.0.1", "255.255.255.255", "198.18.0.1"}
	for _, address := range private {
		r := &recorder{names: map[string][][]netip.Addr{"partner.example": {addresses(address)}, "mixed.example": {addresses("1.1.1.1", address)}}}
		c := outbound.New(r.network(), false)
		for _, target := range []string{"https://partner.example/", "https://mixed.example/", "https://" + net.JoinHostPort(address, "443") + "/"} {
			_, err := c.Post(t.Context(), target, http.Header{}, nil)
			require.ErrorIs(t, err, outbound.ErrPrivate, "%s at %s", target, address)
			require.NotContains(t, err.Error(), address)
			require.NotContains(t, err.Error(), "example")
		}
		require.Empty(t, r.connected, address)
	}
	r := &recorder{}
	_, err := outbound.New(r.network(), true).Post(t.Context(), "https://10.0.0.1/", http.Header{}, nil)
	require.ErrorIs(t, err, outbound.ErrPrivate, "a sandbox reaches itself, not its neighbours")
	require.Empty(t, r.connected)
}

// DNS rebinding: what was looked at is what is connected to, and every call looks anew.
func TestANameThatLeadsElsewhereIsOfNoUse(t *testing.T) {
	t.Parallel()
	r := &recorder{names: map[string][][]netip.Addr{"rebind.example": {addresses("1.1.1.1"), addresses("169.254.169.254")}}}
	c := outbound.New(r.network(), false)
	_, err := c.Post(t.Context(), "https://rebind.example/", http.Header{}, nil)
	require.ErrorContains(t, err, "recorded")
	require.Equal(t, 1, r.resolved, "it is not asked a second time between looking and connecting")
	require.Equal(t, []netip.AddrPort{netip.MustParseAddrPort("1.1.1.1:443")}, r.connected)
	_, err = c.Post(t.Context(), "https://rebind.example/", http.Header{}, nil)
	require.ErrorIs(t, err, outbound.ErrPrivate)
	require.Len(t, r.connected, 1)
	_, err = c.Post(t.Context(), "https://nowhere.example/", http.Header{}, nil)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "nowhere.example")
}

func TestNoRedirectIsFollowed(t *testing.T) {
	t.Parallel()
	reached := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "v", r.Header.Get("K"))
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	status, err := outbound.New(outbound.Internet(), true).Post(t.Context(), server.URL, http.Header{"K": {"v"}}, []byte("{}"))
	require.NoError(t, err)
	require.Equal(t, 307, status)
	require.False(t, reached)
	_, err = outbound.New(outbound.Internet(), false).Post(t.Context(), server.URL, http.Header{}, nil)
	require.ErrorIs(t, err, outbound.ErrPrivate, "but in a sandbox it is not reached at all")
}
