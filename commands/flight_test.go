package commands

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
)

func TestOneCommandFliesOnce(t *testing.T) {
	t.Parallel()
	var f flights
	require.True(t, f.start(someone))
	require.False(t, f.start(someone))
	require.True(t, f.start(numbered(7)))
	f.land(someone)
	require.True(t, f.start(someone))
}

func TestLocksAreTakenInOneOrderAndOnce(t *testing.T) {
	t.Parallel()
	a, b := id.From[id.Account](numbered(5)), id.From[id.Account](numbered(3))
	require.Equal(t, lockset{3, 5}, streams(a, b, a))
	require.Equal(t, lockset{3, 5}, streams(b, a))
	require.Equal(t, stripe(numbered(1)), stripe(numbered(1+lockStripes)))
}

func TestCrossingLocksNeverDeadlock(t *testing.T) {
	t.Parallel()
	l := newLocks()
	count := 0
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 500 {
				set := streams(id.From[id.Account](numbered((i+j)%3)), id.From[id.Account](numbered(j%3)), id.From[id.Account](numbered(2)))
				l.lock(set)
				count++ // all sets share stripe 2
				l.unlock(set)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 8*500, count)
}
