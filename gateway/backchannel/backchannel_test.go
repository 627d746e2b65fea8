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
	"florin/gateway/outbound"
)

func logout(t *testing.T, uri string) commands.Logout {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return commands.Logout{ID: uuid.UUID{1}, URI: uri, ClientID: "shop", Customer: id.Named[id.Customer]("anna"), Session: id.Named[id.Session]("s"),
		At: time.Unix(1e9, 0), Key: func() (string, *ecdsa.PrivateKey, error) { return "k1", key, nil }}
}

// Row 42, at the time of the call; every address is tried in package outbound.
func TestNoPrivateAddressIsConnectedTo(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	defer server.Close()
	err := New("https://bank.test", outbound.New(outbound.Internet(), false)).LogOut(t.Context(), logout(t, server.URL))
	require.ErrorIs(t, err, outbound.ErrPrivate)
	require.NotErrorIs(t, err, commands.ErrUndeliverable, "its name may lead elsewhere tomorrow")
	require.Zero(t, calls.Load())
	require.NoError(t, New("https://bank.test", outbound.New(outbound.Internet(), true)).LogOut(t.Context(), logout(t, server.URL)))
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
		err := New("https://bank.test", outbound.New(outbound.Internet(), true)).LogOut(t.Context(), logout(t, server.URL))
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
	require.ErrorIs(t, New("https://bank.test", outbound.New(outbound.Internet(), true)).LogOut(gone, logout(t, elsewhere.URL)), context.Canceled)
}
