package commands

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"florin/domain/risk"
	"florin/eventbus"
	"florin/schemas"
)

// book is what the log says of customers, devices, accounts and payees as far as risk
// asks for it, in memory, up to a position. A decision names that position, so that it
// can be made again.
//
//	the funnel --enter, once a commit has its place--> book --look--> decision
//	the log --follow, once it is durable------------->
//
// It takes in what has a place in the log before that is durable: else no customer's
// second command could be decided before the first one is on the disk. A decision so
// rests on commits that may still be lost; but then they are lost together with its own,
// which lies behind them. Whoever is lost ends the log's generation, and the book is made
// anew from what is left.
//
// It is made anew from the whole log at every start, and until then whoever pays
// confirms. Why no checkpoint: a history that was saved in a wrong moment would decide
// otherwise than the log, and nobody would see it before the next replay.
type book struct {
	log    eventbus.Log
	treaty *schemas.Treaty
	wait   time.Duration // of a command for the book

	mu         sync.RWMutex // guards what follows
	history    *risk.History
	position   eventbus.Position          // taken in
	firm       eventbus.Position          // read from the log
	early      map[eventbus.Position]leaf // what came before its turn, by its first position
	generation eventbus.Generation
	ready      bool               // it has been at the head of the log since it was made
	following  context.CancelFunc // begins to follow again; nil: nobody follows
	moved      chan struct{}      // closed when there is news; nil: nobody waits for it

	pulling chan struct{} // one at a time
}

// leaf is a commit as the funnel knows it.
type leaf struct {
	last  eventbus.Position
	facts []Fact
}

// of tells whether a customer's attempt is in it.
func (l leaf) of(customer uuid.UUID) bool {
	return slices.ContainsFunc(l.facts, func(f Fact) bool {
		said, is := f.Event.(risk.Assessed)
		return is && said.Customer.UUID() == customer
	})
}

// earlyMax bounds what waits for its turn: as much as a log's queue may hold. What does
// not find room comes by the log.
const earlyMax = 16 << 10

func newBook(log eventbus.Log, treaty *schemas.Treaty, wait time.Duration) *book {
	return &book{log: log, treaty: treaty, wait: wait, history: risk.NewHistory(), early: map[eventbus.Position]leaf{},
		generation: log.Generation(), pulling: make(chan struct{}, 1)}
}

// enter takes in a commit that has its place in the log. Whoever calls it holds the
// locks under which it was decided, so that the next command on them finds it.
func (b *book) enter(generation eventbus.Generation, receipt eventbus.Receipt, facts []Fact) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.renew(generation)
	switch {
	case generation != b.generation || receipt.Last <= b.position:
	case receipt.First == b.position+1:
		b.take(receipt.Last, facts)
		b.drain()
	case len(b.early) < earlyMax:
		b.early[receipt.First] = leaf{receipt.Last, facts}
	}
}

func (b *book) take(last eventbus.Position, facts []Fact) {
	o := observation{history: b.history}
	for _, fact := range facts {
		if observed[fact.Event.Kind()] {
			o.take(fact.Event, fact.Stream)
		}
	}
	o.receive()
	b.position = last
}

// drain takes in those whose turn has come.
func (b *book) drain() {
	for len(b.early) > 0 {
		next, waits := b.early[b.position+1]
		if !waits {
			break
		}
		delete(b.early, b.position+1)
		b.take(next.last, next.facts)
	}
	b.tell()
}

// tell wakes those who wait for news.
func (b *book) tell() {
	if b.moved != nil {
		close(b.moved)
		b.moved = nil
	}
}

// renew begins anew where a generation has ended with commits that the book has taken in
// and nobody has read from the log: they may be lost.
func (b *book) renew(generation eventbus.Generation) {
	if generation <= b.generation {
		return
	}
	b.generation = generation
	clear(b.early)
	if b.position <= b.firm {
		return
	}
	b.history, b.position, b.firm, b.ready = risk.NewHistory(), 0, 0, false
	if b.following != nil {
		b.following()
	}
}

// follow takes in what becomes durable until ctx ends.
func (b *book) follow(ctx context.Context) error {
	defer func() {
		b.mu.Lock()
		b.following = nil
		b.tell()
		b.mu.Unlock()
	}()
	for ctx.Err() == nil {
		head, err := b.log.Head(ctx)
		if err == nil {
			err = b.followOn(ctx, head)
		}
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("commands: risk: %w", err)
		}
	}
	return nil
}

// followOn does so until the book is made anew.
func (b *book) followOn(ctx context.Context, head eventbus.Mark) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	b.mu.Lock()
	b.following = stop
	after := b.firm
	b.ready = b.ready || after >= head.Position
	b.tell()
	b.mu.Unlock()
	for record, err := range b.log.Subscribe(ctx, after) {
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if err := b.read(ctx, record, head); err != nil {
			return err
		}
	}
	return nil
}

// read takes in a durable commit, unless it was taken in before; whose ctx has ended has
// read it for a book that is no more.
func (b *book) read(ctx context.Context, record eventbus.Record, head eventbus.Mark) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return nil
	case record.First > b.position+1: // the book was made anew under the reader's hands
		return eventbus.ErrGeneration
	case record.Last() > b.position:
		if _, err := observe(b.treaty, b.history, record); err != nil {
			return err
		}
		b.position = record.Last()
		delete(b.early, record.First)
		b.drain()
	}
	b.firm = max(b.firm, record.Last())
	if !b.ready && b.firm >= head.Position {
		b.ready = true
		b.tell()
	}
	return nil
}

// look is what is known of an attempt, and up to which position. ready is false if the
// book has not taken in, within its wait, what it must have to tell.
func (b *book) look(ctx context.Context, generation eventbus.Generation, a risk.Attempt) (v risk.Vector, at eventbus.Position, ready bool) {
	ready = b.current(generation, a.Customer) || b.pull(ctx, generation, a.Customer) == nil
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.history.Look(a), b.position, ready && b.generation == generation
}

// current tells whether the book knows all it can of a customer's: what came early of
// others is as if it had come after.
func (b *book) current(generation eventbus.Generation, customer uuid.UUID) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.following != nil && b.generation == generation && b.ready && b.last(customer) == 0
}

// last is the end of the last commit with an attempt of a customer's that came before
// its turn; 0: there is none.
func (b *book) last(customer uuid.UUID) (last eventbus.Position) {
	for _, leaf := range b.early {
		if leaf.last > last && leaf.of(customer) {
			last = leaf.last
		}
	}
	return last
}

// pull has the book take in what it is behind with, and as long as nobody follows all of
// the log.
func (b *book) pull(ctx context.Context, generation eventbus.Generation, customer uuid.UUID) error {
	ctx, done := context.WithTimeout(ctx, b.wait)
	defer done()
	b.mu.Lock()
	b.renew(generation)
	last := b.last(customer)
	for b.following != nil && ctx.Err() == nil && (!b.ready || b.position < last) {
		b.await(ctx)
	}
	following := b.following != nil
	b.mu.Unlock()
	if following || ctx.Err() != nil {
		return ctx.Err()
	}
	if last > 0 { // what comes before it may not be durable yet
		if err := b.log.Durable(ctx); err != nil {
			return err
		}
	}
	return b.readAll(ctx)
}

// await waits for news. It gives the lock back meanwhile.
func (b *book) await(ctx context.Context) {
	if b.moved == nil {
		b.moved = make(chan struct{})
	}
	moved := b.moved
	b.mu.Unlock()
	select {
	case <-moved:
	case <-ctx.Done():
	}
	b.mu.Lock()
}

func (b *book) readAll(ctx context.Context) error {
	select {
	case b.pulling <- struct{}{}:
		defer func() { <-b.pulling }()
	case <-ctx.Done():
		return ctx.Err()
	}
	head, err := b.log.Head(ctx)
	if err != nil {
		return err
	}
	b.mu.Lock()
	after := b.firm
	b.ready = b.ready || after >= head.Position
	b.mu.Unlock()
	for record, err := range b.log.ReadAll(ctx, after) {
		if err == nil {
			err = b.read(ctx, record, head)
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}
