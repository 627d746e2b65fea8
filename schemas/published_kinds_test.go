package schemas_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A context that is misspelt, or has gone, publishes nothing and says nothing.
func TestEveryKindOfMoneyIsPublished(t *testing.T) {
	t.Parallel()
	tr, _ := treaty(t)
	kinds := tr.PublishedKinds()
	for _, kind := range []string{"account.frozen", "transfer.posted", "journal.posted", "payment.settled", "incoming.credited", "directdebit.collected", "paymentfile.authorised", "standing.executed", "batch.submitted", "card.frozen", "authorisation.captured"} {
		require.Contains(t, kinds, kind)
	}
	for _, kind := range []string{"customer.enrolled", "device.bound", "session.started", "grant.started"} {
		require.NotContains(t, kinds, kind)
	}
}
