package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"florin/commands"
	"florin/domain"
	"florin/domain/session"
	"florin/gateway/problem"
	"florin/gateway/service"
	"florin/gateway/split"
	"florin/gateway/token"
)

// Core is what stands behind gateways that are processes of their own: the same
// rows, and before them one layer that takes nobody's word but a gateway's.
//
//	record > recover > inside (certificate, internal token, once) > router
//	   > ended? > the proof, once for all gateways > signature, by the stored key
//	   > scope > step-up > service
//
// A gateway has checked all this but for the stored key. It is checked again for
// two reasons: what was ended a moment ago is known here first, and a gateway that
// was broken into may make up who asks, but not a customer's signature.
type Core struct {
	http.Handler
	door      *door
	bank      *commands.Bank
	internals *token.Internals
	feed      split.Source
}

// NewCore builds it for an internal listener. Rates and Hosts of the settings are a
// gateway's to hold.
func NewCore(settings Settings) (*Core, error) {
	d, rows, err := furnished(settings)
	if err != nil {
		return nil, err
	}
	signings := settings.Bank.Signings()
	c := &Core{door: d, bank: settings.Bank, internals: token.NewInternals(d.sources.Wall), feed: split.Source{
		Issuer: settings.Issuer, Sandbox: settings.Sandbox, Standing: settings.Guards.Standing, Nonces: d.proofs.NonceKeys,
		Keys: func() ([]domain.PublicKey, <-chan struct{}) {
			rotated := signings.Rotated()
			return signings.Believed(), rotated
		},
		Position: func() uint64 { return uint64(settings.Guards.Position()) },
		Ahead:    func() time.Duration { return settings.Bank.Clocks().Read().Ahead },
	}}
	d.admits, d.refusals = c.received, nil
	router := d.router(rows)
	router.Method(get, split.FeedPath, problem.Handler(func(w http.ResponseWriter, r *http.Request) error {
		routed(r)
		return c.feed.Serve(w, r, d.serving.Done())
	}))
	router.Method(post, split.RefusalsPath, problem.Handler(c.recordRefusal))
	c.Handler = layered(router, d.record, d.recovered, c.inside)
	return c, nil
}

// Tick turns the nonce keys; see Gateway.Tick.
func (c *Core) Tick(ctx context.Context) { c.door.turn(ctx) }

// End lets go of the gateways that follow, and ends the streams; see Gateway.End.
func (c *Core) End() { c.door.end() }

// serviceOf is the service that a path belongs to: the audience of its internal
// tokens.
func serviceOf(path string) string {
	first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if first == "v1" || first == "internal" {
		name, _, _ := strings.Cut(rest, "/")
		return name
	}
	return "identity"
}

// inside lets through what a gateway has sent, once.
func (c *Core) inside(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visit := visitOf(r.Context())
		w = &telling{ResponseWriter: w, visit: visit, core: c}
		shown, err := c.open(w, r, visit)
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		client := *r
		client.TLS = shown // this connection's certificate is the gateway's: no service may take it for a client's
		next.ServeHTTP(w, &client)
	})
}

// open takes the request for what the internal token says, once, and gives the
// client's connection: what it has shown to the gateway.
func (c *Core) open(w http.ResponseWriter, r *http.Request, visit *visit) (*tls.ConnectionState, error) {
	refuse := func(why string) (*tls.ConnectionState, error) {
		visit.why = why
		c.door.metrics.misused.WithLabelValues(why).Inc()
		return nil, problem.Inside
	}
	key := split.PeerKey(r)
	if key == nil {
		return refuse("no-certificate")
	}
	if err := buffer(w, r); err != nil {
		return nil, err
	}
	shown := r.Header.Values(split.HeaderToken)
	if len(shown) != 1 {
		return refuse("missing")
	}
	said, err := c.internals.Open(shown[0], key, token.InternalWant{
		Audience: serviceOf(r.URL.Path), Request: r, Body: visit.body})
	if misused, ok := errors.AsType[*token.Misused](err); ok {
		return refuse(misused.Why)
	} else if err != nil {
		return nil, problem.Busy
	}
	if !agree(r.Header, said) {
		return refuse("other-identity")
	}
	client, err := said.Client()
	if err != nil {
		return refuse("malformed")
	}
	if name, err := uuid.Parse(said.Request); err == nil {
		visit.id, visit.report.Instance = name, "urn:uuid:"+name.String()
	}
	visit.address, visit.inside = said.Address, said
	return client, nil
}

// agree: the identity headers say what the token says, and nothing beside it.
func agree(header http.Header, said *token.Internal) bool {
	want := map[string]string{}
	if said.Identity != nil {
		want = identityOf(said.Identity)
	}
	for name := range identityHeaders {
		value, wanted := want[name]
		given := header.Values(name)
		if wanted && (len(given) != 1 || given[0] != value) || !wanted && len(given) > 0 {
			return false
		}
	}
	keys := header.Values("Idempotency-Key")
	return said.Key == "" || len(keys) == 1 && keys[0] == said.Key
}

// received makes the call of a request that a gateway has admitted.
func (c *Core) received(w http.ResponseWriter, r *http.Request, row Route) (*http.Request, error) {
	visit := visitOf(r.Context())
	call := service.Call{Caller: c.door.stranger(r), Body: visit.body}
	w.Header().Set("DPoP-Nonce", c.door.proofs.Nonce())
	if !row.Open {
		access, proof, err := c.known(r, row)
		if err != nil {
			return nil, err
		}
		c.door.identified(r, &call, access, proof)
		visit.caller = call.Caller
		if err := c.door.permitted(access, row); err != nil {
			return nil, err
		}
		if row.Signed {
			if err := signed(r, row, proof, visit.body); err != nil {
				return nil, err
			}
		}
	}
	if row.Keyed {
		var err error
		if call.Key, err = idempotencyKey(r); err != nil {
			return nil, err
		}
	}
	visit.caller = call.Caller
	return r.WithContext(service.With(r.Context(), call)), nil
}

// known is who asks, if they still may; their proof is used up. Of a signed request
// the proof itself is here, and is verified by the key that is stored.
func (c *Core) known(r *http.Request, row Route) (*token.Access, *token.Proof, error) {
	visit, said := visitOf(r.Context()), visitOf(r.Context()).inside
	if said.Identity == nil || said.Proof == nil {
		return nil, nil, problem.InvalidToken.Challenged()
	}
	access, err := said.Known()
	if err != nil {
		return nil, nil, problem.InvalidToken.Challenged()
	}
	visit.shown = access
	if c.door.guards.ended(access.Session, access.Device, access.Customer, access.Operator) {
		visit.why = token.Why(&token.Ended{Access: access})
		return nil, nil, problem.InvalidToken.Challenged()
	}
	if !access.On(r) {
		visit.why = "other-certificate"
		return nil, nil, problem.InvalidToken.Challenged()
	}
	var proof *token.Proof
	if row.Signed {
		by := *access
		if by.Confirmation.JKT, err = c.storedKey(r.Context(), access); err != nil {
			return nil, nil, err
		}
		proof, err = c.door.proofs.Check(r.Header, token.Want{Method: r.Method, URL: c.door.settings.Issuer + r.URL.Path, Access: &by})
	} else {
		err = c.door.proofs.Claim(said.Proof.JKT, said.Proof.ID, said.Proof.Nonce)
	}
	switch {
	case err == nil:
		return access, proof, nil
	case errors.Is(err, token.ErrNonce):
		return nil, nil, problem.NonceNeeded.Challenged()
	case errors.Is(err, token.ErrFull):
		return nil, nil, problem.Busy
	}
	visit.why = token.Why(err)
	return nil, nil, problem.InvalidProof.Challenged()
}

// storedKey is the thumbprint of the key that the caller signs with, as the log's
// own states have it: the device's, or that of a session without a device of ours.
// Whoever is not who the session says is nobody.
func (c *Core) storedKey(ctx context.Context, access *token.Access) (jkt string, err error) {
	found, err := c.bank.Sessions().Inspect(ctx, commands.InspectToken{Session: access.Session})
	switch {
	case errors.Is(err, session.ErrGrant):
		return "", problem.InvalidToken.Challenged()
	case err != nil:
		return "", err
	case found.Customer != access.Customer, found.Operator != access.Operator, found.Device != access.Device, found.ClientID != access.ClientID:
		return "", problem.InvalidToken.Challenged()
	case access.Device.IsZero():
		return found.JKT, nil
	}
	keys, err := c.bank.Devices().Keys(ctx, access.Device)
	if refusal, ok := errors.AsType[*domain.Refusal](err); ok && refusal.Class == domain.Missing {
		return "", problem.InvalidToken.Challenged()
	}
	return keys.Device.Thumbprint(), err
}

// telling tells the gateway what the log line says, with the answer's header.
type telling struct {
	http.ResponseWriter
	visit *visit
	core  *Core
	told  bool
}

func (t *telling) Write(p []byte) (int, error) {
	if !t.told {
		t.WriteHeader(http.StatusOK)
	}
	return t.ResponseWriter.Write(p)
}

func (t *telling) WriteHeader(status int) {
	if !t.told && status >= 200 {
		t.told = true
		if code := t.visit.report.Code; code != "" {
			t.Header().Set(split.HeaderCode, code)
			t.Header().Set(split.HeaderWhy, t.visit.why)
		}
		if t.core.feed.Sandbox { // whoever moved the clock goes on at once
			t.Header().Set(split.HeaderAhead, t.core.feed.Ahead().String())
		}
	}
	t.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach Flush and the deadlines.
func (t *telling) Unwrap() http.ResponseWriter { return t.ResponseWriter }
