package commands

import (
	"bytes"
	"crypto/rand"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestIdentifiersSortByTheirTime(t *testing.T) {
	t.Parallel()
	var ids []string
	for i := range 1000 {
		at := noon.Add(time.Duration(i) * 300 * time.Nanosecond)
		made := Sources{Now: func() time.Time { return at }, Random: rand.Reader}.NewID()
		require.Equal(t, uuid.Version(7), made.Version())
		require.Equal(t, uuid.RFC4122, made.Variant())
		ids = append(ids, made.String())
	}
	require.True(t, slices.IsSorted(ids))
	require.Len(t, slices.Compact(ids), 1000)
}

// TestIdentifierGolden holds the layout of RFC 9562 section 5.7, the fraction of
// the millisecond in rand_a.
func TestIdentifierGolden(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(0x017F22E279B0).Add(500 * time.Microsecond) // the RFC's example time, and a half
	sources := Sources{Now: func() time.Time { return at }, Random: bytes.NewReader([]byte{0xff, 1, 2, 3, 4, 5, 6, 7})}
	require.Equal(t, "017f22e2-79b0-7800-bf01-020304050607", sources.NewID().String())
}

func TestIdentifiersMayBeMadeByManyAtOnce(t *testing.T) {
	t.Parallel()
	sources := Sources{Now: func() time.Time { return noon }, Random: rand.Reader}
	var mu sync.Mutex
	var wg sync.WaitGroup
	seen := map[uuid.UUID]bool{}
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				made := sources.NewID()
				mu.Lock()
				seen[made] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Len(t, seen, 8000)
}

func TestARandomSourceThatFailsStopsEverything(t *testing.T) {
	t.Parallel()
	sources := Sources{Now: func() time.Time { return noon }, Random: bytes.NewReader(nil)}
	require.Panics(t, func() { sources.NewID() })
}

func TestTimeIsWhatAFactCanHold(t *testing.T) {
	t.Parallel()
	local := time.FixedZone("local", 3600)
	sources := Sources{Now: func() time.Time { return time.Date(2026, 1, 2, 13, 0, 0, 1999, local) }}
	require.Equal(t, time.Date(2026, 1, 2, 12, 0, 0, 1000, time.UTC), sources.Time())
}
