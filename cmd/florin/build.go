package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"florin/commands"
	"florin/domain/attest/trust"
	"florin/domain/iban"
	"florin/gateway"
	"florin/gateway/backchannel"
	"florin/gateway/notify"
	"florin/gateway/outbound"
	"florin/gateway/partner"
	"florin/gateway/service"
	"florin/gateway/split"
	"florin/gateway/wire"
	"florin/projections"
)

// tick is how often the bank looks for what is due: expired challenges, erasures.
const tick = time.Second

// stopWithin bounds an orderly end: requests under way are answered first.
const stopWithin = 10 * time.Second

// showWithin bounds how long the read models may take for what was written last.
const showWithin = 3 * time.Second

// bank is everything that serves, wired. This file is all the wiring there is.
type bank struct {
	config config
	logger *slog.Logger
	ledger *ledger
	write  *commands.Bank
	reads  *projections.Reads
	guards *projections.Guards
	door   *gateway.Gateway // of these two the one that is served
	core   *gateway.Core
	public *http.Server // of a core: its internal listener
	admin  *http.Server
	tls    *gateway.TLS       // of the public listener; nil: it speaks in clear
	inside *split.Credentials // of a core

	caughtUp atomic.Bool
}

// build wires a bank, from the log at the bottom to the listeners on top. What
// it has opened when it fails it closes again.
func build(ctx context.Context, c config, logger *slog.Logger) (_ *bank, err error) {
	b := &bank{config: c, logger: logger}
	if b.tls, err = c.publicTLS(); err != nil {
		return nil, err
	}
	if b.inside, err = c.insideCredentials(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	if c.Log != "" {
		c.standBy = sync.OnceFunc(func() { logger.Info("another process writes this log: standing by until it ends") })
	}
	if b.ledger, err = openLedger(ctx, c, true, nil); err != nil {
		return nil, err
	}
	if b.ledger.log.IndexMade() {
		logger.Warn("the log's index was damaged or lost, and was made anew from its records")
	}
	if b.write, err = openCommands(ctx, c, b.ledger, logger, false); err != nil {
		return nil, err
	}
	if err := b.write.FirstStart(ctx); err != nil { // the first start's keys and client
		return nil, fmt.Errorf("begin the bank: %w", err)
	}
	if err := b.tellPolicy(ctx); err != nil {
		return nil, err
	}
	if b.reads, err = projections.Open(ctx, readsFile(c.Dir), b.ledger.log, b.ledger.treaty); err != nil {
		return nil, err
	}
	b.guards = projections.NewGuards(b.ledger.log, b.ledger.treaty)
	if err := b.guards.Seed(ctx, b.reads); err != nil {
		return nil, fmt.Errorf("learn what is revoked: %w", err)
	}
	cursors, err := b.ledger.ring.Named("cursor")
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	handler, err := b.front(gateway.Settings{
		Bank: b.write, Guards: b.guards, Issuer: c.Issuer, Hosts: []string{c.Listen}, Sandbox: c.Sandbox, Certificates: c.TLSClientCA != "", Rates: c.rates(), Proxies: c.proxies(), Load: c.load(),
		Logger: logger, Registry: registry,
		Desk: service.Desk{Bank: b.write, Reads: b.reads, Log: b.ledger.log, Treaty: b.ledger.treaty, Cursors: wire.NewCursors(cursors)},
	})
	if err != nil {
		return nil, err
	}
	b.public = gateway.Server(handler, logger)
	b.admin = gateway.Server(b.adminHandler(registry), logger)
	if b.core != nil {
		b.public.RegisterOnShutdown(b.core.End)
	} else {
		b.public.RegisterOnShutdown(b.door.End)
	}
	return b, nil
}

// tellPolicy says which risk policy decides where a file names another one.
func (b *bank) tellPolicy(ctx context.Context) error {
	judges, err := b.write.Judges(ctx)
	if err != nil {
		return err
	}
	if founding, err := b.write.Judge(ctx, ""); b.config.RiskPolicy != "" && err == nil && founding.Digest != judges.Live.Digest {
		b.logger.Warn("the bank has activated another risk policy than its file names; that one decides (PUT /v1/risk/policies changes it)",
			"live", judges.Live.Digest, "file", founding.Digest)
	}
	return nil
}

// front is what is served: the front door, or the core behind those of other
// processes.
func (b *bank) front(settings gateway.Settings) (_ http.Handler, err error) {
	if b.config.Only == onlyCore {
		b.core, err = gateway.NewCore(settings)
		return b.core, err
	}
	b.door, err = gateway.New(settings)
	return b.door, err
}

// openCommands opens the write side above an open ledger. checked holds every
// command and event against its schema before it is written: for hands, not for load.
func openCommands(ctx context.Context, c config, l *ledger, logger *slog.Logger, checked bool) (*commands.Bank, error) {
	if !c.Sandbox && c.recoveryWait() < time.Hour { // only the log says whether it is one
		return nil, fmt.Errorf("%w: in production recovery_wait is at least 1h", errUsage)
	}
	terms := commands.DefaultTerms()
	terms.Audience, terms.BIC = c.Issuer, c.BIC
	terms.Issuer, _ = iban.NewIssuer(c.BankCode) // checked before anything was opened
	terms.NewDevice = commands.NewDevice{Wait: time.Duration(c.NewDeviceHours) * time.Hour, DailyUnits: c.NewDeviceLimit}
	var notifier commands.Notifier
	if c.Notifier != "" {
		var err error
		if notifier, err = notify.Open(c.Notifier, os.Stdout, time.Now); err != nil {
			return nil, err
		}
	}
	toOthers, err := c.openRail()
	if err != nil {
		return nil, fmt.Errorf("%w: rail: %w", errUsage, err)
	}
	identity := commands.IdentitySettings{Issuer: l.log.Genesis().LegalEntity, RecoveryWait: c.recoveryWait()}
	if l.leaked != nil {
		identity.Breached = l.leaked.has
	}
	var believed func() trust.Trust
	if c.Attestation != "" {
		beliefs, err := openBeliefs(c.Attestation, c.Sandbox)
		if err != nil {
			return nil, err
		}
		terms.Unproven, believed = beliefs.limits, func() trust.Trust { return beliefs.now(logger) }
	}
	calls := outbound.New(outbound.Internet(), c.Sandbox)
	policy, err := c.policy()
	if err != nil {
		return nil, err
	}
	return commands.Open(ctx, l.log, l.treaty, l.ring, sources(), commands.Settings{
		BuildVersion: buildVersion(), CheckSchemas: checked, Snapshots: l.engine.snapshots, Dir: filepath.Join(c.Dir, "processes"), Money: terms, Policy: policy, Rail: toOthers, Notifier: notifier, Logouts: backchannel.New(c.Issuer, calls), Webhooks: partner.New(calls),
		Identity: identity, Trust: believed, OpenDataSet: c.openDataSet,
	})
}

// sources are the process's own: the only clock and the only dice.
func sources() commands.Sources {
	return commands.Sources{Now: time.Now, Random: rand.Reader}
}

func (c config) rates() gateway.Rates {
	caller := gateway.Rate{PerSecond: float64(c.RatePerSecond), Burst: c.RateBurst}
	peer := gateway.Rate{PerSecond: 10 * caller.PerSecond, Burst: 10 * caller.Burst}
	return gateway.Rates{Caller: caller, Login: caller, Peer: peer}
}

// load is what the public listener takes on at once: eight streams and half a body
// of the longest for each request.
func (c config) load() gateway.Load {
	return gateway.Load{Requests: c.RequestsAtOnce, Streams: 8 * c.RequestsAtOnce, Bytes: int64(c.RequestsAtOnce) * gateway.BodyBytesMax / 2}
}

// run serves until ctx ends or a part of the bank fails.
func (b *bank) run(ctx context.Context, serving func(public, admin net.Addr)) error {
	address := b.config.Listen
	if b.core != nil {
		address = b.config.Internal
	}
	public, admin, err := listen(address, b.config.Admin)
	if err != nil {
		return err
	}
	following, writing := []part{b.reads.Run, b.guards.Run, b.watch, b.catchUp}, []part{b.write.Run, b.write.RunWebhooks, b.tick, b.post}
	following = append(following, watches(b.tls, b.inside, b.logger)...)
	if b.door != nil {
		writing = append(writing, b.door.Run)
	}
	writing = append(writing,
		func(context.Context) error { return b.public.Serve(b.secured(public)) },
		func(context.Context) error { return b.admin.Serve(admin) })
	ended := make(chan error, len(following)+len(writing)) // nobody waits to say that it has ended
	whole := context.WithoutCancel(ctx)                    // the end is in order: who writes ends before who follows
	followers, unfollow := begin(whole, ended, following)
	defer unfollow()
	writers, halt := begin(whole, ended, writing)
	defer halt()
	serving(public.Addr(), admin.Addr())
	var first error
	select {
	case <-ctx.Done():
	case first = <-ended:
	}
	orderly, done := context.WithTimeout(whole, stopWithin)
	defer done()
	errs := []error{first, b.public.Shutdown(orderly), b.admin.Shutdown(orderly)}
	halt()
	writers.Wait()
	b.showAll(whole)
	unfollow()
	followers.Wait()
	close(ended)
	for err := range ended {
		errs = append(errs, err)
	}
	return serious(errs)
}

// showAll lets the read models take in what was written last, so that a stopped
// bank's are what its log says: also what a writer had enqueued that ended before it
// had an answer. If they cannot they go on at the next start.
func (b *bank) showAll(ctx context.Context) {
	ctx, done := context.WithTimeout(ctx, showWithin)
	defer done()
	if b.ledger.log.Durable(ctx) == nil {
		_ = b.reads.Caught(ctx)
	}
}

// secured puts TLS around what is served: the bank's certificate if it has one, and
// around a core what lets in gateways alone, who have looked at the framing.
func (b *bank) secured(listener net.Listener) net.Listener {
	switch {
	case b.core != nil:
		return tls.NewListener(listener, b.inside.Server(sources().Now))
	case b.tls != nil:
		listener = tls.NewListener(listener, b.tls.Config())
	}
	return gateway.Framed(listener)
}

// serious leaves out the errors that an orderly end consists of.
func serious(errs []error) error {
	var left []error
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, http.ErrServerClosed) {
			left = append(left, err)
		}
	}
	return errors.Join(left...)
}

// cutOff is the error of work that was under way when the bank was told to end: its
// outcome is found out at the next start, and nothing is wrong.
func cutOff(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// tick rings what is due.
func (b *bank) tick(ctx context.Context) error {
	clock := time.NewTicker(tick)
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-clock.C:
			if err := b.write.Tick(ctx); err != nil {
				return cutOff(ctx, fmt.Errorf("do what is due: %w", err))
			}
			if b.core != nil {
				b.core.Tick(ctx)
			} else {
				b.door.Tick(ctx)
			}
		}
	}
}

// post sends partners what is due, at its own pace.
func (b *bank) post(ctx context.Context) error {
	clock := time.NewTicker(tick)
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-clock.C:
			if err := b.write.TickWebhooks(ctx); err != nil {
				return cutOff(ctx, fmt.Errorf("tell partners: %w", err))
			}
		}
	}
}

// watch ends the process when the log can no longer be written.
func (b *bank) watch(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-b.ledger.log.Failed():
		return fmt.Errorf("the log has stopped: %w", b.ledger.log.Err())
	case <-b.ledger.engine.lost():
		return errTakenOver
	}
}

// catchUp notes when the read models first show all that the log held at the start.
func (b *bank) catchUp(ctx context.Context) error {
	if err := b.reads.Caught(ctx); err != nil {
		return err
	}
	b.caughtUp.Store(true)
	<-ctx.Done()
	return ctx.Err()
}

// ready tells whether requests are answered from what the log holds now.
func (b *bank) ready(ctx context.Context) error {
	if err := b.ledger.log.Err(); err != nil {
		return err
	}
	if !b.caughtUp.Load() {
		return errors.New("the read models are being made from the log")
	}
	head, err := b.ledger.log.Head(ctx)
	if err != nil {
		return err
	}
	return b.guards.WaitFor(ctx, head.Position)
}

// close ends in the reverse order of opening.
func (b *bank) close() error {
	var errs []error
	if b.reads != nil {
		errs = append(errs, b.reads.Close())
	}
	if b.ledger != nil {
		errs = append(errs, b.ledger.close())
	}
	return errors.Join(errs...)
}
