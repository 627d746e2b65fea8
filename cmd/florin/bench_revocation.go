package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"florin/gateway"
	"florin/gateway/phone"
	"florin/gateway/service"
	"florin/gateway/wire"
	"florin/projections"
)

func revocationExperiments() []experiment {
	return []experiment{{
		name: "revocation", figures: []string{"revocation-reach", "revocation-reach-max"},
		run: func(ctx context.Context, b *bench) ([]figure, error) { return b.revocations(ctx) },
	}}
}

// How often a session is revoked, and what the longest may take.
const (
	revocations      = 100
	revocationsQuick = 20
	reachMax         = 1000.0 // ms: identity.md, Revocation
)

// revocations measures how soon another gateway knows of a revocation: from the 200
// of DELETE /v1/sessions/{id} at one to the first 401 at the other, which has
// nothing in common with it but the log. The other is asked without a pause, so
// one request is what the figure can resolve.
func (b *bench) revocations(ctx context.Context) (_ []figure, err error) {
	served, err := serveBench(ctx, filepath.Join(b.dir, "revocation"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, served.close()) }()
	other, err := served.secondGateway(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, other.close()) }()
	who, err := newPerson(ctx, served.base, "revoked", newHTTPClient())
	if err != nil {
		return nil, err
	}
	n := revocations
	if b.quick {
		n = revocationsQuick
	}
	reaches := make([]float64, n)
	for i := range reaches {
		reach, err := reachOf(ctx, served.base, who.phone, other)
		if err != nil {
			return nil, err
		}
		reaches[i] = float64(reach) / float64(time.Millisecond)
	}
	conditions := fmt.Sprintf("%d sessions revoked one after the other, over loopback; from the 200 of DELETE to the first 401 of another gateway (guards of its own, following the same log in the same process), "+
		"asked without a pause; 0: it knew before the 200 came; the aim: under %.0f", n, reachMax)
	longest := percentile(reaches, 100)
	return []figure{
		beside("revocation-reach", "ms", percentile(reaches, 50), 0, conditions),
		beside("revocation-reach-max", "ms", longest, 0, conditions),
	}, nil
}

// reachOf revokes the session of a new login at one gateway, while the same phone
// asks the other.
func reachOf(ctx context.Context, base string, p *phone.Phone, other *secondGateway) (time.Duration, error) {
	if err := p.Login(ctx); err != nil {
		return 0, err
	}
	saved, err := p.Save()
	if err != nil {
		return 0, err
	}
	there, err := phone.Load(phoneSettings(base, other.client), saved)
	if err != nil {
		return 0, err
	}
	if answer, err := there.Get(ctx, "/v1/accounts"); err != nil || answer.OK() != nil {
		return 0, fmt.Errorf("ask the other gateway: %w", errors.Join(err, answer.OK()))
	}
	session, err := sessionOf(p.Tokens().Access)
	if err != nil {
		return 0, err
	}
	type refusal struct {
		at  time.Time
		err error
	}
	refused := make(chan refusal, 1)
	asking, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	go func() {
		for {
			answer, err := there.Get(asking, "/v1/accounts")
			if err != nil || answer.Status == http.StatusUnauthorized {
				refused <- refusal{time.Now(), err}
				return
			}
		}
	}()
	answer, err := p.Command(ctx, http.MethodDelete, "/v1/sessions/"+session, nil, p.NewID())
	ended := time.Now()
	if err == nil {
		err = answer.OK()
	}
	if err != nil {
		stop()
		<-refused
		return 0, fmt.Errorf("revoke: %w", err)
	}
	first := <-refused
	return max(first.at.Sub(ended), 0), first.err
}

// sessionOf reads an access token's session; nothing is decided by it.
func sessionOf(access string) (string, error) {
	parts := strings.Split(access, ".")
	if len(parts) != 3 {
		return "", errors.New("the access token is no JWT")
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", fmt.Errorf("read access token: %w", err)
	}
	var claims struct {
		Session string `json:"sid"`
	}
	if err := json.Unmarshal(raw, &claims); err != nil || claims.Session == "" {
		return "", fmt.Errorf("the access token names no session: %w", err)
	}
	return claims.Session, nil
}

// secondGateway answers for the same issuer, at another address, with guards of
// its own.
type secondGateway struct {
	server *http.Server
	client *http.Client // that reaches it by the issuer's name
	stop   context.CancelFunc
	ended  chan error
}

func (s *servedBank) secondGateway(ctx context.Context) (*secondGateway, error) {
	b := s.bank
	guards := projections.NewGuards(b.ledger.log, b.ledger.treaty)
	cursors, err := b.ledger.ring.Named("cursor")
	if err != nil {
		return nil, err
	}
	door, err := gateway.New(gateway.Settings{
		Bank: b.write, Guards: guards, Issuer: b.config.Issuer, Sandbox: b.config.Sandbox, Rates: b.config.rates(), Logger: b.logger, Registry: prometheus.NewRegistry(),
		Desk: service.Desk{Bank: b.write, Reads: b.reads, Log: b.ledger.log, Treaty: b.ledger.treaty, Cursors: wire.NewCursors(cursors)},
	})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := listener.Addr().String()
	running, stop := context.WithCancel(ctx)
	other := &secondGateway{server: gateway.Server(door, b.logger), stop: stop, ended: make(chan error, 3)}
	other.client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}}
	go func() { other.ended <- guards.Run(running) }()
	go func() { other.ended <- door.Run(running) }()
	go func() { other.ended <- other.server.Serve(listener) }()
	if err := guards.Caught(ctx); err != nil {
		return nil, errors.Join(err, other.close())
	}
	return other, nil
}

func (g *secondGateway) close() error {
	g.client.CloseIdleConnections()
	errs := []error{g.server.Close()}
	g.stop()
	for range cap(g.ended) {
		errs = append(errs, <-g.ended)
	}
	return serious(errs)
}
