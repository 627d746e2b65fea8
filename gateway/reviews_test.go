package gateway

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// suspicious is the amount that the house's policy has a person look at.
const suspicious = "777.77"

// looksSuspicious asks for a transfer that risk holds, and confirms it.
func (h *house) looksSuspicious(p *phone.Phone, from, to string) (transfer string) {
	h.t.Helper()
	waits := h.command(p, http.MethodPost, "/v1/transfers", phone.Order{From: from, To: to, Amount: suspicious, Currency: "EUR"}, p.NewID())
	require.Equal(h.t, []any{202, "challenged"}, []any{waits.Status, field[string](h.t, waits, "status")}, "%s", waits.Body)
	confirmed := h.confirmLater(p, waits)
	require.Equal(h.t, []any{202, "held"}, []any{confirmed.Status, field[string](h.t, confirmed, "status")}, "%s", confirmed.Body)
	return field[string](h.t, confirmed, "transfer")
}

type shownReview struct {
	ID, Status, Code, Customer, Account, Decision string
	Hundredths                                    int64
	Reasons                                       []string
	Decider                                       string `json:"decided_by"`
}

func (h *house) reviews(desk *phone.Phone, query string) (ids []string) {
	h.t.Helper()
	for _, one := range read[struct{ Reviews []shownReview }](h.t, h.get(desk, "/v1/risk/reviews"+query)).Reviews {
		ids = append(ids, one.ID)
	}
	return ids
}

func TestWhatRiskHoldsWaitsForAPerson(t *testing.T) {
	t.Parallel()
	inBothWirings(t, heldForAPerson)
}

func heldForAPerson(t *testing.T, h *house) {
	desk, clerk := h.machine("desk", "risk.read", "risk.write").login(), h.machine("clerk", "risk.read").login()
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "30000.00"), h.account(bert, "")
	released, refused, withdrawn := h.looksSuspicious(anna, from, to), h.looksSuspicious(anna, from, to), h.looksSuspicious(anna, from, to)
	require.Equal(t, "30000.00", h.balance(anna, from))
	require.Equal(t, "27666.69", field[string](t, h.fresh(anna, "/v1/accounts/"+from), "available"))
	seen := h.fresh(anna, "/v1/transfers/"+released)
	require.Equal(t, "held", field[string](t, seen, "status"))

	require.Equal(t, []string{released, refused, withdrawn}, h.reviews(desk, ""))
	require.Equal(t, []string{released}, h.reviews(desk, "?limit=1"))
	one := read[shownReview](t, h.get(desk, "/v1/risk/reviews/"+released))
	require.Equal(t, []any{"waiting", anna.Profile().Customer, from, int64(77_777), []string{"amount-over-limit"}}, []any{one.Status, one.Customer, one.Account, one.Hundredths, one.Reasons})
	require.Equal(t, "hold", read[shownDecision](t, h.get(desk, "/v1/risk/decisions/"+one.Decision)).Effect)

	word := func(p *phone.Phone, of, verb string, body any) phone.Answer {
		return h.command(p, http.MethodPost, "/v1/risk/reviews/"+of+"/"+verb, body, p.NewID())
	}
	because := map[string]string{"reason": "customer-called"}
	require.Equal(t, 403, word(clerk, released, "release", because).Status)
	require.Equal(t, 403, word(anna, released, "release", because).Status)
	require.Equal(t, 404, word(desk, "tra_00000000-0000-4000-8000-000000000001", "release", because).Status)
	require.Equal(t, 404, word(desk, from, "release", because).Status)
	require.Equal(t, 422, word(desk, released, "release", map[string]string{"reason": "Not A Code"}).Status)
	require.Equal(t, "0.00", h.balance(bert, to))

	key := desk.NewID()
	done := h.command(desk, http.MethodPost, "/v1/risk/reviews/"+released+"/release", because, key)
	require.Equal(t, []any{200, "posted"}, []any{done.Status, field[string](t, done, "status")}, "%s", done.Body)
	require.Equal(t, string(done.Body), string(h.command(desk, http.MethodPost, "/v1/risk/reviews/"+released+"/release", because, key).Body))
	require.Equal(t, "review-over", code(word(desk, released, "refusal", because)))
	done = word(desk, refused, "refusal", map[string]string{"reason": "mule"})
	require.Equal(t, []any{200, "rejected", "review-refused"}, []any{done.Status, field[string](t, done, "status"), field[string](t, done, "code")}, "%s", done.Body)
	gone := h.command(anna, http.MethodPost, "/v1/transfers/"+withdrawn+"/cancellation", nil, anna.NewID())
	require.Equal(t, 200, gone.Status, "%s", gone.Body)
	require.Equal(t, suspicious, h.balance(bert, to))
	require.Equal(t, "29222.23", field[string](t, h.fresh(anna, "/v1/accounts/"+from), "available"))
	require.Empty(t, h.reviews(desk, ""))
	for status, of := range map[string]string{"released": released, "refused": refused, "ended": withdrawn} {
		require.Equal(t, []string{of}, h.reviews(desk, "?status="+status))
	}
	one = read[shownReview](t, h.get(desk, "/v1/risk/reviews/"+refused))
	require.Equal(t, "review-refused", one.Code)
	require.Equal(t, 400, h.get(desk, "/v1/risk/reviews?status=held").Status)
	require.Equal(t, 404, h.get(desk, "/v1/risk/reviews/"+h.transfer(anna, from, to, "1.00")).Status, "nobody held that")
}

func TestALimitIsLifted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	desk, clerk := h.machine("desk", "risk.read", "risk.write").login(), h.machine("clerk", "risk.read").login()
	file := strings.NewReplacer("amount == 77777", "amount == 88888", "outcome: hold", "outcome: limit",
		"examples:", "ladder: [{from: -20000, at_most: 90000, hours: 24}]\nexamples:").Replace(policyNamed(t, "limiting"))
	done := h.put(desk, map[string]any{"role": "live", "policy": file, "reason": "tuned"})
	require.Equal(t, 200, done.Status, "%s", done.Body)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "20000.00"), h.account(bert, "")
	send := func(amount string) phone.Answer {
		return h.command(anna, http.MethodPost, "/v1/transfers", phone.Order{From: from, To: to, Amount: amount, Currency: "EUR"}, anna.NewID())
	}
	require.Equal(t, 201, send("1.00").Status)
	limited := h.transfer(anna, from, to, "888.88")
	require.Equal(t, []any{422, "sending-limited"}, []any{send("20.00").Status, code(send("20.00"))}, "what was sent before counts")
	said := h.decisions(desk, "?about="+limited)[0]
	require.Equal(t, []string{"limit", "limit"}, []string{said.Outcome, said.Effect})
	limit := field[struct {
		AtMost int64 `json:"at_most"`
		Hours  int64
	}](t, h.get(desk, "/v1/risk/decisions/"+said.Decision), "limit")
	require.EqualValues(t, []int64{90_000, 24}, []int64{limit.AtMost, limit.Hours})
	lift := func(p *phone.Phone, reason string) phone.Answer {
		return h.command(p, http.MethodPost, "/v1/customers/"+anna.Profile().Customer+"/sending-limit/lifting", map[string]string{"reason": reason}, p.NewID())
	}
	require.Equal(t, 403, lift(clerk, "called").Status)
	require.Equal(t, 403, lift(anna, "called").Status)
	require.Equal(t, 422, lift(desk, "Called Us").Status)
	require.Equal(t, 200, lift(desk, "customer-called").Status)
	require.Equal(t, "sending-not-limited", code(lift(desk, "customer-called")))
	require.Equal(t, 201, send("20.00").Status)
}
