package gateway

import (
	"context"
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain/id"
	"florin/gateway/split"
	"florin/schemas/seal"
)

// Row 53: what a gateway needs to know of keys it is told, and asks for nothing.
func TestRow53AGatewayIsToldOfNewKeys(t *testing.T) {
	t.Parallel()
	h := newHouseAs(t, true, true)
	front, _ := h.another(t)
	anna := h.customer("anna")
	claims := h.claims(anna)
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status)
	former, _, err := h.bank.Signings().Current()
	require.NoError(t, err)
	order := commands.SystemOrder("test", uuid.New(), "rotate", h.now(), seal.Subject{})
	order.Intent = nil
	fresh, _, err := h.bank.Signings().Rotate(context.Background(), order, 0)
	require.NoError(t, err)
	until(t, func() bool {
		_, old := front.copy.Key(former)
		_, made := front.copy.Key(fresh)
		return made && !old
	})
	until(t, func() bool { return h.get(anna, "/v1/accounts").Status == 401 })
	require.NoError(t, anna.Refresh(context.Background()))
	until(t, func() bool { return h.get(anna, "/v1/accounts").Status == 200 })
	_, known := front.copy.Key("../../etc/passwd")
	require.False(t, known)

	// Of a key for ID tokens a gateway knows nothing, but shows it to those who do.
	h.leavable("shop", "", byRS256)
	rsID, _, err := h.bank.Signings().CurrentRSA()
	require.NoError(t, err)
	require.Contains(t, h.published(), rsID)
	fresh = h.rotateKeys(0)
	until(t, func() bool { _, made := front.copy.Key(fresh); return made })
	_, known = front.copy.Key(rsID)
	require.False(t, known)
	rsID, _, err = h.bank.Signings().CurrentRSA()
	require.NoError(t, err)
	_, known = front.copy.Key(rsID)
	require.False(t, known)
	require.NoError(t, anna.Refresh(context.Background()))
	until(t, func() bool { return h.get(anna, "/v1/accounts").Status == 200 })

	// And of who is gone, before anybody asks.
	named, err := id.Parse[id.Session](claims.SessionID)
	require.NoError(t, err)
	require.False(t, front.door.guards.sessionRevoked(named))
	require.Equal(t, 200, h.command(anna, "DELETE", "/v1/sessions/"+claims.SessionID, nil, anna.NewID()).Status)
	until(t, func() bool { return front.door.guards.sessionRevoked(named) })
}

// until waits for what a feed brings, which is told at once and at the latest with the next beat.
func until(t *testing.T, told func() bool) {
	t.Helper()
	late, done := context.WithTimeout(context.Background(), 10*time.Second)
	defer done()
	for !told() {
		require.NoError(t, late.Err())
	}
}

// A nonce of a key that was turned is still taken for some minutes, at every gateway.
func TestNonceKeysTurn(t *testing.T) {
	t.Parallel()
	h := newHouseAs(t, true, true)
	anna := h.customer("anna")
	h.pass(time.Hour)
	require.NoError(t, anna.Login(context.Background()))
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status)
	before := h.door.door.proofs.Nonce()
	request, err := anna.Prepare("GET", "/v1/accounts", nil, "")
	require.NoError(t, err)
	h.behind.core.Tick(context.Background())
	require.NotEqual(t, before, h.behind.core.door.proofs.Nonce(), "an hour has passed")
	until(t, func() bool { return h.door.door.proofs.Nonce() == h.behind.core.door.proofs.Nonce() })
	answer, err := anna.Send(context.Background(), request)
	require.NoError(t, err)
	require.Equal(t, 200, answer.Status, "%s", answer.Body)
}

// A gateway that is set up for another bank than its core's ends, and says so.
func TestAGatewayOfAnotherBankEnds(t *testing.T) {
	t.Parallel()
	h := newHouseAs(t, true, true)
	creds, err := split.LoadCredentials(split.FilesIn(h.behind.creds, "gateway"), h.now())
	require.NoError(t, err)
	settings := FrontSettings{Core: h.behind.address, Credentials: creds, Sources: commands.Sources{Now: h.now, Random: rand.Reader}, Issuer: h.issuer,
		Sandbox: true, Logger: slog.New(slog.DiscardHandler)}
	for _, spoil := range []func(*FrontSettings){
		func(s *FrontSettings) { s.Issuer = "http://other.example" }, func(s *FrontSettings) { s.Sandbox = false },
	} {
		other := settings
		spoil(&other)
		other.Registry = prometheus.NewRegistry()
		front, err := NewFront(other)
		require.NoError(t, err)
		require.ErrorContains(t, front.Follow(context.Background()), "not the one")
		require.Error(t, front.Ready(context.Background()))
	}
}
