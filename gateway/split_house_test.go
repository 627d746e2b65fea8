package gateway

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/gateway/split"
)

// wiredApart has every test's bank be a gateway and a core. Without it most run in
// one process, and some in both.
var wiredApart = os.Getenv("FLORIN_TEST_WIRING") == "split"

// inBothWirings runs a flow on a sandbox in one process, and on one that is apart.
func inBothWirings(t *testing.T, flow func(*testing.T, *house)) {
	t.Run("apart", func(t *testing.T) {
		t.Parallel()
		flow(t, newHouseAs(t, true, true))
	})
	if !wiredApart {
		t.Run("in one process", func(t *testing.T) {
			t.Parallel()
			flow(t, newHouseAs(t, true, false))
		})
	}
}

// behind is the core of a bank that is wired apart.
type behind struct {
	address string
	creds   string // directory
	core    *Core
	server  *http.Server
	serve   func() (stop func())
	stop    func()
	reached atomic.Int64 // requests for /v1/transfers and below
	loses   atomic.Bool  // answers to those, after the core has done what they ask
}

// lossy loses answers: the connection ends where the answer would have begun.
func (b *behind) lossy(core http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/v1/transfers") {
			core.ServeHTTP(w, r)
			return
		}
		b.reached.Add(1)
		if b.loses.Load() {
			core.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		core.ServeHTTP(w, r)
	})
}

// part has the bank served by a core and a gateway that know each other by mTLS
// alone. What is nearer to the log (h.bank, h.guards) is the core's.
func (h *house) part(ctx context.Context, settings Settings) (stop func()) {
	t := h.t
	t.Helper()
	if h.behind == nil {
		h.behind = &behind{creds: filepath.Join(t.TempDir(), "internal"), address: "127.0.0.1:0"}
		require.NoError(t, split.MakeAuthority(h.behind.creds, h.now(), 50*365*24*time.Hour))
	}
	h.behind.serve = func() func() { return h.serveCore(settings) }
	h.behind.stop = h.behind.serve()
	front, stopFront := h.front(ctx)
	h.door = front.Gateway
	return func() { stopFront(); h.behind.stop() }
}

func (h *house) serveCore(settings Settings) (stop func()) {
	t := h.t
	t.Helper()
	settings.Registry = prometheus.NewRegistry()
	core, err := NewCore(settings)
	require.NoError(t, err)
	creds, err := split.LoadCredentials(split.FilesIn(h.behind.creds, "core"), h.now())
	require.NoError(t, err)
	listener, err := net.Listen("tcp", h.behind.address)
	require.NoError(t, err)
	h.behind.address, h.behind.core = listener.Addr().String(), core
	server := Server(h.behind.lossy(core), settings.Logger)
	server.RegisterOnShutdown(core.End)
	h.behind.server = server
	go func() { _ = server.Serve(tls.NewListener(listener, creds.Server(h.now))) }()
	return func() { _ = server.Close() }
}

// front is a gateway of the house's core, which it has found.
func (h *house) front(ctx context.Context) (front *Front, stop func()) {
	t := h.t
	t.Helper()
	creds, err := split.LoadCredentials(split.FilesIn(h.behind.creds, "gateway"), h.now())
	require.NoError(t, err)
	front, err = NewFront(FrontSettings{
		Core: h.behind.address, Credentials: creds, Sources: commands.Sources{Now: h.now, Random: rand.Reader}, Issuer: h.issuer, Sandbox: h.sandbox,
		Rates: h.rates, Logger: slog.New(slog.NewJSONHandler(h, nil)), Registry: prometheus.NewRegistry(),
	})
	require.NoError(t, err)
	following, cancel := context.WithCancel(ctx)
	var follower sync.WaitGroup
	follower.Go(func() { _ = front.Follow(following) })
	linked(t, front)
	return front, func() { cancel(); follower.Wait() }
}

// linked waits until the gateway has found its core.
func linked(t testing.TB, front *Front) {
	t.Helper()
	late, done := context.WithTimeout(context.Background(), 20*time.Second)
	defer done()
	for err := front.Ready(late); err != nil; err = front.Ready(late) {
		require.NoError(t, late.Err(), err)
		runtime.Gosched()
	}
}

// another is a second gateway of the same core, on a listener of its own: handler
// answers what is sent to it.
func (h *house) another(t testing.TB) (front *Front, address string) {
	t.Helper()
	front, stop := h.front(context.Background())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := Server(front, slog.New(slog.NewJSONHandler(h, nil)))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); stop() })
	return front, listener.Addr().String()
}

// via has a phone's requests go to another address under the issuer's name.
func via(address string) *http.Client {
	return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}}
}
