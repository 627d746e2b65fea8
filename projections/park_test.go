package projections

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/eventbus"
)

func TestAPoisonedEventParksItsStreamForItsProjectionAlone(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, bad := range []struct {
		name string
		raw  eventbus.Event
	}{
		{"data that is no JSON", eventbus.Event{Kind: "account.debited", SchemaVersion: 1, Data: []byte("{")}},
		{"a kind that nobody knows", eventbus.Event{Kind: "account.levitated", SchemaVersion: 1, Data: []byte("{}")}},
		{"a version from the future", eventbus.Event{Kind: "account.debited", SchemaVersion: 99, Data: []byte("{}")}},
		{"another context's kind", eventbus.Event{Kind: "transfer.expired", SchemaVersion: 1, Data: []byte(`{"at":"2026-01-02T03:04:05Z"}`)}},
	} {
		t.Run(bad.name, func(t *testing.T) {
			b := newBank(t)
			w := newWorld(b)
			r := b.reads("")
			run(t, r)
			b.settle(r)
			before, err := r.Account(ctx, w.annas)
			require.NoError(t, err)
			bad.raw.ContentType = "application/json"
			poisoned := b.commit(eventbus.Header{}, part{stream: w.annas.Stream(), raw: []eventbus.Event{bad.raw}})
			_, receipt := b.transfer(w.annas, w.berts, 100)
			b.settle(r) // the checkpoint goes on

			after, err := r.Account(ctx, w.annas)
			require.NoError(t, err)
			require.Equal(t, before, after, "a parked stream stands still")
			berts, err := r.Account(ctx, w.berts)
			require.NoError(t, err)
			require.Equal(t, receipt.Last, berts.Position, "its neighbour in the same commit goes on")
			health, err := r.Health(ctx)
			require.NoError(t, err)
			require.NoError(t, health.Stopped)
			require.Len(t, health.Parked, 1)
			require.Equal(t, "accounts", health.Parked[0].Projection)
			require.Equal(t, w.annas.Stream(), string(health.Parked[0].Stream))
			require.Equal(t, poisoned.Last, health.Parked[0].Position)
			require.NotEmpty(t, health.Parked[0].Reason)
			line, err := r.AuditEvents(ctx, AuditFilter{Stream: eventbus.Stream(w.annas.Stream())}, poisoned.Last-1, 0)
			require.NoError(t, err)
			require.Len(t, line, 2, "the audit timeline shows what nobody can read")
			list, err := r.List(ctx)
			require.NoError(t, err)
			require.Equal(t, 1, list[0].Parked)
			require.Zero(t, list[0].Lag)

			require.NoError(t, r.Rebuild(ctx, All, nil)) // parks it again, at the same place
			again, err := r.Health(ctx)
			require.NoError(t, err)
			require.Equal(t, health.Parked, again.Parked)
			agree(t, r)
		})
	}
}

// explosive is a fold that panics at one event, after having changed something.
type explosive struct {
	fold
	at eventbus.Position
}

func (e explosive) apply(w *writer, c *commit, f *fact) error {
	if err := e.fold.apply(w, c, f); err != nil || f.Position != e.at {
		return err
	}
	panic("boom")
}

func TestAFoldThatPanicsLeavesNoHalfChange(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	w := newWorld(b)
	r := b.reads("")
	_, receipt := b.transfer(w.annas, w.berts, 100)
	b.transfer(w.annas, w.berts, 100)
	var commits []*commit
	for record, err := range b.log.ReadAll(context.Background(), 0) {
		require.NoError(t, err)
		commits = append(commits, decodeCommit(r.decode, r.wanted, record))
	}
	accounts := r.live[0]
	accounts.fold = explosive{accounts.fold, receipt.Last - 1} // the debit of annas
	require.NoError(t, writeBatch(context.Background(), r.database, []*target{accounts}, commits))
	got, err := r.Account(context.Background(), w.annas)
	require.NoError(t, err)
	require.Equal(t, eur(b.balances[w.annas]+200), got.Balance)
	page, err := r.Transactions(context.Background(), w.berts, Span{}, 0, 2)
	require.NoError(t, err)
	require.Equal(t, eur(100), page[0].Amount)
	require.Equal(t, eur(100), page[1].Amount)
	health, err := r.Health(context.Background())
	require.NoError(t, err)
	require.Contains(t, health.Parked[0].Reason, "boom")
}
