package commands

import (
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/proposal"
	"florin/domain/terms"
)

// offered defines the next version of an account's product.
func (h *house) offered(of id.Account, on terms.Terms) int64 {
	h.t.Helper()
	state, err := h.bank.accounts.look(h.ctx(), of)
	require.NoError(h.t, err)
	named, err := h.bank.Products().Named(h.ctx(), state.Product)
	require.NoError(h.t, err)
	made, _, err := h.bank.Products().Define(h.ctx(), h.operator(), proposal.Product{Code: named.Code, Currency: named.Currency, Terms: on})
	require.NoError(h.t, err)
	return made.Version
}

func (h *house) announced(of id.Account, version int64) (TermsAnswer, error) {
	h.t.Helper()
	order := h.operator()
	order.Caller.Reason = "new-offer"
	answer, _, err := h.bank.Accounts().AnnounceTerms(h.ctx(), order, of, version)
	return answer, err
}

// Each month is reckoned by the version that was announced for it, whether the bank was
// there when the months ended or closes them all at once.
func TestNewTermsHoldFromTheStartOfTheirMonth(t *testing.T) {
	t.Parallel()
	worse, better := savings, savings
	worse.Interest.Credit, worse.Fees.Monthly = 100, euros(100)
	better.Interest.Credit, better.OverdraftLimit = 300, euros(5_000)
	for name, days := range map[string][]string{
		"it was there": {"2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01", "2026-06-02"}, "it was away": {"2026-06-02"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			houses(t, func(t *testing.T, h *house) {
				a, b := h.kept(alice, savings, 1_000_000), h.kept(alice, savings, 1_000_000)
				told, err := h.announced(a, h.offered(a, worse)) // on 2 January
				require.NoError(t, err)
				require.Equal(t, []any{int64(2), "2026-04", true}, []any{told.Version, told.Month, told.Worse})
				told, err = h.announced(b, h.offered(b, better))
				require.NoError(t, err)
				require.Equal(t, []any{int64(2), "2026-02", false}, []any{told.Version, told.Month, told.Worse})
				for _, day := range days {
					h.at(day, 12)
				}
				rates := func(of id.Account, on ...terms.Terms) {
					months := h.closed(of)
					require.Len(t, months, len(on))
					for i, month := range months {
						var balances []terms.Day
						for _, span := range month.Balances {
							for range span.Days {
								balances = append(balances, terms.Day{Date: span.From, Balance: span.Balance.Minor})
							}
						}
						require.Equal(t, []int64{on[i].Interest.Earned(balances).Minor(), on[i].Fees.Monthly.Minor},
							[]int64{month.Interest.Minor, month.Charged.Monthly.Minor}, month.Month)
					}
				}
				rates(a, savings, savings, savings, worse, worse)
				rates(b, savings, better, better, better, better)
				state, err := h.bank.accounts.look(h.ctx(), b)
				require.NoError(t, err)
				require.Equal(t, []any{int64(5_000), account.Announced{}}, []any{state.Overdraft, state.Announced})
				h.audit()
			})
		})
	}
}

func TestTermsAreTakenBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	a, plain := h.kept(alice, savings, 1_000), h.account(bob, "Bob", 0)
	better := savings
	better.Interest.Credit = 300
	newer := h.offered(a, better)
	_, err := h.announced(a, newer)
	require.NoError(t, err)
	back, err := h.announced(a, 1)
	require.NoError(t, err)
	require.Equal(t, []any{newer, ""}, []any{back.Version, back.Month})
	h.at("2026-03-01", 12)
	state, err := h.bank.accounts.look(h.ctx(), a)
	require.NoError(t, err)
	require.Equal(t, int64(1), state.Version)
	for why, refusal := range map[int64]error{1: account.ErrTerms, 0: account.ErrVersion, newer + 1: account.ErrVersion} {
		_, err := h.announced(a, why)
		require.ErrorIs(t, err, refusal)
	}
	_, err = h.announced(plain, 1)
	require.ErrorIs(t, err, account.ErrNoVersions)
	_, err = h.announced(account.InterestExpense.In("EUR"), 1)
	require.Error(t, err)
}
