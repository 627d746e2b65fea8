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

// Row 39, "key bound later": a phone confirms nothing that was asked for before it
// was the customer's, and while it is new nothing that it could not ask for itself.
func TestRow39ADeviceBoundLaterConfirmsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from, to := h.account(anna, "9000.00"), h.account(h.customer("bert"), "")
	there := h.second(anna)
	h.pass(24 * time.Hour)
	h.login(anna)
	pay := func(amount string) phone.Transfer {
		t.Helper()
		challenged, err := anna.Transfer(t.Context(), phone.Order{From: from, To: to, Amount: amount, Currency: "EUR"}, anna.NewID())
		require.NoError(t, err)
		require.Equal(t, "challenged", challenged.Status)
		return challenged
	}
	before := pay("2000.00")
	later := h.second(anna)
	after := pay("1500.00")
	h.login(there)
	for _, transfer := range []phone.Transfer{before, after} {
		_, err := later.AuthoriseBySCAKey(t.Context(), transfer)
		require.ErrorContains(t, err, "sca-failed")
		require.Equal(t, "challenged", field[string](t, h.get(anna, "/v1/transfers/"+transfer.ID), "status"))
		facts := h.facts(t, "transfer", transfer.ID)
		require.Equal(t, "transfer.authorisation_failed", facts[len(facts)-1].Kind)
		posted, err := there.AuthoriseBySCAKey(t.Context(), transfer)
		require.NoError(t, err)
		require.Equal(t, "posted", posted.Status, "by a device that was there")
	}
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
