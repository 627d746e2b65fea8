package jetstream

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"florin/eventbus/jetstream/natstest"
)

func TestWhatIsNotProvenDurableIsRefused(t *testing.T) {
	t.Parallel()
	three := natstest.Start(t, 3, natstest.Setting{})
	_, err := Open(t.Context(), three.URL("ledger"), Options{})
	require.ErrorIs(t, err, ErrAbsent)
	j, err := Open(t.Context(), three.URL("ledger"), Options{CreateIfMissing: true})
	require.NoError(t, err)
	info, err := j.stream.Info(t.Context())
	require.NoError(t, err)
	require.Equal(t, 3, info.Config.Replicas)
	require.NoError(t, j.Close())

	nobody, _, _ := strings.Cut(three.URL("ledger"), "?")
	_, err = Open(t.Context(), nobody, Options{})
	require.ErrorIs(t, err, ErrNotDurable)
	require.ErrorContains(t, err, "system=", "the error says what to add")

	one := natstest.Start(t, 1, natstest.Setting{SyncInterval: "2m"})
	_, err = Open(t.Context(), one.URL("ledger"), Options{CreateIfMissing: true})
	require.ErrorIs(t, err, ErrNotDurable)
	require.ErrorContains(t, err, "sync_interval: always")
	j, err = Open(t.Context(), one.URL("ledger"), Options{CreateIfMissing: true, SingleNode: true})
	require.NoError(t, err, "for development")
	require.NoError(t, j.Close())

	synced := natstest.Start(t, 1, natstest.Setting{})
	_, err = Open(t.Context(), synced.URL("ledger"), Options{CreateIfMissing: true})
	require.ErrorIs(t, err, ErrNotDurable)
	require.ErrorContains(t, err, "1 servers")
}

func TestAStreamFromWhichSomethingCanGoIsRefused(t *testing.T) {
	t.Parallel()
	require.NoError(t, provenStream(wanted("ledger", 3), Options{}))
	for what, spoil := range map[string]func(*jetstream.StreamConfig){
		"memory":       func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage },
		"two replicas": func(c *jetstream.StreamConfig) { c.Replicas = 2 },
		"a queue":      func(c *jetstream.StreamConfig) { c.Retention = jetstream.WorkQueuePolicy },
		"an age":       func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour },
		"times":        func(c *jetstream.StreamConfig) { c.AllowMsgTTL = true },
		"a bound":      func(c *jetstream.StreamConfig) { c.MaxMsgs = 1 << 40 },
		"a size":       func(c *jetstream.StreamConfig) { c.MaxBytes = 1 << 40 },
		"one each":     func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 1 },
		"deletion":     func(c *jetstream.StreamConfig) { c.DenyDelete = false },
		"purging":      func(c *jetstream.StreamConfig) { c.DenyPurge = false },
		"rolling up":   func(c *jetstream.StreamConfig) { c.AllowRollup = true },
		"any replica":  func(c *jetstream.StreamConfig) { c.AllowDirect = true },
		"a mirror":     func(c *jetstream.StreamConfig) { c.Mirror = &jetstream.StreamSource{Name: "other"} },
		"sources":      func(c *jetstream.StreamConfig) { c.Sources = []*jetstream.StreamSource{{Name: "other"}} },
		"more":         func(c *jetstream.StreamConfig) { c.Subjects = append(c.Subjects, "other") },
	} {
		c := wanted("ledger", 3)
		spoil(&c)
		require.ErrorIs(t, provenStream(c, Options{}), ErrNotDurable, what)
	}
	one := wanted("ledger", 1)
	require.NoError(t, provenStream(one, Options{SingleNode: true}))
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	a, err := read("nats://bank:p%40ss@a:4222,b:4223/ledger?system=sys:secret")
	require.NoError(t, err)
	require.Equal(t, []any{"nats://a:4222,nats://b:4223", "ledger", 1, 1}, []any{a.servers, a.stream, len(a.user), len(a.system)})
	a, err = read("tls://a")
	require.NoError(t, err)
	require.Equal(t, []any{"tls://a", StreamDefault, 0, 0}, []any{a.servers, a.stream, len(a.user), len(a.system)})
	for _, bad := range []string{"", "a:4222", "http://a", "nats://", "nats:///ledger", "nats://a?%zz", "nats://b%zz:x@a"} {
		_, err := read(bad)
		require.ErrorIs(t, err, ErrURL, bad)
	}
}
