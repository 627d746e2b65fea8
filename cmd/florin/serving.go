package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"florin/gateway"
)

// tick is how often the bank looks for what is due: expired challenges, erasures.
const tick = time.Second

// stopWithin bounds an orderly end: requests under way are answered first.
const stopWithin = 10 * time.Second

// showWithin bounds how long the read models may take for what was written last.
const showWithin = 3 * time.Second

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
	return everyTick(ctx, "do what is due", func(ctx context.Context) error {
		if err := b.write.Tick(ctx); err != nil {
			return err
		}
		if b.core != nil {
			b.core.Tick(ctx)
		} else {
			b.door.Tick(ctx)
		}
		return nil
	})
}

// post sends partners what is due, at its own pace.
func (b *bank) post(ctx context.Context) error {
	return everyTick(ctx, "tell partners", b.write.TickWebhooks)
}

// everyTick does it again and again until ctx ends, or it fails.
func everyTick(ctx context.Context, what string, do func(context.Context) error) error {
	clock := time.NewTicker(tick)
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-clock.C:
			if err := do(ctx); err != nil {
				return cutOff(ctx, fmt.Errorf("%s: %w", what, err))
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
