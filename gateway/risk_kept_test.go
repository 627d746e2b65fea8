package gateway

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// keptPolicy doubts a second payee within ten minutes, and lets nobody save a third.
const keptPolicy = `{name: kept, base: 0, scorecard: [{feature: count_10m, reason: velocity, unknown: 0, bins: [{below: 1, weight: -100}, {below: 2, weight: 0}], rest: 100}],
thresholds: {login: [{from: 0, at: {}}], enrolment: [{from: 0, at: {}}], payee: [{from: 0, at: {challenge: 0, block: 100}}], payment: [{from: 0, at: {}}], transfer: [{from: 0, at: {}}]},
examples: [{name: idle, action: payee, given: {count_10m: 0}, outcome: allow}]}`

func TestRiskSaysWhatPayeesAreKept(t *testing.T) {
	t.Parallel()
	h := newHouseOf(t, true, wiredApart, []byte(keptPolicy))
	desk := h.machine("desk", "risk.read").login()
	anna, bert := h.customer("anna"), h.customer("bert")
	for _, days := range []time.Duration{1, 3} {
		saved := h.savePayee(anna, h.account(bert, ""), "Anna bert")
		require.Equal(t, 201, saved.Status, "%s", saved.Body)
		require.Equal(t, h.now().Add(days*24*time.Hour), field[time.Time](t, saved, "trusted_from"))
	}
	to := h.account(bert, "")
	stopped := h.savePayee(anna, to, "Anna bert")
	require.Equal(t, 403, stopped.Status)
	require.Equal(t, "payee-blocked", code(stopped))
	require.NotContains(t, string(stopped.Body), "velocity", "why is not said to the customer")
	said := h.decisions(desk, "?action=payee&effect=block")
	require.Len(t, said, 1)
	require.Equal(t, []string{anna.Profile().Customer, "velocity"}, []string{said[0].Customer, said[0].Reasons[0]})
	require.Len(t, h.decisions(desk, "?action=payee&effect=challenge"), 1)
	h.pass(11 * time.Minute)
	h.login(anna)
	saved := h.savePayee(anna, to, "Anna bert")
	require.Equal(t, 201, saved.Status, "%s", saved.Body)
	require.Equal(t, h.now().Add(24*time.Hour), field[time.Time](t, saved, "trusted_from"), "ten minutes later")
}
