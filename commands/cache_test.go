package commands

import (
	"encoding/binary"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
)

func numbered(n int) uuid.UUID {
	var u uuid.UUID
	binary.BigEndian.PutUint64(u[8:], uint64(n))
	return u
}

func TestCacheGivesBackOnlyItsGeneration(t *testing.T) {
	t.Parallel()
	c := newCache[string](100)
	c.put(someone, "old", 5, 1)
	_, _, ok := c.get(someone, 2)
	require.False(t, ok, "a state of an ended generation may never have happened")
	c.put(someone, "new", 3, 2)
	state, version, ok := c.get(someone, 2)
	require.True(t, ok)
	require.Equal(t, "new", state)
	require.Equal(t, eventbus.Version(3), version)
	c.put(someone, "late", 9, 1)
	state, _, _ = c.get(someone, 2)
	require.Equal(t, "new", state, "an older generation never takes the place of a newer")
}

func TestCacheNeverGoesBackInVersions(t *testing.T) {
	t.Parallel()
	c := newCache[string](100)
	c.put(someone, "six", 6, 1)
	c.put(someone, "five", 5, 1)
	state, _, _ := c.get(someone, 1)
	require.Equal(t, "six", state)
	c.drop(someone)
	_, _, ok := c.get(someone, 1)
	require.False(t, ok)
	c.drop(someone)
}

func TestCacheForgetsTheLeastRecentlyUsed(t *testing.T) {
	t.Parallel()
	c := newCache[int](2 * cacheShards) // three states in each shard
	same := func(n int) uuid.UUID { return numbered(n * cacheShards) }
	for n := range 3 {
		c.put(same(n), n, 1, 1)
	}
	_, _, ok := c.get(same(0), 1)
	require.True(t, ok)
	c.put(same(3), 3, 1, 1)
	_, _, ok = c.get(same(1), 1)
	require.False(t, ok, "1 was used longest ago")
	for _, n := range []int{0, 2, 3} {
		state, _, ok := c.get(same(n), 1)
		require.True(t, ok)
		require.Equal(t, n, state)
	}
}

func TestCacheStaysWithinItsBound(t *testing.T) {
	t.Parallel()
	c := newCache[int](1000)
	for n := range 100_000 {
		c.put(numbered(n), n, 1, 1)
	}
	kept := 0
	for i := range c.shards {
		kept += len(c.shards[i].nodes)
	}
	require.LessOrEqual(t, kept, 1000+cacheShards)
}
