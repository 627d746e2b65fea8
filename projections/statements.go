package projections

import (
	"context"
	"time"

	"florin/domain/id"
	"florin/domain/money"
	"florin/eventbus"
)

// StatementEntriesMax bounds a statement; whoever needs more asks for less time.
const StatementEntriesMax = 10_000

// Statement is what was booked on an account in a time, in the order of the log:
// Opening and all entries add up to Closing. A booking counts to the later of the
// bank's time and the log's own, never before an earlier one and never into a month
// that is closed, so the statement of a closed month is the same for ever.
type Statement struct {
	Opening, Closing money.Amount
	Entries          []Transaction
	Cut              bool              // there are more than StatementEntriesMax
	Position         eventbus.Position // of the last event of the account that was looked at
}

// Statement lists the bookings that count from one moment to before another. ErrMissing.
func (r *Reads) Statement(ctx context.Context, of id.Account, from, to time.Time) (Statement, error) {
	found, err := r.Account(ctx, of)
	if err != nil {
		return Statement{}, err
	}
	s := Statement{Position: found.Position}
	low, err := r.lastBookingBy(ctx, of, from.Add(-time.Microsecond), found.Position)
	if err != nil {
		return s, err
	}
	high, err := r.lastBookingBy(ctx, of, to.Add(-time.Microsecond), found.Position)
	if err != nil {
		return s, err
	}
	opening, _, err := r.bookingAt(ctx, of, low)
	if err != nil {
		return s, err
	}
	s.Opening = money.Amount{Minor: opening.balance, Currency: found.Currency}
	if s.Entries, err = r.bookings(ctx, of, low, high, StatementEntriesMax+1); err != nil {
		return s, err
	}
	if s.Cut = len(s.Entries) > StatementEntriesMax; s.Cut {
		return s, nil
	}
	s.Closing = s.Opening
	for i := range s.Entries {
		s.Closing = s.Entries[i].Balance
		if err = r.tell(ctx, &s.Entries[i]); err != nil {
			return s, err
		}
	}
	return s, nil
}

// bookings are those above one position and up to another, the oldest first.
func (r *Reads) bookings(ctx context.Context, of id.Account, after, upTo eventbus.Position, limit int) (found []Transaction, err error) {
	err = r.database.each(ctx, "select "+transactionsTable.names()+" from transactions where account = ? and position > ? and position <= ? order by position limit ?",
		[]any{of.String(), int64(after), int64(upTo), limit}, func(row scanner) error {
			var t Transaction
			err := row.Scan(destinations(t.fields())...)
			t.Balance.Currency = t.Amount.Currency
			found = append(found, t)
			return err
		})
	return found, err
}
