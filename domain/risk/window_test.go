package risk

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// The buckets count what a list of times counts, within their own coarseness.
func TestWindowsCountAsAListWould(t *testing.T) {
	t.Parallel()
	source := rand.New(rand.NewPCG(1, 2))
	var w Window
	var r rare
	var s sums
	var added []int64
	now := int64(29_000_000)
	for range 3000 {
		now += source.Int64N(5)
		if source.IntN(40) == 0 {
			now += source.Int64N(40 * 24 * 60) // now and then, longer than everything
		}
		w.Add(now)
		r.add(now)
		s.add(now/60, 100)
		added = append(added, now)
		later := now + source.Int64N(3*24*60)
		count := func(unit, n int64) (found int64) {
			for _, at := range added {
				if at/unit > later/unit-n {
					found++
				}
			}
			return found
		}
		require.Equal(t, count(1, 10), w.Minutes(later, 10))
		require.Equal(t, count(1, 60), w.Minutes(later, 60))
		require.Equal(t, count(60, 24), w.Hours(later, 24))
		require.Equal(t, count(24*60, 30), w.Days(later, 30))
		require.Equal(t, min(count(24*60, 30), 30*255), r.month(later))
		require.Equal(t, 100*count(60, 24), s.day(later/60))
	}
}

func TestWindowsBearEveryClock(t *testing.T) {
	t.Parallel()
	var w Window
	w.Add(1_000_000)
	w.Add(999_000)
	require.EqualValues(t, 2, w.Minutes(1_000_000, 10), "what comes with an earlier time is counted now")
	require.EqualValues(t, 2, w.Minutes(5, 10), "and looked at from earlier it is there")
	w.Add(math.MaxUint32)
	require.EqualValues(t, 1, w.Days(math.MaxUint32, 30), "the rest is long gone")
	var start Window
	start.Add(0)
	require.EqualValues(t, 1, start.Days(0, 30))
	var full Window
	for range countMax + 10 {
		full.Add(7)
	}
	require.EqualValues(t, countMax, full.Minutes(7, 1), "a count that is full stays full")
	var s sums
	s.add(1, sumMax)
	s.add(1, sumMax)
	require.EqualValues(t, sumMax, s.day(1))
}

func TestLogarithmsAreRight(t *testing.T) {
	t.Parallel()
	for _, x := range []int64{-5, 0, 1, 2, 3, 10, 99, 100, 101, 12345, 1 << 31, 1<<62 + 12345, math.MaxInt64} {
		want := math.Round(1000 * math.Log(float64(max(x, 1))))
		require.InDelta(t, want, logMilli(x), 1, "%d", x)
	}
	last := int64(0)
	for x := int64(1); x < 1<<40; x += x/7 + 1 {
		require.GreaterOrEqual(t, logMilli(x), last)
		last = logMilli(x)
	}
}

func TestThousandths(t *testing.T) {
	t.Parallel()
	for _, try := range []struct {
		part, whole, most, want int64
		known                   bool
	}{
		{1, 3, 1000, 333, true}, {0, 3, 1000, 0, true}, {3, 3, 1000, 1000, true}, {4, 3, 1000, 1000, true}, {4, 3, 2000, 1333, true},
		{1, 0, 1000, 0, false}, {-1, 5, 1000, 0, false}, {1, -5, 1000, 0, false},
		{math.MaxInt64, 1, 1000, 1000, true}, {math.MaxInt64, math.MaxInt64, 1000, 1000, true}, {1, math.MaxInt64, 1000, 0, true}, {math.MaxInt64 - 1, math.MaxInt64, 1000, 999, true},
	} {
		got, known := thousandths(try.part, try.whole, try.most)
		require.Equal(t, try.known, known, "%+v", try)
		require.Equal(t, try.want, got, "%+v", try)
	}
}

// A hundred thousand customers fit into a hundred megabytes.
func TestACustomerTakesLessThanAKilobyte(t *testing.T) {
	t.Parallel()
	require.Less(t, unsafe.Sizeof(customerHistory{}), uintptr(1024))
}
