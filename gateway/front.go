package gateway

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/propagation"

	"florin/commands"
	"florin/domain/id"
	"florin/gateway/identity"
	"florin/gateway/service"
	"florin/gateway/split"
	"florin/gateway/token"
	"florin/projections"
)

// FrontSettings of a gateway that is a process of its own. All are needed but Hosts,
// Certificates, Rates and Load; Issuer and Sandbox are the core's. Sources have the
// world's time.
type FrontSettings struct {
	Core        string // HOST:PORT of its internal listener
	Credentials *split.Credentials
	Sources     commands.Sources
	Issuer      string
	Hosts       []string
	Sandbox     bool
	Rates       Rates
	Proxies     []netip.Prefix // whose X-Forwarded-For counts

	Certificates bool // the listener asks clients for certificates (TLSFiles.ClientCA)

	Load     Load
	Logger   *slog.Logger
	Registry *prometheus.Registry
}

// Front is the front door in a process of its own: the same layers before the same
// rows, and behind each row the line to the core.
type Front struct {
	*Gateway
	line    *split.Line
	copy    *split.Copy
	creds   *split.Credentials
	sources commands.Sources
}

// NewFront builds it. Nothing is asked of the core before Follow.
func NewFront(s FrontSettings) (*Front, error) {
	var known *split.Copy
	settings := Settings{Issuer: s.Issuer, Hosts: s.Hosts, Sandbox: s.Sandbox, Certificates: s.Certificates, Rates: s.Rates, Proxies: s.Proxies, Load: s.Load, Logger: s.Logger, Registry: s.Registry}
	key := func(keyID string) (*ecdsa.PublicKey, bool) { return known.Key(keyID) }
	face, err := identity.Face(s.Issuer)
	if err != nil {
		return nil, err
	}
	standing := projections.NewStanding()
	early := guardsOf(standing)
	early.limited = func(id.Customer) bool { return false } // who was limited may act again: the core knows first
	told := s.Sources.Ahead(func() time.Duration { return known.Ahead() })
	d, err := newDoor(settings, told, key, early)
	if err != nil {
		return nil, err
	}
	known = split.NewCopy(standing, d.proofs, func(first split.Frame) error {
		if first.Issuer != s.Issuer || first.Sandbox != s.Sandbox {
			return fmt.Errorf("gateway: the core's issuer is %q and its sandbox %t; here they are %q and %t", first.Issuer, first.Sandbox, s.Issuer, s.Sandbox)
		}
		return nil
	})
	f := &Front{line: split.NewLine(s.Core, s.Credentials, s.Sources.Now, s.Logger), copy: known, creds: s.Credentials, sources: s.Sources}
	d.refusals.record = f.tellRefusal
	d.admits = func(w http.ResponseWriter, r *http.Request, row Route) (*http.Request, error) {
		if !known.Linked() { // who asks cannot be told without the core's keys
			return nil, split.Unreachable
		}
		return d.admit(w, r, row)
	}
	rows := Routes(face, service.Desk{Sandbox: s.Sandbox})
	for i := range rows {
		rows[i].Handle = f.forward(rows[i])
	}
	f.Gateway = &Gateway{Handler: d.handler(rows), door: d, refusals: d.refusals}
	f.register(s.Registry)
	return f, nil
}

// Follow keeps up with the core until ctx ends, or the core turns out to be another
// than the one this gateway is for. Run and Follow are both needed.
func (f *Front) Follow(ctx context.Context) error {
	defer f.line.Close()
	return f.copy.Follow(ctx, func(ctx context.Context) (*http.Response, error) {
		answer, err := f.ask(ctx, get, split.FeedPath, nil)
		if err == nil && answer.StatusCode == http.StatusOK {
			f.line.Mend()
		}
		return answer, err
	})
}

// Tick records refusals; the nonce keys are the core's to turn.
func (f *Front) Tick(ctx context.Context) { f.refusals.tick(ctx) }

// Ready tells whether requests reach the core.
func (f *Front) Ready(context.Context) error {
	if err := f.copy.Err(); err != nil {
		return fmt.Errorf("the core cannot be reached: %w", err)
	}
	if f.line.Broken() {
		return errors.New("the core does not answer")
	}
	return nil
}

func (f *Front) register(registry *prometheus.Registry) {
	registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "florin_core_linked", Help: "1 while the core is there and followed."}, func() float64 {
			if f.copy.Linked() {
				return 1
			}
			return 0
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "florin_core_position", Help: "How far the core's revocations are known, in events of the log."},
			func() float64 { return float64(f.copy.Position()) }),
	)
}

// forward sends a row's admitted requests to the core, each with an internal token.
func (f *Front) forward(row Route) func(http.ResponseWriter, *http.Request) error {
	audience := serviceOf(row.Path)
	return func(w http.ResponseWriter, r *http.Request) error {
		visit := visitOf(r.Context())
		said := token.Internal{
			Audience: audience, ID: f.sources.NewID().String(), Method: r.Method, Target: token.TargetOf(r.URL), ContentDigest: token.ContentDigest(visit.body),
			Request: visit.id.String(), Address: visit.address, Key: service.CallOf(r.Context()).Key, Asks: f.door.settings.Certificates,
		}
		if certificate := token.Certificate(r); certificate != nil {
			said.Certificate = certificate.Raw
		}
		if !row.Open {
			claims := visit.shown.Claims
			claims.Details = nil // of no use behind: the log has what was agreed to
			said.Identity, said.TokenHash = &claims, visit.shown.Hash()
			said.Proof = &token.Shown{JKT: visit.proof.JKT, ID: visit.proof.ID, Nonce: visit.proof.Nonce}
		}
		signed, err := said.Sign(f.creds.Signer(), f.sources.Now())
		if err != nil {
			return err
		}
		return f.line.Forward(w, r, func(out *http.Request) {
			out.Header.Set(split.HeaderToken, signed)
			out.Header.Del("Expect") // the body is here
			if row.Signed {
				out.Header.Set("DPoP", visit.proof.Raw)
			}
			if traceparent(r) != "" {
				traces.Inject(r.Context(), propagation.HeaderCarrier(out.Header))
			}
		}, func(answer *http.Response) { f.answered(w, visit, answer) })
	}
}

// answered notes what the core says of its answer, and lets the core's own headers
// stand alone. A stream ends when the core ends it, not by this server's clock.
func (f *Front) answered(w http.ResponseWriter, visit *visit, answer *http.Response) {
	visit.report.Code = answer.Header.Get(split.HeaderCode)
	if why := answer.Header.Get(split.HeaderWhy); why != "" {
		visit.why = why
	}
	if ahead, err := time.ParseDuration(answer.Header.Get(split.HeaderAhead)); err == nil {
		f.copy.Advance(ahead)
	}
	for name := range answer.Header {
		w.Header().Del(name)
	}
	if kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind == eventStream {
		answer.Body = untilTheEnd{answer.Body, answer.Request.Context()}
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // without it the stream is cut sooner, and taken up again
	}
}

// untilTheEnd is a stream that this process ends in order: to the client as if the
// core had ended it, and not as a connection that broke.
type untilTheEnd struct {
	io.ReadCloser
	ctx context.Context
}

func (u untilTheEnd) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if err != nil && u.ctx.Err() != nil {
		err = io.EOF
	}
	return n, err
}

// ask is the gateway's own request to the core.
func (f *Front) ask(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	said := token.Internal{
		Audience: serviceOf(path), ID: f.sources.NewID().String(), Method: method, Target: path, ContentDigest: token.ContentDigest(body)}
	signed, err := said.Sign(f.creds.Signer(), f.sources.Now())
	if err != nil {
		return nil, err
	}
	return f.line.Ask(ctx, method, path, signed, body)
}
