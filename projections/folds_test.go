package projections

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/transfer"
	"florin/eventbus"
)

// followed is a world whose read models have caught up.
func followed(t *testing.T) (*world, *Reads) {
	b := newBank(t)
	w := newWorld(b)
	r := b.reads("")
	run(t, r)
	b.settle(r)
	return w, r
}

func TestTransfersTellTheirStory(t *testing.T) {
	t.Parallel()
	w, r := followed(t)
	for _, c := range []struct {
		name    string
		of      id.Transfer
		status  transfer.Phase
		history []string
	}{
		{"posted straight through", w.posted, transfer.Done, []string{"transfer.initiated", "transfer.assessed", "transfer.posted"}},
		{"waiting for its customer", w.challenged, transfer.Pending, []string{"transfer.initiated", "transfer.assessed", "transfer.challenged"}},
		{"confirmed", w.confirmed, transfer.Done, []string{"transfer.initiated", "transfer.assessed", "transfer.challenged", "transfer.authorisation_failed", "transfer.authorised", "transfer.posted"}},
		{"expired", w.expired, transfer.TimedOut, []string{"transfer.initiated", "transfer.assessed", "transfer.challenged", "transfer.expired"}},
		{"rejected", w.rejected, transfer.Declined, []string{"transfer.initiated", "transfer.rejected"}},
		{"given back", w.original, transfer.GivenBack, []string{"transfer.initiated", "transfer.assessed", "transfer.posted", "transfer.reversed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := r.Transfer(context.Background(), c.of)
			require.NoError(t, err)
			require.Equal(t, c.status, got.Status)
			require.Equal(t, canary+"rent", got.Reference)
			var kinds []string
			for _, step := range got.History {
				require.False(t, step.At.IsZero())
				kinds = append(kinds, step.Kind)
			}
			require.Equal(t, c.history, kinds)
		})
	}
	waiting, err := r.Transfer(context.Background(), w.challenged)
	require.NoError(t, err)
	require.Equal(t, "n-1", waiting.Nonce)
	require.Equal(t, []string{"sca-key", "totp"}, waiting.Methods)
	require.Equal(t, canary+"statement", waiting.Display)
	by, from, err := r.TransferBegun(context.Background(), w.challenged)
	require.NoError(t, err)
	require.Equal(t, []any{w.anna, w.annas}, []any{by, from})
	confirmed, err := r.Transfer(context.Background(), w.confirmed)
	require.NoError(t, err)
	require.Equal(t, "sca-key", confirmed.Method)
	require.EqualValues(t, 1, confirmed.Failures)
	_, err = r.Transfer(context.Background(), id.From[id.Transfer](uuid.UUID{4}))
	require.ErrorIs(t, err, ErrMissing)
}

func TestHoldsAreAvailableNoMore(t *testing.T) {
	t.Parallel()
	w, r := followed(t)
	ctx := context.Background()
	annas, err := r.Account(ctx, w.annas)
	require.NoError(t, err)
	require.Equal(t, eur(w.annasBalance), annas.Balance)
	require.Equal(t, eur(300), annas.Held)
	require.Equal(t, eur(w.annasBalance-300), annas.Available)
	berts, err := r.Account(ctx, w.berts)
	require.NoError(t, err)
	require.Equal(t, account.OnIce, berts.Status)

	page, err := r.Transactions(ctx, w.annas, Span{}, 0, 0)
	require.NoError(t, err)
	var got []string
	var pending int
	for _, p := range page {
		got = append(got, p.Purpose)
		if p.Pending {
			pending++
			require.Equal(t, eur(-300), p.Amount)
			require.Equal(t, w.berts, p.Counterparty)
			require.Equal(t, w.challenged.Stream(), p.Posting)
		}
	}
	require.Equal(t, []string{"reversal", "transfer", "transfer", "transfer", "transfer", "deposit"}, got)
	require.Equal(t, 1, pending)

	// Page by page it is the same list.
	var paged []Transaction
	for before := eventbus.Position(0); ; {
		some, err := r.Transactions(ctx, w.annas, Span{}, before, 2)
		require.NoError(t, err)
		if len(some) == 0 {
			break
		}
		paged, before = append(paged, some...), some[len(some)-1].Position
	}
	require.Equal(t, page, paged)
}

func TestBalanceAtAnyMoment(t *testing.T) {
	t.Parallel()
	w, r := followed(t)
	ctx := context.Background()
	// Every booking's balance is found again, by its position and by its time.
	page, err := r.Transactions(ctx, w.annas, Span{}, 0, 0)
	require.NoError(t, err)
	newest := map[time.Time]Transaction{} // of those that count to one moment
	for _, p := range page {
		if p.Pending {
			continue
		}
		if _, later := newest[p.CountedAt]; !later {
			newest[p.CountedAt] = p
		}
		for at, found := range map[At]Transaction{{Position: p.Position}: p, {Time: p.CountedAt}: newest[p.CountedAt]} {
			got, position, err := r.BalanceAt(ctx, w.annas, at)
			require.NoError(t, err)
			require.Equal(t, found.Balance, got)
			require.Equal(t, found.Position, position)
		}
	}
	require.Greater(t, len(newest), 3)
	before, position, err := r.BalanceAt(ctx, w.annas, At{Position: 1})
	require.NoError(t, err)
	require.Equal(t, eur(0), before)
	require.Zero(t, position)
	_, _, err = r.BalanceAt(ctx, w.annas, At{})
	require.Error(t, err)
}

func TestDevicesAndSessionsShowTheirEnd(t *testing.T) {
	t.Parallel()
	w, r := followed(t)
	ctx := context.Background()
	devices, err := r.DevicesOf(ctx, w.bert, id.Device{}, 10)
	require.NoError(t, err)
	require.Len(t, devices, 1)
	require.Equal(t, DeviceLost, devices[0].Status)
	require.Equal(t, "lost", devices[0].Reason)
	phone, err := r.Device(ctx, w.phone)
	require.NoError(t, err)
	require.Equal(t, DeviceBound, phone.Status)
	require.True(t, phone.SCAKey)
	sessions, err := r.SessionsOf(ctx, w.bert, id.Session{}, 10)
	require.NoError(t, err)
	require.Len(t, sessions, 1)
	require.True(t, sessions[0].Revoked)
	require.Equal(t, "device-revoked", sessions[0].Reason)
	live, err := r.Session(ctx, w.session)
	require.NoError(t, err)
	require.False(t, live.Revoked)
	require.EqualValues(t, 2, live.Generation)
	require.EqualValues(t, 1, live.Refused)
	require.Equal(t, "urn:florin:acr:sca", live.ACR)
	none, err := r.SessionsOf(ctx, w.bert, sessions[0].Session, 10)
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestErasedPersonsLeaveNothing(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	w := newWorld(b)
	path := filepath.Join(t.TempDir(), "read.db")
	r := b.reads(path)
	stop := run(t, r)
	b.settle(r)
	ctx := context.Background()
	before, err := r.CustomerByID(ctx, w.cleo)
	require.NoError(t, err)
	require.Equal(t, canary+"name", before.DisplayName.Reveal())
	require.Equal(t, customer.Active, before.Status)

	w.erase()
	b.settle(r)
	after, err := r.CustomerByID(ctx, w.cleo)
	require.NoError(t, err)
	require.True(t, after.DisplayName.Erased())
	require.Empty(t, after.UserName.Reveal()+after.Email.Reveal()+after.Phone.Reveal())
	require.False(t, after.ErasedAt.IsZero())
	kept, err := r.CustomerByID(ctx, w.anna)
	require.NoError(t, err)
	require.Equal(t, canary+"name", kept.DisplayName.Reveal())

	// What is erased after the fact is what a rebuild after the erasure sees.
	require.NoError(t, stop())
	compared, err := r.Compare(ctx, nil)
	require.NoError(t, err)
	for _, c := range compared {
		require.True(t, c.Equal(), "%s\n%s", c.Live, c.Replayed)
	}
	for _, name := range []string{path, path + "-wal"} {
		data, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(t, err)
		require.NotContains(t, string(data), canary, "personal data lies in the read database")
	}
}

func TestAuditFindsWhoDidWhat(t *testing.T) {
	t.Parallel()
	w, r := followed(t)
	ctx := context.Background()
	head, err := w.log.Head(ctx)
	require.NoError(t, err)
	all, err := r.AuditEvents(ctx, AuditFilter{}, 0, 0)
	require.NoError(t, err)
	require.Len(t, all, int(head.Position), "one row per event")
	for i, e := range all {
		require.EqualValues(t, i+1, e.Position)
	}
	byHand := func(keep func(AuditEvent) bool) (kept []AuditEvent) {
		for _, e := range all {
			if keep(e) {
				kept = append(kept, e)
			}
		}
		require.NotEmpty(t, kept)
		return kept
	}
	for _, c := range []struct {
		name   string
		filter AuditFilter
		keep   func(AuditEvent) bool
	}{
		{"by correlation", AuditFilter{Correlation: w.correlation}, func(e AuditEvent) bool { return e.Correlation == w.correlation }},
		{"by customer, acting and acted for", AuditFilter{Customer: w.bert}, func(e AuditEvent) bool { return e.Customer == w.bert }},
		{"by stream", AuditFilter{Stream: eventbus.Stream(w.annas.Stream())}, func(e AuditEvent) bool { return string(e.Stream) == w.annas.Stream() }},
		{"by kind", AuditFilter{Kind: "transfer.posted"}, func(e AuditEvent) bool { return e.Kind == "transfer.posted" }},
		{"by device and kind", AuditFilter{Device: w.phone, Kind: "token.issued"}, func(e AuditEvent) bool { return e.Device == w.phone && e.Kind == "token.issued" }},
		{"by session", AuditFilter{Session: w.session}, func(e AuditEvent) bool { return e.Session == w.session }},
		{"by actor", AuditFilter{Actor: uuid.UUID{5}}, func(e AuditEvent) bool { return e.Actor == uuid.UUID{5} }},
		{"by stream and actor", AuditFilter{Stream: eventbus.Stream(w.berts.Stream()), Actor: uuid.UUID{5}}, func(e AuditEvent) bool {
			return string(e.Stream) == w.berts.Stream() && e.Actor == uuid.UUID{5}
		}},
		{"by time", AuditFilter{From: all[4].RecordedAt, To: all[20].RecordedAt}, func(e AuditEvent) bool {
			return !e.RecordedAt.Before(all[4].RecordedAt) && e.RecordedAt.Before(all[20].RecordedAt)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := byHand(c.keep)
			got, err := r.AuditEvents(ctx, c.filter, 0, 0)
			require.NoError(t, err)
			require.Equal(t, want, got)
			var paged []AuditEvent
			for after := eventbus.Position(0); ; {
				some, err := r.AuditEvents(ctx, c.filter, after, 2)
				require.NoError(t, err)
				require.LessOrEqual(t, len(some), 2)
				if len(some) == 0 {
					break
				}
				paged, after = append(paged, some...), some[len(some)-1].Position
			}
			require.Equal(t, want, paged, "page by page")
		})
	}
	for _, bad := range []AuditFilter{{}, {Kind: "x"}, {Customer: w.bert, Correlation: w.correlation}, {Customer: w.bert, Kind: "x"}} {
		_, err := r.Timeline(ctx, bad, 0, 10)
		require.ErrorIs(t, err, ErrFilter)
	}
	line, err := r.Timeline(ctx, AuditFilter{Correlation: w.correlation}, 0, 10)
	require.NoError(t, err)
	require.Len(t, line, 2)
}
