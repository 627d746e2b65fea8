package split

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"florin/gateway/problem"
)

// HeaderToken carries the internal token.
const HeaderToken = "X-Florin-Internal"

// What a core says of its answers to its gateway, and to nobody else.
const (
	HeaderCode  = "X-Florin-Code"  // of the problem
	HeaderWhy   = "X-Florin-Why"   // closer than the answer says
	HeaderAhead = "X-Florin-Ahead" // where a sandbox's clock stands
)

// Limits of a line. The core lets go of idle connections later than the gateway
// does, so no request meets one that is being closed.
const (
	dialLimit   = 2 * time.Second
	answerLimit = 40 * time.Second // to the answer's header; the core gives up sooner
	idleLimit   = 30 * time.Second
	idleMax     = 256
	brokenAfter = 5                      // failures in a row
	brokenFor   = 500 * time.Millisecond // then one request tries
)

// Line is a gateway's connection to the core. Requests to a core that does not
// answer end at once: after a few failures nothing is tried but one request every
// half second, and the first that is answered lets all of them through again.
type Line struct {
	address string
	creds   *Credentials
	now     func() time.Time
	inner   *http.Transport
	logger  *slog.Logger
	breaker atomic.Pointer[gobreaker.CircuitBreaker[*http.Response]]
	proxy   *httputil.ReverseProxy
}

// NewLine is to the core at HOST:PORT. It connects when it is first asked to.
func NewLine(address string, creds *Credentials, now func() time.Time, logger *slog.Logger) *Line {
	l := &Line{address: address, creds: creds, now: now, logger: logger}
	l.inner = &http.Transport{
		DialTLSContext: l.dial, ResponseHeaderTimeout: answerLimit, IdleConnTimeout: idleLimit, MaxIdleConns: idleMax, MaxIdleConnsPerHost: idleMax,
		DisableCompression: true,
	}
	l.Mend()
	l.proxy = &httputil.ReverseProxy{
		Rewrite: l.rewrite, Transport: l, ModifyResponse: modify, ErrorHandler: failed,
		ErrorLog: log.New(io.Discard, "", 0), // the request's one line says it
	}
	return l
}

// Mend closes the breaker: the core is known to be there. Connections to whatever
// was there before are let go.
func (l *Line) Mend() {
	l.inner.CloseIdleConnections()
	l.breaker.Store(gobreaker.NewCircuitBreaker[*http.Response](gobreaker.Settings{
		Name: "core", Timeout: brokenFor,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= brokenAfter },
		IsSuccessful: func(err error) bool { return err == nil || errors.Is(err, context.Canceled) }, // a client that left says nothing of the core
		OnStateChange: func(_ string, from, to gobreaker.State) {
			l.logger.Warn("the line to the core", "was", from.String(), "is", to.String())
		},
	}))
}

func (l *Line) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: dialLimit}, Config: l.creds.Client(l.now)}
	ctx, done := context.WithTimeout(ctx, dialLimit)
	defer done()
	return dialer.DialContext(ctx, network, l.address)
}

// Close lets go of the connections that are not in use.
func (l *Line) Close() { l.inner.CloseIdleConnections() }

// Broken tells whether requests are turned away without being sent.
func (l *Line) Broken() bool { return l.breaker.Load().State() == gobreaker.StateOpen }

// exchange is one request through the line.
type exchange struct {
	outward func(*http.Request)  // makes the request that is sent
	answer  func(*http.Response) // sees the answer before the client does
	sent    atomic.Bool          // a connection was there: something may have reached the core
	err     error
}

type exchangeKey struct{}

func exchangeOf(r *http.Request) *exchange { return r.Context().Value(exchangeKey{}).(*exchange) }

// Forward sends the request to the core, once, and the core's answer to the
// client. outward completes the request that is sent: it has neither hop-by-hop
// headers nor what a client says of other proxies. An error is a fault, and nothing
// was written yet: Unavailable if nothing was done, OutcomeUnknown if a command may
// have been carried out.
func (l *Line) Forward(w http.ResponseWriter, r *http.Request, outward func(*http.Request), answer func(*http.Response)) error {
	e := &exchange{outward: outward, answer: answer}
	ctx := httptrace.WithClientTrace(context.WithValue(r.Context(), exchangeKey{}, e),
		&httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { e.sent.Store(true) }})
	l.proxy.ServeHTTP(w, r.WithContext(ctx))
	return e.err
}

// Unreachable: nothing was done.
var Unreachable = problem.Unavailable.With("The bank cannot be reached for the moment, and nothing was done. Retry with the same key.").After(time.Second)

func (e *exchange) fault(method string, err error) error {
	if fault, ok := errors.AsType[*problem.Fault](err); ok {
		return fault
	}
	if e.sent.Load() && method != http.MethodGet && method != http.MethodHead {
		return problem.OutcomeUnknown
	}
	return Unreachable
}

// rewrite keeps path and query as they came: they are what was signed.
func (l *Line) rewrite(p *httputil.ProxyRequest) {
	p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host = "https", CoreName, CoreName
	p.Out.URL.RawQuery = p.In.URL.RawQuery
	p.Out.GetBody = nil
	if p.Out.Body == nil || p.Out.Body == http.NoBody { // a request without a body, or with one that can be had again, net/http would resend by itself
		p.Out.Body = once{}
	}
	exchangeOf(p.In).outward(p.Out)
}

// once is a body without content that cannot be had again.
type once struct{}

func (once) Read([]byte) (int, error) { return 0, io.EOF }
func (once) Close() error             { return nil }

// RoundTrip sends through the breaker.
func (l *Line) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := l.breaker.Load().Execute(func() (*http.Response, error) { return l.inner.RoundTrip(r) })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return nil, Unreachable
	}
	return answer, err
}

// Ask is a gateway's own request, past the breaker: whoever asks keeps asking.
func (l *Line) Ask(ctx context.Context, method, path, signed string, body []byte) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, "https://"+CoreName+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if r.GetBody = nil; len(body) == 0 {
		r.Body = once{}
	}
	r.Header.Set(HeaderToken, signed)
	return l.inner.RoundTrip(r)
}

// modify lets the gateway see the answer, and keeps what is between the two from
// the client.
func modify(answer *http.Response) error {
	e := exchangeOf(answer.Request)
	if answer.Header.Get(HeaderCode) == problem.Inside.Code { // the core takes no token of ours: not the client's fault
		return Unreachable
	}
	e.answer(answer)
	answer.Header.Del(HeaderCode)
	answer.Header.Del(HeaderWhy)
	answer.Header.Del(HeaderAhead)
	return nil
}

func failed(_ http.ResponseWriter, r *http.Request, err error) {
	e := exchangeOf(r)
	e.err = e.fault(r.Method, err)
}
