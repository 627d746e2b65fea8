package gateway

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/gateway/phone"
)

func (h *house) label(desk *phone.Phone, kind, of, verdict string) phone.Answer {
	h.t.Helper()
	return h.command(desk, http.MethodPost, "/v1/risk/labels", map[string]any{"about": map[string]string{"type": kind, "id": of},
		"verdict": verdict, "reason": "reported", "note": "Anna never saw the goods."}, desk.NewID())
}

func TestAConfirmedFraudCountsFromThenOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	rita := h.person("rita", "risk")
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "20000.00"), h.account(bert, "")
	sent := h.transfer(anna, from, to, "900.00")
	said := h.decisions(rita, "?about="+sent)[0].Decision

	before := h.written()
	for want, body := range map[string]map[string]any{
		"fraud-about-unknown":   {"about": map[string]string{"type": "weather", "id": "rain"}, "verdict": "confirmed", "reason": "reported"},
		"fraud-verdict-unknown": {"about": map[string]string{"type": "decision", "id": said}, "verdict": "perhaps", "reason": "reported"},
		"invalid-reason":        {"about": map[string]string{"type": "decision", "id": said}, "verdict": "confirmed", "reason": "He said so"},
		"unknown-field":         {"about": map[string]string{"type": "decision", "id": said, "mood": "x"}, "verdict": "confirmed", "reason": "reported"},
		"not-found":             {"about": map[string]string{"type": "transfer", "id": id.Named[id.Transfer]("none").String()}, "verdict": "confirmed", "reason": "reported"},
	} {
		require.Equal(t, want, code(h.command(rita, http.MethodPost, "/v1/risk/labels", body, rita.NewID())), "%v", body)
	}
	require.Equal(t, "insufficient-scope", code(h.label(anna, "transfer", sent, "confirmed")))
	require.LessOrEqual(t, h.written(), before+1, "only the refused access")

	done := h.label(rita, "transfer", sent, "confirmed")
	require.Equal(t, 200, done.Status, "%s", done.Body)
	require.Equal(t, []string{said, anna.Profile().Customer}, []string{field[string](t, done, "decision"), field[string](t, done, "customer")})
	require.Equal(t, "fraud-found-already", code(h.label(rita, "decision", said, "confirmed")), "it is the same thing by another name")
	shown := h.get(rita, "/v1/risk/decisions/"+said)
	require.Equal(t, "confirmed", field[string](t, shown, "finding"))
	payee := field[string](t, shown, "payee")
	require.NoError(t, h.label(rita, "payee", payee, "confirmed").OK())
	require.NoError(t, h.label(rita, "device", anna.Profile().Device, "confirmed").OK())

	next := func(amount string) []int64 {
		of := h.decisions(rita, "?about="+h.transfer(anna, from, to, amount))[0].Decision
		one := read[shownDecision](t, h.get(rita, "/v1/risk/decisions/"+of))
		return []int64{*one.feature("customer_frauds_30d"), *one.feature("payee_frauds_30d"), *one.feature("device_frauds_30d")}
	}
	require.Equal(t, []int64{1, 2, 1}, next("10.00"))
	tested := h.ask(rita, Route{Method: http.MethodPost}, "/v1/risk/backtests", `{"digest":"`+h.policies(rita).Live+`"}`, nil)
	require.Equal(t, int64(1), field[int64](t, tested, "frauds"), "%s", tested.Body)
	require.NoError(t, h.label(rita, "decision", said, "cleared").OK())
	require.NoError(t, h.label(rita, "device", anna.Profile().Device, "cleared").OK())
	require.Equal(t, []int64{0, 1, 0}, next("11.00"))
}
