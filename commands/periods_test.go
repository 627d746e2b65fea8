package commands

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/proposal"
	"florin/domain/terms"
	"florin/eventbus"
	"florin/eventbus/eventbustest"
)

// houses are a bank whose log has the same clock, as in production, and one whose
// log's clock stays behind the bank's, as in a sandbox that has moved.
func houses(t *testing.T, test func(t *testing.T, h *house)) {
	t.Run("one clock", func(t *testing.T) {
		t.Parallel()
		h, _ := newHouseOn(t, eventbustest.NewStore().Journal(), new(eventbustest.MemoryIndex))
		test(t, h)
	})
	t.Run("the log's clock is behind", func(t *testing.T) {
		t.Parallel()
		test(t, newHouse(t, newModelLog(t)))
	})
}

// kept opens an account on terms, in Berlin.
func (h *house) kept(who id.Customer, on terms.Terms, minor int64) id.Account {
	h.t.Helper()
	known(h.t, h.bank, who)
	code := fmt.Sprint("product-", h.keys.Add(1))
	_, _, err := h.bank.Products().Define(h.ctx(), h.operator(), proposal.Product{Code: code, Currency: "EUR", Terms: on})
	require.NoError(h.t, err)
	opened, _, err := h.bank.Accounts().Open(h.ctx(), h.by(who), OpenAccount{Customer: who, Currency: "EUR", Product: code})
	require.NoError(h.t, err)
	require.Equal(h.t, int64(1), opened.Version)
	if minor > 0 {
		h.deposit(opened.Account, minor)
	}
	return opened.Account
}

// closed are the months of an account that are closed, in order.
func (h *house) closed(of id.Account) (months []account.PeriodClosed) {
	h.t.Helper()
	for recorded, err := range h.log.ReadStream(h.ctx(), eventbus.Stream(of.Stream()), 0) {
		require.NoError(h.t, err)
		event, err := h.bank.treaty.Accounts.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		require.NoError(h.t, err)
		if e, ok := event.(account.PeriodClosed); ok {
			months = append(months, e)
		}
	}
	return months
}

// booked are the journal entries for a purpose, as what an account got by them.
func (h *house) booked(of id.Account, purpose journal.Purpose) (minors []int64) {
	h.t.Helper()
	for record, err := range h.log.ReadAll(h.ctx(), 0) {
		require.NoError(h.t, err)
		for _, recorded := range record.Events {
			if recorded.Kind != (journal.Posted{}).Kind() {
				continue
			}
			event, err := h.bank.treaty.Journals.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
			require.NoError(h.t, err)
			if e := event.(journal.Posted); e.Purpose == purpose {
				if sum, ok := e.Legs.Of(of); ok {
					minors = append(minors, sum.Minor)
				}
			}
		}
	}
	return minors
}

var savings = terms.Terms{Interest: terms.Interest{Credit: 200, DayCount: terms.Actual365}}

func TestMonthsEarnInterest(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		a, b := h.kept(alice, savings, 1_000_000), h.account(bob, "Bob", 0)
		h.at("2026-01-16", 12)
		_, _, err := h.send(h.by(alice), a, b, 10_000)
		require.NoError(t, err)
		h.at("2026-01-31", 23)
		require.Empty(t, h.closed(a), "not before the month is over")
		h.at("2026-02-01", 0)
		// 14 days of 10,000.00 and 16 of 9,900.00 at two per cent: 15.78 euros and a half cent's fraction
		january := h.closed(a)[0]
		require.Equal(t, []string{"2026-01", "2026-01-02", "2026-01-31"}, []string{january.Month, january.From, january.To})
		require.Equal(t, []account.Span{{From: "2026-01-02", Days: 14, Balance: euros(1_000_000)}, {From: "2026-01-16", Days: 16, Balance: euros(990_000)}}, january.Balances)
		exact := (14*1_000_000 + 16*990_000) * 200 // / 3,650,000
		require.Equal(t, int64((exact+3_650_000/2)/3_650_000), january.Interest.Minor)
		require.Equal(t, []any{euros(0), euros(990_000), account.Turnover{Count: 1, Sum: euros(1_000_000)}, account.Turnover{Count: 1, Sum: euros(10_000)}},
			[]any{january.Opening, january.Closing, january.Credits, january.Debits})
		require.Equal(t, []int64{january.Interest.Minor}, h.booked(a, journal.Interest))
		h.balances(a, 990_000+january.Interest.Minor, 0)
		h.balances(account.InterestExpense.In("EUR"), -january.Interest.Minor, 0)

		h.at("2026-03-01", 0)
		february := h.closed(a)[1]
		require.Equal(t, january.Closing, february.Opening)
		require.Equal(t, account.Turnover{Count: 1, Sum: january.Interest}, february.Credits, "what January has earned is booked as the first of February")
		require.Equal(t, []account.Span{{From: "2026-02-01", Days: 28, Balance: euros(990_000 + january.Interest.Minor)}}, february.Balances)
		require.Empty(t, h.closed(b)[0].Balances, "an account that earns and costs nothing is closed too")
		require.Equal(t, euros(10_000), h.closed(b)[0].Closing)
		h.audit()
	})
}

// A bank that was away comes to the same sums as one that never was.
func TestAJumpComesToTheSame(t *testing.T) {
	t.Parallel()
	on := savings
	on.Interest.Debit, on.OverdraftLimit, on.Fees = 1_100, euros(500_000), terms.Fees{Monthly: euros(390), Overdraft: euros(500)}
	live := func(t *testing.T, h *house, stops ...string) (id.Account, []account.PeriodClosed) {
		a, b := h.kept(alice, on, 1_000_000), h.account(bob, "Bob", 2_000_000)
		visit := func(day string) {
			zone, err := h.bank.zone("")
			require.NoError(t, err)
			when, err := time.ParseInLocation("2006-01-02 15", day+" 15", zone)
			require.NoError(t, err)
			h.clock.Store(when.UnixMicro())
			for _, stop := range stops {
				if stop == day || stop == "all" {
					h.catchUp()
				}
			}
		}
		for day := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC); day.Before(time.Date(2026, 7, 2, 0, 0, 0, 0, time.UTC)); day = day.AddDate(0, 0, 1) {
			date := day.Format(time.DateOnly)
			visit(date)
			if day.Day()%15 != 0 {
				continue
			}
			from, to, who, minor := a, b, alice, int64(90_000)
			if day.Month() == 5 {
				from, to, who, minor = b, a, bob, 300_000
			}
			answer, _, err := h.send(h.by(who), from, to, minor)
			require.NoError(t, err)
			if answer.Status == "challenged" {
				_, _, err = h.bank.Transfers().Authorise(h.ctx(), h.by(who), AuthoriseTransfer{Transfer: answer.Transfer, Method: MethodSCAKey, Statement: h.statement(answer), Proven: true})
				require.NoError(t, err)
			}
		}
		h.catchUp()
		h.audit()
		return a, h.closed(a)
	}
	type sums struct {
		month                string
		value                int64
		interest             int64
		charged, taken, owed account.Charges
	}
	of := func(months []account.PeriodClosed) (all []sums) {
		for _, m := range months {
			all = append(all, sums{m.Month, m.Value.Minor, m.Interest.Minor, m.Charged, m.Taken, m.Owed})
		}
		return all
	}
	always := newHouse(t, newModelLog(t))
	a, daily := live(t, always, "all")
	require.Len(t, daily, 6)
	require.NotZero(t, daily[0].Interest)
	for name, stops := range map[string][]string{"away for half a year": nil, "back for a day": {"2026-04-07"}} {
		h := newHouse(t, newModelLog(t))
		same, months := live(t, h, stops...)
		require.Equal(t, of(daily), of(months), name)
		require.Equal(t, always.money(a).Balance, h.money(same).Balance, name)
	}
}

func TestNoMonthIsClosedTwice(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	a := h.kept(alice, savings, 1_000_000)
	h.at("2026-04-01", 0)
	require.Len(t, h.closed(a), 3)
	before, balance := h.commits(), h.money(a).Balance
	for range 3 {
		h.reopen(h.log) // it forgets all, and hears everything again
		h.catchUp()
	}
	require.Equal(t, before, h.commits())
	require.Equal(t, balance, h.money(a).Balance)
	order := SystemOrder("periods", randomCause(), "again", h.now(), ofCustomer(alice))
	for _, month := range []string{"2026-01", "2026-03", "2026-05", "nonsense"} {
		order.ID = randomCause()
		_, _, err := h.bank.Periods().Close(h.ctx(), order, a, month)
		require.Contains(t, []string{"period-closed"}, refusalCode(err), month)
	}
	order.ID = randomCause()
	_, _, err := h.bank.Periods().Close(h.ctx(), order, a, "2026-04")
	require.Equal(t, "period-open", refusalCode(err))
	_, _, err = h.bank.Periods().Close(h.ctx(), order, account.FeesIncome.In("EUR"), "2026-04")
	require.Equal(t, "period-closed", refusalCode(err), "the bank's own accounts have no months")
	require.Equal(t, before, h.commits())
}

// Fees go as far as there is money, and no further.
func TestFeesNeedMoney(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		dear := terms.Terms{Fees: terms.Fees{Monthly: euros(390)}}
		deep := terms.Terms{OverdraftLimit: euros(1_000), Interest: terms.Interest{Debit: 1_200, DayCount: terms.Thirty360}, Fees: terms.Fees{Monthly: euros(390), Overdraft: euros(500)}}
		poor, cold, gone, over := h.kept(alice, dear, 200), h.kept(alice, dear, 1_000), h.kept(alice, dear, 0), h.kept(alice, deep, 0)
		b := h.account(bob, "Bob", 0)
		_, _, err := h.bank.Accounts().Freeze(h.ctx(), h.operator(), cold, "court-order")
		require.NoError(t, err)
		_, _, err = h.bank.Accounts().Close(h.ctx(), h.by(alice), gone, "asked-for")
		require.NoError(t, err)
		_, _, err = h.send(h.by(alice), over, b, 900)
		require.NoError(t, err)

		h.at("2026-02-01", 1)
		first := h.closed(poor)[0]
		require.Equal(t, account.Charges{Monthly: euros(200)}, first.Taken)
		require.Equal(t, account.Charges{Monthly: euros(190)}, first.Owed)
		h.balances(poor, 0, 0)
		require.Equal(t, account.Charges{Monthly: euros(390)}, h.closed(cold)[0].Owed, "nothing leaves a frozen account")
		h.balances(cold, 1_000, 0)
		require.Equal(t, account.Charges{}, h.closed(gone)[0].Charged, "what is closed costs nothing")
		// 29 days of thirty, at twelve per cent on nine euros: 8.7 cents; then the monthly fee, and half an overdraft's
		require.Equal(t, account.Charges{Interest: euros(9), Monthly: euros(390), Overdraft: euros(500)}, h.closed(over)[0].Charged)
		require.Equal(t, account.Charges{Interest: euros(9), Monthly: euros(91)}, h.closed(over)[0].Taken)
		require.Equal(t, account.Charges{Monthly: euros(299), Overdraft: euros(500)}, h.closed(over)[0].Owed)
		h.balances(over, -1_000, 0)
		require.False(t, h.money(over).Overdrawn, "never below the limit")
		h.balances(account.InterestIncome.In("EUR"), 9, 0)

		h.deposit(poor, 5_000)
		h.deposit(over, 3_000)
		_, _, err = h.bank.Accounts().Unfreeze(h.ctx(), h.operator(), cold, "lifted")
		require.NoError(t, err)
		h.at("2026-03-01", 1)
		require.Equal(t, account.Charges{Monthly: euros(580)}, h.closed(poor)[1].Taken, "what was owed is taken with the rest")
		require.Equal(t, account.Charges{Monthly: euros(780)}, h.closed(cold)[1].Taken)
		require.Equal(t, account.Charges{Monthly: euros(689), Overdraft: euros(500)}, h.closed(over)[1].Taken, "no day of February ended below nought")
		require.Equal(t, account.Charges{}, h.closed(over)[1].Owed)
		require.Len(t, h.closed(gone), 1, "it has no months any more")
		require.Equal(t, []int64{-91, -689}, h.booked(over, journal.MonthlyFee))
		require.Equal(t, []int64{-500}, h.booked(over, journal.OverdraftFee))
		require.Equal(t, []int64{-9}, h.booked(over, journal.DebitInterest))
		h.audit()
	})
}

// An order that was given before a month ended and is booked after it was closed
// counts to the next one.
func TestNothingIsBookedIntoAClosedMonth(t *testing.T) {
	t.Parallel()
	houses(t, func(t *testing.T, h *house) {
		a := h.kept(alice, savings, 1_000_000)
		h.at("2026-01-31", 23)
		late := h.operator()
		h.at("2026-02-01", 0)
		january := h.closed(a)
		_, _, err := h.bank.Deposits().Deposit(h.ctx(), late, MakeDeposit{To: a, Amount: euros(500), Reference: domain.NewEvidence("late")})
		require.NoError(t, err)
		require.True(t, late.At.Before(january[0].Until))
		h.at("2026-03-01", 0)
		require.Equal(t, january, h.closed(a)[:1])
		february := h.closed(a)[1]
		require.Equal(t, account.Turnover{Count: 2, Sum: euros(500 + january[0].Interest.Minor)}, february.Credits)
		require.Equal(t, "2026-02-01", february.Balances[0].From)
		require.Len(t, february.Balances, 1, "from the first day on")
		require.Equal(t, h.money(a).Balance, february.Closing.Minor+february.Interest.Minor)
		h.audit()
	})
}

// While its month is closed an account goes on moving, and every booking is in one month.
func TestMonthsAreClosedUnderLoad(t *testing.T) {
	t.Parallel()
	h, _ := newHouseOn(t, eventbustest.NewStore().Journal(), new(eventbustest.MemoryIndex))
	a := h.kept(alice, savings, 1_000_000)
	zone, err := h.bank.zone("")
	require.NoError(t, err)
	end := time.Date(2026, 2, 1, 0, 0, 0, 0, zone)
	h.clock.Store(end.Add(-time.Second).UnixMicro())
	failures := together(40, func(i int) error {
		if i == 20 {
			h.clock.Store(end.UnixMicro())
		}
		if i%10 == 5 {
			order := SystemOrder("periods", a.UUID(), "2026-01", h.now(), ofCustomer(alice))
			order.ID, order.Intent = DerivedID(a.UUID(), "period/2026-01"), nil
			if _, _, err := h.bank.Periods().Close(h.ctx(), order, a, "2026-01"); err != nil && !refused(err) {
				return err
			}
			return nil
		}
		_, _, err := h.bank.Deposits().Deposit(h.ctx(), h.operator(), MakeDeposit{To: a, Amount: euros(1)})
		return err
	})
	require.Equal(t, 40, succeeded(failures), "%v", failures)
	h.at("2026-02-02", 0) // the bank's own process, if every one of those asked too early
	h.at("2026-03-01", 0)
	months := h.closed(a)
	require.Len(t, months, 2)
	require.Equal(t, int64(1+36+1), months[0].Credits.Count+months[1].Credits.Count, "every deposit, and January's interest")
	require.Equal(t, months[0].Closing, months[1].Opening)
	h.audit()
}
