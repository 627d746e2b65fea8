package gateway

import (
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// Group 9 (CVE-2020-15222): a restart forgets no assertion, even one that says it
// was made after the restart, by a client whose clock is ahead.
func TestAnAssertionOfAClockAheadIsUsedOnceAcrossARestart(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	m := h.machine("rail", "payments.operate")
	ahead := phone.MachineForm(m.assertion(map[string]any{"iat": h.now().Unix() + 5}))
	require.Equal(t, 200, h.form(m.p, "/oauth2/token", ahead).Status)
	h.reopen()
	before := h.written()
	answer := h.form(m.p, "/oauth2/token", ahead)
	require.Equal(t, "invalid_client", code(answer), "%s", answer.Body)
	require.Equal(t, before, h.written())
	fresh := phone.MachineForm(m.assertion(map[string]any{"iat": h.now().Unix() + 5}))
	require.Equal(t, 200, h.form(m.p, "/oauth2/token", fresh).Status)
}
