package projections

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/money"
	"florin/domain/product"
	"florin/domain/terms"
	"florin/eventbus"
)

// offer has the bank define a product twice, and retire another.
func (w *world) offer() {
	saver, gone := product.Of("saver", "EUR"), product.Of("gone", "EUR")
	first := terms.Terms{OverdraftLimit: eur(500), Interest: terms.Interest{Credit: 200, Debit: 900, DayCount: terms.Thirty360},
		Fees: terms.Fees{Monthly: eur(3), Overdraft: eur(5)}, Limits: terms.Limits{Daily: eur(1), Monthly: eur(2), DailyCap: eur(3), MonthlyCap: eur(4)}}
	w.commit(eventbus.Header{}, w.part(saver.Stream(), product.Defined{Product: saver, Code: "saver", Currency: "EUR", Version: 1, Terms: first, At: w.now}))
	w.commit(eventbus.Header{}, w.part(saver.Stream(), product.Defined{Product: saver, Code: "saver", Currency: "EUR", Version: 2, At: w.now}))
	w.commit(eventbus.Header{}, w.part(gone.Stream(), product.Defined{Product: gone, Code: "gone", Currency: "EUR", Version: 1, At: w.now}, product.Retired{Reason: "no-demand", At: w.now}))
}

func TestProducts(t *testing.T) {
	t.Parallel()
	_, r := followed(t)
	require.Equal(t, [][]string{{"gone", "1", "retired", "0", ""}, {"saver", "1", "superseded", "200", "30/360"}, {"saver", "2", "offered", "0", ""}},
		rowsOf(t, r, Analysis{View: "v_products", Columns: []string{"code", "version", "status", "credit_basis_points", "day_count"}, Order: []Order{{Column: "code"}, {Column: "version"}}}))
	versions, err := r.VersionsOf(context.Background(), product.Of("saver", "EUR"))
	require.NoError(t, err)
	require.Len(t, versions, 2)
	require.Equal(t, terms.Terms{}, versions[0].Terms, "no amount has a currency that is not there")
	require.Equal(t, terms.Fees{Monthly: eur(3), Overdraft: eur(5)}, versions[1].Terms.Fees)
	require.Equal(t, terms.Limits{Daily: eur(1), Monthly: eur(2), DailyCap: eur(3), MonthlyCap: eur(4)}, versions[1].Terms.Limits)
	require.True(t, versions[1].Terms.In(money.Currency("EUR")))
	_, err = r.ProductByID(context.Background(), product.Of("nothing", "EUR"))
	require.ErrorIs(t, err, ErrMissing)
}
