package gateway

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// product has an operator define one.
func (h *house) product(desk *phone.Phone, body string) string {
	h.t.Helper()
	made := h.ask(desk, Route{Method: http.MethodPost, Keyed: true}, "/v1/products", body, nil)
	require.Equal(h.t, 201, made.Status, "%s", made.Body)
	return field[string](h.t, made, "product")
}

func (h *house) retire(desk *phone.Phone, product string) phone.Answer {
	h.t.Helper()
	return h.ask(desk, Route{Method: http.MethodPost, Keyed: true}, "/v1/products/"+product+"/retirement", `{"reason":"no-demand"}`, nil)
}

type shownProduct struct {
	Product, Code, Status string
	Versions              []struct {
		Version int64
		Terms   map[string]any
	}
}

func (h *house) products(p *phone.Phone) (list struct {
	Products []shownProduct
	Standard []string
}) {
	h.t.Helper()
	return read[struct {
		Products []shownProduct
		Standard []string
	}](h.t, h.get(p, "/v1/products"))
}

const giro = `{"code":"giro","currency":"EUR","overdraft_limit":"500.00","interest":{"credit_basis_points":10,"debit_basis_points":900,"day_count":"30/360"},` +
	`"fees":{"monthly":"3.90","overdraft":"5.00"},"limits":{"daily":"100.00","daily_cap":"1000.00"},"reason":"new-offer"}`

func TestProductsAreData(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, desk := h.customer("anna"), h.machine("desk", "config.write").login()
	open := func(product, currency string) phone.Answer {
		return h.command(anna, http.MethodPost, "/v1/accounts", map[string]string{"currency": currency, "product": product}, anna.NewID())
	}
	require.Equal(t, []string{"current", "savings"}, h.products(anna).Standard)
	require.Equal(t, "unknown-product", code(open("giro", "EUR")))
	of := h.product(desk, giro)
	first := open("giro", "EUR")
	require.Equal(t, 201, first.Status, "%s", first.Body)
	require.Equal(t, int64(1), field[int64](t, first, "product_version"))
	require.Equal(t, "500.00", field[string](t, first, "available"))
	require.Equal(t, map[string]string{"daily": "100.00", "daily_cap": "1000.00", "overdraft": "500.00", "time_zone": "Europe/Berlin"}, field[map[string]string](t, first, "limits"))
	require.Equal(t, "unknown-product", code(open("giro", "USD")), "a product has one currency")

	h.product(desk, `{"code":"giro","currency":"EUR","reason":"simpler"}`)
	second := open("giro", "EUR")
	require.Equal(t, int64(2), field[int64](t, second, "product_version"))
	require.Equal(t, "0.00", field[string](t, second, "available"))
	kept := h.get(anna, "/v1/accounts/"+field[string](t, first, "account"))
	require.Equal(t, "500.00", field[string](t, kept, "available"), "an account keeps its version")
	require.Equal(t, int64(1), field[int64](t, kept, "product_version"))

	shown := h.products(anna).Products
	require.Len(t, shown, 1)
	require.Equal(t, "offered", shown[0].Status)
	require.Equal(t, map[string]any{"code": "giro", "currency": "EUR", "overdraft_limit": "500.00", "credit_basis_points": 10., "debit_basis_points": 900., "day_count": "30/360",
		"monthly_fee": "3.90", "overdraft_fee": "5.00", "daily_limit": "100.00", "daily_cap": "1000.00"}, shown[0].Versions[1].Terms)
	require.Equal(t, shown[0], read[shownProduct](t, h.get(desk, "/v1/products/"+of)))

	require.Equal(t, 200, h.retire(desk, of).Status)
	require.Equal(t, "product-retired", code(h.retire(desk, of)))
	require.Equal(t, "product-retired", code(open("giro", "EUR")))
	require.Equal(t, "open", field[string](t, h.get(anna, "/v1/accounts/"+field[string](t, second, "account")), "status"))
	require.Equal(t, "retired", h.products(anna).Products[0].Status)

	h.product(desk, `{"code":"current","currency":"EUR","fees":{"monthly":"1.00"},"reason":"new-terms"}`)
	named := open("", "EUR")
	require.Equal(t, []any{"current", int64(1)}, []any{field[string](t, named, "product"), field[int64](t, named, "product_version")}, "what nobody had to name can be data too")
	require.NotContains(t, string(open("", "USD").Body), "product_version", "where it is not, nothing has changed")
	h.reopen()
	h.login(anna)
	require.Len(t, h.products(anna).Products, 2)
}

func TestWhatIsNoProduct(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	desk := h.machine("desk", "config.write").login()
	for body, want := range map[string]string{
		`{"code":"Giro","currency":"EUR","reason":"x"}`:                                                                "invalid-product",
		`{"code":"giro","currency":"XXX","reason":"x"}`:                                                                "invalid-product",
		`{"code":"giro","currency":"EUR","reason":"Because"}`:                                                          "invalid-reason",
		`{"code":"giro","currency":"EUR"}`:                                                                             "missing-field",
		`{"code":"giro","currency":"EUR","fees":{"monthly":"1"},"reason":"x"}`:                                         "invalid-amount",
		`{"code":"giro","currency":"EUR","fees":{"monthly":1},"reason":"x"}`:                                           "invalid-amount",
		`{"code":"giro","currency":"EUR","fees":{"monthly":"-1.00"},"reason":"x"}`:                                     "invalid-product",
		`{"code":"giro","currency":"EUR","fees":{"yearly":"1.00"},"reason":"x"}`:                                       "unknown-field",
		`{"code":"giro","currency":"EUR","interest":{"credit_basis_points":1},"reason":"x"}`:                           "invalid-product",
		`{"code":"giro","currency":"EUR","interest":{"credit_basis_points":1,"day_count":"act/act"},"reason":"x"}`:     "invalid-product",
		`{"code":"giro","currency":"EUR","interest":{"credit_basis_points":1.5,"day_count":"act/365"},"reason":"x"}`:   "bad-json",
		`{"code":"giro","currency":"EUR","interest":{"credit_basis_points":10001,"day_count":"act/365"},"reason":"x"}`: "invalid-product",
		`{"code":"giro","currency":"EUR","limits":{"daily":"2.00","daily_cap":"1.00"},"reason":"x"}`:                   "invalid-product",
		`{"code":"giro","currency":"EUR","overdraft_limit":"90071992547409.92","reason":"x"}`:                          "invalid-amount",
	} {
		answer := h.ask(desk, Route{Method: http.MethodPost, Keyed: true}, "/v1/products", body, nil)
		require.Equal(t, want, code(answer), "%s: %s", body, answer.Body)
	}
	require.Equal(t, "not-found", code(h.retire(desk, "prd_00000000-0000-8000-8000-000000000001")))
	h.product(desk, giro)
	require.Equal(t, "product-unchanged", code(h.ask(desk, Route{Method: http.MethodPost, Keyed: true}, "/v1/products", giro, nil)))
}

// In production what the bank offers takes two, and both are shown what they agree to.
func TestProductsTakeTwo(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	olga, otto := h.person("olga", "platform"), h.person("otto", "platform")
	asked := h.ask(olga, Route{Method: http.MethodPost, Keyed: true}, "/v1/products", giro, nil)
	require.Equal(t, 202, asked.Status, "%s", asked.Body)
	made := field[string](t, asked, "proposal")
	require.Empty(t, h.products(otto).Products)
	details := field[struct{ Product map[string]any }](t, h.get(otto, "/v1/operators/proposals/"+made), "details")
	require.Equal(t, "3.90", details.Product["monthly_fee"])
	require.Equal(t, "proposal-own", code(h.approve(olga, made)))
	require.Equal(t, "insufficient-scope", code(h.approve(h.person("tess", "teller"), made)))
	require.Equal(t, 200, h.approve(otto, made).Status)
	require.Equal(t, "offered", h.products(otto).Products[0].Status)
	require.Equal(t, "product-unchanged", code(h.ask(otto, Route{Method: http.MethodPost, Keyed: true}, "/v1/products", giro, nil)), "nobody proposes what is done")

	ends := h.retire(otto, h.products(otto).Products[0].Product)
	require.Equal(t, 202, ends.Status, "%s", ends.Body)
	require.Equal(t, 200, h.approve(olga, field[string](t, ends, "proposal")).Status)
	require.Equal(t, "retired", h.products(olga).Products[0].Status)
	bare := h.ask(olga, Route{Method: http.MethodPost, Keyed: true}, "/v1/operators/proposals", `{"kind":"product-definition","details":{},"reason":"x"}`, nil)
	require.Equal(t, "proposal-details-invalid", code(bare), "a product is proposed where products are")
}
