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

// sandboxTries are those of what only a sandbox has. The time moves little, lest the
// tokens of the other tries end.
func (s *scene) sandboxTries() map[string]try {
	shop := try{by: "customer", body: `{"amount":"1.00","currency":"EUR"}`}
	received, _ := json.Marshal(map[string]string{"reference": "R1", "to": s.iban(s.anna, s.from), "from": foreign, "name": "Bob", "amount": "1.00", "currency": "EUR"})
	return map[string]try{
		"POST /v1/sandbox/card-authorisations":              {by: "customer", body: fmt.Sprintf(`{"card":%q,"amount":"1.00","currency":"EUR"}`, s.annas["cards"])},
		"POST /v1/sandbox/card-authorisations/{id}/capture": shop,
		"POST /v1/sandbox/card-authorisations/{id}/reverse": shop,
		"POST /v1/sandbox/card-authorisations/{id}/refund":  shop,
		"POST /v1/sandbox/incoming-payments":                {by: "customer", body: string(received)},
		"POST /v1/sandbox/direct-debits":                    {by: "customer", body: collected(collectionOf("TX-outside", s.iban(s.anna, s.from), "1.00"))},
		"POST /v1/sandbox/payments/{id}/answer":             {by: "customer", body: `{"answer":"settled"}`},
		"POST /v1/sandbox/payments/{id}/recall-denial":      {by: "customer", body: `{"reason":"CUST"}`},
		"POST /v1/sandbox/payments/{id}/return":             {by: "customer", body: `{"amount":"1.00","currency":"EUR","return":"r1","reason":"AC04"}`},
		"GET /v1/sandbox/clock":                             {by: "nobody"},
		"POST /v1/sandbox/clock":                            {by: "customer", body: fmt.Sprintf(`{"to":%q}`, s.bank.Sources().Time().Add(100*time.Millisecond).Format(time.RFC3339Nano))},
	}
}

func TestTheBanksTimeIsMovedOverHTTP(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "9000.00"), h.account(bert, "")
	challenged := h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, "2000.00"), "c")
	require.Equal(t, 202, challenged.Status, "%s", challenged.Body)

	before := h.bank.Sources().Time()
	moved := h.command(anna, http.MethodPost, "/v1/sandbox/clock", []byte(`{"advance_seconds":7776000}`), "q")
	require.Equal(t, 200, moved.Status, "%s", moved.Body)
	require.Equal(t, int64(7776000), field[int64](t, moved, "ahead_seconds"))
	require.WithinDuration(t, before.Add(90*24*time.Hour), field[time.Time](t, moved, "bank_time"), time.Minute)
	read := h.ask(h.phone(), Route{Method: http.MethodGet}, "/v1/sandbox/clock", "", nil)
	require.Equal(t, field[time.Time](t, moved, "bank_time").Truncate(time.Second), field[time.Time](t, read, "bank_time").Truncate(time.Second))

	late := h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, "1.00"), "t1")
	require.Equal(t, "invalid-token", code(late), "a token of three months ago")
	h.login(anna) // with a proof, a registration and a one-time password of the world's time
	again := h.command(anna, http.MethodPost, "/v1/sandbox/clock", []byte(`{"advance_seconds":7776000}`), "q")
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"), "%s", again.Body)
	require.Equal(t, int64(7776000), field[int64](t, h.get(anna, "/v1/sandbox/clock"), "ahead_seconds"), "moved once")

	h.settle()
	require.Equal(t, "expired", field[string](t, h.get(anna, "/v1/transfers/"+field[string](t, challenged, "transfer")), "status"))
	posted := h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, "1.00"), "t2")
	require.Equal(t, 201, posted.Status, "%s", posted.Body)
	require.WithinDuration(t, before.Add(90*24*time.Hour), field[time.Time](t, posted, "at"), time.Hour)

	for body, says := range map[string]string{
		`{"to":"2020-01-01T00:00:00Z"}`: "clock-backwards", `{"advance_seconds":-1}`: "clock-backwards", `{"advance_seconds":9223372036854775807}`: "clock-too-far",
		`{"to":"2027-01-01T00:00:00Z","advance_seconds":1}`: "bad-request", `{"to":"tomorrow"}`: "bad-json", `{"advance_seconds":1.5}`: "bad-json",
	} {
		answer := h.command(anna, http.MethodPost, "/v1/sandbox/clock", []byte(body), anna.NewID())
		require.Equal(t, says, code(answer), "%s: %d", body, answer.Status)
	}
	h.reopen()
	require.Equal(t, int64(7776000), field[int64](t, h.ask(h.phone(), Route{Method: http.MethodGet}, "/v1/sandbox/clock", "", nil), "ahead_seconds"), "after a restart")
}

func TestWhatComesFromOutsideIsMadeByHand(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from := h.account(anna, "1000.00")
	outside := func(p *phone.Phone, path, body string) phone.Answer {
		return h.command(p, http.MethodPost, "/v1/sandbox"+path, []byte(body), p.NewID())
	}
	card := h.card(anna, from)
	asked := fmt.Sprintf(`{"card":%q,"amount":"40.00","currency":"EUR","merchant":"Books & Co"}`, card)
	require.Equal(t, 404, outside(bert, "/card-authorisations", asked).Status, "another's card")
	held := outside(anna, "/card-authorisations", asked)
	require.Equal(t, 201, held.Status, "%s", held.Body)
	require.Equal(t, "/v1/cards/"+card+"/authorisations", held.Header.Get("Location"))
	require.Contains(t, string(h.fresh(anna, held.Header.Get("Location")).Body), field[string](t, held, "authorisation"), "where its owner reads it")
	at := "/card-authorisations/" + field[string](t, held, "authorisation")
	require.Equal(t, 404, outside(bert, at+"/capture", `{"amount":"30.00","currency":"EUR"}`).Status)
	require.Equal(t, 200, outside(anna, at+"/capture", `{"amount":"30.00","currency":"EUR"}`).Status)
	require.Equal(t, 200, outside(anna, at+"/reverse", `{}`).Status, "the rest")
	require.Equal(t, 200, outside(anna, at+"/refund", `{"amount":"5.00","currency":"EUR"}`).Status)
	require.Equal(t, "975.00", h.balance(anna, from))
	require.Equal(t, 422, outside(anna, "/card-authorisations", fmt.Sprintf(`{"card":%q,"amount":"4000.00","currency":"EUR"}`, card)).Status, "a decline")

	came := fmt.Sprintf(`{"reference":"R1","to":%q,"from":%q,"name":"Bob","amount":"25.00","currency":"EUR"}`, h.iban(anna, from), foreign)
	require.Equal(t, "credited", field[string](t, outside(anna, "/incoming-payments", came), "status"))
	require.Equal(t, "1000.00", h.balance(anna, from))

	taken := collectionOf("TX-1", h.iban(anna, from), "25.00")
	require.Equal(t, 404, outside(bert, "/direct-debits", collected(taken)).Status, "nobody takes another's money")
	taken.From = foreign
	require.Equal(t, 404, outside(anna, "/direct-debits", collected(taken)).Status)
	taken.From = h.iban(anna, from)
	debit := outside(anna, "/direct-debits", collected(taken))
	require.Equal(t, "collected", field[string](t, debit, "status"), "%s", debit.Body)
	require.Equal(t, "975.00", h.balance(anna, from))
	require.Equal(t, 200, h.refund(anna, field[string](t, debit, "direct_debit"), "no-reason").Status)
	require.Equal(t, "1000.00", h.balance(anna, from))

	waits, _ := h.pays(anna, pay(from, "10.00").saying("simulate pending"))
	h.works()
	h.paymentIs(anna, waits, "submitted")
	require.Equal(t, 404, outside(bert, "/payments/"+waits+"/answer", `{"answer":"settled"}`).Status)
	for body, says := range map[string]string{`{"answer":"lost"}`: "bad-request", `{"answer":"rejected"}`: "bad-request", `{"answer":"settled","reason":"AC04"}`: "bad-request"} {
		require.Equal(t, says, code(outside(anna, "/payments/"+waits+"/answer", body)), body)
	}
	require.Equal(t, 200, outside(anna, "/payments/"+waits+"/answer", `{"answer":"settled"}`).Status)
	h.paymentIs(anna, waits, "settled")
	require.Equal(t, "payment-not-recalled", code(outside(anna, "/payments/"+waits+"/recall-denial", `{"reason":"LEGL"}`)))
	require.Equal(t, 200, h.recalls(anna, waits, "CUST", anna.NewID()).Status)
	require.Equal(t, 404, outside(bert, "/payments/"+waits+"/recall-denial", `{"reason":"LEGL"}`).Status)
	require.Equal(t, "denied", field[recallView](t, outside(anna, "/payments/"+waits+"/recall-denial", `{"reason":"LEGL"}`), "recall").Status)
	back := `{"amount":"10.00","currency":"EUR","return":"r1","reason":"AC04"}`
	require.Equal(t, 404, outside(bert, "/payments/"+waits+"/return", back).Status)
	require.Equal(t, 200, outside(anna, "/payments/"+waits+"/return", back).Status)
	h.paymentIs(anna, waits, "returned")
	turned, _ := h.pays(anna, pay(from, "10.00").saying("simulate pending"))
	h.works()
	require.Equal(t, 200, outside(anna, "/payments/"+turned+"/answer", `{"answer":"rejected","reason":"AC01"}`).Status)
	h.paymentIs(anna, turned, "rejected")
	require.Equal(t, "1000.00", h.balance(anna, from))
	h.sound()
}

func TestProductionHasNoSandbox(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	desk := h.machine("ledger", "ledger.post").login()
	nothing := h.ask(desk, Route{Method: http.MethodGet}, "/v1/nothing", "", nil)
	for _, try := range []struct{ method, path, body string }{
		{http.MethodGet, "/v1/sandbox/clock", ""}, {http.MethodPost, "/v1/sandbox/clock", `{"advance_seconds":1}`}, {http.MethodGet, "/v1/sandbox", ""}, {http.MethodPost, "/v1/sandbox/incoming-payments", `{}`}, {http.MethodPost, "/v1/sandbox/card-authorisations", `{}`},
	} {
		answer := h.ask(desk, Route{Method: try.method, Keyed: try.body != ""}, try.path, try.body, nil)
		require.Equal(t, 404, answer.Status, "%s %s", try.method, try.path)
		require.Equal(t, string(nothing.Body), string(answer.Body))
	}
	require.Zero(t, h.bank.Clocks().Read().Ahead)
}
