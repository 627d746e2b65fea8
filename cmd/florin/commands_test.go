package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/projections"
)

// host is a bank's machine, as the person who runs it sees it.
type host struct {
	t       *testing.T
	environ []string
	dir     string // the bank's
	work    string // the person's
	bank    *child
	base    string
}

func newHost(t *testing.T, more ...string) *host {
	t.Helper()
	path, environ := program(t)
	h := &host{t: t, environ: childEnvironment(environ), work: t.TempDir()}
	h.dir = filepath.Join(h.work, "bank")
	var err error
	h.bank, h.base, err = newChild(path, h.dir, filepath.Join(h.work, "bank.log"), h.environ, append([]string{"--log-level", "info"}, more...)...)
	require.NoError(t, err)
	require.NoError(t, h.bank.start(context.Background()))
	t.Cleanup(func() {
		ends(t, h.bank)
		if said, err := os.ReadFile(h.bank.log.Name()); err == nil && t.Failed() {
			t.Logf("the bank's own log ends with:\n%s", said[max(0, len(said)-4000):])
		}
	})
	return h
}

// does runs a command that must succeed, and gives what it printed.
func (h *host) does(args ...string) string {
	h.t.Helper()
	code, out, says := florin(h.t, h.environ, args...)
	require.Equal(h.t, exitDone, code, "florin %s: %s", strings.Join(args, " "), says)
	return out
}

// fails runs a command that must not, and gives what it said.
func (h *host) fails(args ...string) string {
	h.t.Helper()
	code, _, says := florin(h.t, h.environ, args...)
	require.NotEqual(h.t, exitDone, code, "florin %s", strings.Join(args, " "))
	return says
}

func (h *host) phone(args ...string) string {
	return h.does(append([]string{"phone", "--url", h.base, "--state", filepath.Join(h.work, "phone.json")}, args...)...)
}

func read[T any](t *testing.T, text string) (value T) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &value), text)
	return value
}

func (h *host) openFunded() string {
	opened := read[struct {
		Account string `json:"account"`
	}](h.t, h.phone("open", "--currency", "EUR"))
	h.phone("deposit", "--to", opened.Account, "--amount", "2000.00")
	return opened.Account
}

// TestAPersonRunsABank walks every command of the binary as its user would: a
// phone against a serving bank, a backup while it serves, then the auditor, the
// read models, the keys and the operators, and the restored bank at the end.
func TestAPersonRunsABank(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.phone("enrol", "--user", "ada", "--password", "a long pass phrase")
	from, to := h.openFunded(), h.openFunded()
	posted := h.phone("transfer", "--from", from, "--to", to, "--amount", "12.50", "--reference", "for the garden")
	require.Contains(t, posted, `"status": "posted"`)
	require.Contains(t, h.phone("transfer", "--from", from, "--to", to, "--amount", "900.00", "--confirm"), `"status": "posted"`)
	require.Contains(t, h.phone("transfer", "--from", from, "--to", to, "--amount", "901.00", "--confirm"), `"status": "posted"`)
	require.Contains(t, h.phone("get", "/v1/accounts/"+from), `"balance": "186.50"`)
	h.phone("refresh")
	h.phone("login")
	require.Contains(t, h.fails("phone", "--url", h.base, "--state", filepath.Join(h.work, "phone.json"),
		"transfer", "--from", from, "--to", to, "--amount", "9999.00"), "insufficient-funds")
	require.Contains(t, h.fails("phone", "--state", filepath.Join(h.work, "none.json"), "login"), "florin phone enrol")
	require.Contains(t, h.fails("audit", "verify", "--dir", h.dir), "another florin holds")

	h.riskPolicies("--admin", strings.TrimPrefix(h.bank.admin, "http://"))
	h.backupAndStop()
	h.riskPolicies()
	h.riskBacktest()
	fitsItsSchemas(t, h.dir)
	h.audit(posted)
	h.restoreAndServe()
}

func (h *host) backupAndStop() {
	admin := strings.TrimPrefix(h.bank.admin, "http://")
	backup := []string{"backup", "--dir", h.dir, "--admin", admin, "--to", filepath.Join(h.work, "copy"), "--keys-to", filepath.Join(h.work, "copy.ring")}
	elsewhere := append(slices.Clone(backup), "--admin", "127.0.0.1:1")
	require.Contains(h.t, h.fails(elsewhere...), "name its admin listener with --admin")
	require.Contains(h.t, h.does(backup...), "Backed up to position")
	require.Contains(h.t, h.fails(backup...), "already", "a backup overwrites nothing")
	answer, err := http.Get(h.bank.admin + "/health")
	require.NoError(h.t, err)
	require.Equal(h.t, http.StatusOK, answer.StatusCode)
	require.NoError(h.t, answer.Body.Close())
	require.NoError(h.t, h.bank.stop())
	log, err := os.ReadFile(filepath.Join(h.work, "bank.log"))
	require.NoError(h.t, err)
	for line := range strings.Lines(string(log)) {
		require.True(h.t, json.Valid([]byte(line)), "every line of the log is one JSON object: %s", line)
	}
	require.NotContains(h.t, string(log), "pass phrase")
}

func (h *host) audit(posted string) {
	t := h.t
	v := read[verdict](t, h.does("audit", "verify", "--dir", h.dir, "--json"))
	require.Equal(t, "ok", v.Verify)
	require.Equal(t, 3, v.Initiated-1, "three posted, one refused")
	require.Zero(t, v.Ledger.Sum)
	require.Contains(t, h.does("audit", "replay", "--dir", h.dir), "equal")
	transfer := read[struct {
		ID string `json:"transfer"`
	}](t, posted).ID
	stream := "transfer/" + strings.TrimPrefix(transfer, "trf_")
	timeline := h.does("audit", "timeline", "--dir", h.dir, "--stream", stream)
	require.Contains(t, timeline, "transfer.initiated")
	require.Contains(t, timeline, "transfer.posted")
	require.NotContains(t, timeline, "account.opened")
	require.Contains(t, h.fails("audit", "timeline", "--dir", h.dir), "give one of")

	export := h.does("audit", "export", "--dir", h.dir)
	require.Equal(t, int(v.Events), strings.Count(export, "\n"), "one line an event")
	for line := range strings.Lines(export) {
		require.True(t, json.Valid([]byte(line)))
	}
	require.False(t, strings.Contains(export, "ada@example.org"), "personal data is sealed")
	require.False(t, strings.Contains(export, "garden"), "remittance text is sealed")

	made := h.does("projection", "list", "--dir", h.dir, "--json")
	reads, aside := readsFile(h.dir), filepath.Join(t.TempDir(), "read.db")
	require.NoError(t, os.Rename(reads, aside))
	unmade := read[[]projections.Status](t, h.does("projection", "list", "--dir", h.dir, "--json"))
	require.NoFileExists(t, reads, "who only looks makes nothing")
	require.NoError(t, os.Rename(aside, reads))
	for i, status := range read[[]projections.Status](t, made) {
		require.Equal(t, projections.Status{Name: status.Name, Version: status.Version, Lag: status.Lag + status.Position}, unmade[i])
	}
	require.Contains(t, h.does("projection", "list", "--dir", h.dir), "accounts")
	h.does("projection", "rebuild", "all", "--dir", h.dir)
	require.Contains(t, h.fails("projection", "rebuild", "nothing", "--dir", h.dir), "invalid argument")
	require.Contains(t, h.does("audit", "replay", "--dir", h.dir, "--json"), "v_accounts")
	require.Contains(t, h.fails("audit", "verify", "--dir", filepath.Join(h.work, "nowhere")), "no log there")
}

func (h *host) restoreAndServe() {
	t := h.t
	restored := filepath.Join(h.work, "restored")
	h.does("restore", "--from", filepath.Join(h.work, "copy"), "--keys", filepath.Join(h.work, "copy.ring"), "--dir", restored)
	require.NotEmpty(t, h.fails("restore", "--from", filepath.Join(h.work, "copy"), "--dir", restored), "nothing is overwritten")
	require.Contains(t, h.fails("keys", "list", "--dir", restored), "master key", "which is never copied")
	master, err := os.ReadFile(filepath.Join(h.dir, "keys", "master.key"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(restored, "keys", "master.key"), master, 0o600))

	require.Contains(t, h.fails("serve", "--dir", restored), "serve this one with --sandbox")
	before := read[[]listedKey](t, h.does("keys", "list", "--dir", restored, "--json"))
	require.Len(t, before, 1)
	after := read[[]listedKey](t, h.does("keys", "rotate", "--dir", restored, "--json"))
	require.Len(t, after, 2)

	key := filepath.Join(h.work, "eve.pem")
	h.does("operator", "create", "--dir", restored, "--name", "Eve", "--scopes", "audit.read analytics.read", "--key-file", key)
	info, err := os.Stat(key)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NotEmpty(t, h.fails("operator", "create", "--dir", restored, "--name", "Eve", "--scopes", "audit.read", "--key-file", key), "a key is never overwritten")
	require.Contains(t, h.fails("operator", "create", "--dir", restored, "--name", "Eve", "--scopes", "everything", "--key-file", key+"2"), "scope")
	require.NoFileExists(t, key+"2", "an operator who was not made leaves no key")
	h.registerClients(restored)
	require.Equal(t, "ok", read[verdict](t, h.does("audit", "verify", "--dir", restored, "--json")).Verify)
}
