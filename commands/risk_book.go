package commands

import (
	"context"
	"fmt"
	"sync"
	"time"

	"florin/domain/id"
	"florin/domain/risk"
	"florin/eventbus"
	"florin/schemas"
)

// book is what the log says of customers, devices, accounts and payees as far as risk
// asks for it, in memory, up to a position. A decision names that position, so that it
// can be made again.
//
//	the log --follow, or pulled by a decision that needs more--> book --look--> decision
//
// It is made anew from the whole log at every start, and until then whoever pays confirms. Why no checkpoint: a history that was
// saved in a wrong moment would decide otherwise than the log, and nobody would see it
// before the next replay. It must never show what is not durable.
type book struct {
	log    eventbus.Log
	treaty *schemas.Treaty
	wait   time.Duration // of a command for the book, or for its turn

	mu        sync.RWMutex // guards what follows
	history   *risk.History
	position  eventbus.Position
	ready     bool // it has been at the head of the log since the start
	following bool

	pulling chan struct{} // one at a time
	turns   turns
}

func newBook(log eventbus.Log, treaty *schemas.Treaty, wait time.Duration) *book {
	return &book{log: log, treaty: treaty, wait: wait, history: risk.NewHistory(), pulling: make(chan struct{}, 1), turns: turns{customers: map[id.Customer]*lane{}}}
}

// follow takes in what becomes durable until ctx ends.
func (b *book) follow(ctx context.Context) error {
	b.mu.Lock()
	b.following = true
	after := b.position
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		b.following = false
		b.mu.Unlock()
	}()
	head, err := b.log.Head(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("commands: risk: %w", err)
	}
	for record, err := range b.log.Subscribe(ctx, after) {
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("commands: risk: %w", err)
		}
		if err := b.take(record); err != nil {
			return fmt.Errorf("commands: risk: %w", err)
		}
		if record.Last() >= head.Position {
			b.mu.Lock()
			b.ready = true
			b.mu.Unlock()
		}
	}
	return nil
}

// take takes in a commit, if it was not before.
func (b *book) take(record eventbus.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if record.Last() <= b.position {
		return nil
	}
	decisions, err := observe(b.treaty, b.history, record)
	if err != nil {
		return err
	}
	b.position = record.Last()
	for _, decision := range decisions {
		b.turns.passed(decision.Customer, b.position)
	}
	return nil
}

// look is what is known of an attempt, and up to which position. ready is false if the
// book has not taken in, within its wait, what it must have to tell.
func (b *book) look(ctx context.Context, a risk.Attempt) (v risk.Vector, at eventbus.Position, ready bool) {
	ready = b.pull(ctx, b.turns.last(id.From[id.Customer](a.Customer))) == nil
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.history.Look(a), b.position, ready
}

// pull has the book taken in the log up to a position, and all of it as long as nobody
// follows.
func (b *book) pull(ctx context.Context, least eventbus.Position) error {
	b.mu.RLock()
	enough := b.ready && b.following && b.position >= least
	b.mu.RUnlock()
	if enough {
		return nil
	}
	ctx, done := context.WithTimeout(ctx, b.wait)
	defer done()
	select {
	case b.pulling <- struct{}{}:
		defer func() { <-b.pulling }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if least == unsure {
		if err := b.log.Durable(ctx); err != nil {
			return err
		}
	}
	b.mu.RLock()
	after := b.position
	b.mu.RUnlock()
	for record, err := range b.log.ReadAll(ctx, after) {
		if err == nil {
			err = b.take(record)
		}
		if err != nil {
			return err
		}
	}
	if ctx.Err() == nil {
		b.mu.Lock()
		b.ready = true
		b.mu.Unlock()
	}
	return ctx.Err()
}

// unsure is the position of a commit of which nobody knows whether it became durable.
const unsure = eventbus.Position(1<<64 - 1)
