package postgres

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/eventbus"
	"florin/eventbus/eventbustest"
	"florin/eventbus/postgres/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

func TestPostgreSQLKeepsTheLaws(t *testing.T) {
	t.Parallel()
	url := postgrestest.URL(t)
	eventbustest.Run(t, func(testing.TB) eventbustest.Subject {
		schema := postgrestest.Schema()
		return eventbustest.Subject{Shared: true, Open: func(t testing.TB) eventbus.Journal {
			j, err := Open(t.Context(), url, Options{Schema: schema, CreateIfMissing: true})
			require.NoError(t, err)
			t.Cleanup(func() { _ = j.Close() })
			return j
		}}
	})
}
