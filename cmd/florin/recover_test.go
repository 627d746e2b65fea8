package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var sentCode = regexp.MustCompile(`\b[0-9]{6}\b`)

// mail waits for the count-th message of a template that the sandbox's console shows,
// and gives its code.
func (h *host) mail(template string, count int) (otp string) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		log, err := os.ReadFile(filepath.Join(h.work, "bank.log"))
		require.NoError(h.t, err)
		seen := 0
		for line := range strings.Lines(string(log)) {
			var said struct{ Notification, Text string }
			if json.Unmarshal([]byte(line), &said) == nil && said.Notification == template {
				otp, seen = sentCode.FindString(said.Text), seen+1
			}
		}
		return seen >= count
	}, 20*time.Second, 50*time.Millisecond, "no %s", template)
	return otp
}

// TestAPersonGetsBackIn: with nothing but the binary, by a recovery code from a new
// phone, and by an operator's slip from another.
func TestAPersonGetsBackIn(t *testing.T) {
	t.Parallel()
	path, environ := program(t)
	h := &host{t: t, environ: append(childEnvironment(environ), "FLORIN_RECOVERY_WAIT=1s"), work: t.TempDir()}
	h.dir = filepath.Join(h.work, "bank")
	var err error
	h.bank, h.base, err = newChild(path, h.dir, filepath.Join(h.work, "bank.log"), h.environ)
	require.NoError(t, err)
	require.NoError(t, h.bank.start(context.Background()))
	t.Cleanup(func() { ends(t, h.bank) })
	on := func(name string, args ...string) []string {
		return append([]string{"phone", "--url", h.base, "--state", filepath.Join(h.work, name+".json")}, args...)
	}
	ada := read[struct {
		ID string `json:"customer_id"`
	}](t, h.does(on("old", "enrol", "--user", "ada", "--password", "a long pass phrase")...))
	require.Contains(t, h.does(on("old", "contact", "--email", "ada@example.org")...), "code-sent")
	require.Contains(t, h.does(on("old", "contact", "--email", "ada@example.org", "--code", h.mail("contact-code", 1))...), "changed")
	codes := read[struct{ Codes []string }](t, h.does(on("old", "recovery-codes")...)).Codes
	require.Len(t, codes, 10)

	begin := func(name, what string) string {
		return read[struct {
			ID string `json:"recovery_id"`
		}](t, h.does(on(name, "recover", "--user", "ada", "--for", what)...)).ID
	}
	require.Contains(t, h.fails(on("new", "recover", "--user", "ada")...), "--for")
	id := begin("new", "factors")
	otp := h.mail("recovery-code", 1)
	require.Contains(t, h.fails(on("new", "recover", "--recovery", id, "--code", otp)...), "recovery-proofs-missing")
	require.Contains(t, h.does(on("new", "recover", "--recovery", id, "--code", otp, "--recovery-code", codes[4], "--password", "quite another phrase")...), "completed")
	h.does(on("new", "login")...)
	require.Contains(t, h.fails(on("old", "refresh")...), "invalid_grant")

	require.NoError(t, h.bank.stop())
	permit := []string{"customer", "recover", "--dir", h.dir, "--customer", ada.ID, "--reason", "identified-at-desk"}
	require.Contains(t, h.fails(append(permit, "--email", "nowhere")...), "one e-mail")
	slip := read[struct {
		Code string `json:"recovery_code"`
	}](t, h.does(append(permit, "--email", "ada@new.example", "--json")...)).Code
	require.NoError(t, h.bank.start(context.Background()))
	h.mail("recovery-permitted", 2)
	require.Eventually(t, func() bool {
		return strings.Contains(h.does(on("new", "get", "/v1/recovery")...), `"usable"`)
	}, 20*time.Second, 200*time.Millisecond, "the customer sees it wait, and then not any more")
	id = begin("third", "factors")
	require.Contains(t, h.does(on("third", "recover", "--recovery", id, "--code", h.mail("recovery-code", 2), "--recovery-code", slip, "--password", "a third long phrase")...), "completed")
	h.does(on("third", "login")...)
	require.Contains(t, h.does(on("third", "get", "/v1/customers/me")...), "ada@new.example")
	require.Contains(t, h.fails(on("new", "login")...), "access_denied", "a phone that was the customer's is nobody's now")
	require.NoError(t, h.bank.stop())
	timeline := h.does("audit", "timeline", "--dir", h.dir, "--customer", ada.ID)
	for _, kind := range []string{"recovery.started", "recovery.completed", "customer.recovery_permitted", "customer.recovered", "identified-at-desk"} {
		require.Contains(t, timeline, kind)
	}
}
