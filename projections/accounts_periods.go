package projections

import (
	"context"

	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/money"
	"florin/eventbus"
)

// Period is a month of an account that is closed. What it has earned and cost is
// booked as the first of what follows it.
type Period struct {
	Account        id.Account
	Month          string // 2026-01
	From, To       string // its first and last day, where the account lives
	Currency       money.Currency
	Opening        int64
	Closing        int64
	Credits        int64
	CreditSum      int64
	Debits         int64
	DebitSum       int64
	Interest       int64 // that the account has earned
	DebitInterest  int64 // charged for the month, whether there was money or not
	MonthlyFee     int64
	OverdraftFee   int64
	Taken          int64             // of charges, with what was owed from before
	Owed           int64             // for want of money
	BookedPosition eventbus.Position // of the last booking in it; 0: none
	Position       eventbus.Position
}

type periodKey struct {
	account id.Account
	month   string
}

var periodsTable = table{
	name: "periods", key: []string{"account", "month"},
	columns: []column{
		{"account", text}, {"month", text}, {"from_day", text}, {"to_day", text}, {"currency", text}, {"opening", bigint}, {"closing", bigint},
		{"credits", bigint}, {"credit_sum", bigint}, {"debits", bigint}, {"debit_sum", bigint}, {"interest", bigint}, {"debit_interest", bigint},
		{"monthly_fee", bigint}, {"overdraft_fee", bigint}, {"taken", bigint}, {"owed", bigint}, {"booked_position", bigint}, {"position", bigint},
	},
}

func (p *Period) fields() []any {
	return []any{&p.Account, &p.Month, &p.From, &p.To, (*string)(&p.Currency), &p.Opening, &p.Closing,
		&p.Credits, &p.CreditSum, &p.Debits, &p.DebitSum, &p.Interest, &p.DebitInterest,
		&p.MonthlyFee, &p.OverdraftFee, &p.Taken, &p.Owed, (*uint64)(&p.BookedPosition), (*uint64)(&p.Position)}
}

var periodColumns = []Column{
	{"position", Integer, "log position of the event that closed the month"},
	{"account", Text, "identifier of the account (acc_...)"},
	{"month", Text, "such as 2026-01"},
	{"from_day", Text, "its first day; the one the account was opened on, in its first month"},
	{"to_day", Text, "its last day"},
	{"currency", Text, "ISO 4217 code of every amount in the row"},
	{"opening", Money, "booked balance as it began"},
	{"closing", Money, "booked balance as it ended"},
	{"credits", Integer, "bookings in it that brought money"},
	{"credit_sum", Money, "what they brought"},
	{"debits", Integer, "bookings in it that took money"},
	{"debit_sum", Money, "what they took"},
	{"interest", Money, "earned for the month, booked after it"},
	{"debit_interest", Money, "charged for the month on what was owed"},
	{"monthly_fee", Money, "charged for the month"},
	{"overdraft_fee", Money, "charged for the month"},
	{"taken", Money, "of charges, those of earlier months included, booked after it"},
	{"owed", Money, "of charges, for want of money"},
	{"booked_position", Integer, "log position of the last booking in it; 0: nothing was booked"},
}

// close keeps the figures of a month that is over.
func (a *accountsFold) close(row *Account, f *fact, e account.PeriodClosed) {
	sum := func(c account.Charges) int64 { return c.Interest.Minor + c.Monthly.Minor + c.Overdraft.Minor }
	a.periods.add(periodKey{row.Account, e.Month}, Period{Account: row.Account, Month: e.Month, From: e.From, To: e.To, Currency: row.Currency,
		Opening: e.Opening.Minor, Closing: e.Closing.Minor, Credits: e.Credits.Count, CreditSum: e.Credits.Sum.Minor, Debits: e.Debits.Count, DebitSum: e.Debits.Sum.Minor,
		Interest: e.Interest.Minor, DebitInterest: e.Charged.Interest.Minor, MonthlyFee: e.Charged.Monthly.Minor, OverdraftFee: e.Charged.Overdraft.Minor,
		Taken: sum(e.Taken), Owed: sum(e.Owed), BookedPosition: eventbus.Position(e.Position), Position: f.Position})
	row.counted = account.Counts(row.counted, e.Until, e.Until) // nothing counts into it from here on
}

// PeriodsOf lists an account's closed months, the newest first: up to limit, before a
// month ("": from the newest).
func (r *Reads) PeriodsOf(ctx context.Context, of id.Account, before string, limit int) (found []Period, err error) {
	if before == "" {
		before = "9999-99"
	}
	err = r.database.each(ctx, "select "+periodsTable.names()+" from periods where account = ? and month < ? order by month desc limit ?",
		[]any{of.String(), before, bounded(limit)}, func(row scanner) error {
			var p Period
			err := row.Scan(destinations(p.fields())...)
			found = append(found, p)
			return err
		})
	return found, err
}
