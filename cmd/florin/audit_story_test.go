package main

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/customer"
)

// The questions of an auditor, asked of a real bank's log.
func TestTheTimelineAnswersAnAuditor(t *testing.T) {
	t.Parallel()
	h := newHost(t, "--risk-policy", amountsPolicy)
	h.phone("enrol", "--user", "ada", "--password", "a long pass phrase", "--name", "Ada Byron")
	from := h.openFunded()
	to := read[struct{ Account string }](t, h.phone("open")).Account
	h.phone("deposit", "--to", from, "--amount", "5000.00")
	h.phone("transfer", "--from", from, "--to", to, "--amount", "2000.00", "--confirm")
	device := read[struct {
		Devices []struct {
			ID string `json:"device_id"`
		}
	}](t, h.phone("devices")).Devices[0].ID
	require.Contains(t, h.phone("rename", device, "the red one"), "the red one")
	require.Contains(t, h.phone("sessions"), `"current": true`)
	require.Contains(t, h.phone("lost", device), `"status": "lost"`)
	require.Contains(t, h.fails("phone", "--url", h.base, "--state", filepath.Join(h.work, "phone.json"), "get", "/v1/accounts"), "invalid-token")
	require.NoError(t, h.bank.stop())
	ada := h.onlyCustomer(t)

	story := h.does("audit", "timeline", "--dir", h.dir, "--customer", ada)
	line := func(kind string) string {
		t.Helper()
		for _, line := range strings.Split(story, "\n") {
			if fields := strings.Fields(line); len(fields) > 2 && fields[2] == kind {
				return strings.Join(fields, " ")
			}
		}
		require.Fail(t, "no "+kind, story)
		return ""
	}
	phone := "Florin Phone " + device[:12]
	login := line("grant.code_issued")
	require.Contains(t, login, "the device "+phone, "who logged in, from which device")
	require.Contains(t, login, "amr=mfa,otp,pwd", "with which factors")
	require.Contains(t, line("transfer.assessed"), "outcome=challenge", "it was challenged,")
	require.Contains(t, line("transfer.assessed"), "reasons=amount-over-limit", "and why")
	require.Contains(t, line("transfer.authorised"), "method=sca-key", "how it was confirmed")
	bound := line("device.bound")
	require.Regexp(t, `^\d+ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ device.bound the device `+phone+` grant.challenge customer=the-customer key=[A-Za-z0-9_-]{43} `, bound, "when which key was bound")
	revoked := line("device.revoked")
	require.Contains(t, revoked, "the customer "+phone+" device.report_lost by=customer reason=lost", "who revoked it, from where, and why")
	require.Contains(t, line("session.revoked"), "reason=device-lost")
	for _, sealed := range []string{"Ada Byron", "ada@example.org", "the red one"} {
		require.NotContains(t, story, sealed, "personal data stays sealed")
	}

	story = h.does("audit", "timeline", "--dir", h.dir, "--customer", ada, "--open")
	require.Contains(t, line("customer.enrolled"), `name="Ada Byron"`)
	require.Contains(t, line("device.revoked"), "the red one dev_")
	var told struct{ Told told }
	for _, line := range strings.Split(strings.TrimSpace(h.does("audit", "timeline", "--dir", h.dir, "--customer", ada, "--open", "--json")), "\n") {
		require.NoError(t, json.Unmarshal([]byte(line), &told))
		if told.Told.Opened["name"] == "the red one" {
			return
		}
	}
	require.Fail(t, "the name of the device is not in the JSON")
}

// onlyCustomer is the one customer of the log.
func (h *host) onlyCustomer(t *testing.T) string {
	t.Helper()
	for _, line := range strings.Split(h.does("audit", "export", "--dir", h.dir), "\n") {
		var event struct {
			Kind string
			Data struct{ Customer string }
		}
		if json.Unmarshal([]byte(line), &event) == nil && event.Kind == "customer.enrolled" {
			return event.Data.Customer
		}
	}
	require.Fail(t, "nobody was enrolled")
	return ""
}

func TestWhatIsErasedReadsAsErased(t *testing.T) {
	t.Parallel()
	opened := map[string]string{}
	reveal(reflect.ValueOf(customer.Enrolled{Name: domain.ErasedProfile(), Email: domain.NewProfile("a@example.org")}), "", opened)
	require.Equal(t, map[string]string{"name": erasedWord, "email": "a@example.org"}, opened)
	require.Nil(t, (&narrator{}).open("customer.enrolled", 1, [16]byte{}, []byte(`{}`)), "without a ring nothing is opened")
	require.Equal(t, `"a\x1b[31m"`, quoted("a\x1b[31m"), "no word moves the reader's cursor")
	require.Empty(t, (&narrator{}).details(line{Data: []byte("not JSON")}))
}
