package commands

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"florin/domain"
	"florin/eventbus"
	"florin/schemas/seal"
)

// attemptsMax bounds how often one command is decided anew. From the second
// time on it holds the locks of all it touches, so only other writers and failed
// appends can still get in its way.
const attemptsMax = 16

// execute is the funnel. decide may run several times; answer makes the verb's
// answer from the facts alone, those just written or those of the first time.
//
// Errors: *domain.Refusal is an answer, and nothing was written unless the
// outcome has a receipt; *eventbus.UnknownOutcome means that the log could not
// say (the same order again will tell); eventbus.ErrBusy, ErrStopped and
// ErrClosed mean that nothing was written; anything else is a fault.
func execute[A any](ctx context.Context, b *Bank, verb string, order Order, locks lockset, decide func(*work) error, answer func([]Fact) (A, error)) (A, Outcome, error) {
	var none A
	ctx, span := b.observe(ctx, verb)
	facts, outcome, err := b.run(ctx, verb, &order, locks, decide)
	b.observed(span, outcome, err)
	if err != nil {
		return none, outcome, err
	}
	a, err := answer(facts)
	return a, outcome, err
}

func (b *Bank) run(ctx context.Context, verb string, order *Order, locks lockset, decide func(*work) error) ([]Fact, Outcome, error) {
	if !b.flights.start(order.ID) {
		return nil, Outcome{}, ErrInFlight
	}
	defer b.flights.land(order.ID)
	if order.Caller.Reason == "" { // nobody had to give one: then it is what was asked for
		order.Caller.Reason = verb
	}
	intent, err := b.intent(order)
	if err != nil {
		return nil, Outcome{}, fmt.Errorf("commands: %s: %w", verb, err)
	}
	for attempt := range attemptsMax {
		w := &work{ctx: ctx, bank: b, verb: verb, order: order, attempt: attempt, subject: order.Subject}
		facts, outcome, err := b.once(w, locks, intent, decide)
		if !again(err) {
			return facts, outcome, err
		}
		b.counts.again(err)
		locks = w.touched(locks)
		if err := b.pause(ctx); err != nil {
			return nil, Outcome{Attempts: attempt + 1}, err
		}
	}
	return nil, Outcome{Attempts: attemptsMax}, fmt.Errorf("commands: %s was decided %d times in vain: %w", verb, attemptsMax, eventbus.ErrBusy)
}

// intent is the MAC of what was asked. An order without one (a process's own,
// whose id says it all) is not compared.
func (b *Bank) intent(order *Order) ([]byte, error) {
	if order.Intent == nil {
		return nil, nil
	}
	intent, err := b.ring.MAC(order.Subject, order.Intent)
	switch {
	case errors.Is(err, seal.ErrDestroyed) && order.Caller.ActorType == ActorSystem: // its id follows from its cause, and what waits of the erased still has to end
		return nil, nil
	case errors.Is(err, seal.ErrDestroyed):
		return nil, ErrErased
	}
	return intent, err
}

// once finds what the command has led to before, or decides and commits it. It
// looks first because Decide would refuse a repeat: the transfer exists already.
func (b *Bank) once(w *work, locks lockset, intent []byte, decide func(*work) error) ([]Fact, Outcome, error) {
	earlier, found, err := b.log.Find(w.ctx, w.order.ID)
	if err != nil {
		return nil, Outcome{}, fmt.Errorf("commands: find: %w", err)
	}
	if found {
		return b.repeat(w.ctx, w.order, earlier, intent)
	}
	facts, ticket, err := b.enqueue(w, locks, intent, decide)
	switch {
	case err == nil && ticket == nil, refused(err): // answered on the strength of heads
		if stale := b.stand(w.ctx, w.generation); stale != nil {
			return nil, Outcome{}, stale
		}
		return nil, Outcome{Attempts: w.attempt + 1}, err
	case err != nil:
		return nil, Outcome{}, err
	case ticket.Repeated():
		return b.repeat(w.ctx, w.order, ticket, intent)
	}
	receipt, err := settled(w.ctx, w.order.ID, ticket)
	if err != nil {
		return nil, Outcome{Attempts: w.attempt + 1}, err
	}
	for _, slot := range w.opened {
		slot.snapshot(receipt)
	}
	return facts, Outcome{Receipt: receipt, Attempts: w.attempt + 1}, nil
}

// enqueue decides under the locks and puts the commit in the queue. No ticket and
// no error: there was nothing to write. The locks are free on return, so the next
// command on the same streams decides while this one becomes durable.
func (b *Bank) enqueue(w *work, locks lockset, intent []byte, decide func(*work) error) ([]Fact, eventbus.Ticket, error) {
	b.locks.lock(locks)
	defer b.locks.unlock(locks)
	w.generation = b.log.Generation()
	if err := decide(w); err != nil {
		return nil, nil, err
	}
	if w.staged == 0 {
		return nil, nil, nil
	}
	commit, facts, err := w.commit(intent)
	if err != nil {
		return nil, nil, err
	}
	ticket, err := b.log.Enqueue(commit)
	if err != nil {
		if _, moved := errors.AsType[*eventbus.VersionConflict](err); moved {
			w.forget()
		}
		return nil, nil, err
	}
	if !ticket.Repeated() {
		for _, slot := range w.opened {
			slot.keep(w.generation)
		}
		b.book.enter(w.generation, ticket.Receipt(), facts)
	}
	return facts, ticket, nil
}

// repeat gives back what an earlier command with this id has led to.
func (b *Bank) repeat(ctx context.Context, order *Order, ticket eventbus.Ticket, intent []byte) ([]Fact, Outcome, error) {
	receipt, err := settled(ctx, order.ID, ticket)
	if err != nil {
		return nil, Outcome{}, err
	}
	record, err := b.log.ReadCommit(ctx, receipt)
	if err != nil {
		return nil, Outcome{}, fmt.Errorf("commands: read commit %s: %w", order.ID, err)
	}
	if order.Subject.Kind == seal.Day(order.At).Kind { // a caller nobody knows: the key is that of the first day
		first := *order
		first.Subject = seal.Day(record.Header.BookedAt)
		if intent, err = b.intent(&first); err != nil {
			return nil, Outcome{}, err
		}
	}
	if intent != nil && !hmac.Equal(record.Header.Intent, intent) {
		return nil, Outcome{}, ErrReused
	}
	facts, err := b.facts(record)
	return facts, Outcome{Receipt: receipt, Replayed: true}, err
}

// facts reads a record's events as the domain knows them. What was sealed under
// a destroyed key reads as erased.
func (b *Bank) facts(record eventbus.Record) ([]Fact, error) {
	facts := make([]Fact, len(record.Events))
	for i, recorded := range record.Events {
		event, err := b.treaty.DecodeAny(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return nil, fmt.Errorf("commands: decode position %d: %w", recorded.Position, err)
		}
		facts[i] = Fact{recorded.Stream, recorded.Version, event}
	}
	return facts, nil
}

// settled waits for durability. If ctx ends first, nobody knows.
func settled(ctx context.Context, id uuid.UUID, ticket eventbus.Ticket) (eventbus.Receipt, error) {
	receipt, err := ticket.Wait(ctx)
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = &eventbus.UnknownOutcome{ID: id}
	}
	return receipt, err
}

// stand returns nil once all that the deciding heads rest on is durable.
func (b *Bank) stand(ctx context.Context, generation eventbus.Generation) error {
	if err := b.log.Durable(ctx); err != nil {
		return err
	}
	if b.log.Generation() != generation {
		return eventbus.ErrGeneration
	}
	return nil
}

// pause waits for what stood in the way: until all that is queued has become
// durable, or is known not to.
func (b *Bank) pause(ctx context.Context) error {
	if err := b.log.Durable(ctx); err != nil && !again(err) {
		return err
	}
	return nil
}

// again tells the errors after which a command is run from its beginning.
func again(err error) bool {
	if err == nil {
		return false
	}
	_, moved := errors.AsType[*eventbus.VersionConflict](err)
	return moved || errors.Is(err, eventbus.ErrGeneration) || errors.Is(err, eventbus.ErrBusy)
}

func refused(err error) bool {
	if err == nil {
		return false
	}
	_, refusal := errors.AsType[*domain.Refusal](err)
	return refusal
}
