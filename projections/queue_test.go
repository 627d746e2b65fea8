package projections

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBatchesGatherUnlessSomebodyWaits(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		before, during func(q *queue, wanted chan struct{})
		want           time.Duration
	}{
		"nobody waits":                   {want: gapMax},
		"somebody waits already":         {before: func(_ *queue, wanted chan struct{}) { signal(wanted) }, want: gapMin},
		"somebody begins to wait":        {during: func(_ *queue, wanted chan struct{}) { signal(wanted) }, want: gapMax / 2},
		"a whole batch waits already":    {before: func(q *queue, _ chan struct{}) { signal(q.full) }, want: 0},
		"a whole batch waits after some": {during: func(q *queue, _ chan struct{}) { signal(q.full) }, want: gapMax / 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q, wanted := newQueue(), make(chan struct{}, 1)
				if row.before != nil {
					row.before(q, wanted)
				}
				if row.during != nil {
					time.AfterFunc(gapMax/2, func() { row.during(q, wanted) })
				}
				began := time.Now()
				q.pause(t.Context(), nil, wanted, gapMax)
				require.Equal(t, row.want, time.Since(began))
			})
		})
	}
}

func TestOnlyABusyLogIsLetGather(t *testing.T) {
	t.Parallel()
	gap := gapMin
	for range 10 {
		gap = gapAfter(gap, busyCommits)
	}
	require.Equal(t, gapMax, gap)
	require.Equal(t, gapMin, gapAfter(gap, busyCommits-1), "one caller after the other sees at once what was done")
}
