package gateway

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/eventbus/embedded"
	"florin/eventbus/postgres"
	"florin/eventbus/postgres/postgrestest"
)

// onPostgres has every house keep its log in PostgreSQL: the same end-to-end tests on
// another engine (make test-postgres).
var onPostgres = os.Getenv("FLORIN_TEST_LOG") == "postgres"

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// journal opens the house's log, and its index where the log has none of its own.
func (h *house) journal() (journal eventbus.Journal, index eventbus.Index, close func()) {
	t := h.t
	t.Helper()
	o := embedded.Options{FS: h.fs, CreateIfMissing: true, Fatal: func(err error) { panic(err) }}
	if !onPostgres {
		j, err := embedded.Open("log", o)
		require.NoError(t, err)
		return j, nil, func() { require.NoError(t, j.Close()) }
	}
	if h.schema == "" {
		h.schema = postgrestest.Schema()
	}
	j, err := postgres.Open(t.Context(), postgrestest.URL(t), postgres.Options{Schema: h.schema, CreateIfMissing: true})
	require.NoError(t, err)
	index, err = embedded.OpenIndex("index", o)
	require.NoError(t, err)
	return j, index, func() {
		require.NoError(t, index.Close())
		require.NoError(t, j.Close())
	}
}
