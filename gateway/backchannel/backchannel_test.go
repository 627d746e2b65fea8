package backchannel

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain/id"
)

func logout(t *testing.T, uri string) commands.Logout {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return commands.Logout{ID: uuid.UUID{1}, URI: uri, ClientID: "shop", Customer: id.Named[id.Customer]("anna"), Session: id.Named[id.Session]("s"),
		At: time.Unix(1e9, 0), Key: func() (string, *ecdsa.PrivateKey, error) { return "k1", key, nil }}
}

// Row 42, at the time of the call: whatever the name led to when it was registered.
func TestNoPrivateAddressIsConnectedTo(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"127.0.0.1:80", "[::1]:80", "10.0.0.1:443", "172.16.0.1:443", "192.168.0.1:443", "169.254.169.254:80", "100.64.0.1:443", "0.0.0.0:80", "[::]:80",
		"[fd00::1]:443", "[fe80::1%eth0]:443", "[::ffff:10.0.0.1]:443", "[64:ff9b::a00:1]:443", "224.0.0.1:443", "255.255.255.255:443", "198.18.0.1:443", "nonsense",
	} {
		require.ErrorIs(t, allowed(address, false), errPrivate, address)
	}
	require.ErrorIs(t, allowed("10.0.0.1:443", true), errPrivate, "a sandbox reaches itself, not its neighbours")
	require.NoError(t, allowed("127.0.0.1:80", true))
	require.NoError(t, allowed("1.1.1.1:443", false))

	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	defer server.Close()
	err := New("https://bank.test", false).LogOut(t.Context(), logout(t, server.URL))
	require.ErrorIs(t, err, errPrivate)
	require.NotErrorIs(t, err, commands.ErrUndeliverable, "its name may lead elsewhere tomorrow")
	require.Zero(t, calls.Load())
	require.NoError(t, New("https://bank.test", true).LogOut(t.Context(), logout(t, server.URL)))
	require.EqualValues(t, 1, calls.Load())
}

func TestWhatClientsAnswer(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer elsewhere.Close()
	for status, want := range map[int]string{200: "", 204: "", 400: "refused", 302: "again", 307: "again", 404: "again", 500: "again", 503: "again"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(status)
		}))
		err := New("https://bank.test", true).LogOut(t.Context(), logout(t, server.URL))
		server.Close()
		switch want {
		case "":
			require.NoError(t, err, status)
		case "refused":
			require.ErrorIs(t, err, commands.ErrUndeliverable)
		default:
			require.Error(t, err, status)
			require.NotErrorIs(t, err, commands.ErrUndeliverable, status)
			require.NotContains(t, err.Error(), server.URL, "health shows it")
		}
	}
	require.Zero(t, reached.Load(), "no redirect is followed")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, New("https://bank.test", true).LogOut(gone, logout(t, elsewhere.URL)), context.Canceled)
}
