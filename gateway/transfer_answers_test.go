package gateway

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain/id"
	"florin/schemas/seal"
)

// The table of POST /v1/transfers: each rule says no in its own word, for ever under
// the same key, and moves nothing.
func TestATransferIsRefusedByTheRuleThatSaysNo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from, to := h.account(anna, "90000.00"), h.account(h.customer("bert"), "")
	dollars, err := anna.OpenAccount(t.Context(), "USD")
	require.NoError(t, err)
	frozen, closed := h.account(anna, "10.00"), h.account(anna, "")
	change := func(verb func(context.Context, commands.Order, id.Account, string) (commands.AccountAnswer, commands.Outcome, error), named string) {
		t.Helper()
		account, err := id.Parse[id.Account](named)
		require.NoError(t, err)
		order := commands.SystemOrder("test", uuid.New(), "operator", h.now(), seal.Subject{})
		order.Intent = nil
		_, _, err = verb(t.Context(), order, account, "court-order")
		require.NoError(t, err)
	}
	change(h.bank.Accounts().Freeze, frozen)
	change(h.bank.Accounts().Close, closed)

	for _, tc := range []struct{ name, from, to, amount, code string }{
		{"from somebody else's account", to, from, "1.00", "not-found"},
		{"more than the account holds", frozen, to, "1.00", "account-frozen"},
		{"from a closed account", closed, to, "1.00", "account-closed"},
		{"to a closed account", from, closed, "1.00", "account-closed"},
		{"to another currency", from, dollars, "1.00", "currency-mismatch"},
		{"to itself", from, from, "1.00", "transfer-same-account"},
		{"more than a day's limit", from, to, "10000.01", "limit-exceeded"},
		{"more than is there", from, to, "90000.01", "insufficient-funds"},
	} {
		key, head := anna.NewID(), h.written()
		first := h.command(anna, http.MethodPost, "/v1/transfers", order(tc.from, tc.to, tc.amount), key)
		require.Equal(t, tc.code, code(first), "%s: %d %s", tc.name, first.Status, first.Body)
		require.Equal(t, map[bool]int{true: 404, false: 422}[tc.code == "not-found"], first.Status, tc.name)
		if tc.code != "not-found" {
			require.Greater(t, h.written(), head, "a refusal by a rule is a fact")
		}
		again := h.command(anna, http.MethodPost, "/v1/transfers", order(tc.from, tc.to, tc.amount), key)
		require.Equal(t, tc.code, code(again), tc.name)
	}
	require.Equal(t, "90000.00", field[string](t, h.get(anna, "/v1/accounts/"+from), "balance"))
}

func TestAPositionAboveTheHeadIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	for {
		request, err := anna.Prepare(http.MethodGet, "/v1/accounts", nil, "")
		require.NoError(t, err)
		request.Header.Set("Florin-Position", "1000000")
		answer, err := anna.Send(t.Context(), request)
		require.NoError(t, err)
		if code(answer) == "use-dpop-nonce" {
			continue
		}
		require.Equal(t, 400, answer.Status, "%s", answer.Body)
		require.Equal(t, "position-ahead", code(answer))
		return
	}
}
