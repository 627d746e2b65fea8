package commands

import (
	"context"
	"errors"
	"sync"

	"florin/domain/id"
	"florin/eventbus"
)

// turns have the commands of one customer decided one after another, each when the book
// can take in the one before: so that no burst of them sees the customer as idle. Other
// customers' commands do not wait.
type turns struct {
	mu        sync.Mutex
	customers map[id.Customer]*lane
}

type lane struct {
	free  chan struct{}     // holds a token while nobody has the turn
	users int               // that have it, or wait
	last  eventbus.Position // of the latest commit of the customer's that risk was asked about
}

// inTurn runs a command of a customer's that risk is asked about. late: the one before
// is still under way after the book's wait, and nobody knows what it will have been.
func inTurn[A any](ctx context.Context, b *book, of id.Customer, run func(late bool) (A, Outcome, error)) (answer A, outcome Outcome, err error) {
	mine := b.turns.join(of)
	wait, done := context.WithTimeout(ctx, b.wait)
	late := false
	select {
	case <-mine.free:
	case <-wait.Done():
		late = true
	}
	done()
	defer func() {
		if !late {
			mine.free <- struct{}{}
		}
		b.leave(of, mine, outcome, err)
	}()
	return run(late)
}

func (t *turns) join(of id.Customer) *lane {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine, known := t.customers[of]
	if !known {
		mine = &lane{free: make(chan struct{}, 1)}
		mine.free <- struct{}{}
		t.customers[of] = mine
	}
	mine.users++
	return mine
}

// leave notes what a command has led to. After one of which nobody knows, the next
// looks at the head.
func (b *book) leave(of id.Customer, mine *lane, outcome Outcome, err error) {
	b.mu.RLock()
	at := b.position
	b.mu.RUnlock()
	_, unknown := errors.AsType[*eventbus.UnknownOutcome](err)
	t := &b.turns
	t.mu.Lock()
	defer t.mu.Unlock()
	mine.users--
	switch last := outcome.Receipt.Last; {
	case unknown:
		mine.last = unsure
	case mine.last == unsure && last > 0: // it has looked
		mine.last = last
	default:
		mine.last = max(mine.last, last)
	}
	if mine.users == 0 && mine.last <= at {
		delete(t.customers, of)
	}
}

func (t *turns) last(of id.Customer) eventbus.Position {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mine, known := t.customers[of]; known {
		return mine.last
	}
	return 0
}

// passed forgets a customer whose latest commit the book has taken in.
func (t *turns) passed(of id.Customer, at eventbus.Position) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mine, known := t.customers[of]; known && mine.users == 0 && mine.last <= at {
		delete(t.customers, of)
	}
}
