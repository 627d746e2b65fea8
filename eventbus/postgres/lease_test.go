package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"

	"florin/eventbus/postgres/postgrestest"
)

func TestOneProcessHoldsTheLease(t *testing.T) {
	t.Parallel()
	url, schema := postgrestest.URL(t), postgrestest.Schema()
	open := func(schema string) *Journal {
		j, err := Open(t.Context(), url, Options{Schema: schema, CreateIfMissing: true})
		require.NoError(t, err)
		t.Cleanup(func() { _ = j.Close() })
		return j
	}
	first, second, other := open(schema), open(schema), open(postgrestest.Schema())
	lease, err := first.Lease(t.Context())
	require.NoError(t, err)
	_, err = second.Lease(t.Context())
	require.ErrorIs(t, err, ErrHeld)
	elsewhere, err := other.Lease(t.Context())
	require.NoError(t, err, "every journal has its own")
	require.NoError(t, elsewhere.Close())
	require.NoError(t, lease.Close())
	lease, err = second.Lease(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, lease.Close()) }()
}

// A process that was paused, or cut off, finds another one in its place.
func TestALeaseIsLostToWhoeverTookIt(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	first, err := Open(t.Context(), server.URL(), Options{CreateIfMissing: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, first.Close()) }()
	lease, err := first.Lease(t.Context())
	require.NoError(t, err)
	defer func() { require.NoError(t, lease.Close()) }()
	const takers = "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory') x"
	for { // whoever is quicker has it: the first one asks again after a beat
		exec(t, server.URL(), takers)
		taken, err := first.Lease(t.Context())
		if err == nil {
			defer func() { require.NoError(t, taken.Close()) }()
			break
		}
		require.ErrorIs(t, err, ErrHeld)
	}
	<-lease.Lost()
}
