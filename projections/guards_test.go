package projections

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain/customer"
	"florin/domain/device"
	"florin/domain/id"
	"florin/domain/session"
	"florin/eventbus"
)

func guarded(t *testing.T, b *bank) *Guards {
	g := NewGuards(b.log, b.treaty)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return g
}

func TestGuardsKnowWhatHasEnded(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	w := newWorld(b)
	g := guarded(t, b)
	ctx := context.Background()
	for g.Caught(ctx) != nil { // Run has not begun yet
	}
	require.True(t, g.SessionRevoked(w.ended))
	require.False(t, g.SessionRevoked(w.session))
	require.True(t, g.DeviceRevoked(w.lost))
	require.False(t, g.DeviceRevoked(w.phone))
	require.False(t, g.CustomerBarred(w.anna))
	require.True(t, g.CustomerLimited(w.bert))
	require.False(t, g.CustomerBarred(w.bert))
	require.True(t, g.KeyRetired("kid-1"))
	require.False(t, g.KeyRetired("kid-2"))
	require.False(t, g.SessionRevoked(id.Session{}))

	// What happens from now on bites as soon as it is durable.
	receipt := b.commit(eventbus.Header{}, b.part(w.session.Stream(), session.Revoked{By: "customer", Reason: "logout", At: b.now}))
	require.NoError(t, g.WaitFor(ctx, receipt.Last))
	require.True(t, g.SessionRevoked(w.session))
	receipt = b.commit(eventbus.Header{}, b.part(w.phone.Stream(), device.Revoked{By: "operator", Reason: "stolen", At: b.now}))
	require.NoError(t, g.WaitFor(ctx, receipt.Last))
	require.True(t, g.DeviceRevoked(w.phone))
	require.Equal(t, receipt.Last, g.Position())

	receipt = b.commit(eventbus.Header{}, b.part(w.bert.Stream(), customer.Activated{At: b.now}))
	require.NoError(t, g.WaitFor(ctx, receipt.Last))
	require.False(t, g.CustomerLimited(w.bert))
	w.erase()
	receipt = b.commit(eventbus.Header{}, b.part(w.cleo.Stream(), customer.Activated{At: b.now}))
	require.NoError(t, g.WaitFor(ctx, receipt.Last))
	require.True(t, g.CustomerBarred(w.cleo), "nothing brings back who asked to be forgotten")
}

func TestGuardsThatCannotReadCountAgainstTheSubject(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	c := id.From[id.Customer](b.uuid())
	s := id.From[id.Session](b.uuid())
	raw := func(kind string) []eventbus.Event {
		return []eventbus.Event{{Kind: kind, SchemaVersion: 1, ContentType: "application/json", Data: []byte("{")}}
	}
	b.commit(eventbus.Header{}, part{stream: c.Stream(), raw: raw("customer.enrolled")}, part{stream: s.Stream(), raw: raw("session.revoked")})
	g := guarded(t, b)
	for g.Caught(context.Background()) != nil {
	}
	require.True(t, g.CustomerLimited(c))
	require.True(t, g.SessionRevoked(s))

	damaged := newBank(t)
	damaged.commit(eventbus.Header{}, part{stream: "signing/" + uuid.UUID{8}.String(), raw: raw("signing.retired")})
	other := NewGuards(damaged.log, damaged.treaty)
	require.ErrorContains(t, other.Run(context.Background()), "cannot read")
	require.ErrorIs(t, other.Caught(context.Background()), ErrStopped)
}

func TestGuardsBeginFromASnapshotOfTheirOwnLogAlone(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	w := newWorld(b)
	path := filepath.Join(t.TempDir(), "read.db")
	r := b.reads(path)
	stop := run(t, r)
	b.settle(r)
	require.NoError(t, stop())
	current := NewGuards(b.log, b.treaty)
	require.NoError(t, current.Seed(context.Background(), r))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- current.Run(ctx) }()
	require.NoError(t, current.Caught(ctx), "there is nothing to read")
	cancel()
	require.NoError(t, <-done)
	receipt := b.commit(eventbus.Header{}, b.part(w.session.Stream(), session.Revoked{By: "customer", Reason: "logout", At: b.now}))

	plain, seeded := NewGuards(b.log, b.treaty), NewGuards(b.log, b.treaty)
	require.NoError(t, seeded.Seed(context.Background(), r))
	require.Less(t, seeded.Position(), receipt.Last)
	require.NotZero(t, seeded.Position())
	require.True(t, seeded.SessionRevoked(w.ended), "known before anything is read")
	require.False(t, seeded.SessionRevoked(w.session))

	other := newBank(t)
	o := newWorld(other)
	stranger := NewGuards(other.log, other.treaty)
	require.NoError(t, stranger.Seed(context.Background(), r))
	stranger.verdicts["session/of-another-bank"] = ended
	for _, g := range []*Guards{plain, seeded, stranger} {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- g.Run(ctx) }()
		head, err := g.log.Head(ctx)
		require.NoError(t, err)
		require.NoError(t, g.WaitFor(ctx, head.Position))
		cancel()
		require.NoError(t, <-done)
	}
	require.Equal(t, plain.verdicts, seeded.verdicts)
	require.NotContains(t, stranger.verdicts, "session/of-another-bank")
	require.True(t, stranger.SessionRevoked(o.ended))
}

func TestASnapshotWithAGapIsNoSnapshot(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	newWorld(b)
	b.commit(eventbus.Header{}, part{stream: "signing/" + uuid.UUID{9}.String(), raw: []eventbus.Event{
		{Kind: "signing.retired", SchemaVersion: 1, ContentType: "application/json", Data: []byte("{")}}})
	r := b.reads("")
	run(t, r)
	b.settle(r)
	g := NewGuards(b.log, b.treaty)
	require.NoError(t, g.Seed(context.Background(), r))
	require.Zero(t, g.Position())
	require.Empty(t, g.verdicts)
}

// A copy that is told everything is the same; one that fell behind is told to begin anew.
func TestACopyOfTheGuardsIsToldEverything(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	w := newWorld(b)
	g := guarded(t, b)
	ctx := context.Background()
	for g.Caught(ctx) != nil { // Run has not begun yet
	}
	known, changes, leave := g.Watch()
	standing := NewStanding()
	standing.Replace(known)
	require.Equal(t, g.verdicts, standing.verdicts)
	require.True(t, standing.SessionRevoked(w.ended))
	receipt := b.commit(eventbus.Header{}, b.part(w.session.Stream(), session.Revoked{By: "customer", Reason: "logout", At: b.now}),
		b.part(w.bert.Stream(), customer.Activated{At: b.now}))
	require.NoError(t, g.WaitFor(ctx, receipt.Last))
	standing.Take(<-changes)
	standing.Take(<-changes)
	require.True(t, standing.SessionRevoked(w.session))
	require.False(t, standing.CustomerLimited(w.bert), "good again")
	require.Equal(t, g.verdicts, standing.verdicts)
	leave()
	_, open := <-changes
	require.False(t, open)

	_, slow, done := g.Watch()
	for i := range watchMax + 1 {
		g.rule(fmt.Sprint("session/", i), ended)
	}
	got := 0
	for range slow {
		got++
	}
	require.Equal(t, watchMax, got, "then it is let go")
	done()

	_, misled, _ := g.Watch()
	g.replace(map[string]verdict{})
	_, open = <-misled
	require.False(t, open, "what it was told holds no more")
}
