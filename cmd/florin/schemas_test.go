package main

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fitsItsSchemas holds every event of a finished log against the JSON Schema of
// its kind: what the real binary has written, not what a test has made.
func fitsItsSchemas(t *testing.T, dir string) {
	t.Helper()
	a, err := openArchive(context.Background(), config{Dir: dir})
	require.NoError(t, err)
	defer func() { require.NoError(t, a.close()) }()
	checked := 0
	for record, err := range a.log.ReadAll(context.Background(), 0) {
		require.NoError(t, err)
		for _, e := range record.Events {
			if strings.HasPrefix(e.Kind, "log.") { // the log's own: eventbus holds them to golden bytes
				continue
			}
			require.NoError(t, a.treaty.Validate(e.Kind, e.SchemaVersion, e.Data), "%s at position %d", e.Kind, e.Position)
			checked++
		}
	}
	require.Positive(t, checked)
}
