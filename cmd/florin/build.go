package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
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
