package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"florin/gateway"
	"florin/gateway/split"
)

// edge is a gateway in a process of its own: no log, no key ring, no data
// directory. It starts whether or not its core is there, and says so in /readyz.
type edge struct {
	config config
	logger *slog.Logger
	front  *gateway.Front
	public *http.Server
	admin  *http.Server
	tls    *gateway.TLS
	inside *split.Credentials
}

func buildEdge(c config, logger *slog.Logger) (_ *edge, err error) {
	e := &edge{config: c, logger: logger}
	if e.tls, err = c.publicTLS(); err != nil {
		return nil, err
	}
	if e.inside, err = c.insideCredentials(); err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	e.front, err = gateway.NewFront(gateway.FrontSettings{
		Core: c.Internal, Credentials: e.inside, Sources: sources(), Issuer: c.Issuer, Hosts: []string{c.Listen}, Sandbox: c.Sandbox, Certificates: c.TLSClientCA != "", Rates: c.rates(), Proxies: c.proxies(), Load: c.load(),
		Logger: logger, Registry: registry,
	})
	if err != nil {
		return nil, err
	}
	e.public = gateway.Server(e.front, logger)
	e.public.RegisterOnShutdown(e.front.End)
	e.admin = gateway.Server(gateway.Admin(registry, e.front.Ready), logger)
	return e, nil
}

// serveEdge is 'florin serve --only gateway'.
func serveEdge(ctx context.Context, c config, logger *slog.Logger) error {
	e, err := buildEdge(c, logger)
	if err != nil {
		return err
	}
	return e.run(ctx, func(public, admin net.Addr) {
		logger.Info("serving as a gateway", "issuer", c.Issuer, "listen", public.String(), "admin", admin.String(), "core", c.Internal, "build", buildVersion())
	})
}

// run serves until ctx ends, or the core turns out to be another bank's.
func (e *edge) run(ctx context.Context, serving func(public, admin net.Addr)) error {
	public, admin, err := listen(e.config.Listen, e.config.Admin)
	if err != nil {
		return err
	}
	if e.tls != nil {
		public = tls.NewListener(public, e.tls.Config())
	}
	parts := append(watches(e.tls, e.inside, e.logger), e.front.Follow, e.front.Run, e.tick,
		func(context.Context) error { return e.public.Serve(gateway.Framed(public)) },
		func(context.Context) error { return e.admin.Serve(admin) })
	ended := make(chan error, len(parts))
	whole := context.WithoutCancel(ctx)
	running, stop := begin(whole, ended, parts)
	defer stop()
	serving(public.Addr(), admin.Addr())
	var first error
	select {
	case <-ctx.Done():
	case first = <-ended:
	}
	orderly, done := context.WithTimeout(whole, stopWithin)
	defer done()
	errs := []error{first, e.public.Shutdown(orderly), e.admin.Shutdown(orderly)}
	stop()
	running.Wait()
	close(ended)
	for err := range ended {
		errs = append(errs, err)
	}
	return serious(errs)
}

// tick has refusals recorded that were counted.
func (e *edge) tick(ctx context.Context) error {
	clock := time.NewTicker(tick)
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-clock.C:
			e.front.Tick(ctx)
		}
	}
}
