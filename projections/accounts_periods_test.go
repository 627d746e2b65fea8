package projections

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/domain/id"
	"florin/eventbus"
)

// close has January of bert's account be over, on which he owes the bank a fee.
func (w *world) close() {
	event := account.PeriodClosed{Month: "2026-01", From: "2026-01-02", To: "2026-01-31", Until: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
		Opening: eur(0), Closing: eur(5_500), Credits: account.Turnover{Count: 2, Sum: eur(6_000)}, Debits: account.Turnover{Count: 1, Sum: eur(500)},
		Through: 4, Position: 40, Value: eur(5_500), Interest: eur(7), Charged: account.Charges{Interest: eur(1), Monthly: eur(2), Overdraft: eur(3)},
		Taken: account.Charges{Interest: eur(1), Monthly: eur(2)}, Owed: account.Charges{Overdraft: eur(3)}, At: w.now}
	w.commit(eventbus.Header{}, w.part(w.berts.Stream(), event))
}

func TestClosedMonths(t *testing.T) {
	t.Parallel()
	w, r := followed(t)
	months, err := r.PeriodsOf(context.Background(), w.berts, "", 10)
	require.NoError(t, err)
	require.Len(t, months, 1)
	months[0].Position = 0
	require.Equal(t, Period{Account: w.berts, Month: "2026-01", From: "2026-01-02", To: "2026-01-31", Currency: "EUR", Opening: 0, Closing: 5_500,
		Credits: 2, CreditSum: 6_000, Debits: 1, DebitSum: 500, Interest: 7, DebitInterest: 1, MonthlyFee: 2, OverdraftFee: 3, Taken: 3, Owed: 3, BookedPosition: 40}, months[0])
	none, err := r.PeriodsOf(context.Background(), w.berts, "2026-01", 10)
	require.NoError(t, err)
	require.Empty(t, none)
}

// What is booked after a month was closed counts to what follows it, whatever the
// clocks say, and a value date is kept.
func TestNothingCountsIntoAClosedMonth(t *testing.T) {
	t.Parallel()
	b := newBank(t)
	w := newWorld(b)
	_, receipt := b.transfer(w.annas, w.berts, 100)
	r := b.reads("")
	run(t, r)
	require.NoError(t, r.WaitFor(context.Background(), "accounts", receipt.Last))
	february := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	counted := func(of id.Account) Transaction {
		found, err := r.Transactions(context.Background(), of, Span{}, 0, 1)
		require.NoError(t, err)
		return found[0]
	}
	require.Equal(t, february, counted(w.berts).CountedAt)
	require.True(t, counted(w.berts).RecordedAt.Before(february))
	require.True(t, counted(w.annas).CountedAt.Before(february), "of another account")
	statement, err := r.Statement(context.Background(), w.berts, february, february.AddDate(0, 1, 0))
	require.NoError(t, err)
	require.Len(t, statement.Entries, 1)
}
