package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
	"florin/gateway/rail"
	"florin/gateway/rail/simulated"
)

func TestAPaymentReachesAnotherBank(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from := h.account(anna, "5000.00")
	order := pay(from, "25.00").saying("Rent & <b>Smith</b> \"May\"").called("Zoë O'Hara & Sons").at("COBADEFFXXX")
	answer := h.command(anna, http.MethodPost, "/v1/payments", order, "k1")
	require.Equal(t, 201, answer.Status, "%s", answer.Body)
	id := field[string](t, answer, "payment")
	require.Equal(t, "/v1/payments/"+id, answer.Header.Get("Location"))
	require.Equal(t, []string{"authorised", "low-value", "25.00"}, []string{field[string](t, answer, "status"), field[string](t, answer, "exemption"), field[string](t, answer, "amount")})
	require.Equal(t, map[string]string{"result": "match"}, field[map[string]string](t, answer, "payee"))
	require.Equal(t, "5000.00", h.balance(anna, from), "held, and not gone")
	require.Equal(t, "4975.00", field[string](t, h.fresh(anna, "/v1/accounts/"+from), "available"))

	h.works()
	h.paymentIs(anna, id, "settled")
	require.Equal(t, "4975.00", h.balance(anna, from))
	h.railBooks(0, 2500, 0)
	told, doubles := h.rail.Messages()
	require.Len(t, told, 1)
	require.Zero(t, doubles)
	sent := told[0]
	iban := field[string](t, h.fresh(anna, "/v1/accounts/"+from), "iban")
	require.Equal(t, []string{message(id), "25.00", "EUR", "Anna anna", iban, "FLRNDEF0XXX", order.Name, foreign, order.Reference, "1"},
		[]string{sent.Header.Message, sent.Payment.Amount.Decimal, sent.Payment.Amount.Currency, sent.Payment.DebtorName, rail.Read(sent.Payment.Debtor), rail.Read(sent.Payment.DebtorBank.BIC),
			sent.Payment.CreditorName, sent.Payment.Creditor, sent.Payment.Reference, fmt.Sprint(sent.Header.Count)})

	again := h.command(anna, http.MethodPost, "/v1/payments", order, "k1")
	require.Equal(t, string(answer.Body), string(again.Body), "the same key gets the first answer")
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	other := h.command(anna, http.MethodPost, "/v1/payments", pay(from, "26.00"), "k1")
	require.Equal(t, "idempotency-key-reused", code(other))
	require.Equal(t, 404, h.fresh(bert, "/v1/payments/"+id).Status)
	require.Equal(t, "payment-not-cancellable", code(h.command(anna, http.MethodPost, "/v1/payments/"+id+"/cancellation", nil, anna.NewID())))
	require.Contains(t, string(h.fresh(anna, "/v1/payments").Body), id)
	require.NotContains(t, string(h.fresh(bert, "/v1/payments").Body), id)
	transactions := string(h.fresh(anna, "/v1/accounts/"+from+"/transactions").Body)
	require.Contains(t, transactions, `"purpose":"payment"`)
	require.Contains(t, transactions, "Rent")
	var steps []struct{ Kind string }
	require.NoError(t, json.Unmarshal(field[json.RawMessage](t, h.payment(anna, id), "history"), &steps))
	require.Equal(t, "payment.settled", steps[len(steps)-1].Kind)
}

func TestPaymentsAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, berts := h.account(anna, "50.00"), h.account(bert, "50.00")
	own := field[string](t, h.fresh(bert, "/v1/accounts/"+berts), "iban")
	to := func(iban string) payOrder { o := pay(from, "1.00"); o.To = iban; return o }
	in := func(currency string) payOrder { o := pay(from, "1.00"); o.Currency = currency; return o }
	for name, tc := range map[string]struct {
		order  payOrder
		status int
		code   string
	}{
		"more than there is":        {pay(from, "50.01"), 422, "insufficient-funds"},
		"another's account":         {pay(berts, "1.00"), 404, "not-found"},
		"nothing":                   {pay(from, "0.00"), 422, "invalid-amount"},
		"less than nothing":         {pay(from, "-1.00"), 422, "invalid-amount"},
		"another currency":          {in("USD"), 422, "rail-currency"},
		"wrong check digits":        {to("DE88370400440532013000"), 422, "invalid-iban"},
		"spaces":                    {to("DE89 3704 0044 0532 0130 00"), 422, "invalid-iban"},
		"small letters":             {to(strings.ToLower(foreign)), 422, "invalid-iban"},
		"a letter that looks alike": {to("DЕ89370400440532013000"), 422, "invalid-iban"},
		"this very bank":            {to(own), 422, "iban-own-bank"},
		"a bank that is none":       {pay(from, "1.00").at("cobadeff"), 422, "invalid-bic"},
		"a bank elsewhere":          {pay(from, "1.00").at("AGRIFRPP"), 422, "bic-country"},
		"no name":                   {pay(from, "1.00").called(""), 422, "invalid-name"},
		"a name that turns around":  {pay(from, "1.00").called("a\u202eb"), 422, "invalid-name"},
		"a name not composed":       {pay(from, "1.00").called("Zoe\u0308"), 422, "invalid-name"},
		"a name that is too long":   {pay(from, "1.00").called(strings.Repeat("x", 71)), 422, "invalid-name"},
		"a reference of two lines":  {pay(from, "1.00").saying("a\nb"), 422, "invalid-reference"},
	} {
		key := anna.NewID()
		answer := h.command(anna, http.MethodPost, "/v1/payments", tc.order, key)
		require.Equal(t, tc.status, answer.Status, "%s: %s", name, answer.Body)
		require.Equal(t, tc.code, code(answer), name)
		require.Equal(t, tc.code, code(h.command(anna, http.MethodPost, "/v1/payments", tc.order, key)), name)
	}
	h.works()
	told, _ := h.rail.Messages()
	require.Empty(t, told)
	require.Equal(t, "50.00", h.balance(anna, from))
	h.railBooks(0, 0, 0)
}

func TestAPaymentIsConfirmedWithItsPayee(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from := h.account(anna, "20000.00")
	ask := func(iban, name string) phone.Answer {
		return h.ask(anna, Route{Method: http.MethodPost}, "/v1/payee-verifications", fmt.Sprintf(`{"iban":%q,"name":%q}`, iban, name), nil)
	}
	require.JSONEq(t, `{"result":"match"}`, string(ask(foreign, "Bob").Body))
	require.JSONEq(t, `{"result":"close-match","name":"Bob Builder"}`, string(ask(foreign, "Close Bob Builder").Body))
	require.JSONEq(t, `{"result":"no-match"}`, string(ask(foreign, "Wrong Bob").Body))
	require.JSONEq(t, `{"result":"unavailable"}`, string(ask(foreign, "Unknown Bob").Body))
	own := h.iban(anna, from)
	require.JSONEq(t, `{"result":"match"}`, string(ask(own, "Anna anna").Body), "of its own accounts the bank asks itself")
	require.JSONEq(t, `{"result":"no-match"}`, string(ask(own, "Robert Wrong").Body))
	require.Equal(t, "invalid-iban", code(ask("DE88370400440532013000", "Bob")))
	require.Equal(t, "invalid-name", code(ask(foreign, "")))
	h.rail.Fail(simulated.Down)
	require.JSONEq(t, `{"result":"unavailable"}`, string(ask(foreign, "Bob").Body))

	id, answer := h.pays(anna, pay(from, "1.00").called("Close Bob Builder"))
	require.Equal(t, 202, answer.Status, "a payee known by another name is shown first, however little it is")
	challenged, err := phone.ReadTransfer(answer)
	require.NoError(t, err)
	var display map[string]string
	require.NoError(t, json.Unmarshal(challenged.Challenge.Display, &display))
	require.Equal(t, []string{id, foreign, "Close Bob Builder", "close-match", "Bob Builder", "1.00"},
		[]string{display["payment"], display["creditor"], display["creditor_name"], display["payee"], display["payee_name"], display["amount"]})
	sign := func(change func(map[string]string)) map[string]string {
		shown := map[string]string{}
		require.NoError(t, json.Unmarshal(challenged.Challenge.Display, &shown))
		change(shown)
		text, err := json.Marshal(shown)
		require.NoError(t, err)
		statement, err := anna.SignConsent(text)
		require.NoError(t, err)
		return map[string]string{"authorization": statement}
	}
	place := "/v1/payments/" + id + "/authorization"
	for name, change := range map[string]func(map[string]string){
		"amount": func(s map[string]string) { s["amount"] = "2.00" }, "payee": func(s map[string]string) { s["creditor"] = "GB33BUKB20201555555555" },
		"verification": func(s map[string]string) { s["payee"] = "match" },
	} {
		answer := h.command(anna, http.MethodPost, place, sign(change), anna.NewID())
		require.Equal(t, 403, answer.Status, "%s: %s", name, answer.Body)
		require.Equal(t, "sca-failed", code(answer))
	}
	h.works()
	told, _ := h.rail.Messages()
	require.Empty(t, told, "nothing leaves unconfirmed")
	done := h.command(anna, http.MethodPost, place, sign(func(map[string]string) {}), "yes")
	require.Equal(t, 200, done.Status, "%s", done.Body)
	require.Equal(t, "sca-failed", code(h.command(anna, http.MethodPost, place, sign(func(map[string]string) {}), anna.NewID())), "a challenge is answered once")
	h.works()
	h.paymentIs(anna, id, "settled")

	large, answer := h.pays(anna, pay(from, "2000.00"))
	require.Equal(t, 202, answer.Status)
	h.pass(10 * time.Minute)
	h.works()
	h.login(anna)
	h.paymentIs(anna, large, "expired")
	withdrawn, _ := h.pays(anna, pay(from, "2000.00"))
	require.Equal(t, 200, h.command(anna, http.MethodPost, "/v1/payments/"+withdrawn+"/cancellation", nil, anna.NewID()).Status)
	h.paymentIs(anna, withdrawn, "cancelled")
	require.Equal(t, "19999.00", h.balance(anna, from))
	h.railBooks(0, 100, 0)
}

// What the rail says decides what becomes of the money; it is asked for what it does
// not say, and what it never says is looked into.
func TestTheRailAnswers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from := h.account(anna, "5000.00")
	machine := h.machine("rail", "payments.operate")
	rejected, _ := h.pays(anna, pay(from, "10.00").saying("simulate reject AC04"))
	accepted, _ := h.pays(anna, pay(from, "20.00").saying("simulate accept"))
	silent, _ := h.pays(anna, pay(from, "30.00").saying("simulate pending"))
	h.works()
	h.paymentIs(anna, rejected, "rejected")
	require.Equal(t, []string{"rail-rejected", "AC04"}, []string{field[string](t, h.payment(anna, rejected), "code"), field[string](t, h.payment(anna, rejected), "reason")})
	h.paymentIs(anna, accepted, "accepted")
	h.paymentIs(anna, silent, "submitted")
	require.Equal(t, "4950.00", h.balance(anna, from))
	h.railBooks(5000, 0, 0)

	require.True(t, h.rail.Say(message(accepted), "ACSC", ""))
	h.pass(time.Minute)
	h.works()
	h.paymentIs(anna, accepted, "settled")
	operator := machine.login()
	require.NotContains(t, string(h.fresh(operator, "/v1/payments").Body), silent)
	h.pass(4 * time.Hour)
	h.works()
	operator = machine.login()
	overdue := h.fresh(operator, "/v1/payments")
	require.Contains(t, string(overdue.Body), silent)
	require.NotContains(t, string(overdue.Body), accepted)
	h.login(anna)
	require.True(t, field[bool](t, h.payment(anna, silent), "overdue"))

	require.True(t, h.rail.Say(message(silent), "RJCT", "AG01"))
	h.pass(time.Hour)
	h.works()
	h.login(anna)
	h.paymentIs(anna, silent, "rejected")
	require.Equal(t, "4980.00", h.balance(anna, from))
	h.railBooks(0, 2000, 0)
	operator = machine.login()
	require.NotContains(t, string(h.fresh(operator, "/v1/payments").Body), silent)

	back := func(id, amount, name string) phone.Answer {
		return h.command(operator, http.MethodPost, "/v1/payments/"+id+"/return", map[string]string{"amount": amount, "currency": "EUR", "return": name, "reason": "AC04"}, operator.NewID())
	}
	require.Equal(t, "return-exceeds-payment", code(back(accepted, "20.01", "r1")))
	require.Equal(t, "payment-not-returnable", code(back(rejected, "10.00", "r1")))
	late := back(accepted, "19.50", "r1")
	require.Equal(t, 200, late.Status, "%s", late.Body)
	require.Equal(t, "payment-not-returnable", code(back(accepted, "19.50", "r1")), "it comes back once")
	require.Equal(t, "payment-not-returnable", code(back(accepted, "0.50", "r2")))
	h.paymentIs(anna, accepted, "returned")
	require.Equal(t, "19.50", field[string](t, h.payment(anna, accepted), "returned"))
	require.Equal(t, "4999.50", h.balance(anna, from))
	h.railBooks(0, 50, 0)
	require.Equal(t, 403, h.command(anna, http.MethodPost, "/v1/payments/"+accepted+"/return", map[string]string{"amount": "1.00", "currency": "EUR", "return": "r", "reason": "AC04"}, anna.NewID()).Status)
}

func TestLostAnswersOfTheRail(t *testing.T) {
	t.Parallel()
	for _, faults := range [][]simulated.Fault{
		{simulated.Before}, {simulated.After}, {simulated.Down}, {simulated.Mad}, {simulated.After, simulated.After}, {simulated.Before, simulated.Before},
		{simulated.Before, simulated.None, simulated.After}, {simulated.Down, simulated.Mad, simulated.After},
	} {
		t.Run(fmt.Sprint(faults), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			anna := h.customer("anna")
			from := h.account(anna, "100.00")
			id, _ := h.pays(anna, pay(from, "10.00"))
			h.rail.Fail(faults...)
			for range 20 {
				h.works()
				h.reopen()
				h.pass(10 * time.Second)
			}
			h.paymentIs(anna, id, "settled")
			told, _ := h.rail.Messages()
			require.Len(t, told, 1, "the rail has booked it once")
			require.Equal(t, "90.00", h.balance(anna, from))
			h.railBooks(0, 1000, 0)
		})
	}
}

func TestARailThatIsDownHoldsUpNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from, own := h.account(anna, "5000.00"), h.account(anna, "")
	down := make([]simulated.Fault, 1000)
	for i := range down {
		down[i] = simulated.Down
	}
	h.rail.Fail(down...)
	first, answer := h.pays(anna, pay(from, "10.00"))
	require.Equal(t, 202, answer.Status, "whose payee cannot be verified has to be confirmed")
	confirm := func(answer phone.Answer) {
		challenged, err := phone.ReadTransfer(answer)
		require.NoError(t, err)
		statement, err := anna.SignConsent(challenged.Challenge.Display)
		require.NoError(t, err)
		place := "/v1/payments/" + field[string](t, answer, "payment") + "/authorization"
		require.Equal(t, 200, h.command(anna, http.MethodPost, place, map[string]string{"authorization": statement}, anna.NewID()).Status)
	}
	confirm(answer)
	second, answer := h.pays(anna, pay(from, "20.00"))
	confirm(answer)
	h.works()
	h.transfer(anna, from, own, "1.00")
	h.paymentIs(anna, first, "submitted")
	h.paymentIs(anna, second, "submitted")
	h.railBooks(3000, 0, 0)
	h.rail.Heal()
	for range 3 {
		h.pass(10 * time.Second)
		h.works()
	}
	h.paymentIs(anna, first, "settled")
	h.paymentIs(anna, second, "settled")
	h.railBooks(0, 3000, 0)
}

func TestManyPaymentsAtOnceOfOneBalance(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from := h.account(anna, "25.00")
	var all sync.WaitGroup
	var mu sync.Mutex
	got := map[string]int{}
	gate := make(chan struct{}, 16)
	for i := range 60 {
		all.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			answer := h.command(anna, http.MethodPost, "/v1/payments", pay(from, "25.00"), fmt.Sprint("k", i))
			mu.Lock()
			got[fmt.Sprint(answer.Status, code(answer))]++
			mu.Unlock()
		})
	}
	all.Wait()
	require.Equal(t, map[string]int{"201": 1, "422insufficient-funds": 59}, got)
	h.works()
	told, _ := h.rail.Messages()
	require.Len(t, told, 1)
	h.railBooks(0, 2500, 0)
}
