package projections

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/eventbus"
)

func TestAnInboxShowsWhatWasFiledAndRead(t *testing.T) {
	t.Parallel()
	w, r := followed(t)
	ctx := context.Background()
	all, err := r.NotificationsOf(ctx, w.anna, 0, 0)
	require.NoError(t, err)
	require.Len(t, all, 3, "bert's is his alone")
	require.Equal(t, []string{"transfer-received", "device-bound", "transfer-sent"}, []string{all[0].Template, all[1].Template, all[2].Template}, "the newest first")
	for _, n := range all {
		require.True(t, n.Read, n.Template)
		require.Equal(t, w.anna, n.Customer)
		require.Equal(t, eur(1_000), n.Amount)
		require.Equal(t, w.posted.String(), n.About)
	}
	require.False(t, all[0].ReadAt.IsZero(), "by itself")
	require.True(t, all[1].ReadAt.IsZero(), "with all before it")
	unread, err := r.Unread(ctx, w.anna)
	require.NoError(t, err)
	require.Zero(t, unread)
	unread, err = r.Unread(ctx, w.bert)
	require.NoError(t, err)
	require.EqualValues(t, 1, unread)

	older, err := r.NotificationsOf(ctx, w.anna, all[0].Filed, 1)
	require.NoError(t, err)
	require.Equal(t, all[1:2], older, "page by page")
	changed, err := r.NotificationsFrom(ctx, w.anna, all[1].Filed, 0)
	require.NoError(t, err)
	require.Equal(t, all[:1], changed, "as it is now, once")
	require.Equal(t, w.readAt, changed[0].Position)
	none, err := r.NotificationsFrom(ctx, w.anna, changed[0].Position, 0)
	require.NoError(t, err)
	require.Empty(t, none)

	one, err := r.NotificationOf(ctx, w.anna, w.entries[0])
	require.NoError(t, err)
	require.Equal(t, all[2], one)
	_, err = r.NotificationOf(ctx, w.bert, w.entries[0])
	require.ErrorIs(t, err, ErrMissing, "another's")
	_, err = r.NotificationOf(ctx, w.anna, id.From[id.Notification](uuid.UUID{4}))
	require.ErrorIs(t, err, ErrMissing)
	through, at, err := r.ReadThrough(ctx, w.anna)
	require.NoError(t, err)
	require.Equal(t, all[1].Filed, through)
	require.Greater(t, at, through)
	through, _, err = r.ReadThrough(ctx, w.bert)
	require.NoError(t, err)
	require.Equal(t, eventbus.Position(0), through)
}
