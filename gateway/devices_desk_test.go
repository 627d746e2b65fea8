package gateway

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// The phone is gone, there is no other, and its owner stands at the desk.
func TestTheDeskReportsAPhoneLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	account, device := h.account(anna, ""), anna.Profile().Device
	owner := "?customer=" + anna.Profile().Customer
	lose := func(p *phone.Phone, reason string) phone.Answer {
		return h.command(p, http.MethodPost, "/v1/devices/"+device+"/lost", map[string]string{"reason": reason}, p.NewID())
	}

	auditor := h.operator("audit.read").login()
	require.Equal(t, "insufficient-scope", code(lose(auditor, "customer-called")))
	require.Equal(t, "insufficient-scope", code(h.get(auditor, "/v1/devices"+owner)))
	require.Equal(t, 404, lose(bert, "found-it").Status, "no customer ends another's")
	require.Equal(t, "bad-parameter", code(h.get(bert, "/v1/devices"+owner)), "nor looks at them")

	desk := h.operator("customers.manage").login()
	require.Equal(t, "bad-parameter", code(h.get(desk, "/v1/devices")), "an operator has none of their own")
	require.Equal(t, "bad-parameter", code(h.get(desk, "/v1/devices?customer=anna")))
	before := h.head()
	listed := h.get(desk, "/v1/devices"+owner)
	require.Equal(t, 200, listed.Status, "%s", listed.Body)
	require.Contains(t, string(listed.Body), device)
	require.Equal(t, before+1, h.head(), "that it was looked at is itself a fact")
	for _, reason := range []string{"", "She called us", "x_y"} {
		require.Equal(t, "invalid-reason", code(lose(desk, reason)), "%q", reason)
	}
	require.Equal(t, 200, h.get(anna, "/v1/accounts/"+account).Status, "nothing has changed")

	lost := lose(desk, "customer-called")
	require.Equal(t, 200, lost.Status, "%s", lost.Body)
	require.Equal(t, "lost", field[string](t, lost, "status"))
	require.Equal(t, 401, h.get(anna, "/v1/accounts/"+account).Status, "at once")
	require.NotEmpty(t, h.told("device-lost"))
	facts := h.facts(t, "device", device)
	last := facts[len(facts)-1].Header
	require.Equal(t, []string{"operator", "customer-called"}, []string{last.ActorType, last.Reason})
	require.Equal(t, anna.Profile().Customer[4:], last.OnBehalfOf.String())
	require.Equal(t, 200, lose(desk, "customer-called").Status, "once more changes nothing")

	again := h.stranger()
	again.Remember(anna.Profile())
	h.login(again)
	acts := string(h.get(again, "/v1/customers/me/acts").Body)
	require.Contains(t, acts, "device.reported_lost", "its owner sees what was done for them")
	require.Contains(t, acts, "device.revoked")
	require.NotContains(t, acts, "customer-called")
}

// The same device may be removed without being lost; not by a tired session.
func TestTheDeskRemovesADevice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	path := "/v1/devices/" + anna.Profile().Device
	desk := h.operator("customers.manage").login()
	remove := func(p *phone.Phone, body any) phone.Answer {
		return h.command(p, http.MethodDelete, path, body, p.NewID())
	}
	require.Equal(t, "invalid-reason", code(remove(desk, nil)))
	unknown := h.command(desk, http.MethodDelete, "/v1/devices/dev_"+desk.NewID(), map[string]string{"reason": "x"}, desk.NewID())
	require.Equal(t, 404, unknown.Status)
	h.pass(5*time.Minute + time.Second)
	require.Equal(t, 401, remove(desk, map[string]string{"reason": "malware-seen"}).Status, "the operator's authentication is too old")
	desk = h.operator("customers.manage").login()
	gone := remove(desk, map[string]string{"reason": "malware-seen"})
	require.Equal(t, 200, gone.Status, "%s", gone.Body)
	require.Equal(t, "revoked", field[string](t, gone, "status"))
	require.Equal(t, 401, h.get(anna, "/v1/devices").Status)
	require.NotEmpty(t, h.told("device-removed"))
	list := h.get(desk, "/v1/devices?customer="+anna.Profile().Customer)
	require.Contains(t, string(list.Body), `"status":"revoked"`, "what is no more is still told")
}
