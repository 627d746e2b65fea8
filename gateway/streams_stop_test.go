package gateway

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// endedInOrder waits for the stream's end, which is one in order: no connection broke.
func (f *following) endedInOrder() {
	f.t.Helper()
	_, err := io.Copy(io.Discard, f.lines)
	require.NoError(f.t, err)
}

// stops stops a server as the wiring does, and has it wait for none of the streams.
func stops(t *testing.T, server *http.Server, streams ...*following) {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), 20*time.Second)
	defer done()
	began := time.Now()
	require.NoError(t, server.Shutdown(ctx))
	require.Less(t, time.Since(began), 15*time.Second)
	for _, stream := range streams {
		stream.endedInOrder()
	}
}

// An orderly stop ends streams at once, and whoever followed goes on where it was.
func TestAStopWaitsForNoStream(t *testing.T) {
	t.Parallel()
	inBothWirings(t, func(t *testing.T, h *house) {
		anna, auditor := h.customer("anna"), h.machine("auditor", "audit.read").login()
		account := h.account(anna, "")
		door := h.door
		if h.apart { // one gateway of two
			front, _ := h.another(t)
			door = front.Gateway
		}
		server := Server(door, slog.New(slog.DiscardHandler))
		server.RegisterOnShutdown(door.End)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		go func() { _ = server.Serve(Framed(listener)) }()
		inbox := h.dialBy(t, via(listener.Addr().String()), anna, "", "")
		require.Equal(t, 200, inbox.answer.StatusCode)
		h.get(auditor, "/v1/audit/events") // learns the nonce
		log := h.following(t, via(listener.Addr().String()), auditor, "/v1/audit/follow", "", "")
		require.Equal(t, 200, log.answer.StatusCode)
		require.NoError(t, anna.Deposit(t.Context(), account, "1.00", "EUR"))
		require.Equal(t, []string{"account-credited"}, inbox.templates(1))
		stops(t, server, inbox, log)
		if !h.apart {
			h.reopen()
		}
		require.NoError(t, anna.Deposit(t.Context(), account, "2.00", "EUR"))
		resumed := h.dial(t, anna, "", inbox.last)
		_, data := resumed.next()
		require.Equal(t, "2.00", data.Amount)
	})
}

// A core that stops in order is the end of the streams that go through a gateway, and
// not of the gateway.
func TestACoreThatStopsWaitsForNoStream(t *testing.T) {
	t.Parallel()
	h := newHouseAs(t, true, true)
	anna := h.customer("anna")
	account := h.account(anna, "")
	inbox := h.dial(t, anna, "", "")
	require.Equal(t, 200, inbox.answer.StatusCode)
	require.NoError(t, anna.Deposit(t.Context(), account, "1.00", "EUR"))
	require.Equal(t, []string{"account-credited"}, inbox.templates(1))
	stops(t, h.behind.server, inbox)
	h.behind.stop = h.behind.serve()
	for h.sent(anna, "GET", "/v1/accounts", nil, "").Status == 503 { // until the gateway has found it
	}
	require.NoError(t, anna.Deposit(t.Context(), account, "2.00", "EUR"))
	resumed := h.dial(t, anna, "", inbox.last)
	_, data := resumed.next()
	require.Equal(t, "2.00", data.Amount)
}
