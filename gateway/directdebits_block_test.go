package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain/id"
	"florin/gateway/phone"
	"florin/schemas/seal"
)

// collected is a collection as a body.
func collected(c collection) string {
	text, _ := json.Marshal(c) // a struct of strings
	return string(text)
}

// onDebits changes whether anybody may collect from an account.
func (h *house) onDebits(p *phone.Phone, account, act string) phone.Answer {
	h.t.Helper()
	return h.command(p, http.MethodPost, "/v1/accounts/"+account+"/direct-debit-"+act, nil, p.NewID())
}

// Regulation (EU) 260/2012, article 5(3)(d)(iii): whoever pays may block all direct debits.
func TestAllDirectDebitsAreBlocked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from := h.account(anna, "100.00")
	number := h.iban(anna, from)
	rail := h.machine("rail", "payments.operate").login()
	require.Equal(t, 201, h.grants(anna, from, "M-1", "").Status)
	h.collects(rail, collectionOf("TX-1", number, "1.00"), "collected", "")
	require.Equal(t, "direct-debits-not-blocked", code(h.onDebits(anna, from, "allowance")))
	require.Equal(t, 404, h.onDebits(bert, from, "block").Status)
	blocked := h.onDebits(anna, from, "block")
	require.Equal(t, 200, blocked.Status, "%s", blocked.Body)
	require.True(t, field[bool](t, blocked, "direct_debits_blocked"))
	require.True(t, field[bool](t, h.fresh(anna, "/v1/accounts/"+from), "direct_debits_blocked"))
	require.Equal(t, "direct-debits-blocked", code(h.onDebits(anna, from, "block")))
	h.collects(rail, collectionOf("TX-2", number, "1.00"), "refused", "MS02")
	other := collectionOf("TX-3", number, "1.00")
	other.Creditor, other.Mandate = "DE98ABC09999999999", "M-9"
	h.collects(rail, other, "refused", "MS02")
	h.reopen()
	h.collects(rail, collectionOf("TX-4", number, "1.00"), "refused", "MS02")
	require.Equal(t, 404, h.onDebits(bert, from, "allowance").Status)
	allowed := h.onDebits(anna, from, "allowance")
	require.Equal(t, 200, allowed.Status, "%s", allowed.Body)
	require.NotContains(t, string(h.fresh(anna, "/v1/accounts/"+from).Body), "direct_debits_blocked")
	h.collects(rail, collectionOf("TX-5", number, "1.00"), "collected", "")
	require.Equal(t, "98.00", h.balance(anna, from))
	h.works()
	told := templates(h.entries(anna))
	require.True(t, slices.Contains(told, "direct-debits-blocked") && slices.Contains(told, "direct-debits-allowed"), "%v", told)

	h.pass(6 * time.Minute)
	require.NoError(t, anna.Refresh(t.Context()))
	require.Equal(t, 200, h.onDebits(anna, from, "block").Status, "narrowing never takes strong authentication")
	require.Equal(t, 401, h.onDebits(anna, from, "allowance").Status, "widening does")
}

// Nobody collects from who has died.
func TestNothingIsCollectedFromTheDead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from := h.account(anna, "100.00")
	number := h.iban(anna, from)
	rail := h.machine("rail", "payments.operate").login()
	h.collects(rail, collectionOf("TX-1", number, "1.00"), "collected", "")
	who, err := id.Parse[id.Customer](anna.Profile().Customer)
	require.NoError(t, err)
	order := commands.SystemOrder("test", uuid.New(), "desk", h.now(), seal.Subject{})
	order.Intent = nil
	_, err = h.bank.Customers().ReportDeath(context.Background(), order, who)
	require.NoError(t, err)
	h.collects(rail, collectionOf("TX-2", number, "1.00"), "refused", "MD07")
	h.collects(rail, collectionOf("TX-3", number, "1000.00"), "refused", "MD07")
	h.freeze(from)
	h.collects(rail, collectionOf("TX-4", number, "1.00"), "refused", "AC06")
	h.railBooks(0, 100, 0)
}
