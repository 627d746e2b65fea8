package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newProduction is a bank in production with one operator; it does not serve yet.
func newProduction(t *testing.T) (h *host, machine func(...string) []string) {
	t.Helper()
	path, environ := program(t)
	h = &host{t: t, environ: childEnvironment(environ), work: t.TempDir()}
	h.dir = filepath.Join(h.work, "bank")
	var err error
	h.bank, h.base, err = newChild(path, h.dir, filepath.Join(h.work, "bank.log"), h.environ, "--legal-entity", "Test Bank")
	require.NoError(t, err)
	h.bank.args = slices.DeleteFunc(h.bank.args, func(arg string) bool { return arg == "--sandbox" })
	t.Cleanup(func() { ends(t, h.bank) })
	h.start()
	require.NoError(t, h.bank.stop())
	key := filepath.Join(h.work, "eve.pem")
	made := read[struct {
		ClientID string `json:"client_id"`
	}](t, h.does("operator", "create", "--dir", h.dir, "--name", "Eve", "--scopes", "customers.manage ledger.post audit.read analytics.read",
		"--key-file", key, "--json"))
	return h, func(args ...string) []string {
		return append([]string{"phone", "machine", "--url", h.base, "--key-file", key, "--client", made.ClientID}, args...)
	}
}

func (h *host) start() {
	h.t.Helper()
	require.NoError(h.t, h.bank.start(context.Background()))
}

// eventually runs a command again while the bank refuses assertions of the second
// that it began in.
func (h *host) eventually(args ...string) (out string) {
	h.t.Helper()
	require.EventuallyWithT(h.t, func(c *assert.CollectT) {
		code, said, says := florin(h.t, h.environ, args...)
		out = said
		require.Equal(c, exitDone, code, says)
	}, 10*time.Second, 200*time.Millisecond)
	return out
}

// TestAProductionBankByHand: an operator enrols with nothing but the binary, and
// the host moves the customer's standing.
func TestAProductionBankByHand(t *testing.T) {
	t.Parallel()
	h, machine := newProduction(t)
	h.start()
	person := `{"user_name":"ada","phone":"+491701234567","email":"ada@example.org","name":"Ada","password":"a long pass phrase"}`
	enrolled := h.eventually(machine("post", "/v1/customers", person)...)
	ada := read[struct {
		ID     string `json:"customer_id"`
		Status string `json:"status"`
	}](t, enrolled)
	require.Equal(t, "pending", ada.Status)
	require.Contains(t, h.does(machine("get", "/v1/audit/events?limit=5&kind=customer.enrolled")...), "customer.enrolled")
	require.Contains(t, h.does(machine("get", "/v1/analytics/v_customers")...), "pending")
	require.Contains(t, h.fails(machine("get", "/v1/analytics/v_nothing")...), "404")
	require.Contains(t, h.fails(machine("post", "/v1/deposits", `{"to":`)...), "BODY is JSON")
	require.Contains(t, h.fails(machine("post", "/v1/customers/"+ada.ID+"/erasure", `{"legal_basis":"x"}`)...), "insufficient-scope")
	require.Contains(t, h.fails("phone", "machine", "--url", h.base, "--key-file", filepath.Join(h.dir, "keys", "master.key"), "--client", "x", "get", "/"), "not PEM")
	require.Contains(t, h.fails("customer", "status", "--dir", h.dir, "--customer", ada.ID), "another florin holds")
	h.adminListenerIsGuarded()
	require.NoError(t, h.bank.stop())

	of := func(use string, more ...string) []string {
		return append([]string{"customer", use, "--dir", h.dir, "--customer", ada.ID}, more...)
	}
	require.Contains(t, h.does(of("status")...), "is pending")
	require.Contains(t, h.fails(of("activate")...), "reason")
	require.Contains(t, h.fails(of("activate", "--reason", "Ada was here")...), "reason code")
	require.Contains(t, h.fails("customer", "status", "--dir", h.dir, "--customer", "ada"), "cus_")
	require.Contains(t, h.fails("customer", "activate", "--dir", h.dir, "--customer", "cus_"+strings.Repeat("0", 8)+ada.ID[12:], "--reason", "x"), "no such thing")
	require.Contains(t, h.does(of("activate", "--reason", "identity-checked")...), "is active")
	require.Contains(t, h.does(of("restrict", "--reason", "sanctions-check")...), "is restricted")
	require.Contains(t, h.does(of("erase", "--reason", "gdpr-17-1-b")...), "Erasure is requested")
	require.Contains(t, h.fails(of("activate", "--reason", "x")...), "has ended")
	h.start()
	require.Eventually(t, func() bool {
		out := h.eventually(machine("get", "/v1/audit/events?limit=5&kind=customer.erased")...)
		return strings.Contains(out, `"customer.erased"`)
	}, 20*time.Second, 200*time.Millisecond, "the bank erases when it runs")
	require.NoError(t, h.bank.stop())
	require.Equal(t, standing{Customer: read[standing](t, h.does(of("status", "--json")...)).Customer, Status: "closed", Erasure: "done"},
		read[standing](t, h.does(of("status", "--json")...)))
	require.Equal(t, "ok", read[verdict](t, h.does("audit", "verify", "--dir", h.dir, "--json")).Verify)
}

// adminListenerIsGuarded: without the token of the data directory nothing is
// copied, and a backup reads it by itself.
func (h *host) adminListenerIsGuarded() {
	t := h.t
	to := filepath.Join(h.work, "stolen")
	request, err := http.NewRequest(http.MethodPost, h.bank.admin+"/backup", strings.NewReader(`{"to":"`+to+`"}`))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	require.NoDirExists(t, to)
	admin := strings.TrimPrefix(h.bank.admin, "http://")
	require.Contains(t, h.fails("backup", "--dir", h.work, "--admin", admin, "--to", to), "keys/admin.token", "the directory of no bank has no token")
	h.does("backup", "--dir", h.dir, "--admin", admin, "--to", filepath.Join(h.work, "copy"))
	info, err := os.Stat(adminTokenFile(h.dir))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}
