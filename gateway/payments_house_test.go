package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/account"
	amounts "florin/domain/money"
	"florin/eventbus"
	"florin/gateway/phone"
	"florin/gateway/rail"
	"florin/gateway/rail/simulated"
)

// railhouse is a simulated rail behind a real socket of its own: a second server,
// which lives on when the bank is started anew.
type railhouse struct {
	t testing.TB
	*simulated.Rail
	server *httptest.Server
}

func newRailhouse(t testing.TB) *railhouse {
	r := &railhouse{t: t, Rail: simulated.New()}
	r.server = httptest.NewServer(r.Rail)
	t.Cleanup(r.server.Close)
	return r
}

func (r *railhouse) client(now func() time.Time) *rail.Client {
	r.t.Helper()
	client, err := rail.Open(r.server.URL, "FLRNDEF0XXX", nil, now)
	require.NoError(r.t, err)
	return client
}

// foreign is an account at another bank.
const foreign = "DE89370400440532013000"

type payOrder struct {
	From      string `json:"from"`
	To        string `json:"to"`
	Name      string `json:"name"`
	Amount    string `json:"amount"`
	Currency  string `json:"currency"`
	Reference string `json:"reference,omitempty"`
	BIC       string `json:"bic,omitempty"`
	ExecuteOn string `json:"execute_on,omitempty"`
}

func pay(from, amount string) payOrder {
	return payOrder{From: from, To: foreign, Name: "Bob Builder", Amount: amount, Currency: "EUR"}
}

func (o payOrder) saying(reference string) payOrder { o.Reference = reference; return o }
func (o payOrder) at(bic string) payOrder           { o.BIC = bic; return o }
func (o payOrder) called(name string) payOrder      { o.Name = name; return o }

// pays sends an order, which must be taken.
func (h *house) pays(p *phone.Phone, order payOrder) (id string, answer phone.Answer) {
	h.t.Helper()
	answer = h.command(p, http.MethodPost, "/v1/payments", order, p.NewID())
	require.NoError(h.t, answer.OK(), "%s", answer.Body)
	return field[string](h.t, answer, "payment"), answer
}

func (h *house) paid(p *phone.Phone, from, amount string) string {
	id, _ := h.pays(p, pay(from, amount))
	return id
}

// works lets the bank's processes do all that is due, until nothing follows.
func (h *house) works() {
	h.t.Helper()
	for head := h.head(); ; head = h.head() {
		h.processed(eventbus.Position(head))
		require.NoError(h.t, h.bank.Tick(context.Background()))
		if h.head() == head {
			return
		}
	}
}

// payment is one as the caller reads it.
func (h *house) payment(p *phone.Phone, id string) phone.Answer {
	h.t.Helper()
	answer := h.fresh(p, "/v1/payments/"+id)
	require.NoError(h.t, answer.OK(), "%s", answer.Body)
	return answer
}

func (h *house) paymentIs(p *phone.Phone, id, status string) {
	h.t.Helper()
	require.Equal(h.t, status, field[string](h.t, h.payment(p, id), "status"))
}

// railBooks says what the chart's accounts of the rail hold.
func (h *house) railBooks(transit, nostro, suspense int64) {
	h.t.Helper()
	ledger := h.sound()
	for chart, want := range map[account.Chart]int64{account.InTransit(account.SEPA): transit, account.Nostro(account.SEPA): nostro, account.Suspense: suspense} {
		got, _, _ := ledger.Balance(chart.In("EUR"))
		if got == (amounts.Amount{}) {
			got.Currency = "EUR"
		}
		require.Equal(h.t, want, got.Minor, "%s", chart)
	}
}

// paymentTries are those of money to and from other banks.
func (s *scene) paymentTries() map[string]try {
	body, _ := json.Marshal(pay(s.from, "1.00"))
	return map[string]try{
		"POST /v1/payee-verifications":         {by: "customer", body: fmt.Sprintf(`{"iban":%q,"name":"Bob"}`, foreign)},
		"POST /v1/payments":                    {by: "customer", body: string(body)},
		"GET /v1/payments":                     {by: "customer", list: true},
		"GET /v1/payments/{id}":                {by: "customer"},
		"POST /v1/payments/{id}/authorization": {by: "customer", body: `{"authorization":"x.y.z"}`},
		"POST /v1/payments/{id}/cancellation":  {by: "customer"},
		"POST /v1/payment-returns":             {by: "auditor", body: returnOf("r1", message(s.annas["payments"]), "1.00")},
		"POST /v1/payments/{id}/recall":        {by: "customer", body: `{"reason":"CUST"}`},
		"POST /v1/payments/{id}/return":        {by: "auditor", body: `{"amount":"1.00","currency":"EUR","return":"r1","reason":"AC04"}`},
	}
}

// message is a payment's name on the rail.
func message(id string) string { return strings.ReplaceAll(strings.TrimPrefix(id, "pay_"), "-", "") }
