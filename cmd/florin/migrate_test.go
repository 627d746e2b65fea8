package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/eventbus/postgres/postgrestest"
)

// A bank that serves is copied, stopped, copied to its end, and goes on from the other
// engine as if nothing had happened.
func TestABankMovesToPostgreSQL(t *testing.T) {
	t.Parallel()
	url := serverURL(t, postgrestest.Start(t))
	h := newHost(t, "--risk-policy", amountsPolicy)
	h.phone("enrol", "--user", "ada", "--password", "a long pass phrase")
	from := h.openFunded()
	to := read[struct{ Account string }](t, h.phone("open")).Account
	pay := func(amount string) string {
		return h.phone("transfer", "--from", from, "--to", to, "--amount", amount)
	}
	pay("1.00")
	require.Contains(t, h.fails("migrate", "--dir", h.dir, "--to", url), "copy from a backup while it runs")
	copied := filepath.Join(h.work, "copy")
	h.does("backup", "--dir", h.dir, "--admin", strings.TrimPrefix(h.bank.admin, "http://"), "--to", copied)
	pay("2.00")
	first := read[migrated](t, h.does("migrate", "--dir", copied, "--to", url, "--json"))
	require.NotZero(t, first.Copied)
	require.False(t, first.Switched)
	again := read[migrated](t, h.does("migrate", "--dir", copied, "--to", url, "--json"))
	require.Equal(t, []any{0, first.Position, first.Hash}, []any{again.Copied, again.Position, again.Hash}, "nothing is copied twice")

	require.NoError(t, h.bank.stop())
	last := read[migrated](t, h.does("migrate", "--dir", h.dir, "--to", url, "--switch", "--json"))
	require.True(t, last.Switched)
	require.Greater(t, last.Position, first.Position)
	require.Less(t, last.Copied, first.Copied, "the rest")
	for _, args := range [][]string{{"serve", "--sandbox", "--dir", h.dir}, {"migrate", "--dir", h.dir, "--to", url, "--switch"}} {
		require.Contains(t, h.fails(args...), "this bank has moved to postgres:", args[0])
	}
	verified := h.does("audit", "verify", "--dir", h.dir, "--json")
	require.Contains(t, verified, `"verify": "ok"`, "the old log stays evidence")

	h.bank.args = append(h.bank.args, "--log", url)
	require.NoError(t, h.bank.start(t.Context()))
	pay("3.00")
	require.Contains(t, h.phone("get", "/v1/accounts/"+to), `"6.00"`, "the sum of what was paid before and after")
	v := read[verdict](t, h.does("audit", "verify", "--log", url, "--json"))
	require.Equal(t, "ok", v.Verify)
	require.Greater(t, v.Position, last.Position)

	other := serverURL(t, postgrestest.Start(t))
	stranger := newHost(t)
	require.NoError(t, stranger.bank.stop())
	stranger.does("migrate", "--dir", stranger.dir, "--to", other)
	require.Contains(t, h.fails("migrate", "--dir", copied, "--to", other), "another log")
}
