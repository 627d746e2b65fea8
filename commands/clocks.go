package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"florin/domain"
	"florin/domain/clock"
	"florin/eventbus"
)

// ErrNoSandbox: somebody wants to move the time of a bank in production.
var ErrNoSandbox = &domain.Refusal{Class: domain.Forbidden, Code: "sandbox-only", Detail: "Only a sandbox does this."}

// Clocks are the verbs of a sandbox's clock.
//
// All that the bank decides and records goes by the bank's time: days, limits, holds,
// standing orders, the lives of tokens and sessions. What the world brings with a
// time of its own goes by the world's: proofs of possession and their nonces, signed
// statements and registrations, clients' assertions, one-time passwords, rates. So a
// phone keeps working when three months have passed in a second, but for its session,
// which is three months old then.
type Clocks struct{ bank *Bank }

// Clocks gives the verbs of the sandbox's clock.
func (b *Bank) Clocks() Clocks { return Clocks{b} }

// ClockAnswer is where the bank's time stands.
type ClockAnswer struct {
	Bank  time.Time
	Ahead time.Duration // of the world's
}

// Read tells the bank's time by now.
func (c Clocks) Read() ClockAnswer {
	return ClockAnswer{Bank: c.bank.sources.Time(), Ahead: time.Duration(c.bank.clock.ahead.Load())}
}

// Move sets the bank's time; it never goes back. What has become due meanwhile is
// done by the processes, as after a stop of the bank that lasted as long.
func (c Clocks) Move(ctx context.Context, order Order, to func(now time.Time) time.Time) (ClockAnswer, Outcome, error) {
	b := c.bank
	if err := b.sandboxed(ctx); err != nil {
		return ClockAnswer{}, Outcome{}, err
	}
	answer, outcome, err := execute(ctx, b, "clock.move", order, streams(clock.Stream()), func(w *work) error {
		wall := b.sources.Wall().UTC().Truncate(time.Microsecond)
		state, err := b.clocks.load(w, clock.Stream())
		if err != nil {
			return err
		}
		now := wall.Add(state.Ahead)
		return b.clocks.decide(w, clock.Stream(), clock.Move{From: now, To: to(now).UTC().Truncate(time.Microsecond), At: wall})
	}, func(facts []Fact) (ClockAnswer, error) {
		for _, fact := range facts {
			if e, ok := fact.Event.(clock.Moved); ok {
				return ClockAnswer{Bank: e.To, Ahead: time.Duration(e.AheadMicros) * time.Microsecond}, nil
			}
		}
		return ClockAnswer{}, nil
	})
	if err == nil {
		b.clock.advance(answer.Ahead)
	}
	return answer, outcome, err
}

// sandboxed refuses what only a sandbox may do; the log's first record says whether
// it is one, for ever.
func (b *Bank) sandboxed(ctx context.Context) error {
	for record, err := range b.log.ReadAll(ctx, 0) {
		if err != nil {
			return fmt.Errorf("commands: read the genesis: %w", err)
		}
		var genesis eventbus.Genesis
		if err := json.Unmarshal(record.Events[0].Data, &genesis); err != nil {
			return fmt.Errorf("commands: read the genesis: %w", err)
		}
		if genesis.Mode == eventbus.Sandbox {
			return nil
		}
		break
	}
	return ErrNoSandbox
}

// setClock takes up the clock where the log left it.
func (b *Bank) setClock(ctx context.Context) error {
	state, err := b.clocks.look(ctx, clock.Stream())
	if err == nil {
		b.clock.advance(state.Ahead)
	}
	return err
}

// movable is the bank's time above the world's.
type movable struct{ ahead atomic.Int64 } // nanoseconds; only grows

func (m *movable) above(sources Sources) Sources {
	return sources.Ahead(func() time.Duration { return time.Duration(m.ahead.Load()) })
}

// world is what the world's time was when the bank's was at.
func (m *movable) world(at time.Time) time.Time { return at.Add(-time.Duration(m.ahead.Load())) }

func (m *movable) advance(to time.Duration) {
	for {
		now := m.ahead.Load()
		if int64(to) <= now || m.ahead.CompareAndSwap(now, int64(to)) {
			return
		}
	}
}

// ticking takes over what another process of the operating system has moved.
type ticking struct{ bank *Bank }

func (t *ticking) Name() string { return "clock" }

func (t *ticking) Kinds() []string { return []string{clock.Moved{}.Kind()} }

func (t *ticking) Take(_ context.Context, fact Happened, _ *Agenda) error {
	if e, ok := fact.Event.(clock.Moved); ok {
		t.bank.clock.advance(time.Duration(e.AheadMicros) * time.Microsecond)
	}
	return nil
}

func (t *ticking) Ring(context.Context, Alarm, *Agenda) error { return nil } // it sets none
