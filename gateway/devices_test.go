package gateway

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

func TestACustomerNamesADevice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	path := "/v1/devices/" + anna.Profile().Device
	named := func(p *phone.Phone) string {
		var list struct {
			Devices []struct {
				Name string `json:"name"`
			} `json:"devices"`
		}
		require.NoError(t, json.Unmarshal(h.get(p, "/v1/devices").Body, &list))
		require.Len(t, list.Devices, 1)
		return list.Devices[0].Name
	}
	rename := func(p *phone.Phone, name, key string) phone.Answer {
		return h.command(p, http.MethodPatch, path, map[string]string{"name": name}, key)
	}
	require.Empty(t, named(anna))
	key := anna.NewID()
	answer := rename(anna, "Annas rotes Händi", key)
	require.Equal(t, 200, answer.Status, "%s", answer.Body)
	require.Equal(t, "Annas rotes Händi", named(anna))
	again := rename(anna, "Annas rotes Händi", key)
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	require.Equal(t, string(answer.Body), string(again.Body))
	require.Equal(t, "idempotency-key-reused", code(rename(anna, "another", key)))
	for _, bad := range []string{" ", "a\nb", "a\u202eb", strings.Repeat("x", 61)} {
		require.Equal(t, "device-name-invalid", code(rename(anna, bad, anna.NewID())), "%q", bad)
	}
	require.Equal(t, 404, rename(bert, "mine now", bert.NewID()).Status)
	require.Equal(t, "Annas rotes Händi", named(anna))
	require.NotContains(t, h.logged(), "Händi")
	require.Equal(t, 200, rename(anna, "the second name", anna.NewID()).Status)
	h.reopen()
	require.Equal(t, "the second name", named(anna))
}

// A lost phone's challenges go with it: whoever holds it began them, and what they
// hold is free again.
func TestChallengesGoWithTheirDevice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from, to := h.account(anna, "9000.00"), h.account(h.customer("bert"), "")
	other := h.stranger()
	other.Remember(anna.Profile())
	h.login(other)
	theirs, second := h.transfer(anna, from, to, "2000.00"), h.transfer(anna, from, to, "1500.00")
	own := h.transfer(other, from, h.account(anna, ""), "1800.00") // a new device sends little to others
	status := func(transfer string) string {
		return field[string](t, h.get(other, "/v1/transfers/"+transfer), "status")
	}
	require.Equal(t, "challenged", status(theirs))
	lost := h.command(other, http.MethodPost, "/v1/devices/"+anna.Profile().Device+"/lost", nil, other.NewID())
	require.Equal(t, 200, lost.Status, "%s", lost.Body)
	require.NotEmpty(t, h.told("device-lost"))
	require.NoError(t, h.bank.Tick(t.Context()))
	require.Equal(t, []string{"cancelled", "cancelled", "challenged"}, []string{status(theirs), status(second), status(own)})
	require.Equal(t, "1800.00", field[string](t, h.get(other, "/v1/accounts/"+from), "held"))
	facts := h.facts(t, "transfer", theirs)
	require.Equal(t, "device-revoked", facts[len(facts)-1].Header.Reason)
	require.Equal(t, "system", facts[len(facts)-1].Header.ActorType)
}
