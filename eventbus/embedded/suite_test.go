package embedded

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/eventbus/eventbustest"
)

func TestTheEmbeddedJournalKeepsTheLaws(t *testing.T) {
	t.Parallel()
	eventbustest.Run(t, func(testing.TB) eventbustest.Subject {
		fs := vfs.NewMem()
		return eventbustest.Subject{Open: func(t testing.TB) eventbus.Journal {
			j, err := Open("log", small(fs))
			require.NoError(t, err)
			t.Cleanup(func() { _ = j.Close() })
			return j
		}}
	})
}
