package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// later asks for a transfer of a later day, which waits for its customer.
func (h *house) later(p *phone.Phone, from, to, amount, day string) phone.Answer {
	h.t.Helper()
	answer := h.command(p, http.MethodPost, "/v1/transfers", phone.Order{From: from, To: to, Amount: amount, Currency: "EUR", Reference: "rent", ExecuteOn: day}, p.NewID())
	require.Equal(h.t, 202, answer.Status, "%s", answer.Body)
	require.Equal(h.t, []string{"challenged", day}, []string{field[string](h.t, answer, "status"), field[string](h.t, answer, "execute_on")})
	return answer
}

func (h *house) confirmLater(p *phone.Phone, waits phone.Answer) phone.Answer {
	h.t.Helper()
	signed, err := p.SignConsent(field[phone.Challenge](h.t, waits, "challenge").Display)
	require.NoError(h.t, err)
	return h.command(p, http.MethodPost, "/v1/transfers/"+field[string](h.t, waits, "transfer")+"/authorization", map[string]string{"authorization": signed}, p.NewID())
}

// to moves a sandbox's clock, over HTTP, and lets the bank do what is due.
func (h *house) to(p *phone.Phone, moment string) {
	h.t.Helper()
	moved := h.command(p, http.MethodPost, "/v1/sandbox/clock", fmt.Appendf(nil, `{"to":%q}`, moment), p.NewID())
	require.Equal(h.t, 200, moved.Status, "%s", moved.Body)
	h.settle()
	h.login(p)
}

func TestATransferOfALaterDay(t *testing.T) {
	t.Parallel()
	inBothWirings(t, ofALaterDay)
}

func ofALaterDay(t *testing.T, h *house) {
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "100.00"), h.account(bert, "")
	order := phone.Order{From: from, To: to, Amount: "12.50", Currency: "EUR", Reference: "rent", ExecuteOn: "2026-03-31"}
	key := anna.NewID()
	waits := h.command(anna, http.MethodPost, "/v1/transfers", order, key)
	require.Equal(t, 202, waits.Status, "%s", waits.Body)
	display := map[string]string{}
	require.NoError(t, json.Unmarshal(field[phone.Challenge](t, waits, "challenge").Display, &display))
	require.Equal(t, []string{"12.50", to, "2026-03-31"}, []string{display["amount"], display["creditor"], display["execute_on"]})
	again := h.command(anna, http.MethodPost, "/v1/transfers", order, key)
	require.Equal(t, string(waits.Body), string(again.Body))
	order.ExecuteOn = "2026-03-30"
	require.Equal(t, "idempotency-key-reused", code(h.command(anna, http.MethodPost, "/v1/transfers", order, key)))
	for says, body := range map[string]string{
		"invalid-execution-date": `"2026-02-28"`, "bad-json": `20260331`,
	} {
		refused := h.command(anna, http.MethodPost, "/v1/transfers", fmt.Appendf(nil, `{"from":%q,"to":%q,"amount":"1.00","currency":"EUR","execute_on":%s}`, from, to, body), anna.NewID())
		require.Equal(t, says, code(refused), "%s", refused.Body)
	}

	agreed := h.confirmLater(anna, waits)
	require.Equal(t, 200, agreed.Status, "%s", agreed.Body)
	require.Equal(t, "scheduled", field[string](t, agreed, "status"))
	require.Equal(t, "sca-failed", code(h.confirmLater(anna, waits)), "once")
	path := "/v1/transfers/" + field[string](t, waits, "transfer")
	require.Equal(t, 404, h.get(bert, path).Status)
	require.Equal(t, 404, h.command(bert, http.MethodPost, path+"/cancellation", nil, bert.NewID()).Status)
	seen := h.get(anna, path)
	require.Equal(t, []string{"scheduled", "2026-03-31", "rent"}, []string{field[string](t, seen, "status"), field[string](t, seen, "execute_on"), field[string](t, seen, "reference")})
	account := h.get(anna, "/v1/accounts/"+from)
	require.Equal(t, []string{"100.00", "0.00"}, []string{field[string](t, account, "available"), field[string](t, account, "held")}, "nothing is held: the day decides")

	withdrawn, uncovered := h.later(anna, from, to, "5.00", "2026-03-20"), h.later(anna, from, to, "99.00", "2026-04-01")
	require.Equal(t, 200, h.confirmLater(anna, withdrawn).Status)
	require.Equal(t, 200, h.confirmLater(anna, uncovered).Status)
	gone := h.command(anna, http.MethodPost, "/v1/transfers/"+field[string](t, withdrawn, "transfer")+"/cancellation", nil, anna.NewID())
	require.Equal(t, []any{200, "cancelled"}, []any{gone.Status, field[string](t, gone, "status")}, "%s", gone.Body)

	list := func(p *phone.Phone, query string) (days []string, next string) {
		answer := h.ask(p, Route{Method: http.MethodGet}, "/v1/scheduled-transfers"+query, "", func(r *phone.Request) { r.Header.Set("Florin-Position", fmt.Sprint(h.head())) })
		require.Equal(t, 200, answer.Status, "%s", answer.Body)
		for _, one := range field[[]struct {
			ExecuteOn string `json:"execute_on"`
			Status    string
			Reference string
		}](t, answer, "transfers") {
			require.Equal(t, []string{"scheduled", "rent"}, []string{one.Status, one.Reference})
			days = append(days, one.ExecuteOn)
		}
		if _, after, more := strings.Cut(answer.Header.Get("Link"), "?"); more {
			next, _, _ = strings.Cut(after, ">")
		}
		return days, next
	}
	first, next := list(anna, "?limit=1")
	require.Equal(t, []string{"2026-03-31"}, first)
	rest, none := list(anna, "?"+next)
	require.Equal(t, []string{"2026-04-01"}, rest, "and not what was withdrawn")
	require.Empty(t, none)
	others, _ := list(bert, "")
	require.Empty(t, others)

	h.to(anna, "2026-03-31T03:59:00Z")
	require.Equal(t, "100.00", h.balance(anna, from))
	h.reopen()
	h.to(anna, "2026-03-31T04:01:00Z") // six o'clock in Berlin
	require.Equal(t, "87.50", h.balance(anna, from))
	h.to(anna, "2026-06-30T12:00:00Z")
	require.Equal(t, "87.50", h.balance(anna, from))
	left, _ := list(anna, "")
	require.Empty(t, left, "all is over")
	done := h.get(anna, path)
	var kinds []string
	for _, step := range field[[]struct{ Kind string }](t, done, "history") {
		kinds = append(kinds, step.Kind)
	}
	require.Equal(t, []string{"transfer.initiated", "transfer.dated", "transfer.assessed", "transfer.challenged", "transfer.authorised", "transfer.scheduled", "transfer.posted"}, kinds)
	require.Equal(t, "transfer-not-cancellable", code(h.command(anna, http.MethodPost, path+"/cancellation", nil, anna.NewID())))
	short := h.get(anna, "/v1/transfers/"+field[string](t, uncovered, "transfer"))
	require.Equal(t, []string{"rejected", "insufficient-funds"}, []string{field[string](t, short, "status"), field[string](t, short, "code")})
	h.login(bert)
	require.Equal(t, "12.50", h.balance(bert, to))
	facts := h.facts(t, "transfer", field[string](t, waits, "transfer"))
	require.Equal(t, []string{"transfer.posted", "system"}, []string{facts[len(facts)-1].Kind, facts[len(facts)-1].Header.ActorType})
	told := templates(h.entries(anna))
	for _, template := range []string{"transfer-challenged", "transfer-scheduled", "transfer-sent", "transfer-rejected"} {
		require.Contains(t, told, template)
	}
	h.sound()
}

// What a lost device asked for and its customer confirmed stays; what still waits goes.
func TestAScheduledTransferOutlivesItsDevice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from, to := h.account(anna, "100.00"), h.account(h.customer("bert"), "")
	other := h.stranger()
	other.Remember(anna.Profile())
	h.login(other)
	agreed, waits := h.later(anna, from, to, "10.00", "2026-03-31"), h.later(anna, from, to, "20.00", "2026-03-31")
	require.Equal(t, 200, h.confirmLater(anna, agreed).Status)
	lost := h.command(other, http.MethodPost, "/v1/devices/"+anna.Profile().Device+"/lost", nil, other.NewID())
	require.Equal(t, 200, lost.Status, "%s", lost.Body)
	h.settle()
	require.Equal(t, "sca-failed", code(h.confirmLater(other, waits)))
	h.to(other, "2026-03-31T12:00:00Z")
	status := func(answer phone.Answer) string {
		return field[string](t, h.get(other, "/v1/transfers/"+field[string](t, answer, "transfer")), "status")
	}
	require.Equal(t, []string{"posted", "cancelled"}, []string{status(agreed), status(waits)})
	require.Equal(t, "90.00", h.balance(other, from))
	require.Contains(t, templates(h.entries(other)), "transfer-dropped", "and its customer is told why")
}
