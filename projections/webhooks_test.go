package projections

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/domain/webhook"
	"florin/eventbus"
)

func TestADeliveryLogShowsWhatBecameOfEachFact(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	hook, other, otto := id.From[id.Webhook](b.uuid()), id.From[id.Webhook](b.uuid()), id.From[id.Operator](b.uuid())
	register := func(of id.Webhook) {
		b.commit(eventbus.Header{}, b.part(of.Stream(), webhook.Registered{Webhook: of, Name: "Books Ltd", URL: "https://partner.example/", Kinds: []string{"transfer.*", "account.frozen"}, At: b.now},
			webhook.Approved{By: otto, At: b.now}, webhook.SecretRotated{Generation: 2, OldUntil: b.now.Add(time.Hour), At: b.now}, webhook.Tested{Number: 1, At: b.now},
			webhook.ResendRequested{Number: 1, From: 1, Through: 2, At: b.now}))
	}
	register(hook)
	register(other)
	first, second := id.From[id.Delivery](b.uuid()), id.From[id.Delivery](b.uuid())
	what := func(position int64) webhook.What {
		return webhook.What{Event: uuid.UUID{7}.String(), Kind: "transfer.posted", Position: position}
	}
	b.commit(eventbus.Header{}, b.part(first.Stream(), webhook.AttemptFailed{Delivery: first, Webhook: hook, What: what(1), Status: 503, Reason: "status", Attempt: 1, NextAt: b.now.Add(time.Second), At: b.now}))
	b.commit(eventbus.Header{}, b.part(second.Stream(), webhook.AttemptFailed{Delivery: second, Webhook: hook, What: what(2), Reason: "timeout", Attempt: 1, At: b.now}))
	b.commit(eventbus.Header{}, b.part(first.Stream(), webhook.Delivered{Delivery: first, Webhook: hook, What: what(1), Status: 200, Attempt: 2, Resend: 1, At: b.now}),
		b.part(hook.Stream(), webhook.Disabled{Reason: "undeliverable", At: b.now}), b.part(other.Stream(), webhook.Disabled{Reason: "left", At: b.now}, webhook.Enabled{At: b.now}, webhook.Deleted{Reason: "over", At: b.now}))
	r := b.reads("")
	run(t, r)
	b.settle(r)
	ctx := context.Background()

	hooks, err := r.Webhooks(ctx, id.Webhook{}, 0)
	require.NoError(t, err)
	require.Len(t, hooks, 2)
	row, err := r.WebhookByID(ctx, hook)
	require.NoError(t, err)
	require.Equal(t, []any{webhook.Off, "undeliverable", otto, "transfer.* account.frozen"}, []any{row.Status, row.Reason, row.Approver, row.Kinds})
	row, err = r.WebhookByID(ctx, other)
	require.NoError(t, err)
	require.Equal(t, []any{webhook.Gone, "over"}, []any{row.Status, row.Reason})
	_, err = r.WebhookByID(ctx, id.From[id.Webhook](uuid.UUID{4}))
	require.ErrorIs(t, err, ErrMissing)

	all, err := r.DeliveriesTo(ctx, hook, 0, 0)
	require.NoError(t, err)
	require.Len(t, all, 2, "one row each, by the last attempt")
	require.Equal(t, []any{first, true, int64(200), int64(2), int64(1), ""}, []any{all[0].Delivery, all[0].Taken, all[0].Status, all[0].Attempt, all[0].Resend, all[0].Reason}, "the latest attempt first")
	require.Equal(t, []any{second, false, "timeout", true}, []any{all[1].Delivery, all[1].Taken, all[1].Reason, all[1].NextAt.IsZero()})
	older, err := r.DeliveriesTo(ctx, hook, all[0].Position, 1)
	require.NoError(t, err)
	require.Equal(t, all[1:], older)
	none, err := r.DeliveriesTo(ctx, other, 0, 0)
	require.NoError(t, err)
	require.Empty(t, none)
	_, err = r.DeliveryTo(ctx, other, first)
	require.ErrorIs(t, err, ErrMissing, "another endpoint's")
}
