package commands

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/domain/risk"
	"florin/eventbus"
)

// page is a commit in which a customer tries something.
func page(first eventbus.Position, of id.Customer, at time.Time) (eventbus.Receipt, []Fact) {
	return eventbus.Receipt{First: first, Last: first}, []Fact{{Event: risk.Assessed{Action: risk.Transfer, Customer: of, At: at}}}
}

func tried(b *book, of id.Customer, at time.Time) int64 {
	v := b.history.Look(risk.Attempt{Customer: of.UUID(), At: at})
	n, _ := v.Get(risk.Count10Minutes)
	return n
}

// Commits get their places under the log's lock, and come to the book in any order.
func TestTheBookTakesInCommitsInTheirOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	b, now := newBook(h.log, h.bank.treaty, time.Minute), h.now()
	ctx, stop := context.WithCancel(h.ctx())
	ended := make(chan error, 1)
	go func() { ended <- b.follow(ctx) }()
	defer func() { stop(); require.NoError(t, <-ended) }()
	generation := h.log.Generation()
	_, from, ready := b.look(h.ctx(), generation, risk.Attempt{Customer: alice.UUID(), At: now})
	require.True(t, ready)
	enter := func(after eventbus.Position, of id.Customer) {
		receipt, facts := page(from+after, of, now)
		b.enter(generation, receipt, facts)
	}
	enter(3, alice)
	enter(2, bob)
	require.Equal(t, from, b.position, "the first is missing")
	_, at, ready := b.look(h.ctx(), generation, risk.Attempt{Customer: id.Named[id.Customer]("carol").UUID(), At: now})
	require.Equal(t, []any{from, true}, []any{at, ready}, "what is early of others is as if it came after")
	looked := make(chan int64)
	go func() {
		v, _, _ := b.look(h.ctx(), generation, risk.Attempt{Customer: alice.UUID(), At: now})
		n, _ := v.Get(risk.Count10Minutes)
		looked <- n
	}()
	enter(1, alice)
	require.EqualValues(t, 2, <-looked, "their own last attempt they are waited for")
	enter(1, alice)
	enter(3, alice)
	require.Equal(t, from+3, b.position)
	require.EqualValues(t, 2, tried(b, alice, now), "nothing is taken in twice")
	require.EqualValues(t, 1, tried(b, bob, now))
	require.Empty(t, b.early)
}

// What had a place and was lost with its generation has never been.
func TestTheBookForgetsWhatTheLogHasLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	h.account(alice, "Alice", 100)
	head, err := h.log.Head(h.ctx())
	require.NoError(t, err)
	for name, follows := range map[string]bool{"followed": true, "pulled": false} {
		t.Run(name, func(t *testing.T) {
			b, now := newBook(h.log, h.bank.treaty, time.Minute), h.now()
			if follows {
				ctx, stop := context.WithCancel(h.ctx())
				ended := make(chan error, 1)
				go func() { ended <- b.follow(ctx) }()
				defer func() { stop(); require.NoError(t, <-ended) }()
			}
			generation := h.log.Generation()
			_, at, ready := b.look(h.ctx(), generation, risk.Attempt{Customer: alice.UUID(), At: now})
			require.Equal(t, []any{head.Position, true}, []any{at, ready})
			receipt, facts := page(at+1, alice, now)
			b.enter(generation, receipt, facts)
			v, at, _ := b.look(h.ctx(), generation, risk.Attempt{Customer: alice.UUID(), At: now})
			n, _ := v.Get(risk.Count10Minutes)
			require.Equal(t, []any{int64(1), head.Position + 1}, []any{n, at})

			v, at, ready = b.look(h.ctx(), generation+1, risk.Attempt{Customer: alice.UUID(), At: now})
			n, _ = v.Get(risk.Count10Minutes)
			age, _ := v.Get(risk.CustomerAge)
			require.Equal(t, []any{int64(0), int64(0), head.Position, true}, []any{n, age, at, ready})
			b.enter(generation, receipt, facts)
			require.Equal(t, head.Position, b.position, "what comes late of the generation before was lost too")
			_, _, ready = b.look(h.ctx(), generation, risk.Attempt{Customer: alice.UUID(), At: now})
			require.False(t, ready, "whoever decides in a generation that has ended decides anew")
		})
	}
}
