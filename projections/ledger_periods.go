package projections

import (
	"florin/domain/account"
	"florin/eventbus"
)

// ledgerBooking is a balance that an account had, in a month that is not closed yet.
type ledgerBooking struct {
	version eventbus.Version
	balance int64
	moved   int64
}

// close holds a closed month against what was booked: it goes on where the last one
// ended, ends with the balance after the booking that it names as its last, and
// counts every booking in between. An account that is closed has a last month still.
func (l *Ledger) close(stream eventbus.Stream, a *ledgerAccount, e account.PeriodClosed) {
	balance, credits, debits := a.opening, account.Turnover{}, account.Turnover{}
	for len(a.booked) > 0 && a.booked[0].version <= eventbus.Version(e.Through) {
		b := a.booked[0]
		a.booked, balance = a.booked[1:], b.balance
		if b.moved > 0 {
			credits.Count, credits.Sum.Minor = credits.Count+1, credits.Sum.Minor+b.moved
		} else {
			debits.Count, debits.Sum.Minor = debits.Count+1, debits.Sum.Minor-b.moved
		}
	}
	if e.Month <= a.month || e.Opening.Minor != a.opening || e.Closing.Minor != balance ||
		e.Credits.Count != credits.Count || e.Credits.Sum.Minor != credits.Sum.Minor || e.Debits.Count != debits.Count || e.Debits.Sum.Minor != debits.Sum.Minor {
		l.find(stream, LedgerPeriod, "%s says from %s to %s, booked are %d to %d", e.Month, e.Opening, e.Closing, a.opening, balance)
	}
	a.opening, a.month = balance, e.Month
}
