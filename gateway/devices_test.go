package gateway

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

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

// Whatever waits for a confirmation goes with the device that asked for it; what was
// confirmed before is the customer's will, and stays.
func TestWhatWaitsGoesWithItsDevice(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, method, path string }{
		{"revoked", http.MethodDelete, ""},
		{"lost", http.MethodPost, "/lost"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			anna := h.customer("anna")
			from, to := h.account(anna, "9000.00"), h.account(h.customer("bert"), "")
			other := h.stranger()
			other.Remember(anna.Profile())
			h.login(other)
			plan := `"frequency":"monthly","first":"2026-03-31"`
			batch, series, file := h.submit(anna, from, "1100.00", to, to), h.place(anna, from, to, "10.00", plan), h.files(anna, painOf("MSG-1", h.iban(anna, from), "1.00"))
			each := h.command(anna, http.MethodPost, "/v1/batches", bytes.Replace(batchOf(from, "1100.00", to), []byte(`"currency"`), []byte(`"mode":"each","currency"`), 1), anna.NewID())
			standing := h.place(anna, from, to, "10.00", plan)
			require.Equal(t, 200, h.confirmSeries(anna, standing, nil).Status)
			own := h.place(other, from, to, "10.00", plan)
			end := func(answer phone.Answer, path, name string) string { return path + field[string](t, answer, name) }
			paths := []string{end(batch, "/v1/batches/", "batch"), end(each, "/v1/batches/", "batch"), end(series, "/v1/standing-orders/", "standing_order"),
				end(file, "/v1/payment-files/", "payment_file"), end(standing, "/v1/standing-orders/", "standing_order"), end(own, "/v1/standing-orders/", "standing_order")}
			statuses := func() (all []string) {
				for _, path := range paths {
					all = append(all, field[string](t, h.get(other, path), "status"))
				}
				return all
			}
			require.Equal(t, []string{"challenged", "challenged", "challenged", "challenged", "active", "challenged"}, statuses())
			require.Equal(t, "3300.00", field[string](t, h.get(other, "/v1/accounts/"+from), "held"))

			gone := h.command(other, tc.method, "/v1/devices/"+anna.Profile().Device+tc.path, nil, other.NewID())
			require.Equal(t, 200, gone.Status, "%s", gone.Body)
			h.works()
			require.Equal(t, []string{"cancelled", "cancelled", "cancelled", "cancelled", "active", "challenged"}, statuses())
			require.Equal(t, "0.00", field[string](t, h.get(other, "/v1/accounts/"+from), "held"))
			for i, of := range []string{"batch", "batch", "standing", "paymentfile"} {
				facts := h.facts(t, of, paths[i][strings.LastIndex(paths[i], "/")+1:])
				header := facts[len(facts)-1].Header
				require.Equal(t, []string{"device-revoked", "system"}, []string{header.Reason, header.ActorType}, paths[i])
			}
			for name, answer := range map[string]phone.Answer{
				"batch": h.confirmBatch(other, batch, nil), "each": h.confirmBatch(other, each, nil), "series": h.confirmSeries(other, series, nil), "file": h.confirmFile(other, file, nil),
			} {
				require.Equal(t, "sca-failed", code(answer), name)
			}
			require.Equal(t, 200, h.confirmSeries(other, own, nil).Status)
		})
	}
}

// Strangers guess a name from everywhere; the phone that its owner expects comes in.
func TestAPhoneThatIsExpectedComesIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.customer("anna"), h.thirdParty("shop", "openid")
	given := h.ask(anna, Route{Method: http.MethodPost}, "/v1/devices/expected", "", nil)
	require.Equal(t, 200, given.Status, "%s", given.Body)
	word := field[string](t, given, "expected")
	require.Equal(t, 401, h.ask(shop.p, Route{Method: http.MethodPost}, "/v1/devices/expected", "", nil).Status)
	for i := 0; ; i++ {
		require.Less(t, i, 60)
		guess := h.form(h.stranger(), "/oauth2/challenge", begin("anna", "a wrong password"))
		if guess.Status == 429 {
			break
		}
	}
	next := h.stranger()
	require.Equal(t, 429, h.form(next, "/oauth2/challenge", begin("anna", password)).Status)
	form := begin("anna", password)
	form.Set("expected", word)
	first := h.form(next, "/oauth2/challenge", form)
	require.Equal(t, "insufficient_authorization", code(first), "%s", first.Body)
	h.pass(30 * time.Second)
	otp, err := anna.OTP()
	require.NoError(t, err)
	done := h.form(next, "/oauth2/challenge", url.Values{"auth_session": {field[string](t, first, "auth_session")}, "otp": {otp}, "expected": {word}})
	require.Equal(t, 200, done.Status, "%s", done.Body)
	require.NotEmpty(t, tokensOf(t, h.form(next, "/oauth2/token", redeem(field[string](t, done, "authorization_code")))).Access)
	form.Set("expected", strings.Repeat("A", 129))
	require.Equal(t, "invalid_request", code(h.form(h.stranger(), "/oauth2/challenge", form)))
}
