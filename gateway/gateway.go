// Package gateway is the front door: it learns who calls, holds them to their
// limits, and hands the request to a service.
//
//	record > recover > hygiene > load > peer's rate > strip > origin > body, whole
//	   > router > media type > who (token, proof) > caller's rate > scope
//	   > step-up > idempotency key > signature > service
//
// In one process the service follows (New). Apart, a gateway (NewFront) sends what it
// has let through to a core (NewCore), which takes nobody's word but a gateway's:
//
//	NewFront: the layers > internal token > line ==mTLS==> NewCore: inside > router > service
//
// Everything that a route asks of a request stands in one table (routes.go). What
// the layers have learned reaches a service as a service.Call in the context, and
// a core by the internal token, which covers X-User-ID and its sisters.
//
// It must never let an identity header from outside through, act on a body that
// is not whole, or decide a rule of the bank.
package gateway

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"

	"florin/commands"
	"florin/domain/id"
	"florin/gateway/identity"
	"florin/gateway/passkey"
	"florin/gateway/problem"
	"florin/gateway/service"
	"florin/gateway/token"
	"florin/projections"
)

// Settings of the front door. All are needed but where it says otherwise.
type Settings struct {
	Bank    *commands.Bank
	Desk    service.Desk // what the services work with; its Issuer and Sandbox are set here
	Guards  *projections.Guards
	Issuer  string   // public base URL, without a trailing slash
	Hosts   []string // further names this server answers for, e.g. localhost:8080; may be empty
	Sandbox bool
	// Certificates: the listener asks clients for certificates (TLSFiles.ClientCA). A
	// core's gateways say it of theirs.
	Certificates bool
	Rates        Rates          // zero: DefaultRates
	Proxies      []netip.Prefix // whose X-Forwarded-For counts; none: nobody's
	Load         Load           // zero: DefaultLoad
	Logger       *slog.Logger
	Registry     *prometheus.Registry // metrics are registered here
}

// door is the front door at work.
type door struct {
	settings Settings
	sources  commands.Sources
	guards   guards
	now      func() time.Time
	hosts    []string
	origin   string
	verifier *token.Verifier
	proofs   *token.Proofs
	metrics  *metrics
	tracer   trace.Tracer
	peers    *buckets
	callers  *buckets
	logins   *buckets
	people   *buckets
	load     *load
	refusals *refusals       // nil at a core: its gateways count
	serving  context.Context // ends with the process's last orderly word
	end      context.CancelFunc
	admits   func(http.ResponseWriter, *http.Request, Route) (*http.Request, error)
}

// Gateway is the front door as the wiring knows it: a handler, and the count of
// those it turned away.
type Gateway struct {
	http.Handler
	door     *door
	refusals *refusals
}

// Run has the log told of refusals as they come. It ends with ctx, and then records
// what it has counted: end it after the last request and before the log. Without
// it requests are answered all the same, and nothing is recorded.
func (g *Gateway) Run(ctx context.Context) error { return g.refusals.run(ctx) }

// Tick records what was counted in the minutes that are over, and turns the nonce
// keys. The wiring calls it about once a second; tests call it when they have moved
// the clock.
func (g *Gateway) Tick(ctx context.Context) {
	g.refusals.tick(ctx)
	g.door.turn(ctx)
}

// End ends the streams: for the listener's shutdown, which waits for every request.
// Clients go on where they were, by Last-Event-ID, with whoever serves next.
func (g *Gateway) End() { g.door.end() }

func (d *door) turn(ctx context.Context) {
	if err := d.proofs.Turn(); err != nil {
		d.settings.Logger.ErrorContext(ctx, "no new nonce key; the former stands", "error", err)
	}
}

// New builds the front door of a bank in one process. It reads nothing of the bank yet.
func New(settings Settings) (*Gateway, error) {
	d, rows, err := furnished(settings)
	if err != nil {
		return nil, err
	}
	d.refusals.record = func(ctx context.Context, order commands.Order, ask commands.RefusedAccess) error {
		_, err := settings.Bank.Accesses().Refused(ctx, order, ask)
		return err
	}
	return &Gateway{d.handler(rows), d, d.refusals}, nil
}

// furnished is a door of a process that holds the bank, and the rows behind it.
func furnished(settings Settings) (*door, []Route, error) {
	if settings.Bank == nil || settings.Guards == nil {
		return nil, nil, errors.New("gateway: a bank and its guards are needed")
	}
	d, err := newDoor(settings, settings.Bank.Sources(), settings.Bank.Signings().Public, guardsOf(settings.Guards.Standing))
	if err != nil {
		return nil, nil, err
	}
	provider, err := identity.New(identity.Settings{
		Bank: d.settings.Bank, Proofs: d.proofs, Issuer: d.settings.Issuer, Settled: d.settings.Guards.WaitFor, Reads: settings.Desk.Reads, Certificates: d.asksForCertificates,
	})
	if err != nil {
		return nil, nil, err
	}
	desk := settings.Desk
	desk.Issuer, desk.Sandbox, desk.Settled = d.settings.Issuer, settings.Sandbox, d.settings.Guards.WaitFor
	if desk.Party, err = passkey.New(d.settings.Issuer); err != nil {
		return nil, nil, err
	}
	desk.Revoked = func(call service.Call) bool {
		var operator id.Operator
		if call.Caller.ActorType == commands.ActorOperator {
			operator = id.From[id.Operator](call.Caller.Actor)
		}
		return d.guards.ended(call.Caller.Session, call.Caller.Device, call.Caller.Customer, operator)
	}
	return d, Routes(provider, desk), nil
}

// asksForCertificates tells whether the listener that the request has come to asks for them.
func (d *door) asksForCertificates(r *http.Request) bool {
	if said := visitOf(r.Context()).inside; said != nil {
		return said.Asks
	}
	return d.settings.Certificates
}

// newDoor makes what layers stand on; key gives the public keys that tokens are signed with.
func newDoor(settings Settings, sources commands.Sources, key func(string) (*ecdsa.PublicKey, bool), guards guards) (*door, error) {
	base, err := url.Parse(settings.Issuer)
	if err != nil || base.Host == "" || base.Path != "" || base.RawQuery != "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("gateway: issuer %q is not a bare http(s) URL without a trailing slash", settings.Issuer)
	}
	if settings.Logger == nil || settings.Registry == nil {
		return nil, errors.New("gateway: a logger and a registry are needed")
	}
	if settings.Rates == (Rates{}) {
		settings.Rates = DefaultRates()
	}
	d := &door{
		settings: settings, sources: sources, guards: guards, now: sources.Now, hosts: append([]string{base.Host}, settings.Hosts...), origin: settings.Issuer,
		metrics: newMetrics(settings.Registry), tracer: otel.Tracer("florin/gateway"),
		peers: newBuckets("peer", settings.Rates.Peer), callers: newBuckets("caller", settings.Rates.Caller), logins: newBuckets("login", settings.Rates.Login),
		people: newBuckets("customer", settings.Rates.customer()), load: newLoad(settings.Load, settings.Registry),
	}
	d.serving, d.end = context.WithCancel(context.Background())
	d.admits, d.refusals = d.admit, newRefusals(sources, d.metrics, settings.Logger)
	if d.proofs, err = token.NewProofs(sources.Wall, sources.Random); err != nil {
		return nil, fmt.Errorf("gateway: nonce keys: %w", err)
	}
	d.verifier = &token.Verifier{URL: settings.Issuer, Key: key, Now: sources.Now,
		Revoked: func(a *token.Access) bool { return guards.ended(a.Session, a.Device, a.Customer, a.Operator) }}
	return d, nil
}

// handler puts the layers around a router of the rows.
func (d *door) handler(rows []Route) http.Handler {
	return layered(d.router(rows), d.forwarded, d.record, d.recovered, d.hygiene, d.admitted, d.peerLimited, d.strippedOf, d.sameOrigin, d.buffered, d.cardless)
}

// layered puts layers around a handler, the outermost first.
func layered(inner http.Handler, layers ...func(http.Handler) http.Handler) http.Handler {
	for i := len(layers) - 1; i >= 0; i-- {
		inner = layers[i](inner)
	}
	return inner
}

func (d *door) router(rows []Route) *chi.Mux {
	router := chi.NewRouter()
	for _, row := range rows {
		router.Method(row.Method, row.Path, d.row(row))
	}
	router.NotFound(problem.Handler(func(http.ResponseWriter, *http.Request) error { return problem.NotFound }).ServeHTTP)
	router.MethodNotAllowed(problem.Handler(func(w http.ResponseWriter, r *http.Request) error {
		return problem.MethodNotAllowed.Heading("Allow", allowed(rows, router, r.URL.Path))
	}).ServeHTTP)
	return router
}

func allowed(rows []Route, router chi.Router, path string) string {
	methods := ""
	seen := map[string]bool{}
	for _, row := range rows {
		if !seen[row.Method] && router.Match(chi.NewRouteContext(), row.Method, path) {
			seen[row.Method] = true
			if methods != "" {
				methods += ", "
			}
			methods += row.Method
		}
	}
	return methods
}

// Timeouts of a connection: a slow header ends after 5 s, a slow body after 30 s.
const (
	headerTimeout = 5 * time.Second
	bodyTimeout   = 30 * time.Second
	writeTimeout  = 60 * time.Second // streams move their own deadline on
	idleTimeout   = 90 * time.Second
)

// Limits of a connection of HTTP/2, which many requests share.
const (
	streamsAtOnce   = 100
	windowBytes     = 4 * BodyBytesMax // of a connection, for the bodies of all its requests
	headerTableSize = 4 << 10

	// A connection on which no frame has ended for so long is asked for a sign of life. One
	// whose header drips cannot give it, and one whose client is gone does not.
	silentTimeout = 30 * time.Second
	pingTimeout   = 15 * time.Second
)

// http2Limits bound what one connection of HTTP/2 can have this process hold: frames
// as short as they may be, bodies as long as a request's, and an end to who takes nothing.
func http2Limits() *http.HTTP2Config {
	return &http.HTTP2Config{
		MaxConcurrentStreams: streamsAtOnce, MaxReadFrameSize: 16 << 10, MaxReceiveBufferPerStream: BodyBytesMax, MaxReceiveBufferPerConnection: windowBytes,
		MaxDecoderHeaderTableSize: headerTableSize, MaxEncoderHeaderTableSize: headerTableSize,
		WriteByteTimeout: bodyTimeout, SendPingTimeout: silentTimeout, PingTimeout: pingTimeout,
	}
}

// ofConnection gives a connection's requests what is known of all of them.
func ofConnection(ctx context.Context, conn net.Conn) context.Context {
	return withResets(withFraming(ctx, conn))
}

// Server is an http.Server with the timeouts and limits that New counts on. A
// public listener is to be Framed.
func Server(handler http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler: calm{handler}, ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: 2 * HeaderBytesMax, DisableGeneralOptionsHandler: true, ConnContext: ofConnection, HTTP2: http2Limits(),
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
}
