package money_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/domain/money"
)

func eur(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text     string
		currency money.Currency
		minor    int64
		err      error
	}{
		{text: "100.00", currency: "EUR", minor: 10000},
		{text: "0.01", currency: "EUR", minor: 1},
		{text: "0.00", currency: "EUR"},
		{text: "-1.00", currency: "EUR", minor: -100},
		{text: "100", currency: "JPY", minor: 100},
		{text: "1.234", currency: "KWD", minor: 1234},
		{text: "90071992547409.91", currency: "EUR", minor: money.MinorMax},
		{text: "90071992547409.92", currency: "EUR", err: money.ErrRange},
		{text: "-90071992547409.92", currency: "EUR", err: money.ErrRange},
		{text: "92233720368547758.08", currency: "EUR", err: money.ErrRange},
		{text: strings.Repeat("9", 4000) + ".00", currency: "EUR", err: money.ErrRange},
		{text: "", currency: "EUR", err: money.ErrSyntax},
		{text: "1", currency: "EUR", err: money.ErrSyntax},
		{text: "1.0", currency: "EUR", err: money.ErrSyntax},
		{text: "1.000", currency: "EUR", err: money.ErrSyntax},
		{text: "0.001", currency: "EUR", err: money.ErrSyntax},
		{text: "1.", currency: "EUR", err: money.ErrSyntax},
		{text: ".50", currency: "EUR", err: money.ErrSyntax},
		{text: "1e2", currency: "EUR", err: money.ErrSyntax},
		{text: "1e0", currency: "JPY", err: money.ErrSyntax},
		{text: "+1.00", currency: "EUR", err: money.ErrSyntax},
		{text: "--1.00", currency: "EUR", err: money.ErrSyntax},
		{text: "01.00", currency: "EUR", err: money.ErrSyntax},
		{text: " 1.00", currency: "EUR", err: money.ErrSyntax},
		{text: "1.00 ", currency: "EUR", err: money.ErrSyntax},
		{text: "1,00", currency: "EUR", err: money.ErrSyntax},
		{text: "1_000.00", currency: "EUR", err: money.ErrSyntax},
		{text: "NaN", currency: "JPY", err: money.ErrSyntax},
		{text: "Infinity", currency: "JPY", err: money.ErrSyntax},
		{text: "١٠٠", currency: "JPY", err: money.ErrSyntax},
		{text: "1.00", currency: "JPY", err: money.ErrSyntax},
		{text: "1.00", currency: "XXX", err: money.ErrCurrency},
		{text: "1.00", currency: "eur", err: money.ErrCurrency},
		{text: "1.00", currency: "", err: money.ErrCurrency},
		{text: "1.00", currency: "EURO", err: money.ErrCurrency},
	} {
		amount, err := money.Parse(tc.text, tc.currency)
		name := fmt.Sprintf("%.30q %s", tc.text, tc.currency)
		if tc.err != nil {
			require.ErrorIs(t, err, tc.err, name)
			require.Equal(t, money.Amount{}, amount, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, money.Amount{Minor: tc.minor, Currency: tc.currency}, amount, name)
		require.Equal(t, tc.text, amount.Decimal(), "written as it is read")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("100.00", "EUR")
	f.Add("-0", "JPY")
	f.Add("9223372036854775808", "JPY")
	f.Add("0.001", "KWD")
	f.Fuzz(func(t *testing.T, text, currency string) {
		amount, err := money.Parse(text, money.Currency(currency))
		if err != nil {
			return
		}
		require.LessOrEqual(t, amount.Minor, int64(money.MinorMax))
		require.GreaterOrEqual(t, amount.Minor, int64(-money.MinorMax))
		if amount.Minor != 0 { // a negative zero is read as zero
			require.Equal(t, text, amount.Decimal())
		}
	})
}

func TestPostings(t *testing.T) {
	t.Parallel()
	a, b := id.Named[id.Account]("a"), id.Named[id.Account]("b")
	leg := func(account id.Account, minor int64, currency money.Currency) money.Leg {
		return money.Leg{Account: account, Amount: money.Amount{Minor: minor, Currency: currency}}
	}
	many := make([]money.Leg, money.LegsMax+2)
	for i := range many {
		many[i] = leg(a, int64(1-2*(i%2)), "EUR")
	}
	for _, tc := range []struct {
		name string
		legs []money.Leg
		err  error
	}{
		{"two legs", []money.Leg{leg(a, -5, "EUR"), leg(b, 5, "EUR")}, nil},
		{"four legs of two currencies", []money.Leg{leg(a, -5, "EUR"), leg(b, 5, "EUR"), leg(b, -6, "USD"), leg(a, 6, "USD")}, nil},
		{"as many as may be", many[:money.LegsMax], nil},
		{"more than may be", many, money.ErrUnbalanced},
		{"none", nil, money.ErrUnbalanced},
		{"one", []money.Leg{leg(a, 5, "EUR")}, money.ErrUnbalanced},
		{"a cent too much", []money.Leg{leg(a, -5, "EUR"), leg(b, 6, "EUR")}, money.ErrUnbalanced},
		{"two credits", []money.Leg{leg(a, 5, "EUR"), leg(b, 5, "EUR")}, money.ErrUnbalanced},
		{"one currency pays for another", []money.Leg{leg(a, -5, "EUR"), leg(b, 5, "USD")}, money.ErrUnbalanced},
		{"a leg of nothing", []money.Leg{leg(a, -5, "EUR"), leg(b, 5, "EUR"), leg(b, 0, "EUR")}, money.ErrUnbalanced},
		{"a leg of nobody", []money.Leg{leg(a, -5, "EUR"), leg(id.Account{}, 5, "EUR")}, money.ErrUnbalanced},
		{"no currency", []money.Leg{leg(a, -5, ""), leg(b, 5, "")}, money.ErrUnbalanced},
		{"an unknown currency", []money.Leg{leg(a, -5, "ZZZ"), leg(b, 5, "ZZZ")}, money.ErrUnbalanced},
		{"beyond the range", []money.Leg{leg(a, -money.MinorMax-1, "EUR"), leg(b, money.MinorMax+1, "EUR")}, money.ErrRange},
		{"an overflow that would wrap to nought", []money.Leg{leg(a, -1<<63, "EUR"), leg(b, -1<<63, "EUR")}, money.ErrRange},
	} {
		posting, err := money.NewPosting(tc.legs...)
		written, _ := json.Marshal(tc.legs)
		var read money.Posting
		if tc.err != nil {
			require.ErrorIs(t, err, tc.err, tc.name)
			require.ErrorIs(t, json.Unmarshal(written, &read), tc.err, "reading checks again: "+tc.name)
			continue
		}
		require.NoError(t, err, tc.name)
		require.Equal(t, tc.legs, posting.Legs(), tc.name)
		require.NoError(t, json.Unmarshal(written, &read), tc.name)
		require.Equal(t, posting, read, tc.name)
	}
}

func TestPostingKeepsItsLegs(t *testing.T) {
	t.Parallel()
	a, b := id.Named[id.Account]("a"), id.Named[id.Account]("b")
	given := []money.Leg{{Account: a, Amount: eur(-5)}, {Account: b, Amount: eur(2)}, {Account: b, Amount: eur(3)}}
	posting, err := money.NewPosting(given...)
	require.NoError(t, err)

	given[0].Minor = -500
	posting.Legs()[1].Minor = 500
	sum, ok := posting.Of(a)
	require.True(t, ok)
	require.Equal(t, eur(-5), sum)
	sum, _ = posting.Of(b)
	require.Equal(t, eur(5), sum, "several legs of one account are summed")
	_, ok = posting.Of(id.Named[id.Account]("c"))
	require.False(t, ok)
}

func TestMixedCurrenciesAreABug(t *testing.T) {
	t.Parallel()
	usd := money.Amount{Minor: 1, Currency: "USD"}
	require.Panics(t, func() { eur(1).Add(usd) })
	require.Panics(t, func() { eur(1).Less(usd) })
	require.Equal(t, eur(1), eur(1).Add(money.Amount{}))
	require.Equal(t, eur(1), money.Amount{}.Add(eur(1)))
	require.Equal(t, eur(-1), eur(1).Sub(eur(2)))
	require.True(t, eur(1).Less(eur(2)))
	require.Equal(t, "12.50 EUR", eur(1250).String())
}
