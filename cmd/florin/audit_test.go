package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// TestAnAuditorIsToldWhatWasCompared: "equal" is said of read models that were
// there and show the whole log, and of nothing else.
func TestAnAuditorIsToldWhatWasCompared(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.phone("enrol", "--user", "ada", "--password", "a long pass phrase")
	require.NoError(t, h.bank.stop())
	require.Contains(t, h.does("audit", "replay", "--dir", h.dir), "equal", "a bank that has stopped in order is what its log says")
	require.Contains(t, h.does("audit", "replay", "--dir", h.dir, "--json"), `"state": "equal"`)
	old, err := os.ReadFile(readsFile(h.dir))
	require.NoError(t, err)

	require.NoError(t, h.bank.start(context.Background()))
	h.openFunded()
	copied, restored := filepath.Join(h.work, "copy"), filepath.Join(h.work, "restored")
	h.does("backup", "--dir", h.dir, "--admin", strings.TrimPrefix(h.bank.admin, "http://"), "--to", copied)
	require.NoError(t, h.bank.stop())
	require.Contains(t, h.does("audit", "replay", "--dir", h.dir), "equal")

	require.NoError(t, os.WriteFile(readsFile(h.dir), old, 0o600)) // of an older backup
	require.Contains(t, h.fails("audit", "replay", "--dir", h.dir), "behind the log")
	now, err := os.ReadFile(readsFile(h.dir))
	require.NoError(t, err)
	require.Equal(t, old, now, "an auditor does not touch it")
	h.does("projection", "rebuild", "all", "--dir", h.dir)
	require.Contains(t, h.does("audit", "replay", "--dir", h.dir), "equal")

	require.NoError(t, os.Remove(readsFile(h.dir)))
	require.Contains(t, h.fails("audit", "replay", "--dir", h.dir), "no read model")
	require.Contains(t, h.fails("audit", "replay", "--dir", h.dir, "--json"), "no read model")
	require.NoFileExists(t, readsFile(h.dir))

	h.auditBackup(copied)
	h.does("restore", "--from", copied, "--dir", restored)
	require.Contains(t, h.fails("audit", "replay", "--dir", restored), "no read model")
	require.NoError(t, os.WriteFile(readsFile(restored), old, 0o600))
	require.Contains(t, h.fails("audit", "replay", "--dir", restored), "behind the log")
}

// auditBackup audits the directory that 'florin backup' has made, as it lies.
func (h *host) auditBackup(dir string) {
	t := h.t
	v := read[verdict](t, h.does("audit", "verify", "--dir", dir, "--json"))
	require.Equal(t, "ok", v.Verify)
	require.Contains(t, h.does("audit", "export", "--dir", dir), "customer.enrolled")
	require.Contains(t, h.fails("audit", "replay", "--dir", dir), "no read model")
	alone := h.does("audit", "replay", "--dir", dir, "--alone")
	require.Contains(t, alone, "v_accounts")
	require.NotContains(t, alone, "equal", "nothing was compared")
	require.NoFileExists(t, readsFile(dir))

	manifest := filepath.Join(dir, "backup.json")
	text, err := os.ReadFile(manifest)
	require.NoError(t, err)
	longer := strings.Replace(string(text), `"position": `, `"position": 9`, 1)
	require.NoError(t, os.WriteFile(manifest, []byte(longer), 0o600))
	code, out, _ := florin(t, h.environ, "audit", "verify", "--dir", dir, "--json")
	require.Equal(t, exitFailed, code)
	require.Contains(t, read[verdict](t, out).Verify, "does not hold the head")
	require.NoError(t, os.WriteFile(manifest, text, 0o600))

	says := h.fails("audit", "verify", "--dir", h.work)
	require.Contains(t, says, "neither a bank's data directory nor one that 'florin backup' has made")
	require.NotContains(t, says, "florin serve")
}

func TestATimelineIsTheCustomersWholeStory(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.phone("enrol", "--user", "ada", "--password", "a long pass phrase")
	account := h.openFunded()
	h.phone("refresh")
	other := func(args ...string) string {
		return h.does(append([]string{"phone", "--url", h.base, "--state", filepath.Join(h.work, "other.json")}, args...)...)
	}
	other("enrol", "--user", "bob", "--password", "another long phrase")
	h.turnedAway()
	require.NoError(t, h.bank.stop())
	ada, bob := h.customers()
	story := h.does("audit", "timeline", "--dir", h.dir, "--customer", ada)
	for _, kind := range []string{
		"customer.enrolled", "device.registered", "device.bound", "device.session_joined", "attempt.counted", "attempt.reset",
		"grant.started", "grant.factor_verified", "grant.code_issued", "grant.redeemed", "session.started", "token.issued", "token.refreshed",
		"account.opened", "account.credited", "access.refused",
	} {
		require.Contains(t, story, " "+kind+" ")
	}
	require.Contains(t, story, "account/"+strings.TrimPrefix(account, "acc_"))
	his := h.does("audit", "timeline", "--dir", h.dir, "--customer", bob)
	require.Contains(t, his, "device.registered")
	require.NotContains(t, his, "account/")
	require.Equal(t, 1, strings.Count(his, "device.registered"), "of nobody else")
	require.NotContains(t, story, strings.TrimPrefix(bob, "cus_"))

	nobody := "cus_019347f4-0000-7000-8000-000000000001"
	require.Contains(t, h.fails("audit", "timeline", "--dir", h.dir, "--customer", nobody), "no customer "+nobody)
}

// turnedAway shows the phone's token as a bearer's, as somebody would who had found it.
func (h *host) turnedAway() {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join(h.work, "phone.json"))
	require.NoError(h.t, err)
	p, err := phone.Load(phone.Settings{}, read[saved](h.t, string(text)).Phone)
	require.NoError(h.t, err)
	request, err := http.NewRequest(http.MethodGet, h.base+"/v1/accounts", nil)
	require.NoError(h.t, err)
	request.Header.Set("Authorization", "Bearer "+p.Tokens().Access)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(h.t, err)
	require.NoError(h.t, answer.Body.Close())
	require.Equal(h.t, http.StatusUnauthorized, answer.StatusCode)
}

// customers are the first two of the stopped bank.
func (h *host) customers() (string, string) {
	var found []string
	for line := range strings.Lines(h.does("audit", "export", "--dir", h.dir)) {
		if strings.Contains(line, `"customer.enrolled"`) {
			found = append(found, "cus_"+strings.TrimPrefix(read[exported](h.t, line).Stream, "customer/"))
		}
	}
	require.Len(h.t, found, 2)
	return found[0], found[1]
}

type exported struct {
	Stream string `json:"stream"`
}
