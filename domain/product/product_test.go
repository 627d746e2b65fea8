package product_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/domaintest"
	"florin/domain/money"
	"florin/domain/product"
	"florin/domain/terms"
)

var (
	at      = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	saver   = product.Of("saver", "EUR")
	two     = terms.Terms{Interest: terms.Interest{Credit: 200, DayCount: terms.Actual365}}
	one     = terms.Terms{Interest: terms.Interest{Credit: 100, DayCount: terms.Actual365}}
	defined = product.Defined{Product: saver, Code: "saver", Currency: "EUR", Version: 1, Terms: two, At: at}
	retired = product.Retired{Reason: "no-demand", At: at}
)

func define(t terms.Terms) product.Define {
	return product.Define{Code: "saver", Currency: "EUR", Terms: t, At: at}
}

func TestProducts(t *testing.T) {
	t.Parallel()
	full := make([]product.Event, product.VersionsMax)
	for i := range full {
		full[i] = defined
	}
	again := defined
	again.Version, again.Terms = 2, one
	dollars := define(two)
	dollars.Terms.Fees.Monthly = money.Amount{Minor: 1, Currency: "USD"}
	type given = []product.Event
	domaintest.Run[product.State](t, []domaintest.Case[product.Command, product.Event]{
		{Name: "the bank offers a new product", When: define(two), Then: given{defined}},
		{Name: "other terms are the next version", Given: given{defined}, When: define(one), Then: given{again}},
		{Name: "a product ends", Given: given{defined}, When: product.Retire{Reason: "no-demand", At: at}, Then: given{retired}},
		{Name: "a product is offered again on the terms it had", Given: given{defined, retired}, When: define(two),
			Then: given{product.Defined{Product: saver, Code: "saver", Currency: "EUR", Version: 2, Terms: two, At: at}}},
		{Name: "the same terms are no version", Given: given{defined}, When: define(two), Refused: product.ErrSame},
		{Name: "a code is no text", When: product.Define{Code: "Saver!", Currency: "EUR", At: at}, Refused: product.ErrInvalid},
		{Name: "a product has a currency", When: product.Define{Code: "saver", Currency: "XXX", At: at}, Refused: product.ErrInvalid},
		{Name: "and its amounts have the same", When: dollars, Refused: product.ErrInvalid},
		{Name: "versions are bounded", Given: full, When: define(one), Refused: product.ErrVersions},
		{Name: "what is not there does not end", When: product.Retire{Reason: "no-demand", At: at}, Refused: product.ErrMissing},
		{Name: "nor does anything end twice", Given: given{defined, retired}, When: product.Retire{Reason: "no-demand", At: at}, Refused: product.ErrRetired},
		{Name: "nor without a reason", Given: given{defined}, When: product.Retire{Reason: "No demand", At: at}, Refused: product.ErrReason},
	})
}

func TestVersionsNeverChange(t *testing.T) {
	t.Parallel()
	var state product.State
	_, known := state.Terms(1)
	require.False(t, known)
	state = state.Evolve(defined)
	before := state
	state = state.Evolve(product.Defined{Product: saver, Code: "saver", Currency: "EUR", Version: 2, Terms: one, At: at}).Evolve(retired)
	first, known := state.Terms(1)
	require.True(t, known)
	require.Equal(t, two, first)
	second, _ := state.Terms(2)
	require.Equal(t, one, second)
	require.Len(t, before.Versions, 1)
	_, known = state.Terms(3)
	require.False(t, known)
}
