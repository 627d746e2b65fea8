package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/gateway/phone"
)

// chart checks what accounts of the bank's own books have, in cents.
func (h *house) chart(want map[account.Chart]int64) {
	h.t.Helper()
	ledger := h.sound()
	for chart, minor := range want {
		has, _, _ := ledger.Balance(chart.In("EUR"))
		require.Equal(h.t, minor, has.Minor, "%s", chart)
	}
}

// lying is the posting that moved such an account last, as an operator finds it.
func (h *house) lying(analyst *phone.Phone, chart account.Chart) (kind, posting string) {
	h.t.Helper()
	answer := h.get(analyst, "/v1/analytics/v_transactions?columns=posting&order=-position&limit=1&account="+chart.In("EUR").String())
	require.Equal(h.t, 200, answer.Status, "%s", answer.Body)
	for kind, prefix := range map[string]string{"journal": "jrn_", "transfer": "trf_"} {
		if _, after, ok := strings.Cut(string(answer.Body), `"`+kind+`/`); ok {
			return kind, prefix + after[:36]
		}
	}
	h.t.Fatalf("no posting in %s", answer.Body)
	return "", ""
}

func cleared(kind, posting, amount, more string) string {
	return fmt.Sprintf(`{%q:%q,"amount":%q,"currency":"EUR"%s}`, kind, posting, amount, more)
}

// refundedToClosed is a shop's refund of ten euros to an account that is closed by then.
func (h *house) refundedToClosed(p *phone.Phone, account string) {
	h.t.Helper()
	network := h.machine("network", "cards.network").login()
	bought, ten := h.authorised(network, h.card(p, account), "10.00"), map[string]any{"amount": "10.00", "currency": "EUR"}
	require.NoError(h.t, h.shop(network, "/"+bought+"/capture", ten).OK())
	h.close(account)
	require.NoError(h.t, h.shop(network, "/"+bought+"/refund", ten).OK())
}

// What lies in suspense leaves it by two operators: to whom it belongs, once, as a
// whole, and nothing else leaves with it.
func TestSuspenseIsClearedByTwo(t *testing.T) {
	t.Parallel()
	h := newHouse(t) // production takes two alike, but its cards are long on their way
	ada, bob, analyst := h.person("ada", "teller"), h.person("bob", "teller"), h.person("ann", "analyst")
	anna := h.customer("anna")
	old, own := h.account(anna, ""), h.account(anna, "")
	h.login(ada)
	paid := h.command(ada, http.MethodPost, "/v1/deposits", map[string]string{"to": old, "amount": "10.00", "currency": "EUR", "reason": "cash-at-counter"}, ada.NewID())
	require.Equal(t, 201, paid.Status, "%s", paid.Body)
	h.refundedToClosed(anna, old)
	h.chart(map[account.Chart]int64{account.Suspense: 1000, account.OtherIncome: 0})
	kind, posting := h.lying(analyst, account.Suspense)
	require.Equal(t, "journal", kind)
	to := fmt.Sprintf(`,"account":%q`, own)

	for name, wrong := range map[string][2]string{
		"more than lies there":         {"clearing-amount", cleared(kind, posting, "10.01", to)},
		"a part of it":                 {"clearing-amount", cleared(kind, posting, "9.99", to)},
		"in another currency":          {"clearing-nothing", fmt.Sprintf(`{"journal":%q,"amount":"10.00","currency":"USD"}`, posting)},
		"by a posting that is none":    {"clearing-nothing", cleared(kind, "jrn_"+uuid.NewString(), "10.00", to)},
		"by one that went elsewhere":   {"clearing-nothing", cleared(kind, field[string](t, paid, "journal"), "10.00", to)},
		"to a closed account":          {"account-closed", cleared(kind, posting, "10.00", fmt.Sprintf(`,"account":%q`, old))},
		"to an account that is none":   {"not-found", cleared(kind, posting, "10.00", `,"account":"acc_`+uuid.NewString()+`"`)},
		"to an account of the bank":    {"not-found", cleared(kind, posting, "10.00", fmt.Sprintf(`,"account":%q`, account.FeesIncome.In("EUR")))},
		"without an amount":            {"proposal-details-invalid", fmt.Sprintf(`{"journal":%q}`, posting)},
		"without a posting":            {"proposal-details-invalid", `{"amount":"10.00","currency":"EUR"}`},
		"with a text":                  {"proposal-details-invalid", cleared(kind, posting, "10.00", `,"reference":"x"`)},
		"of an amount that is no such": {"invalid-amount", cleared(kind, posting, "10.0", to)},
	} {
		before := h.written()
		require.Equal(t, wrong[0], code(h.propose(ada, "suspense-clearing", wrong[1])), name)
		require.Equal(t, before, h.written(), name)
	}
	require.Equal(t, "clearing-nothing", code(h.propose(ada, "receivable-write-off", cleared(kind, posting, "10.00", ""))), "it is owed by nobody")
	require.Equal(t, "insufficient-scope", code(h.propose(h.person("eve", "advisor"), "suspense-clearing", cleared(kind, posting, "10.00", to))))

	asked, second := h.proposed(ada, "suspense-clearing", cleared(kind, posting, "10.00", to)), h.proposed(ada, "suspense-clearing", cleared(kind, posting, "10.00", ""))
	require.Equal(t, "proposal-own", code(h.approve(ada, asked)), "nobody does it alone")
	h.chart(map[account.Chart]int64{account.Suspense: 1000})
	require.Contains(t, string(h.proposal(bob, asked).Body), posting, "the second pair of eyes sees what it decides on")
	h.login(bob)
	key := bob.NewID()
	path := "/v1/operators/proposals/" + asked + "/approval"
	done, again := h.command(bob, http.MethodPost, path, map[string]any{}, key), h.command(bob, http.MethodPost, path, map[string]any{}, key)
	require.Equal(t, 200, done.Status, "%s", done.Body)
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	require.Equal(t, string(done.Body), string(again.Body))
	require.Contains(t, field[string](t, done, "journal"), "jrn_")
	require.Equal(t, "clearing-done", code(h.approve(bob, second)), "not twice, by whatever proposal")
	require.Equal(t, "clearing-done", code(h.propose(ada, "suspense-clearing", cleared(kind, posting, "10.00", ""))))
	h.chart(map[account.Chart]int64{account.Suspense: 0, account.OtherIncome: 0})
	h.login(anna)
	require.Equal(t, "10.00", h.balance(anna, own))
	require.Contains(t, string(h.get(anna, "/v1/accounts/"+own+"/transactions").Body), `"purpose":"clearing"`)
}

// What nobody claims becomes the bank's income, and what nobody will pay its loss.
func TestWhatNobodyClaimsOrPaysIsBookedAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada, bob, analyst := h.person("ada", "teller"), h.person("bob", "teller"), h.person("ann", "analyst")
	anna, bert := h.customer("anna"), h.customer("bert")
	old, from, to, spent := h.account(anna, "10.00"), h.account(anna, "100.00"), h.account(bert, ""), h.account(bert, "")
	h.refundedToClosed(anna, old)
	kind, posting := h.lying(analyst, account.Suspense)
	h.login(ada)
	asked := h.proposed(ada, "suspense-clearing", cleared(kind, posting, "10.00", ""))
	require.Equal(t, "proposal-own", code(h.approve(ada, asked)), "nor in a sandbox")
	require.Equal(t, 200, h.approve(bob, asked).Status)
	h.chart(map[account.Chart]int64{account.Suspense: 0, account.OtherIncome: 1000})

	paid := h.transfer(anna, from, to, "30.00")
	h.login(bert)
	h.transfer(bert, to, spent, "25.00")
	reversed := h.command(h.operator("ledger.reverse").login(), http.MethodPost, "/v1/transfers/"+paid+"/reversal", map[string]string{"reason": "sent-twice"}, "k")
	require.NoError(t, reversed.OK())
	h.chart(map[account.Chart]int64{account.Receivables: -2500})
	kind, posting = h.lying(analyst, account.Receivables)
	require.Equal(t, "transfer", kind)
	h.login(ada)
	h.login(bob)
	for name, wrong := range map[string][2]string{
		"more than is owed":     {"clearing-amount", cleared(kind, posting, "30.00", "")},
		"by the first transfer": {"clearing-nothing", cleared(kind, paid, "25.00", "")},
		"in favour of somebody": {"proposal-details-invalid", cleared(kind, posting, "25.00", fmt.Sprintf(`,"account":%q`, to))},
	} {
		require.Equal(t, wrong[0], code(h.propose(ada, "receivable-write-off", wrong[1])), name)
	}
	require.Equal(t, "clearing-nothing", code(h.propose(ada, "suspense-clearing", cleared(kind, posting, "25.00", ""))), "nothing of it is in suspense")
	asked = h.proposed(ada, "receivable-write-off", cleared(kind, posting, "25.00", ""))
	done := h.approve(bob, asked)
	require.Equal(t, 200, done.Status, "%s", done.Body)
	h.chart(map[account.Chart]int64{account.Receivables: 0, account.WriteOff: -2500})
	require.Equal(t, "clearing-done", code(h.propose(ada, "receivable-write-off", cleared(kind, posting, "25.00", ""))))
	lost := field[string](t, done, "journal")
	require.Equal(t, "clearing-nothing", code(h.propose(ada, "receivable-write-off", cleared("journal", lost, "25.00", ""))), "what cleared something is cleared by nothing")
}

// What goes back to another bank by itself is not cleared meanwhile: it would be paid twice.
func TestWhatGoesBackByItselfIsNotCleared(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada, analyst := h.person("ada", "teller"), h.person("ann", "analyst")
	h.arrival(h.machine("rail", "payments.operate").login(), arrivalOf("TX-1", foreign, "8.00"), "suspended")
	answer := h.get(analyst, "/v1/analytics/v_transactions?columns=posting&purpose=incoming_payment&limit=1&account="+account.Suspense.In("EUR").String())
	_, after, ok := strings.Cut(string(answer.Body), `"journal/`)
	require.True(t, ok, "%s", answer.Body)
	require.Equal(t, "clearing-awaited", code(h.propose(ada, "suspense-clearing", cleared("journal", "jrn_"+after[:36], "8.00", ""))))
}
