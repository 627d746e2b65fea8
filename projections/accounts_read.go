package projections

import (
	"context"
	"fmt"
	"math"
	"time"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/money"
	"florin/eventbus"
)

// ErrMissing: there is no such thing, as far as the projection has got.
var ErrMissing = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}

// LimitMax bounds every list; a limit beyond it, or none, is cut to it.
const LimitMax = 1000

func bounded(limit int) int {
	if limit <= 0 || limit > LimitMax {
		return LimitMax
	}
	return limit
}

// Account gives one account, whoever owns it. ErrMissing.
func (r *Reads) Account(ctx context.Context, of id.Account) (Account, error) {
	found, err := r.accounts(ctx, "account = ?", of.String())
	if err == nil && len(found) == 0 {
		return Account{}, ErrMissing
	}
	if err != nil {
		return Account{}, err
	}
	return found[0], nil
}

// AccountsOf lists the accounts that a customer holds, in whatever role, by their
// identifiers: up to limit, above after (zero: from the first).
func (r *Reads) AccountsOf(ctx context.Context, customer id.Customer, after id.Account, limit int) ([]Account, error) {
	return r.accounts(ctx, "account in (select account from holders where customer = ?) and account > ? order by account limit ?", customer.String(), after.String(), bounded(limit))
}

func (r *Reads) accounts(ctx context.Context, where string, args ...any) (found []Account, err error) {
	err = r.database.each(ctx, "select "+accountsTable.names()+" from accounts where "+where, args, func(row scanner) error {
		var a Account
		err := row.Scan(destinations(a.fields())...)
		a.complete()
		found = append(found, a)
		return err
	})
	return found, err
}

// IBAN opens the account's number from the log; "" if it has none, or it is erased.
func (r *Reads) IBAN(ctx context.Context, of Account) (string, error) {
	if of.numbered == 0 {
		return "", nil
	}
	event, err := r.at(ctx, of.Account.Stream(), eventbus.Version(of.numbered))
	if err != nil {
		return "", err
	}
	numbered, ok := event.(account.Numbered)
	if !ok {
		return "", fmt.Errorf("projections: %s holds no number at version %d", of.Account.Stream(), of.numbered)
	}
	return numbered.IBAN.Reveal(), nil
}

// Span is a time by what bookings count to, from one moment to before another; a zero
// moment is no bound.
type Span struct{ From, To time.Time }

// transactionsPage is one page of what is booked and what is pending, newest first.
var transactionsPage = `select * from (select * from (select position, account, 0 as pending, purpose, posting, counterparty, minor, balance, currency, forced, booked_at, recorded_at, counted_at, value_date, origin, '' as reason
  from transactions where account = ? and position < ? and counted_at >= ? and counted_at < ? order by position desc limit ?) as booked
union all select * from (select position, account, 1 as pending, purpose, reservation as posting, counterparty, -minor as minor, 0 as balance, currency, 0 as forced, booked_at, recorded_at, counted_at, '' as value_date, reservation as origin, reason
  from holds where account = ? and position < ? and counted_at >= ? and counted_at < ? order by position desc limit ?) as held) as both_kinds order by position desc limit ?`

// Transactions lists an account's bookings and holds, newest first: up to limit
// below the position before (0: from the newest), of a time. References and names
// are opened from the log.
func (r *Reads) Transactions(ctx context.Context, in id.Account, within Span, before eventbus.Position, limit int) ([]Transaction, error) {
	top, n := int64(math.MaxInt64), bounded(limit)
	if before > 0 && before < math.MaxInt64 {
		top = int64(before)
	}
	var found []Transaction
	of, from, to := in.String(), micros(within.From), int64(math.MaxInt64)
	if !within.To.IsZero() {
		to = micros(within.To)
	}
	err := r.database.each(ctx, transactionsPage, []any{of, top, from, to, n, of, top, from, to, n, n}, func(row scanner) error {
		var t Transaction
		f := t.fields()
		into := append(append([]any{f[0], f[1], &t.Pending}, f[2:]...), &t.Reason)
		err := row.Scan(destinations(into)...)
		t.Balance.Currency = t.Amount.Currency
		found = append(found, t)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range found {
		if found[i].Purpose == purposeHold {
			continue // which lies in the account's own stream
		}
		if err = r.tell(ctx, &found[i]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// At is a moment: a position of the log, or a time by which bookings count.
type At struct {
	Position eventbus.Position
	Time     time.Time // when Position is 0
}

// BalanceAt is the booked balance as the log had it then: of the last booking that
// counts to the moment or before it; zero before the first. The position it gives
// back is that booking's. ErrMissing.
func (r *Reads) BalanceAt(ctx context.Context, of id.Account, at At) (money.Amount, eventbus.Position, error) {
	found, err := r.Account(ctx, of)
	if err != nil {
		return money.Amount{}, 0, err
	}
	balance := money.Amount{Currency: found.Currency}
	limit := at.Position
	if limit == 0 {
		if limit, err = r.lastBookingBy(ctx, of, at.Time, found.Position); err != nil {
			return balance, 0, err
		}
	}
	last, _, err := r.bookingAt(ctx, of, limit)
	balance.Minor = last.balance
	return balance, last.position, err
}

type booked struct {
	position  eventbus.Position
	balance   int64
	countedAt int64
}

// bookingAt is the last booking at or below a position.
func (r *Reads) bookingAt(ctx context.Context, of id.Account, limit eventbus.Position) (b booked, ok bool, err error) {
	err = r.database.each(ctx, "select position, balance, counted_at from transactions where account = ? and position <= ? order by position desc limit 1",
		[]any{of.String(), int64(min(limit, math.MaxInt64))}, func(row scanner) error {
			ok = true
			return row.Scan((*uint64)(&b.position), &b.balance, &b.countedAt)
		})
	return b, ok, err
}

// lastBookingBy halves the account's positions until it has the last one that
// counts to the time or one before it: what they count to never runs back.
func (r *Reads) lastBookingBy(ctx context.Context, of id.Account, by time.Time, high eventbus.Position) (eventbus.Position, error) {
	if by.IsZero() {
		return 0, fmt.Errorf("projections: neither a position nor a time was asked for")
	}
	var low eventbus.Position
	limit := by.UnixMicro()
	for low < high {
		middle := low + (high-low+1)/2
		b, ok, err := r.bookingAt(ctx, of, middle)
		if err != nil {
			return 0, err
		}
		if !ok || b.countedAt <= limit {
			low = middle
		} else {
			high = b.position - 1
		}
	}
	return low, nil
}
