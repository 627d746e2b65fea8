package jetstream

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/eventbus/eventbustest"
	"florin/eventbus/jetstream/natstest"
)

func TestMain(m *testing.M) { os.Exit(natstest.Main(m)) }

func TestJetStreamKeepsTheLaws(t *testing.T) {
	t.Parallel()
	server := natstest.Start(t, 1, natstest.Setting{})
	var n atomic.Int64
	eventbustest.Run(t, func(testing.TB) eventbustest.Subject {
		url := server.URL(fmt.Sprintf("ledger-%d", n.Add(1)))
		return eventbustest.Subject{Shared: true, Open: func(t testing.TB) eventbus.Journal {
			j, err := Open(t.Context(), url, Options{CreateIfMissing: true, SingleNode: true})
			require.NoError(t, err)
			t.Cleanup(func() { _ = j.Close() })
			return j
		}}
	})
}
