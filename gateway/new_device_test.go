package gateway

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// A further device sends little for a day, in one payment or in many, and none that
// is as new as itself vouches for what it adds.
func TestANewDeviceSendsLittle(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from, own, to := h.account(anna, "5000.00"), h.account(anna, ""), h.account(h.customer("bert"), "")
	tablet := h.second(anna)
	send := func(p *phone.Phone, to, amount string) phone.Answer {
		return h.command(p, http.MethodPost, "/v1/transfers", order(from, to, amount), p.NewID())
	}
	require.Equal(t, 201, send(tablet, to, "150.00").Status)
	refused := send(tablet, to, "50.01")
	require.Equal(t, 422, refused.Status, "%s", refused.Body)
	require.Equal(t, "device-new", code(refused), "many small ones are a large one")
	require.Equal(t, 201, send(tablet, to, "50.00").Status, "up to the limit of the day")
	require.Equal(t, "device-new", code(send(tablet, to, "2000.00")), "a challenge is no way around it: its own key would answer it")
	require.Equal(t, 201, send(tablet, own, "900.00").Status, "between own accounts nothing is lost")
	require.Equal(t, 201, send(anna, to, "900.00").Status, "the phone that was there first goes on")
	require.Equal(t, "device-new", code(send(h.second(tablet), to, "1.00")), "one that is newer yet")

	h.pass(24 * time.Hour)
	h.login(tablet)
	require.Equal(t, 201, send(tablet, to, "900.00").Status, "a day later")
}

func TestAFactorIsApprovedByNoDeviceAsNewAsItself(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	thiefs, other := h.second(anna), h.second(anna)
	_, id := h.authenticator(thiefs)
	approve := func(p *phone.Phone) phone.Answer {
		return h.command(p, http.MethodPost, "/v1/factors/"+id+"/approval", nil, p.NewID())
	}
	require.Equal(t, "factor-approval-refused", code(approve(other)))
	h.login(anna)
	require.Equal(t, 200, approve(anna).Status, "the customer's first phone does")
}

func TestEveryContactIsToldOfANewDevice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	h.told("device-bound")
	h.second(anna)
	told := h.told("device-bound")
	require.Len(t, told, 2, "e-mail and SMS")
}
