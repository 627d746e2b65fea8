package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"sync"

	"florin/gateway"
	"florin/gateway/split"
)

// part is something that runs for as long as the process serves.
type part = func(context.Context) error

// begin has parts run until stop; each says in ended how it came to its end.
func begin(ctx context.Context, ended chan<- error, parts []part) (running *sync.WaitGroup, stop context.CancelFunc) {
	ctx, stop = context.WithCancel(ctx)
	running = &sync.WaitGroup{}
	for _, part := range parts {
		running.Go(func() { ended <- part(ctx) })
	}
	return running, stop
}

// listen opens the two listeners of a process.
func listen(served, private string) (public, admin net.Listener, err error) {
	if public, err = net.Listen("tcp", served); err != nil {
		return nil, nil, fmt.Errorf("listen: %w", err)
	}
	if admin, err = net.Listen("tcp", private); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("listen for admin: %w", err), public.Close())
	}
	return public, admin, nil
}

// watches are the parts that take up new certificates.
func watches(public *gateway.TLS, inside *split.Credentials, logger *slog.Logger) (parts []part) {
	if public != nil {
		parts = append(parts, func(ctx context.Context) error {
			return gateway.Watch(ctx, "TLS certificate", public.Reload, sources().Now, logger)
		})
	}
	if inside != nil {
		parts = append(parts, func(ctx context.Context) error {
			return gateway.Watch(ctx, "internal certificate", inside.Reload, sources().Now, logger)
		})
	}
	return parts
}

// publicTLS is nil where the public listener speaks in clear.
func (c config) publicTLS() (*gateway.TLS, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	hosts := []string{}
	if issuer, err := url.Parse(c.Issuer); err == nil { // checked before anything was opened
		hosts = append(hosts, issuer.Hostname())
	}
	if listen, _, err := net.SplitHostPort(c.Listen); err == nil {
		hosts = append(hosts, listen)
	}
	files := gateway.TLSFiles{Cert: c.TLSCert, Key: c.TLSKey, ClientCA: c.TLSClientCA, Optional: c.TLSClientOptional}
	return gateway.LoadTLS(files, hosts, sources().Now())
}

// insideCredentials are nil where the bank is one process.
func (c config) insideCredentials() (*split.Credentials, error) {
	if c.Only == "" {
		return nil, nil
	}
	return split.LoadCredentials(split.Files{Cert: c.InternalCert, Key: c.InternalKey, CA: c.InternalCA}, sources().Now())
}
