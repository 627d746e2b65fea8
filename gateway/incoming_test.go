package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain/account"
	"florin/domain/id"
	"florin/gateway/phone"
	"florin/gateway/rail/simulated"
	"florin/schemas/seal"
)

type arrival struct {
	Reference string `json:"reference"`
	To        string `json:"to"`
	From      string `json:"from"`
	Name      string `json:"name"`
	Amount    string `json:"amount"`
	Currency  string `json:"currency"`
	Text      string `json:"text,omitempty"`
}

func arrivalOf(reference, to, amount string) arrival {
	return arrival{Reference: reference, To: to, From: foreign, Name: "Zoé O'Hara", Amount: amount, Currency: "EUR", Text: "salary"}
}

func (h *house) iban(p *phone.Phone, account string) string {
	h.t.Helper()
	return field[string](h.t, h.fresh(p, "/v1/accounts/"+account), "iban")
}

// arrival sends what the rail says, which must be taken.
func (h *house) arrival(machine *phone.Phone, a arrival, status string) (id string) {
	h.t.Helper()
	answer := h.command(machine, http.MethodPost, "/v1/incoming-payments", a, a.Reference)
	require.Equal(h.t, 201, answer.Status, "%s", answer.Body)
	require.Equal(h.t, status, field[string](h.t, answer, "status"), "%s", answer.Body)
	return field[string](h.t, answer, "incoming")
}

func (h *house) recall(machine *phone.Phone, id, recall string) phone.Answer {
	return h.command(machine, http.MethodPost, "/v1/incoming-payments/"+id+"/recall", map[string]string{"recall": recall, "reason": "FRAD"}, machine.NewID())
}

func TestMoneyComesFromOtherBanks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	to := h.account(anna, "")
	iban := h.iban(anna, to)
	machine := h.machine("rail", "payments.operate").login()
	first := arrivalOf("TX-1", iban, "100.00")
	id := h.arrival(machine, first, "credited")
	require.Equal(t, "100.00", h.balance(anna, to))
	again := h.command(machine, http.MethodPost, "/v1/incoming-payments", first, "TX-1")
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	require.Equal(t, id, field[string](t, again, "incoming"))
	twice := h.command(machine, http.MethodPost, "/v1/incoming-payments", first, machine.NewID())
	require.Equal(t, 409, twice.Status)
	require.Equal(t, "incoming-payment-exists", code(twice), "the rail's name is booked once, under whatever key")
	h.reopen()
	twice = h.command(machine, http.MethodPost, "/v1/incoming-payments", arrivalOf("TX-1", iban, "999.00"), machine.NewID())
	require.Equal(t, "incoming-payment-exists", code(twice))
	require.Equal(t, "100.00", h.balance(anna, to))
	list := string(h.fresh(anna, "/v1/accounts/"+to+"/transactions").Body)
	require.Contains(t, list, `"purpose":"incoming_payment"`)
	require.Contains(t, list, "salary")
	h.railBooks(0, -10000, 0)

	for name, tc := range map[string]struct {
		change func(*arrival)
		code   string
	}{
		"nothing":              {func(a *arrival) { a.Amount = "0.00" }, "invalid-amount"},
		"less than nothing":    {func(a *arrival) { a.Amount = "-1.00" }, "invalid-amount"},
		"no IBAN":              {func(a *arrival) { a.To = "DE00" }, "invalid-iban"},
		"from nowhere":         {func(a *arrival) { a.From = "x" }, "invalid-iban"},
		"without a name":       {func(a *arrival) { a.Name = "" }, "invalid-incoming-payment"},
		"without a reference":  {func(a *arrival) { a.Reference = "" }, "invalid-incoming-payment"},
		"a reference of words": {func(a *arrival) { a.Reference = "a b" }, "invalid-incoming-payment"},
		"text of two lines":    {func(a *arrival) { a.Text = "a\nb" }, "invalid-incoming-payment"},
	} {
		bad := arrivalOf("TX-bad", iban, "1.00")
		tc.change(&bad)
		require.Equal(t, tc.code, code(h.command(machine, http.MethodPost, "/v1/incoming-payments", bad, machine.NewID())), name)
	}
	require.Equal(t, 403, h.command(anna, http.MethodPost, "/v1/incoming-payments", arrivalOf("TX-2", iban, "1.00"), "k").Status, "nobody pays in for oneself")
	require.Equal(t, "100.00", h.balance(anna, to))
}

// Money for nobody lies in suspense until the rail has taken it back, once.
func TestMoneyForNobodyGoesBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	gone, yen := h.account(anna, ""), h.account(anna, "")
	closed, euros := h.iban(anna, gone), h.iban(anna, yen)
	h.close(gone)
	machine := h.machine("rail", "payments.operate").login()
	dollars := arrivalOf("TX-3", euros, "3.00")
	dollars.Currency = "USD"
	h.arrival(machine, arrivalOf("TX-1", "DE89370400440532013000", "1.00"), "suspended")
	h.arrival(machine, arrivalOf("TX-2", closed, "2.00"), "suspended")
	h.railBooks(0, -300, 300)
	h.rail.Fail(simulated.Before, simulated.After, simulated.Down)
	for range 8 {
		h.works()
		h.reopen()
		h.pass(10 * time.Second)
	}
	h.railBooks(0, 0, 0)
	h.listed(anna)
	back := h.rail.Returns()
	require.Len(t, back, 2, "each went back once")
	reasons := map[string]string{}
	for _, r := range back {
		reasons[r.Original] = r.Reason + " " + r.Amount.Decimal
	}
	require.Equal(t, map[string]string{"TX-1": "AC01 1.00", "TX-2": "AC04 2.00"}, reasons)
	machine = h.machine("rail-2", "payments.operate").login()
	h.arrival(machine, dollars, "suspended")
	h.works()
	require.Len(t, h.rail.Returns(), 3)
	h.sound()
}

// A payment is wanted back after its money was spent: what is left goes back, frozen
// or not, and the rest is owed.
func TestARecallAfterTheMoneyWasSpent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	to, own := h.account(anna, ""), h.account(anna, "")
	machine := h.machine("rail", "payments.operate").login()
	id := h.arrival(machine, arrivalOf("TX-1", h.iban(anna, to), "100.00"), "credited")
	h.transfer(anna, to, own, "70.00")
	h.freeze(to)
	second := h.arrival(machine, arrivalOf("TX-2", h.iban(anna, to), "5.00"), "credited")
	require.Equal(t, "35.00", h.balance(anna, to), "a frozen account takes in what comes")
	require.Equal(t, 404, h.recall(machine, "inp_"+uuid.NewString(), "C-1").Status)
	taken := h.recall(machine, id, "C-1")
	require.Equal(t, 200, taken.Status, "%s", taken.Body)
	require.Equal(t, "returned", field[string](t, taken, "status"))
	require.Equal(t, "incoming-payment-not-recallable", code(h.recall(machine, id, "C-1")), "once")
	require.Equal(t, "0.00", h.balance(anna, to))
	owed, _, _ := h.sound().Balance(account.Receivables.In("EUR"))
	require.Equal(t, int64(-6500), owed.Minor, "the customer owes the rest")
	h.railBooks(10000, -10500, 0)
	h.works()
	h.railBooks(0, -500, 0)
	require.Equal(t, 200, h.recall(machine, second, "C-2").Status)
	h.works()
	h.railBooks(0, 0, 0)
	require.Len(t, h.rail.Returns(), 2)
	require.Equal(t, 403, h.recall(anna, id, "C-3").Status)
}

// listed checks what who operates the rail sees of two payments that went back, and
// that nobody else sees anything.
func (h *house) listed(anna *phone.Phone) {
	h.t.Helper()
	machine := h.machine("looker", "payments.operate").login()
	list := func(query string) (list struct {
		Payments []map[string]any `json:"incoming_payments"`
	}) {
		answer := h.fresh(machine, "/v1/incoming-payments"+query)
		require.NoError(h.t, answer.OK(), "%s", answer.Body)
		require.NoError(h.t, json.Unmarshal(answer.Body, &list))
		require.NotContains(h.t, string(answer.Body), "Zo", "who pays whom is not the rail's operators' to read")
		require.NotContains(h.t, string(answer.Body), "acc_")
		return list
	}
	all := list("").Payments
	require.Len(h.t, all, 2)
	require.Equal(h.t, []any{"TX-2", "return-settled", "AC04", "2.00"}, []any{all[0]["reference"], all[0]["status"], all[0]["reason"], all[0]["amount"]}, "newest first")
	require.Equal(h.t, []any{"TX-1", "return-settled", "AC01", "1.00"}, []any{all[1]["reference"], all[1]["status"], all[1]["reason"], all[1]["amount"]})
	require.Equal(h.t, all, list("?status=return-settled").Payments)
	require.Empty(h.t, list("?status=credited").Payments)
	require.Equal(h.t, "bad-parameter", code(h.fresh(machine, "/v1/incoming-payments?status=lost")))
	one := h.fresh(machine, "/v1/incoming-payments/"+all[1]["incoming"].(string))
	require.Equal(h.t, "TX-1", field[string](h.t, one, "reference"), "%s", one.Body)
	require.Equal(h.t, 404, h.fresh(machine, "/v1/incoming-payments/inp_"+uuid.NewString()).Status)
	require.Equal(h.t, 403, h.fresh(anna, "/v1/incoming-payments").Status)
	require.Equal(h.t, 403, h.fresh(anna, "/v1/incoming-payments/"+all[1]["incoming"].(string)).Status)
}

// incomingTries are those of money from other banks.
func (s *scene) incomingTries() map[string]try {
	return map[string]try{
		"POST /v1/incoming-payments":             {by: "auditor", body: fmt.Sprintf(`{"reference":"TX-try","to":%q,"from":%q,"name":"Bob","amount":"1.00","currency":"EUR"}`, foreign, foreign)},
		"GET /v1/incoming-payments":              {by: "auditor", list: true},
		"GET /v1/incoming-payments/{id}":         {by: "auditor"},
		"POST /v1/incoming-payments/{id}/recall": {by: "auditor", path: "/v1/incoming-payments/inp_" + uuid.NewString() + "/recall", body: `{"recall":"C-1","reason":"FRAD"}`},
	}
}

// close and freeze are the bank's staff at work.
func (h *house) close(of string)  { h.atDesk(of, h.bank.Accounts().Close) }
func (h *house) freeze(of string) { h.atDesk(of, h.bank.Accounts().Freeze) }

func (h *house) atDesk(of string, act func(context.Context, commands.Order, id.Account, string) (commands.AccountAnswer, commands.Outcome, error)) {
	h.t.Helper()
	account, err := id.Parse[id.Account](of)
	require.NoError(h.t, err)
	order := commands.SystemOrder("test", uuid.New(), "desk", h.now(), seal.Subject{})
	order.Intent = nil
	_, _, err = act(context.Background(), order, account, "court-order")
	require.NoError(h.t, err)
}
