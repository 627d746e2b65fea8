package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// transferTries are those of standing orders.
func (s *scene) transferTries() map[string]try {
	return map[string]try{
		"GET /v1/scheduled-transfers":                 {by: "customer", list: true},
		"POST /v1/standing-orders":                    {by: "customer", body: fmt.Sprintf(`{"from":%q,"to":%q,"amount":"1.00","currency":"EUR","frequency":"monthly","first":"2026-03-31"}`, s.from, s.berts)},
		"GET /v1/standing-orders":                     {by: "customer", list: true},
		"GET /v1/standing-orders/{id}":                {by: "customer"},
		"POST /v1/standing-orders/{id}/authorization": {by: "customer", body: `{"authorization":"x.y.z"}`},
		"DELETE /v1/standing-orders/{id}":             {by: "customer"},
	}
}

// standingOrder asks for two and gives the second, so that a list has a next page.
func (h *house) standingOrder(p *phone.Phone, from, to string) string {
	h.t.Helper()
	h.place(p, from, to, "25.00", `"frequency":"monthly","first":"2026-03-31"`)
	return field[string](h.t, h.place(p, from, to, "25.00", `"frequency":"monthly","first":"2026-03-31"`), "standing_order")
}

func (h *house) place(p *phone.Phone, from, to, amount, plan string) phone.Answer {
	h.t.Helper()
	answer := h.command(p, http.MethodPost, "/v1/standing-orders",
		fmt.Appendf(nil, `{"from":%q,"to":%q,"amount":%q,"currency":"EUR","reference":"rent",%s}`, from, to, amount, plan), p.NewID())
	require.Equal(h.t, 202, answer.Status, "%s", answer.Body)
	return answer
}

// confirmSeries signs what was displayed, after change has had its way with it.
func (h *house) confirmSeries(p *phone.Phone, placed phone.Answer, change func(map[string]any)) phone.Answer {
	h.t.Helper()
	challenge := field[phone.Challenge](h.t, placed, "challenge")
	var display map[string]any
	require.NoError(h.t, json.Unmarshal(challenge.Display, &display))
	text := []byte(challenge.Display)
	if change != nil {
		change(display)
		var err error
		text, err = json.Marshal(display)
		require.NoError(h.t, err)
	}
	signed, err := p.SignConsent(text)
	require.NoError(h.t, err)
	return h.command(p, http.MethodPost, "/v1/standing-orders/"+field[string](h.t, placed, "standing_order")+"/authorization",
		map[string]string{"authorization": signed}, p.NewID())
}

// Months pass in seconds: by the clock that a sandbox moves, over HTTP.
func TestMonthsOfRentAreExecutedOverHTTP(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "1000.00"), h.account(bert, "")
	placed := h.place(anna, from, to, "300.00", `"frequency":"monthly","first":"2026-03-31","count":4`)
	display := map[string]string{}
	require.NoError(t, json.Unmarshal(field[phone.Challenge](t, placed, "challenge").Display, &display))
	require.Equal(t, []string{"300.00", "EUR", to, "Anna bert", "monthly", "2026-03-31", "4"},
		[]string{display["amount"], display["currency"], display["creditor"], display["creditor_name"], display["frequency"], display["first"], display["count"]})
	active := h.confirmSeries(anna, placed, nil)
	require.Equal(t, 200, active.Status, "%s", active.Body)
	require.Equal(t, "active", field[string](t, active, "status"))

	path := "/v1/standing-orders/" + field[string](t, placed, "standing_order")
	for i, day := range []string{"2026-03-31", "2026-04-30", "2026-05-31"} {
		moved := h.command(anna, http.MethodPost, "/v1/sandbox/clock", fmt.Appendf(nil, `{"to":%q}`, day+"T12:00:00Z"), anna.NewID())
		require.Equal(t, 200, moved.Status, "%s", moved.Body)
		if i == 1 {
			h.reopen()
		}
		h.settle()
		h.login(anna)
		require.Equal(t, fmt.Sprintf("%d.00", 1000-300*(i+1)), h.balance(anna, from))
	}
	moved := h.command(anna, http.MethodPost, "/v1/sandbox/clock", []byte(`{"to":"2026-06-30T18:00:00Z"}`), anna.NewID())
	require.Equal(t, 200, moved.Status, "%s", moved.Body)
	h.settle()
	h.login(anna)
	over := h.get(anna, path)
	require.Equal(t, "ended", field[string](t, over, "status"), "%s", over.Body)
	require.Equal(t, []int64{3, 1}, []int64{field[int64](t, over, "executed"), field[int64](t, over, "failed")})
	require.Equal(t, "insufficient-funds", field[string](t, over, "failure"), "there were 100.00 left")
	require.Equal(t, "rent", field[string](t, over, "reference"))
	var occurrences []struct{ Day, Transfer, Code string }
	require.NoError(t, json.Unmarshal(field[json.RawMessage](t, over, "occurrences"), &occurrences))
	require.Len(t, occurrences, 4)
	require.Equal(t, "2026-04-30", occurrences[1].Day)
	made := h.get(anna, "/v1/transfers/"+occurrences[1].Transfer)
	require.Equal(t, []string{"posted", "recurring", "rent"}, []string{field[string](t, made, "status"), field[string](t, made, "exemption"), field[string](t, made, "reference")})
	require.Equal(t, "100.00", h.balance(anna, from))
	h.login(bert)
	require.Equal(t, 404, h.get(bert, path).Status, "another's")
	require.Equal(t, "standing-order-over", code(h.command(anna, http.MethodDelete, path, nil, "late")))
}

func TestASeriesIsConfirmedWordForWord(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "1000.00"), h.account(bert, "")
	placed := h.place(anna, from, to, "10.00", `"frequency":"monthly","first":"2026-03-31"`)
	texts := map[string]bool{}
	for _, name := range []string{"amount", "creditor", "creditor_name", "frequency", "first", "last", "count", "standing_order"} {
		answer := h.confirmSeries(anna, placed, func(display map[string]any) { display[name] = "2" })
		require.Contains(t, []int{403}, answer.Status, "%s: %s", name, answer.Body)
		require.Equal(t, "sca-failed", code(answer), name)
		texts[field[string](t, answer, "detail")] = true
	}
	require.Len(t, texts, 1, "one text for every failure")
	require.Equal(t, "sca-failed", code(h.confirmSeries(anna, placed, nil)), "five failures reject it")
	require.Equal(t, "rejected", field[string](t, h.get(anna, "/v1/standing-orders/"+field[string](t, placed, "standing_order")), "status"))

	other := h.place(anna, from, to, "10.00", `"frequency":"once","first":"2026-03-02"`)
	require.Equal(t, 404, h.confirmSeries(bert, other, nil).Status, "another customer's")
	key := "same"
	body := fmt.Appendf(nil, `{"from":%q,"to":%q,"amount":"10.00","currency":"EUR","frequency":"daily","first":"2026-03-02"}`, from, to)
	first, again := h.command(anna, http.MethodPost, "/v1/standing-orders", body, key), h.command(anna, http.MethodPost, "/v1/standing-orders", body, key)
	require.Equal(t, string(first.Body), string(again.Body))
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	for plan, says := range map[string]string{
		`"frequency":"hourly","first":"2026-03-31"`: "invalid-schedule", `"frequency":"daily","first":"2026-02-28"`: "invalid-schedule",
		`"frequency":"daily","first":"2026-02-30"`: "invalid-schedule", `"frequency":"daily","first":"2026-03-31","last":"2026-04-30","count":2`: "invalid-schedule",
		`"frequency":"daily","first":"2026-03-31","time_zone":"Mars/Base"`: "unknown-time-zone", `"frequency":"daily"`: "missing-field",
		`"frequency":"daily","first":"2026-03-31","count":"2"`: "bad-json", `"frequency":"daily","first":"2026-03-31","status":"active"`: "unknown-field",
	} {
		answer := h.command(anna, http.MethodPost, "/v1/standing-orders", fmt.Appendf(nil, `{"from":%q,"to":%q,"amount":"1.00","currency":"EUR",%s}`, from, to, plan), anna.NewID())
		require.Equal(t, says, code(answer), "%s: %s", plan, answer.Body)
	}
	cancelled := h.command(anna, http.MethodDelete, "/v1/standing-orders/"+field[string](t, other, "standing_order"), nil, "c")
	require.Equal(t, "cancelled", field[string](t, cancelled, "status"))
	h.pass(48 * time.Hour)
	h.settle()
	h.login(bert)
	require.Equal(t, "0.00", h.balance(bert, to))
}

// abroad asks for a standing order to another bank.
func (h *house) abroad(p *phone.Phone, from, members string) phone.Answer {
	h.t.Helper()
	return h.command(p, http.MethodPost, "/v1/standing-orders", fmt.Appendf(nil, `{"from":%q,"amount":"30.00","currency":"EUR","reference":"rent","frequency":"monthly","first":"2026-03-31",%s}`, from, members), p.NewID())
}

func TestARentThatLeavesTheBank(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, here := h.account(anna, "100.00"), h.account(bert, "")
	own := field[string](t, h.fresh(bert, "/v1/accounts/"+here), "iban")
	for members, says := range map[string]string{
		`"count":2`: "standing-order-creditor", `"iban":"` + foreign + `"`: "invalid-name", `"name":"Bob"`: "standing-order-creditor", `"to":"` + here + `","name":"Bob"`: "standing-order-creditor",
		`"iban":"` + foreign + `","name":"Bob","to":"` + here + `"`: "standing-order-creditor", `"iban":"DE00370400440532013000","name":"Bob"`: "invalid-iban",
		`"iban":"` + own + `","name":"Bob"`: "iban-own-bank", `"iban":"` + foreign + `","name":"Bob\nBuilder"`: "invalid-name", `"to":"` + foreign + `"`: "bad-json",
		`"iban":"` + foreign + `","name":"Bob","bic":"X"`: "unknown-field",
	} {
		require.Equal(t, says, code(h.abroad(anna, from, members)), members)
	}
	placed := h.abroad(anna, from, `"iban":"`+foreign+`","name":"Close Bob Builder","count":4`)
	require.Equal(t, 202, placed.Status, "%s", placed.Body)
	require.Equal(t, map[string]string{"result": "close-match", "name": "Bob Builder"}, field[map[string]string](t, placed, "payee"))
	display := map[string]string{}
	require.NoError(t, json.Unmarshal(field[phone.Challenge](t, placed, "challenge").Display, &display))
	require.Equal(t, []string{"30.00", foreign, "Close Bob Builder", "close-match", "Bob Builder", "monthly"},
		[]string{display["amount"], display["creditor"], display["creditor_name"], display["payee"], display["payee_name"], display["frequency"]})
	for _, name := range []string{"creditor", "payee", "payee_name"} {
		require.Equal(t, "sca-failed", code(h.confirmSeries(anna, placed, func(display map[string]any) { display[name] = "2" })), name)
	}
	active := h.confirmSeries(anna, placed, nil)
	require.Equal(t, []any{200, "active"}, []any{active.Status, field[string](t, active, "status")}, "%s", active.Body)
	path := "/v1/standing-orders/" + field[string](t, placed, "standing_order")
	for i, at := range []string{"2026-03-31T12:00:00Z", "2026-04-30T12:00:00Z", "2026-05-31T12:00:00Z"} {
		h.to(anna, at)
		require.Equal(t, fmt.Sprintf("%d.00", 70-30*i), h.balance(anna, from))
		h.reopen()
	}
	h.to(anna, "2026-06-30T23:00:00Z")
	over := h.fresh(anna, path)
	require.Equal(t, []string{"ended", foreign, "Close Bob Builder", "insufficient-funds", "rent"}, []string{field[string](t, over, "status"), field[string](t, over, "iban"),
		field[string](t, over, "name"), field[string](t, over, "failure"), field[string](t, over, "reference")}, "%s", over.Body)
	require.Equal(t, []int64{3, 1}, []int64{field[int64](t, over, "executed"), field[int64](t, over, "failed")})
	occurrences := field[[]struct{ Day, Payment, Code string }](t, over, "occurrences")
	require.Len(t, occurrences, 4)
	paid := h.payment(anna, occurrences[1].Payment)
	require.Equal(t, []string{"settled", "recurring", "rent", "2026-04-30"}, []string{field[string](t, paid, "status"), field[string](t, paid, "exemption"), field[string](t, paid, "reference"), occurrences[1].Day})
	require.Equal(t, field[string](t, placed, "standing_order"), field[string](t, paid, "standing_order"))
	told, doubles := h.rail.Messages()
	require.Equal(t, []int{3, 0}, []int{len(told), doubles})
	require.Equal(t, []string{foreign, "Close Bob Builder", "rent"}, []string{told[0].Payment.Creditor, told[0].Payment.CreditorName, told[0].Payment.Reference})
	require.Contains(t, string(h.fresh(anna, "/v1/standing-orders").Body), foreign)
	entries := templates(h.entries(anna))
	for _, template := range []string{"standing-order-placed", "payment-sent", "payment-rejected", "standing-order-failed", "standing-order-ended"} {
		require.Contains(t, entries, template)
	}
	h.railBooks(0, 9000, 0)
	h.login(bert)
	require.Equal(t, 404, h.fresh(bert, path).Status, "another's")
}
