package account_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/money"
)

var (
	noon  = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	acc   = id.Named[id.Account]("alice")
	alice = id.Named[id.Customer]("alice")
)

const day = "2026-01-02"

func eur(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

type (
	facts = []account.Event
	row   = domaintest.Case[account.Command, account.Event]
)

// opened is an account with 20.00 overdraft and 100.00 a day.
func opened(more ...account.Event) facts {
	return append(facts{account.Opened{Account: acc, Customer: alice, Class: account.Customers, Name: domain.NewProfile("Alice"),
		Currency: "EUR", Product: "current", OverdraftLimit: eur(2000), DailyLimit: eur(10000), At: noon}}, more...)
}

func credited(minor, balance int64) account.Event {
	return account.Credited{Posting: "journal/1", Amount: eur(minor), Balance: eur(balance), At: noon}
}

func reserved(name string, minor int64) account.Event {
	return account.FundsReserved{Reservation: name, Amount: eur(minor), Day: day, At: noon}
}

func frozen() account.Event { return account.Frozen{Reason: "court", At: noon} }
func closed() account.Event { return account.Closed{Reason: "customer", At: noon} }

func debit(minor int64) account.Debit {
	return account.Debit{Posting: "transfer/1", Amount: eur(minor), Limited: true, At: noon}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	open := account.Open{Account: acc, Customer: alice, Name: domain.NewProfile("Alice"), Currency: "EUR", Product: "current",
		OverdraftLimit: eur(2000), DailyLimit: eur(10000), At: noon}
	with := func(change func(*account.Open)) account.Open { c := open; change(&c); return c }
	internal := account.OpenInternal{Chart: account.Nostro(account.SEPA), Currency: "EUR", At: noon}

	domaintest.Run[account.State](t, []row{
		{Name: "a customer opens an account", When: open, Then: opened()},
		{Name: "an account is opened once", Given: opened(), When: open, Refused: account.ErrExists},
		{Name: "a closed account is not opened again", Given: opened(closed()), When: open, Refused: account.ErrExists},
		{Name: "an account needs an owner", When: with(func(c *account.Open) { c.Customer = id.Customer{} }), Refused: account.ErrInvalid},
		{Name: "an account needs an identifier", When: with(func(c *account.Open) { c.Account = id.Account{} }), Refused: account.ErrInvalid},
		{Name: "a currency must be in use", When: with(func(c *account.Open) { c.Currency = "XXX" }), Refused: account.ErrInvalid},
		{Name: "a currency is written in upper case", When: with(func(c *account.Open) { c.Currency = "eur" }), Refused: account.ErrInvalid},
		{Name: "an overdraft is not negative", When: with(func(c *account.Open) { c.OverdraftLimit = eur(-1) }), Refused: account.ErrInvalid},
		{Name: "an overdraft is of the account's currency",
			When: with(func(c *account.Open) { c.OverdraftLimit = money.Amount{Minor: 1, Currency: "USD"} }), Refused: account.ErrInvalid},
		{Name: "a limit is of the account's currency",
			When: with(func(c *account.Open) { c.DailyLimit = money.Amount{Minor: 1, Currency: "USD"} }), Refused: account.ErrInvalid},
		{Name: "a limit is bounded", When: with(func(c *account.Open) { c.DailyLimit = eur(money.MinorMax + 1) }), Refused: account.ErrInvalid},
		{Name: "a name hides no direction marks",
			When: with(func(c *account.Open) { c.Name = domain.NewProfile("Ali\u202ece") }), Refused: account.ErrInvalid},
		{Name: "a product's name is bounded",
			When: with(func(c *account.Open) { c.Product = strings.Repeat("x", account.ProductBytesMax+1) }), Refused: account.ErrInvalid},
		{Name: "the bank opens a place of its chart", When: internal,
			Then: facts{account.Opened{Account: account.Nostro(account.SEPA).In("EUR"), Class: account.Internal, Chart: "nostro-sepa", Currency: "EUR", At: noon}}},
		{Name: "the chart has no other places", When: account.OpenInternal{Chart: "slush-fund", Currency: "EUR", At: noon}, Refused: account.ErrInvalid},
		{Name: "a place of the chart has a currency", When: account.OpenInternal{Chart: account.Suspense, At: noon}, Refused: account.ErrInvalid},
		{Name: "a place of the chart is opened once",
			Given: facts{account.Opened{Account: acc, Class: account.Internal, Chart: account.Tax, Currency: "EUR"}}, When: internal, Refused: account.ErrExists},
	})
}

func TestNumber(t *testing.T) {
	t.Parallel()
	number := account.AssignNumber{IBAN: domain.NewEvidence("DE21999999990000000042"), Claim: id.Named[id.Claim]("n"), At: noon}
	with := func(change func(*account.AssignNumber)) account.AssignNumber { c := number; change(&c); return c }
	domaintest.Run[account.State](t, []row{
		{Name: "an account gets its IBAN", Given: opened(), When: number, Then: facts{account.Numbered(number)}},
		{Name: "it keeps it", Given: opened(account.Numbered(number)), When: number, Refused: account.ErrNumbered},
		{Name: "what is not there has none", When: number, Refused: account.ErrMissing},
		{Name: "what is closed gets none", Given: opened(closed()), When: number, Refused: account.ErrClosed},
		{Name: "the bank's own books have none", Given: facts{account.Opened{Account: acc, Class: account.Internal, Chart: account.Tax, Currency: "EUR"}},
			When: number, Refused: account.ErrMissing},
		{Name: "a number is one", Given: opened(), When: with(func(c *account.AssignNumber) { c.IBAN = domain.Evidence{} }), Refused: account.ErrInvalid},
		{Name: "a number is claimed", Given: opened(), When: with(func(c *account.AssignNumber) { c.Claim = id.Claim{} }), Refused: account.ErrInvalid},
	})
	assign := account.Assign{Claim: id.Named[id.Claim]("n"), Account: acc, At: noon}
	domaintest.Run[account.Number](t, []domaintest.Case[account.Assign, account.NumberEvent]{
		{Name: "a free number is assigned", When: assign, Then: []account.NumberEvent{account.Assigned(assign)}},
		{Name: "a number is assigned once", Given: []account.NumberEvent{account.Assigned(assign)}, When: assign, Refused: account.ErrNumberTaken},
	})
}

func TestDebit(t *testing.T) {
	t.Parallel()
	with := func(change func(*account.Debit)) account.Debit { c := debit(1000); change(&c); return c }
	forced := with(func(c *account.Debit) { c.Forced, c.Limited = true, false })
	took := func(minor, balance int64) account.Debited {
		return account.Debited{Posting: "transfer/1", Amount: eur(minor), Balance: eur(balance), Day: day, At: noon}
	}
	nostro := facts{account.Opened{Account: account.Nostro(account.Cash).In("EUR"), Class: account.Internal, Chart: account.Nostro(account.Cash), Currency: "EUR", At: noon}}

	domaintest.Run[account.State](t, []row{
		{Name: "money that is there may leave", Given: opened(credited(5000, 5000)), When: debit(5000), Then: facts{took(5000, 0)}},
		{Name: "the overdraft may be used to the last cent", Given: opened(credited(5000, 5000)), When: debit(7000), Then: facts{took(7000, -2000)}},
		{Name: "one cent beyond the overdraft is refused", Given: opened(credited(5000, 5000)), When: debit(7001), Refused: account.ErrFunds},
		{Name: "held money may not leave twice", Given: opened(credited(5000, 5000), reserved("transfer/9", 5000)), When: debit(2001), Refused: account.ErrFunds},
		{Name: "what is not held may leave", Given: opened(credited(5000, 5000), reserved("transfer/9", 5000)), When: debit(2000), Then: facts{took(2000, 3000)}},
		{Name: "the day's limit may be used to the last cent", Given: opened(credited(50000, 50000)), When: debit(10000), Then: facts{took(10000, 40000)}},
		{Name: "one cent beyond the day's limit is refused", Given: opened(credited(50000, 50000)), When: debit(10001), Refused: account.ErrLimit},
		{Name: "the day's limit counts what left before", Given: opened(credited(50000, 50000), took(6000, 44000)), When: debit(4001), Refused: account.ErrLimit},
		{Name: "the day's limit counts what is held", Given: opened(credited(50000, 50000), reserved("transfer/9", 6000)), When: debit(4001), Refused: account.ErrLimit},
		{Name: "a released hold no longer counts", Given: opened(credited(50000, 50000), reserved("transfer/9", 6000),
			account.ReservationReleased{Reservation: "transfer/9", Amount: eur(6000), At: noon}), When: debit(10000), Then: facts{took(10000, 40000)}},
		{Name: "a new day has a new limit", Given: opened(credited(50000, 50000), took(10000, 40000)),
			When: with(func(c *account.Debit) { c.Amount, c.At = eur(10000), noon.Add(12*time.Hour) }),
			Then: facts{account.Debited{Posting: "transfer/1", Amount: eur(10000), Balance: eur(30000), Day: "2026-01-03", At: noon.Add(12 * time.Hour)}}},
		{Name: "a clock that goes back opens no second day", Given: opened(credited(50000, 50000), took(10000, 40000)),
			When: with(func(c *account.Debit) { c.At = noon.Add(-24 * time.Hour) }), Refused: account.ErrLimit},
		{Name: "the day is a day in UTC, wherever the clock stands", Given: opened(credited(50000, 50000), took(10000, 40000)),
			When: with(func(c *account.Debit) { c.At = noon.In(time.FixedZone("far east", 14*3600)) }), Refused: account.ErrLimit},
		{Name: "what does not count is not limited", Given: opened(credited(50000, 50000)),
			When: with(func(c *account.Debit) { c.Amount, c.Limited = eur(20000), false }),
			Then: facts{account.Debited{Posting: "transfer/1", Amount: eur(20000), Balance: eur(30000), At: noon}}},
		{Name: "nothing leaves an account that is not there", When: debit(1), Refused: account.ErrMissing},
		{Name: "nothing leaves a frozen account", Given: opened(credited(5000, 5000), frozen()), When: debit(1), Refused: account.ErrFrozen},
		{Name: "an unfrozen account pays again", Given: opened(credited(5000, 5000), frozen(), account.Unfrozen{Reason: "court", At: noon}),
			When: debit(1), Then: facts{took(1, 4999)}},
		{Name: "nothing leaves a closed account", Given: opened(closed()), When: debit(1), Refused: account.ErrClosed},
		{Name: "another currency is refused", Given: opened(credited(5000, 5000)),
			When: with(func(c *account.Debit) { c.Amount.Currency = "USD" }), Refused: account.ErrCurrency},
		{Name: "nothing is no amount", Given: opened(credited(5000, 5000)), When: debit(0), Refused: account.ErrAmount},
		{Name: "a debit is not a credit in disguise", Given: opened(credited(5000, 5000)), When: debit(-1), Refused: account.ErrAmount},
		{Name: "an amount is bounded", Given: opened(), When: debit(money.MinorMax + 1), Refused: account.ErrAmount},
		{Name: "a forced debit posts whatever the balance, and marks the account", Given: opened(), When: with(func(c *account.Debit) { c.Forced, c.Amount = true, eur(2001) }),
			Then: facts{account.Debited{Posting: "transfer/1", Amount: eur(2001), Balance: eur(-2001), Forced: true, At: noon}, account.Overdrawn{Balance: eur(-2001), At: noon}}},
		{Name: "a forced debit that stays within the overdraft marks nothing", Given: opened(), When: forced,
			Then: facts{account.Debited{Posting: "transfer/1", Amount: eur(1000), Balance: eur(-1000), Forced: true, At: noon}}},
		{Name: "an account is marked once", Given: opened(
			account.Debited{Posting: "x", Amount: eur(3000), Balance: eur(-3000), Forced: true, At: noon}, account.Overdrawn{Balance: eur(-3000), At: noon}),
			When: forced, Then: facts{account.Debited{Posting: "transfer/1", Amount: eur(1000), Balance: eur(-4000), Forced: true, At: noon}}},
		{Name: "an account that recovered is marked again", Given: opened(
			account.Debited{Posting: "x", Amount: eur(3000), Balance: eur(-3000), Forced: true, At: noon}, account.Overdrawn{Balance: eur(-3000), At: noon}, credited(3000, 0)),
			When: with(func(c *account.Debit) { c.Forced, c.Amount = true, eur(2500) }),
			Then: facts{account.Debited{Posting: "transfer/1", Amount: eur(2500), Balance: eur(-2500), Forced: true, At: noon}, account.Overdrawn{Balance: eur(-2500), At: noon}}},
		{Name: "a forced debit passes a freeze", Given: opened(credited(5000, 5000), frozen()), When: forced,
			Then: facts{account.Debited{Posting: "transfer/1", Amount: eur(1000), Balance: eur(4000), Forced: true, At: noon}}},
		{Name: "a forced debit does not pass a closure", Given: opened(closed()), When: forced, Refused: account.ErrClosed},
		{Name: "the bank's own books may go negative unmarked", Given: nostro, When: debit(1000), Then: facts{took(1000, -1000)}},
		{Name: "even the bank's own books are bounded", Given: append(nostro,
			account.Debited{Posting: "x", Amount: eur(money.MinorMax), Balance: eur(-money.MinorMax), At: noon}), When: debit(1), Refused: account.ErrAmount},
	})
}

func TestCredit(t *testing.T) {
	t.Parallel()
	credit := account.Credit{Posting: "journal/1", Amount: eur(1000), At: noon}
	with := func(change func(*account.Credit)) account.Credit { c := credit; change(&c); return c }

	domaintest.Run[account.State](t, []row{
		{Name: "money arrives", Given: opened(), When: credit, Then: facts{credited(1000, 1000)}},
		{Name: "money arrives on a frozen account", Given: opened(frozen()), When: credit, Then: facts{credited(1000, 1000)}},
		{Name: "nothing arrives where there is no account", When: credit, Refused: account.ErrMissing},
		{Name: "nothing arrives on a closed account", Given: opened(closed()), When: credit, Refused: account.ErrClosed},
		{Name: "another currency is refused", Given: opened(), When: with(func(c *account.Credit) { c.Amount.Currency = "USD" }), Refused: account.ErrCurrency},
		{Name: "nothing is no amount", Given: opened(), When: with(func(c *account.Credit) { c.Amount.Minor = 0 }), Refused: account.ErrAmount},
		{Name: "a credit is not a debit in disguise", Given: opened(), When: with(func(c *account.Credit) { c.Amount.Minor = -1 }), Refused: account.ErrAmount},
		{Name: "a balance is bounded", Given: opened(credited(money.MinorMax, money.MinorMax)), When: with(func(c *account.Credit) { c.Amount.Minor = 1 }), Refused: account.ErrAmount},
	})
}

func TestHolds(t *testing.T) {
	t.Parallel()
	reserve := account.Reserve{Reservation: "transfer/1", Amount: eur(1000), Limited: true, At: noon}
	capture := account.Capture{Reservation: "transfer/1", Posting: "transfer/1", Amount: eur(1000), At: noon}
	release := account.Release{Reservation: "transfer/1", At: noon}
	captured := account.ReservationCaptured{Reservation: "transfer/1", Posting: "transfer/1", Amount: eur(1000), Balance: eur(4000), At: noon}
	released := account.ReservationReleased{Reservation: "transfer/1", Amount: eur(1000), At: noon}
	of := func(minor int64) account.Reserve { c := reserve; c.Amount = eur(minor); return c }
	take := func(minor int64) account.Capture { c := capture; c.Amount = eur(minor); return c }
	held := opened(credited(5000, 5000), reserved("transfer/1", 1000))

	domaintest.Run[account.State](t, []row{
		{Name: "money is held", Given: opened(credited(5000, 5000)), When: reserve, Then: facts{reserved("transfer/1", 1000)}},
		{Name: "what is not there cannot be held", Given: opened(credited(5000, 5000)), When: of(7001), Refused: account.ErrFunds},
		{Name: "what is held cannot be held again", Given: opened(credited(5000, 5000), reserved("transfer/9", 6001)), When: reserve, Refused: account.ErrFunds},
		{Name: "a hold counts against the day's limit", Given: opened(credited(50000, 50000)), When: of(10001), Refused: account.ErrLimit},
		{Name: "one purpose holds once", Given: held, When: reserve, Refused: account.ErrReservationExists},
		{Name: "a frozen account holds nothing more", Given: opened(credited(5000, 5000), frozen()), When: reserve, Refused: account.ErrFrozen},
		{Name: "a closed account holds nothing", Given: opened(closed()), When: reserve, Refused: account.ErrClosed},
		{Name: "an account that is not there holds nothing", When: reserve, Refused: account.ErrMissing},
		{Name: "nothing is no hold", Given: opened(), When: of(0), Refused: account.ErrAmount},
		{Name: "a negative hold is none", Given: opened(), When: of(-5), Refused: account.ErrAmount},
		{Name: "holds are bounded in number", Given: opened(append(facts{credited(5000, 5000)}, manyHolds()...)...), When: reserve, Refused: account.ErrReservations},
		{Name: "held money leaves", Given: held, When: capture, Then: facts{captured}},
		{Name: "held money leaves once", Given: append(held, captured), When: capture, Refused: account.ErrNoReservation},
		{Name: "released money is no longer there to capture", Given: append(held, released), When: capture, Refused: account.ErrNoReservation},
		{Name: "no more leaves than is held", Given: held, When: take(1001), Refused: account.ErrOverCapture},
		{Name: "a part may leave, and the rest stays held",
			Given: append(held, account.ReservationCaptured{Reservation: "transfer/1", Posting: "transfer/1", Amount: eur(400), Balance: eur(4600), At: noon}),
			When:  release, Then: facts{account.ReservationReleased{Reservation: "transfer/1", Amount: eur(600), At: noon}}},
		{Name: "a freeze stops a capture", Given: append(held, frozen()), When: capture, Refused: account.ErrFrozen},
		{Name: "a forced capture passes a freeze", Given: append(held, frozen()),
			When: func() account.Command { c := capture; c.Forced = true; return c }(), Then: facts{captured}},
		{Name: "a capture after a forced debit may overdraw, and says so",
			Given: append(held, account.Debited{Posting: "x", Amount: eur(7000), Balance: eur(-2000), Forced: true, At: noon}), When: capture,
			Then: facts{account.ReservationCaptured{Reservation: "transfer/1", Posting: "transfer/1", Amount: eur(1000), Balance: eur(-3000), At: noon},
				account.Overdrawn{Balance: eur(-3000), At: noon}}},
		{Name: "held money is released", Given: held, When: release, Then: facts{released}},
		{Name: "a frozen account still releases", Given: append(held, frozen()), When: release, Then: facts{released}},
		{Name: "money is released once", Given: append(held, released), When: release, Refused: account.ErrNoReservation},
		{Name: "what was never held cannot be released", Given: opened(), When: release, Refused: account.ErrNoReservation},
	})
}

func manyHolds() facts {
	holds := make(facts, account.ReservationsMax)
	for i := range holds {
		holds[i] = reserved(fmt.Sprintf("transfer/many-%d", i), 1)
	}
	return holds
}

func TestStatus(t *testing.T) {
	t.Parallel()
	domaintest.Run[account.State](t, []row{
		{Name: "an account freezes", Given: opened(), When: account.Freeze{Reason: "court", At: noon}, Then: facts{frozen()}},
		{Name: "what is not there does not freeze", When: account.Freeze{Reason: "court", At: noon}, Refused: account.ErrMissing},
		{Name: "a frozen account is not frozen again", Given: opened(frozen()), When: account.Freeze{Reason: "court", At: noon}, Refused: account.ErrFrozen},
		{Name: "a closed account does not freeze", Given: opened(closed()), When: account.Freeze{Reason: "court", At: noon}, Refused: account.ErrClosed},
		{Name: "a freeze gives a reason", Given: opened(), When: account.Freeze{At: noon}, Refused: account.ErrReason},
		{Name: "a reason is a code, not words", Given: opened(), When: account.Freeze{Reason: "Alice owes me", At: noon}, Refused: account.ErrReason},
		{Name: "a reason is bounded", Given: opened(), When: account.Freeze{Reason: strings.Repeat("a", 65), At: noon}, Refused: account.ErrReason},
		{Name: "only a frozen account unfreezes", Given: opened(), When: account.Unfreeze{Reason: "court", At: noon}, Refused: account.ErrNotFrozen},
		{Name: "a frozen account unfreezes", Given: opened(frozen()), When: account.Unfreeze{Reason: "court", At: noon}, Then: facts{account.Unfrozen{Reason: "court", At: noon}}},
		{Name: "an empty account closes", Given: opened(), When: account.Close{Reason: "customer", At: noon}, Then: facts{closed()}},
		{Name: "an account with money does not close", Given: opened(credited(1, 1)), When: account.Close{Reason: "customer", At: noon}, Refused: account.ErrNotEmpty},
		{Name: "an account in debt does not close",
			Given: opened(account.Debited{Posting: "x", Amount: eur(1), Balance: eur(-1), At: noon}), When: account.Close{Reason: "customer", At: noon}, Refused: account.ErrNotEmpty},
		{Name: "an account with holds does not close", Given: opened(reserved("transfer/1", 1)), When: account.Close{Reason: "customer", At: noon}, Refused: account.ErrNotEmpty},
		{Name: "a frozen account does not close", Given: opened(frozen()), When: account.Close{Reason: "customer", At: noon}, Refused: account.ErrFrozen},
		{Name: "an account closes once", Given: opened(closed()), When: account.Close{Reason: "customer", At: noon}, Refused: account.ErrClosed},
		{Name: "what is not there does not close", When: account.Close{Reason: "customer", At: noon}, Refused: account.ErrMissing},
	})
}

func TestOlderStateIsUntouched(t *testing.T) {
	t.Parallel()
	var older account.State
	for _, fact := range opened(credited(5000, 5000), reserved("a", 1), reserved("b", 2)) {
		older = older.Evolve(fact)
	}
	_ = older.Evolve(reserved("c", 3))
	newer := older.Evolve(account.ReservationReleased{Reservation: "a", Amount: eur(1), At: noon}).Evolve(reserved("d", 4))
	require.Equal(t, []account.Reservation{{Name: "a", Minor: 1, Day: day}, {Name: "b", Minor: 2, Day: day}}, older.Reservations)
	require.Equal(t, []account.Reservation{{Name: "b", Minor: 2, Day: day}, {Name: "d", Minor: 4, Day: day}}, newer.Reservations)
	require.Equal(t, int64(6), newer.Held)
	require.Equal(t, eur(5000-6+2000), newer.Available())
}
