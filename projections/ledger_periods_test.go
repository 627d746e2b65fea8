package projections_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/projections"
)

// ledgerMonth closes a month of alice's after her first credit and her first debit.
func ledgerMonth(change func(*account.PeriodClosed)) ledgerFact {
	e := account.PeriodClosed{Month: "2026-01", Opening: ledgerEUR(0), Closing: ledgerEUR(700), Through: 3,
		Credits: account.Turnover{Count: 1, Sum: ledgerEUR(1000)}, Debits: account.Turnover{Count: 1, Sum: ledgerEUR(300)}}
	change(&e)
	return ledgerFact{ledgerAlice.Stream(), e}
}

func TestLedgerHoldsMonthsAgainstTheirBookings(t *testing.T) {
	t.Parallel()
	next := ledgerMonth(func(e *account.PeriodClosed) {
		e.Month, e.Opening, e.Closing, e.Through = "2026-02", ledgerEUR(700), ledgerEUR(-200), 6
		e.Credits, e.Debits = account.Turnover{Count: 1, Sum: ledgerEUR(200)}, account.Turnover{Count: 1, Sum: ledgerEUR(1100)}
	})
	sound := append(ledgerHistory(t), []ledgerFact{ledgerMonth(func(*account.PeriodClosed) {}), next})
	require.Empty(t, sound.fold().Findings())
	for name, change := range map[string]func(*account.PeriodClosed){
		"it begins elsewhere":               func(e *account.PeriodClosed) { e.Opening.Minor++ },
		"it ends elsewhere":                 func(e *account.PeriodClosed) { e.Closing.Minor-- },
		"it counts a credit too many":       func(e *account.PeriodClosed) { e.Credits.Count++ },
		"a debit is smaller than it was":    func(e *account.PeriodClosed) { e.Debits.Sum.Minor-- },
		"it ends before its last booking":   func(e *account.PeriodClosed) { e.Through-- },
		"it takes in what is not in it yet": func(e *account.PeriodClosed) { e.Through = 5 },
	} {
		ledger := append(ledgerHistory(t), []ledgerFact{ledgerMonth(change)}).fold()
		require.Len(t, ledger.Findings(), 1, name)
		require.Equal(t, projections.LedgerPeriod, ledger.Findings()[0].Rule, name)
	}
	twice := append(ledgerHistory(t), []ledgerFact{ledgerMonth(func(*account.PeriodClosed) {}), ledgerMonth(func(e *account.PeriodClosed) {
		e.Opening, e.Credits, e.Debits = e.Closing, account.Turnover{}, account.Turnover{}
	})})
	require.Equal(t, projections.LedgerPeriod, twice.fold().Findings()[0].Rule, "a month twice")
}
