package gateway

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/gateway/phone"
	"florin/gateway/rail/simulated"
)

// gas is a creditor of direct debits.
const gas = "DE98ZZZ09999999999"

type collection struct {
	Reference string `json:"reference"`
	EndToEnd  string `json:"end_to_end"`
	From      string `json:"from"`
	To        string `json:"to"`
	Name      string `json:"name"`
	Creditor  string `json:"creditor"`
	Mandate   string `json:"mandate"`
	Sequence  string `json:"sequence"`
	Amount    string `json:"amount"`
	Currency  string `json:"currency"`
	Text      string `json:"text,omitempty"`
}

func collectionOf(reference, from, amount string) collection {
	return collection{Reference: reference, EndToEnd: "E-" + reference, From: from, To: foreign, Name: "Gas & Co", Creditor: gas, Mandate: "M-1",
		Sequence: "RCUR", Amount: amount, Currency: "EUR", Text: "May"}
}

// collects sends a collection, which must be answered so.
func (h *house) collects(rail *phone.Phone, c collection, status, reason string) (id string) {
	h.t.Helper()
	answer := h.command(rail, http.MethodPost, "/v1/direct-debits", c, c.Reference)
	require.Equal(h.t, 201, answer.Status, "%s", answer.Body)
	require.Equal(h.t, status, field[string](h.t, answer, "status"), "%s", answer.Body)
	if reason != "" {
		require.Equal(h.t, reason, field[string](h.t, answer, "reason"))
	}
	return field[string](h.t, answer, "direct_debit")
}

func (h *house) refund(p *phone.Phone, id, grounds string) phone.Answer {
	h.t.Helper()
	return h.command(p, http.MethodPost, "/v1/direct-debits/"+id+"/refund", map[string]string{"grounds": grounds}, p.NewID())
}

// onMandate sends a command about a mandate that takes no body.
func (h *house) onMandate(p *phone.Phone, id, act string) phone.Answer {
	h.t.Helper()
	return h.command(p, http.MethodPost, "/v1/mandates/"+id+"/"+act, nil, p.NewID())
}

func (h *house) grants(p *phone.Phone, account, reference, limit string) phone.Answer {
	h.t.Helper()
	body := map[string]string{"account": account, "creditor": gas, "name": "Gas & Co", "reference": reference}
	if limit != "" {
		body["limit"], body["currency"] = limit, "EUR"
	}
	return h.command(p, http.MethodPost, "/v1/mandates", body, p.NewID())
}

// owed is what other banks, or customers, owe the bank.
func (h *house) owed() int64 {
	h.t.Helper()
	balance, _, _ := h.sound().Balance(account.Receivables.In("EUR"))
	return -balance.Minor
}

func TestACreditorCollects(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from := h.account(anna, "100.00")
	number := h.iban(anna, from)
	rail := h.machine("rail", "payments.operate").login()
	first := collectionOf("TX-1", number, "30.00")
	id := h.collects(rail, first, "collected", "")
	require.Equal(t, "70.00", h.balance(anna, from))
	h.railBooks(0, 3000, 0)
	again := h.command(rail, http.MethodPost, "/v1/direct-debits", first, "TX-1")
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	require.Equal(t, id, field[string](t, again, "direct_debit"))
	require.Equal(t, "direct-debit-exists", code(h.command(rail, http.MethodPost, "/v1/direct-debits", first, rail.NewID())), "the rail's name counts once, under whatever key")
	more := collectionOf("TX-1", number, "31.00")
	require.Equal(t, "direct-debit-exists", code(h.command(rail, http.MethodPost, "/v1/direct-debits", more, rail.NewID())))
	h.collects(rail, collectionOf("TX-2", number, "70.01"), "refused", "AM04")
	h.collects(rail, collectionOf("TX-3", foreign, "1.00"), "refused", "AC01")
	require.Equal(t, "70.00", h.balance(anna, from))

	shown := h.fresh(anna, "/v1/direct-debits/"+id)
	require.Equal(t, []string{gas, "Gas & Co", "May", "30.00", from}, []string{field[string](t, shown, "creditor"), field[string](t, shown, "name"),
		field[string](t, shown, "text"), field[string](t, shown, "amount"), field[string](t, shown, "account")})
	mandate := field[string](t, shown, "mandate")
	require.Equal(t, 404, h.fresh(bert, "/v1/direct-debits/"+id).Status)
	require.Equal(t, 404, h.fresh(bert, "/v1/mandates/"+mandate).Status)
	require.NotContains(t, string(h.fresh(rail, "/v1/direct-debits/"+id).Body), from, "who operates a rail need not know accounts")
	list := string(h.fresh(anna, "/v1/direct-debits").Body)
	require.Contains(t, list, id)
	require.Contains(t, list, `"reason":"AM04"`)
	require.NotContains(t, list, "AC01")
	require.JSONEq(t, `{"direct_debits":[]}`, string(h.fresh(bert, "/v1/direct-debits").Body))
	require.Contains(t, string(h.fresh(anna, "/v1/accounts/"+from+"/transactions").Body), `"purpose":"direct_debit"`)
	known := h.fresh(anna, "/v1/mandates/"+mandate)
	require.Equal(t, []string{"active", gas, "M-1"}, []string{field[string](t, known, "status"), field[string](t, known, "creditor"), field[string](t, known, "reference")})
	require.EqualValues(t, 1, field[int](t, known, "collections"))
	require.Contains(t, string(h.fresh(anna, "/v1/mandates").Body), mandate)
	told := templates(h.entries(anna))
	require.True(t, slices.Contains(told, "mandate-registered") && slices.Contains(told, "account-debited") && slices.Contains(told, "direct-debit-refused"), "%v", told)

	for name, tc := range map[string]struct {
		change func(*collection)
		code   string
	}{
		"nothing":             {func(c *collection) { c.Amount = "0.00" }, "invalid-amount"},
		"less than nothing":   {func(c *collection) { c.Amount = "-1.00" }, "invalid-amount"},
		"no IBAN":             {func(c *collection) { c.From = "DE00" }, "invalid-iban"},
		"no creditor":         {func(c *collection) { c.Creditor = "DE97ZZZ09999999999" }, "invalid-creditor-identifier"},
		"no name":             {func(c *collection) { c.Name = "" }, "invalid-direct-debit"},
		"no mandate":          {func(c *collection) { c.Mandate = "" }, "invalid-direct-debit"},
		"a mandate of words":  {func(c *collection) { c.Mandate = "M 1" }, "invalid-direct-debit"},
		"an unknown sequence": {func(c *collection) { c.Sequence = "rcur" }, "invalid-direct-debit"},
		"text of two lines":   {func(c *collection) { c.Text = "a\nb" }, "invalid-direct-debit"},
	} {
		bad := collectionOf("TX-bad", number, "1.00")
		tc.change(&bad)
		require.Equal(t, tc.code, code(h.command(rail, http.MethodPost, "/v1/direct-debits", bad, rail.NewID())), name)
	}
	require.Equal(t, 403, h.command(anna, http.MethodPost, "/v1/direct-debits", collectionOf("TX-9", number, "1.00"), "k").Status)
	require.Equal(t, "70.00", h.balance(anna, from))
}

// What holders let creditors do is what creditors do.
func TestHoldersDecideWhoCollects(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from := h.account(anna, "500.00")
	number := h.iban(anna, from)
	machine := h.machine("rail", "payments.operate")
	rail := machine.login()
	made := h.grants(anna, from, "M-1", "20.00")
	require.Equal(t, 201, made.Status, "%s", made.Body)
	id := field[string](t, made, "mandate")
	require.Equal(t, "mandate-exists", code(h.grants(anna, from, "M-1", "")))
	require.Equal(t, 404, h.grants(h.customer("bert"), from, "M-2", "").Status)
	h.collects(rail, collectionOf("TX-1", number, "20.01"), "refused", "SL01")
	h.collects(rail, collectionOf("TX-2", number, "20.00"), "collected", "")
	other := collectionOf("TX-2a", number, "20.00")
	other.Creditor = "DE98ABC09999999999" // the same creditor's other business
	h.collects(rail, other, "collected", "")
	require.Equal(t, 200, h.command(anna, http.MethodPost, "/v1/mandates/"+id+"/limit", map[string]string{"limit": "5.00", "currency": "EUR"}, anna.NewID()).Status)
	h.collects(rail, collectionOf("TX-3", number, "5.01"), "refused", "SL01")
	require.Equal(t, 200, h.command(anna, http.MethodPost, "/v1/mandates/"+id+"/limit", map[string]string{}, anna.NewID()).Status)
	h.collects(rail, collectionOf("TX-4", number, "5.01"), "collected", "")

	require.Equal(t, "suspended", field[string](t, h.onMandate(anna, id, "suspension"), "status"))
	h.collects(rail, collectionOf("TX-5", number, "1.00"), "refused", "MS02")
	require.Equal(t, "mandate-suspended", code(h.onMandate(anna, id, "suspension")))
	require.Equal(t, "active", field[string](t, h.onMandate(anna, id, "resumption"), "status"))
	require.True(t, field[bool](t, h.onMandate(anna, id, "block"), "creditor_blocked"))
	second := collectionOf("TX-6", number, "1.00")
	second.Mandate = "M-2"
	h.collects(rail, second, "refused", "MS02")
	require.True(t, field[bool](t, h.fresh(anna, "/v1/mandates/"+id), "creditor_blocked"))
	require.Equal(t, "creditor-blocked", code(h.onMandate(anna, id, "block")))
	require.False(t, field[bool](t, h.onMandate(anna, id, "allowance"), "creditor_blocked"))
	second.Reference = "TX-7"
	h.collects(rail, second, "collected", "")
	require.Equal(t, "cancelled", field[string](t, h.onMandate(anna, id, "cancellation"), "status"))
	h.collects(rail, collectionOf("TX-8", number, "1.00"), "refused", "MD01")
	require.Equal(t, "mandate-over", code(h.onMandate(anna, id, "resumption")))
	require.Equal(t, 201, h.grants(anna, from, "M-1", "").Status, "a holder grants it anew")
	last := collectionOf("TX-9", number, "1.00")
	last.Sequence = "FNAL"
	h.collects(rail, last, "collected", "")
	h.collects(rail, collectionOf("TX-10", number, "1.00"), "refused", "MD01")
	require.Equal(t, "452.99", h.balance(anna, from))

	h.freeze(from)
	h.collects(rail, second.named("TX-11"), "refused", "AC06")
	empty, dollars := h.account(anna, ""), second.named("TX-12")
	shut := second.named("TX-13")
	shut.From = h.iban(anna, empty)
	h.close(empty)
	h.collects(rail, shut, "refused", "AC04")
	dollars.Currency = "USD"
	h.collects(rail, dollars, "refused", "AG01")
	h.railBooks(0, 4701, 0)
}

func (c collection) named(reference string) collection { c.Reference = reference; return c }

// Widening takes strong authentication that is fresh; narrowing never does.
func TestMandatesAreWidenedUnderStrongAuthenticationAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from := h.account(anna, "50.00")
	id := field[string](t, h.grants(anna, from, "M-1", ""), "mandate")
	h.pass(6 * time.Minute)
	require.NoError(t, anna.Refresh(t.Context()))
	for _, act := range []string{"suspension", "block"} {
		require.Equal(t, 200, h.onMandate(anna, id, act).Status, act)
	}
	for _, act := range []string{"resumption", "allowance"} {
		require.Equal(t, 401, h.onMandate(anna, id, act).Status, act)
	}
	require.Equal(t, 401, h.grants(anna, from, "M-2", "").Status)
	require.Equal(t, 401, h.command(anna, http.MethodPost, "/v1/mandates/"+id+"/limit", map[string]string{}, anna.NewID()).Status)
	require.Equal(t, 200, h.onMandate(anna, id, "cancellation").Status)
}

func TestACollectionIsPaidBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, own := h.account(anna, "100.00"), h.account(anna, "")
	number := h.iban(anna, from)
	machine := h.machine("rail", "payments.operate")
	rail := machine.login()
	first := h.collects(rail, collectionOf("TX-1", number, "30.00"), "collected", "")
	denied := h.collects(rail, collectionOf("DENY-2", number, "20.00"), "collected", "")
	third := h.collects(rail, collectionOf("TX-3", number, "10.00"), "collected", "")
	h.transfer(anna, from, own, "40.00")
	h.freeze(from)
	require.Equal(t, 404, h.refund(bert, first, "no-reason").Status)
	require.Equal(t, "invalid-refund-grounds", code(h.refund(anna, first, "regret")))
	back := h.refund(anna, first, "no-reason")
	require.Equal(t, 200, back.Status, "%s", back.Body)
	require.Equal(t, "30.00", h.balance(anna, from), "at once, and though it is frozen")
	require.EqualValues(t, 3000, h.owed(), "the other bank owes it")
	h.railBooks(0, 6000, 0)
	require.Equal(t, "direct-debit-not-refundable", code(h.refund(anna, first, "no-reason")), "once")
	require.Equal(t, "direct-debit-not-refundable", code(h.refund(anna, first, "unauthorised")))
	h.rail.Fail(simulated.Before, simulated.After, simulated.Down)
	for range 8 {
		h.works()
		h.reopen()
		h.pass(10 * time.Second)
	}
	require.Len(t, h.rail.Returns(), 1, "claimed once, whatever was lost")
	require.Equal(t, "MD06", h.rail.Returns()[0].Reason)
	require.Equal(t, "refund-settled", field[string](t, h.fresh(anna, "/v1/direct-debits/"+first), "status"))
	require.Zero(t, h.owed())
	h.railBooks(0, 3000, 0)

	h.pass(8 * 7 * 24 * time.Hour)
	h.login(anna)
	require.Equal(t, "refund-too-late", code(h.refund(anna, denied, "no-reason")))
	require.Equal(t, 200, h.refund(anna, denied, "unauthorised").Status)
	h.works()
	rail = machine.login()
	require.Equal(t, []string{"refund-denied", "LEGL"}, []string{field[string](t, h.fresh(anna, "/v1/direct-debits/"+denied), "status"), field[string](t, h.fresh(anna, "/v1/direct-debits/"+denied), "reason")})
	require.Contains(t, string(h.fresh(rail, "/v1/direct-debits").Body), denied, "people look into it")
	require.Equal(t, "50.00", h.balance(anna, from), "and the customer keeps it")
	require.Zero(t, h.owed())
	lost, _, _ := h.sound().Balance(account.WriteOff.In("EUR"))
	require.EqualValues(t, -2000, lost.Minor)
	h.collects(rail, collectionOf("TX-4", number, "1.00"), "refused", "AC06")
	h.pass(365 * 24 * time.Hour)
	h.login(anna)
	require.Equal(t, "refund-too-late", code(h.refund(anna, third, "unauthorised")))
	mandate := field[string](t, h.fresh(anna, "/v1/direct-debits/"+third), "mandate")
	known := h.fresh(anna, "/v1/mandates/"+mandate)
	require.Equal(t, []string{"cancelled", "unauthorised"}, []string{field[string](t, known, "status"), field[string](t, known, "reason")})
	h.railBooks(0, 3000, 0)
}

// Many ask for one sum at once, for both reasons: it is paid back once.
func TestARefundIsPaidOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from := h.account(anna, "50.00")
	id := h.collects(h.machine("rail", "payments.operate").login(), collectionOf("TX-1", h.iban(anna, from), "30.00"), "collected", "")
	var all sync.WaitGroup
	var mu sync.Mutex
	got := map[string]int{}
	for i := range 16 {
		all.Go(func() {
			answer := h.command(anna, http.MethodPost, "/v1/direct-debits/"+id+"/refund", map[string]string{"grounds": []string{"no-reason", "unauthorised"}[i%2]}, fmt.Sprint("k", i))
			mu.Lock()
			defer mu.Unlock()
			got[fmt.Sprint(answer.Status, code(answer))]++
		})
	}
	all.Wait()
	require.Equal(t, map[string]int{"200": 1, "409direct-debit-not-refundable": 15}, got)
	h.works()
	require.Equal(t, "50.00", h.balance(anna, from))
	require.Len(t, h.rail.Returns(), 1)
	h.railBooks(0, 0, 0)
}

// A mandate that nobody collects by ends by itself, whether the bank's clock moves
// slowly or at once.
func TestAMandateThatIsNotUsedExpires(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from := h.account(anna, "50.00")
	number := h.iban(anna, from)
	machine := h.machine("rail", "payments.operate")
	quiet, used := field[string](t, h.grants(anna, from, "M-0", ""), "mandate"), field[string](t, h.grants(anna, from, "M-1", ""), "mandate")
	h.works()
	h.pass(18 * 30 * 24 * time.Hour)
	h.collects(machine.login(), collectionOf("TX-1", number, "1.00"), "collected", "")
	h.works()
	h.reopen()
	h.pass(19 * 30 * 24 * time.Hour)
	h.works()
	h.login(anna)
	require.Equal(t, "expired", field[string](t, h.fresh(anna, "/v1/mandates/"+quiet), "status"))
	require.Equal(t, "active", field[string](t, h.fresh(anna, "/v1/mandates/"+used), "status"))
	h.pass(40 * 30 * 24 * time.Hour)
	h.collects(machine.login(), collectionOf("TX-2", number, "1.00"), "refused", "MD01") // before any process has looked
	h.login(anna)
	require.Equal(t, "expired", field[string](t, h.fresh(anna, "/v1/mandates/"+used), "status"))
	require.Equal(t, "49.00", h.balance(anna, from))
}

// debitTries are those of mandates and of what is collected by them.
func (s *scene) debitTries() map[string]try {
	return map[string]try{
		"POST /v1/mandates":                             {by: "customer", body: fmt.Sprintf(`{"account":%q,"creditor":%q,"name":"Gas & Co","reference":"M-try"}`, s.from, gas)},
		"GET /v1/mandates":                              {by: "customer", list: true},
		"GET /v1/mandates/{id}":                         {by: "customer"},
		"POST /v1/mandates/{id}/limit":                  {by: "customer", body: `{"limit":"10.00","currency":"EUR"}`},
		"POST /v1/mandates/{id}/suspension":             {by: "customer"},
		"POST /v1/mandates/{id}/resumption":             {by: "customer"},
		"POST /v1/mandates/{id}/block":                  {by: "customer"},
		"POST /v1/mandates/{id}/allowance":              {by: "customer"},
		"POST /v1/mandates/{id}/cancellation":           {by: "customer"},
		"POST /v1/accounts/{id}/direct-debit-block":     {by: "customer"},
		"POST /v1/accounts/{id}/direct-debit-allowance": {by: "customer"},
		"POST /v1/direct-debits": {by: "auditor", body: fmt.Sprintf(`{"reference":"TX-try","end_to_end":"E-1","from":%q,"to":%q,"name":"Gas & Co","creditor":%q,"mandate":"M-1","sequence":"RCUR","amount":"1.00","currency":"EUR"}`,
			foreign, foreign, gas)},
		"GET /v1/direct-debits":              {by: "customer", list: true},
		"GET /v1/direct-debits/{id}":         {by: "customer"},
		"POST /v1/direct-debits/{id}/refund": {by: "customer", body: `{"grounds":"no-reason"}`},
	}
}
