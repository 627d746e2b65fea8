package jetstream

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/eventbus/eventbustest"
	"florin/eventbus/jetstream/natstest"
)

// process is one life of a process that writes: a connection and a sequencer.
func process(t *testing.T, url string) (*eventbus.Sequencer, *Journal) {
	t.Helper()
	j, err := Open(t.Context(), url, Options{CreateIfMissing: true})
	require.NoError(t, err)
	o := eventbustest.Options(time.Now)
	o.Index = new(eventbustest.MemoryIndex)
	s, err := eventbus.Open(t.Context(), j, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close(context.Background()); _ = j.Close() })
	return s, j
}

// leader waits until somebody leads the stream.
func leader(t *testing.T, c *natstest.Cluster, stream string) int {
	t.Helper()
	for {
		if i := c.Leader(t, stream); i >= 0 {
			return i
		}
	}
}

// kill -9 of the leader under load, and a leader that stands still for so long that
// another one is elected: nothing that was acknowledged is lost, nothing is there twice,
// and the bank goes on by itself.
func TestTheLeaderIsLostUnderLoad(t *testing.T) {
	t.Parallel()
	servers := natstest.Start(t, 3, natstest.Setting{})
	s, j := process(t, servers.URL("ledger"))
	load := eventbustest.NewLoad(s, 16)
	load.Grow(t, 200)
	first := leader(t, servers, "ledger")
	servers.Kill(t, first)
	lost := time.Now()
	load.Grow(t, 1)
	t.Logf("the leader was killed: acknowledging again after %v", time.Since(lost).Round(time.Millisecond))
	servers.Up(t, first)
	load.Grow(t, 200)

	second := leader(t, servers, "ledger")
	servers.Signal(t, second, syscall.SIGSTOP)
	lost = time.Now()
	load.Grow(t, 20)
	t.Logf("the leader stood still: acknowledging again after %v", time.Since(lost).Round(time.Millisecond))
	servers.Signal(t, second, syscall.SIGCONT)
	load.Grow(t, 200)
	load.End(t, j)
	t.Logf("%d acknowledged, none lost", load.Told())
}
