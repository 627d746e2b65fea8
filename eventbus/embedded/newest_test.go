package embedded

import (
	"testing"

	"github.com/stretchr/testify/require"

	"florin/eventbus"
)

func TestTheNewestRecordsAreBoundedAndHaveNoGaps(t *testing.T) {
	t.Parallel()
	const each, begins = 3, eventbus.Position(10)
	end := eventbus.Mark{Position: begins}
	kept := newest{after: begins}
	for range 40 {
		var group [][]byte
		for range each {
			var record []byte
			record, end = commitOf(t, end, 2, 16<<10)
			group = append(group, record)
		}
		kept.add(group)
		require.LessOrEqual(t, kept.bytes, newestBytesMax)
	}
	_, _, ok := kept.page(begins, end.Position, 100)
	require.False(t, ok, "the oldest were dropped")

	page, reached, ok := kept.page(kept.after, end.Position-1, 100)
	require.True(t, ok)
	require.Less(t, reached, end.Position, "not above the bound")
	at := kept.after
	for _, record := range page {
		outline, err := eventbus.Peek(record)
		require.NoError(t, err)
		require.Equal(t, at+1, outline.First)
		at = outline.Last
	}
	require.Equal(t, reached, at)

	_, _, ok = kept.page(end.Position, end.Position, 100)
	require.False(t, ok, "nothing is above the end")
}
