package gateway

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// shares makes a customer a holder of another's account.
func (h *house) shares(by, with *phone.Phone, account, name, role string) {
	h.t.Helper()
	invited := acted(h, by, account, "invitations", `{"user_name":"`+name+`","role":"`+role+`"}`)
	require.Equal(h.t, 201, invited.Status, "%s", invited.Body)
	joined := acted(h, with, account, "holders", `{"invitation":"`+field[string](h.t, invited, "invitation")+`"}`)
	require.Equal(h.t, 201, joined.Status, "%s", joined.Body)
}

// sharedDoings is what anna begins on an account that others hold too: by the place where it is
// read, and the list that it is in.
func (h *house) sharedDoings(anna *phone.Phone, from, to string) map[string]string {
	h.t.Helper()
	sent := h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, "10.00"), anna.NewID())
	require.Equal(h.t, 201, sent.Status, "%s", sent.Body)
	waits := h.later(anna, from, to, "12.00", "2026-03-31")
	require.Equal(h.t, 200, h.confirmLater(anna, waits).Status)
	series := h.place(anna, from, to, "25.00", `"frequency":"monthly","first":"2026-03-31"`)
	require.Equal(h.t, 200, h.confirmSeries(anna, series, nil).Status)
	asked := h.later(anna, from, to, "13.00", "2026-03-31")
	many := h.command(anna, http.MethodPost, "/v1/batches", []byte(`{"from":"`+from+`","currency":"EUR","items":[{"to":"`+to+`","amount":"1.00"},{"to":"`+to+`","amount":"2.00"}]}`), anna.NewID())
	require.NoError(h.t, many.OK(), "%s", many.Body)
	return map[string]string{
		"/v1/transfers/" + field[string](h.t, sent, "transfer"):               "",
		"/v1/transfers/" + field[string](h.t, waits, "transfer"):              "/v1/scheduled-transfers",
		"/v1/transfers/" + field[string](h.t, asked, "transfer"):              "",
		"/v1/standing-orders/" + field[string](h.t, series, "standing_order"): "/v1/standing-orders",
		"/v1/batches/" + field[string](h.t, many, "batch"):                    "",
		"/v1/payments/" + h.paid(anna, from, "25.00"):                         "/v1/payments",
	}
}

// What one holder began on a joint account, the others see; owners stop it.
func TestHoldersSeeWhatOthersBeganAndOwnersStopIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert, carl, dora := h.customer("anna"), h.customer("bert"), h.customer("carl"), h.customer("dora")
	joint, to := h.account(anna, "5000.00"), h.account(dora, "")
	for _, p := range []*phone.Phone{anna, bert, carl, dora} {
		h.login(p)
	}
	h.shares(anna, bert, joint, "bert", "owner")
	h.shares(anna, carl, joint, "carl", "reader")
	begun := h.sharedDoings(anna, joint, to)
	h.works()
	for place, list := range begun {
		for _, p := range []*phone.Phone{bert, carl} {
			shown := h.fresh(p, place)
			require.Equal(t, 200, shown.Status, "%s: %s", place, shown.Body)
			require.NotContains(t, string(shown.Body), `"challenge":`, "%s: it was put to another", place)
			if list != "" {
				require.Contains(t, string(h.fresh(p, list).Body), place[strings.LastIndex(place, "/")+1:], list)
			}
		}
		require.Equal(t, string(h.get(dora, place[:strings.LastIndex(place, "/")+4]+"_00000000-0000-4000-8000-000000000001").Body), string(h.fresh(dora, place).Body), place)
		if list != "" {
			require.NotContains(t, string(h.fresh(dora, list).Body), place[strings.LastIndex(place, "/")+1:], list)
		}
		stop, path := http.MethodPost, place+"/cancellation"
		switch {
		case strings.Contains(place, "payments"):
			refused := h.recalls(carl, place[len("/v1/payments/"):], "DUPL", carl.NewID())
			require.Equal(t, []any{403, "account-read-only"}, []any{refused.Status, code(refused)})
			require.Equal(t, 404, h.recalls(dora, place[len("/v1/payments/"):], "DUPL", dora.NewID()).Status)
			recalled := h.recalls(bert, place[len("/v1/payments/"):], "DUPL", bert.NewID())
			require.Equal(t, 200, recalled.Status, "%s", recalled.Body)
			continue
		case strings.Contains(place, "standing"):
			stop, path = http.MethodDelete, place
		}
		refused := h.command(carl, stop, path, nil, carl.NewID())
		require.Equal(t, []any{403, "account-read-only"}, []any{refused.Status, code(refused)}, place)
		require.Equal(t, 404, h.command(dora, stop, path, nil, dora.NewID()).Status, place)
		if list != "" {
			stopped := h.command(bert, stop, path, nil, bert.NewID())
			require.Equal(t, "cancelled", field[string](t, stopped, "status"), "%s: %s", place, stopped.Body)
		}
	}

	removed := acted(h, anna, joint, "holders/removal", `{"holder":"`+bert.Profile().Customer+`"}`)
	require.Equal(t, 200, removed.Status, "%s", removed.Body)
	for place, list := range begun {
		require.Equal(t, string(h.fresh(dora, place).Body), string(h.fresh(bert, place).Body), "%s: who was removed is a stranger", place)
		if list != "" {
			require.NotContains(t, string(h.fresh(bert, list).Body), place[strings.LastIndex(place, "/")+1:], list)
		}
	}
}
