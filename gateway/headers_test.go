package gateway

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
)

// Every change says who made it, from which device, and why; not even a process of
// the bank's own, or a stranger's first step, leaves that open.
func TestEveryChangeHasAnActorADeviceAndAReason(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	h := s.house
	shop := h.thirdParty("another", "openid")
	b := h.browser().visit("another", shop.push(wish("openid"))).login("anna", s.anna).submit("decision", "allow")
	require.Equal(t, 200, shop.redeem(b.back().Get("code"), nil).Status)
	h.passkey(t, s.anna)
	require.NoError(t, s.anna.Refresh(t.Context()))
	h.asked(h.stranger(), "anna", password, "email")
	h.told("login-code")
	require.Equal(t, 200, h.command(s.bert, "POST", "/v1/devices/"+s.bert.Profile().Device+"/lost", nil, s.bert.NewID()).Status)
	h.told("device-lost")
	require.NoError(t, h.bank.Tick(t.Context()))
	kinds := map[string]bool{}
	for record, err := range h.log.ReadAll(t.Context(), 1) { // after the genesis
		require.NoError(t, err)
		header, kind := record.Header, record.Events[0].Kind
		if kind == "log.epoch_opened" { // the log's own
			continue
		}
		kinds[kind] = true
		require.NotEmpty(t, header.ActorType, kind)
		require.NotEmpty(t, header.Reason, kind)
		switch header.ActorType {
		case commands.ActorAnonymous:
			require.Contains(t, []string{"customer.enrolled", "grant.started", "attempt.counted", "grant.factor_verified", "consent.opened", "access.refused"}, kind,
				"what a stranger may do, and a browser before its login")
		case commands.ActorDevice:
			require.NotEqual(t, uuid.Nil, header.Device, kind)
		case commands.ActorCustomer:
			require.NotEqual(t, uuid.Nil, header.Actor, kind)
			if kind != "consent.granted" { // in a browser there is no device
				require.NotEqual(t, uuid.Nil, header.Device, kind)
				require.NotEqual(t, uuid.Nil, header.Session, kind)
			}
		default:
			require.NotEqual(t, uuid.Nil, header.Actor, "%s by %s", kind, header.ActorType)
		}
	}
	require.Greater(t, len(kinds), 15)
}
