package gateway

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

func (o payOrder) on(day string) payOrder { o.ExecuteOn = day; return o }

// agree confirms a challenged payment with what it displays.
func (h *house) agree(p *phone.Phone, waits phone.Answer) phone.Answer {
	h.t.Helper()
	signed, err := p.SignConsent(field[phone.Challenge](h.t, waits, "challenge").Display)
	require.NoError(h.t, err)
	return h.command(p, http.MethodPost, "/v1/payments/"+field[string](h.t, waits, "payment")+"/authorization", map[string]string{"authorization": signed}, p.NewID())
}

func TestAPaymentOfALaterDay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from := h.account(anna, "100.00")
	id, waits := h.pays(anna, pay(from, "12.50").saying("rent").on("2026-03-31"))
	require.Equal(t, []any{202, "challenged", "2026-03-31"}, []any{waits.Status, field[string](t, waits, "status"), field[string](t, waits, "execute_on")})
	display := map[string]string{}
	require.NoError(t, json.Unmarshal(field[phone.Challenge](t, waits, "challenge").Display, &display))
	require.Equal(t, []string{"12.50", foreign, "Bob Builder", "match", "2026-03-31"},
		[]string{display["amount"], display["creditor"], display["creditor_name"], display["payee"], display["execute_on"]})
	for day, says := range map[string]string{"2026-02-28": "invalid-execution-date", "2027-03-31": "invalid-execution-date", "31.3.2026": "invalid-execution-date"} {
		require.Equal(t, says, code(h.command(anna, http.MethodPost, "/v1/payments", pay(from, "1.00").on(day), anna.NewID())), day)
	}
	agreed := h.agree(anna, waits)
	require.Equal(t, []any{200, "scheduled"}, []any{agreed.Status, field[string](t, agreed, "status")}, "%s", agreed.Body)
	require.Equal(t, "sca-failed", code(h.agree(anna, waits)), "once")
	_, dropped := h.pays(anna, pay(from, "5.00").on("2026-03-20"))
	require.Equal(t, 200, h.agree(anna, dropped).Status)
	uncovered, asked := h.pays(anna, pay(from, "99.00").on("2026-04-01"))
	require.Equal(t, 200, h.agree(anna, asked).Status)
	h.works()
	require.Equal(t, "100.00", field[string](t, h.fresh(anna, "/v1/accounts/"+from), "available"), "nothing is held: the day decides")
	path := "/v1/payments/" + field[string](t, dropped, "payment")
	require.Equal(t, 404, h.command(bert, http.MethodPost, path+"/cancellation", nil, bert.NewID()).Status)
	gone := h.command(anna, http.MethodPost, path+"/cancellation", nil, anna.NewID())
	require.Equal(t, []any{200, "cancelled"}, []any{gone.Status, field[string](t, gone, "status")}, "%s", gone.Body)
	listed := string(h.fresh(anna, "/v1/payments").Body)
	require.Contains(t, listed, `"status":"scheduled"`)
	require.Contains(t, listed, `"execute_on":"2026-04-01"`)

	h.to(anna, "2026-03-31T03:59:00Z")
	require.Equal(t, "100.00", h.balance(anna, from))
	h.reopen()
	h.to(anna, "2026-03-31T04:01:00Z") // six o'clock in Berlin
	h.paymentIs(anna, id, "settled")
	h.to(anna, "2026-06-30T12:00:00Z")
	require.Equal(t, "87.50", h.balance(anna, from))
	told, doubles := h.rail.Messages()
	require.Equal(t, []int{1, 0}, []int{len(told), doubles})
	require.Equal(t, []string{message(id), "rent"}, []string{told[0].Header.Message, told[0].Payment.Reference})
	var kinds []string
	for _, step := range field[[]struct{ Kind string }](t, h.payment(anna, id), "history") {
		kinds = append(kinds, step.Kind)
	}
	require.Equal(t, []string{"payment.initiated", "payment.dated", "payment.payee_verified", "payment.assessed", "payment.challenged", "payment.authorised",
		"payment.scheduled", "payment.fell_due", "payment.submitted", "payment.settled"}, kinds)
	short := h.payment(anna, uncovered)
	require.Equal(t, []string{"rejected", "insufficient-funds"}, []string{field[string](t, short, "status"), field[string](t, short, "code")})
	require.Equal(t, "payment-not-cancellable", code(h.command(anna, http.MethodPost, "/v1/payments/"+id+"/cancellation", nil, anna.NewID())))
	facts := h.facts(t, "payment", id)
	require.Equal(t, []string{"payment.settled", "system"}, []string{facts[len(facts)-1].Kind, facts[len(facts)-1].Header.ActorType})
	entries := templates(h.entries(anna))
	for _, template := range []string{"payment-challenged", "payment-scheduled", "payment-sent", "payment-rejected"} {
		require.Contains(t, entries, template)
	}
	h.railBooks(0, 1250, 0)
	h.login(bert)
	require.Equal(t, 404, h.fresh(bert, "/v1/payments/"+id).Status)
}
