package gateway

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

func TestAnAccountIsMovedToNewTerms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, desk := h.customer("anna"), h.machine("desk", "config.write", "customers.manage").login()
	h.product(desk, giro)
	account := field[string](t, h.command(anna, http.MethodPost, "/v1/accounts", []byte(`{"currency":"EUR","product":"giro"}`), "k"), "account")
	h.product(desk, `{"code":"giro","currency":"EUR","overdraft_limit":"600.00","reason":"better"}`) // interest is gone: worse
	h.product(desk, `{"code":"giro","currency":"EUR","overdraft_limit":"700.00","interest":{"credit_basis_points":10,"debit_basis_points":800,"day_count":"30/360"},"reason":"best"}`)
	move := func(p *phone.Phone, version int, reason string) phone.Answer {
		return h.ask(p, Route{Method: http.MethodPost, Keyed: true}, "/v1/accounts/"+account+"/terms", fmt.Sprintf(`{"version":%d,"reason":%q}`, version, reason), nil)
	}
	type terms struct {
		Version int64
		From    string
		Worse   bool
	}
	worse := move(desk, 2, "new-offer")
	require.Equal(t, 200, worse.Status, "%s", worse.Body)
	require.Equal(t, terms{2, "2026-06-01", true}, read[terms](t, worse), "told in March: April and May are the two months")
	shown := h.get(anna, "/v1/accounts/"+account)
	require.Contains(t, string(shown.Body), `"next_terms":{"product_version":2,"from":"2026-06-01"}`)
	require.Equal(t, terms{2, "", false}, read[terms](t, move(desk, 1, "customer-objected")))
	require.NotContains(t, string(h.get(anna, "/v1/accounts/"+account).Body), "next_terms")
	require.Equal(t, terms{3, "2026-04-01", false}, read[terms](t, move(desk, 3, "new-offer")), "better terms need no notice")
	require.Len(t, h.told("account-terms-announced"), 2*2, "by e-mail and SMS")
	require.Equal(t, "account-terms-announced", h.entries(anna)[0].Template)
	for version, want := range map[int]string{3: "terms-unchanged", 9: "product-version-unknown"} {
		require.Equal(t, want, code(move(desk, version, "x")), version)
	}
	require.Equal(t, "invalid-reason", code(move(desk, 2, "No!")))
	require.Equal(t, 403, move(anna, 2, "x").Status, "nobody moves an account of their own")
	plain := h.account(anna, "")
	account, plain = plain, account
	require.Equal(t, "product-without-versions", code(move(desk, 1, "x")))
	account = plain
	h.months(anna, false, 33)
	moved := h.get(anna, "/v1/accounts/"+account)
	require.Equal(t, int64(3), field[int64](t, moved, "product_version"))
	require.Contains(t, string(moved.Body), `"overdraft":"700.00"`)
	require.NotContains(t, string(moved.Body), "next_terms")
	h.sound()
}
