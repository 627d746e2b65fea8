package standing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/domaintest"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/sca"
	"florin/domain/standing"
)

var (
	noon  = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	today = "2026-01-02"
	until = noon.Add(5 * time.Minute)
	asked = standing.Ordered{
		Order: id.Named[id.StandingOrder]("o"), Customer: id.Named[id.Customer]("alice"), From: id.Named[id.Account]("a"), To: id.Named[id.Account]("b"),
		Amount: money.Amount{Minor: 5000, Currency: "EUR"}, Plan: standing.Plan{Frequency: standing.Monthly, First: "2026-01-31", Count: 3},
		Zone: "Europe/Berlin", Reference: domain.NewEvidence("rent"), At: noon,
	}
	demand     = sca.Demand{Challenge: id.Named[id.Challenge]("c"), Nonce: "n", Methods: []string{"totp"}, Text: "the series", ExpiresAt: until}
	challenged = standing.Challenged{Challenge: demand.Challenge, Nonce: "n", Methods: demand.Methods, Display: domain.NewEvidence("the series"), ExpiresAt: until, At: noon}
	authorised = standing.Authorised{Challenge: demand.Challenge, Method: "totp", Evidence: domain.NewEvidence("signed"), At: noon}
	yes        = sca.Answer{Method: "totp", Text: "the series", Proven: true, Evidence: domain.NewEvidence("signed")}
	paid       = id.Named[id.Transfer]("t")
)

type (
	c = domaintest.Case[standing.Command, standing.Event]
	e = []standing.Event
)

func TestDays(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		plan standing.Plan
		days []string
	}{
		{"once", standing.Plan{Frequency: standing.Once, First: "2026-01-31"}, []string{"2026-01-31", ""}},
		{"daily, over the end of a month", standing.Plan{Frequency: standing.Daily, First: "2026-02-27"}, []string{"2026-02-27", "2026-02-28", "2026-03-01"}},
		{"weekly", standing.Plan{Frequency: standing.Weekly, First: "2026-12-28"}, []string{"2026-12-28", "2027-01-04"}},
		{"the 31st is the last day of short months, and the 31st again", standing.Plan{Frequency: standing.Monthly, First: "2027-12-31"},
			[]string{"2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"}},
		{"the 30th", standing.Plan{Frequency: standing.Monthly, First: "2026-01-30"}, []string{"2026-01-30", "2026-02-28", "2026-03-30"}},
		{"quarterly", standing.Plan{Frequency: standing.Quarterly, First: "2025-11-30"}, []string{"2025-11-30", "2026-02-28", "2026-05-30"}},
		{"yearly, from a leap day", standing.Plan{Frequency: standing.Yearly, First: "2024-02-29"}, []string{"2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"}},
		{"so many times", standing.Plan{Frequency: standing.Daily, First: "2026-01-01", Count: 2}, []string{"2026-01-01", "2026-01-02", ""}},
		{"until a last day, which counts", standing.Plan{Frequency: standing.Daily, First: "2026-01-01", Last: "2026-01-02"}, []string{"2026-01-01", "2026-01-02", ""}},
	} {
		for n, want := range tc.days {
			day, ok := tc.plan.Day(int64(n))
			require.Equal(t, want != "", ok, "%s: %d", tc.name, n)
			if ok {
				require.Equal(t, want, day, "%s: %d", tc.name, n)
			}
		}
	}
	_, ok := asked.Plan.Day(-1)
	require.False(t, ok)
}

func TestOrder(t *testing.T) {
	t.Parallel()
	with := func(change func(*standing.Ordered)) standing.Order {
		o := asked
		change(&o)
		return standing.Order{Asked: o, Today: today, Demand: demand}
	}
	plan := func(p standing.Plan) standing.Order { return with(func(o *standing.Ordered) { o.Plan = p }) }
	cases := []c{
		{Name: "a series is asked for", When: with(func(*standing.Ordered) {}), Then: e{asked, challenged}},
		{Name: "an order is made once", Given: e{asked, challenged}, When: with(func(*standing.Ordered) {}), Refused: standing.ErrExists},
		{Name: "it has a debtor", When: with(func(o *standing.Ordered) { o.From = id.Account{} }), Refused: standing.ErrMissing},
		{Name: "it is somebody's", When: with(func(o *standing.Ordered) { o.Customer = id.Customer{} }), Refused: standing.ErrMissing},
		{Name: "it goes to another account", When: with(func(o *standing.Ordered) { o.To = o.From }), Refused: standing.ErrSameAccount},
		{Name: "it moves something", When: with(func(o *standing.Ordered) { o.Amount.Minor = 0 }), Refused: standing.ErrAmount},
		{Name: "its reference is clean", When: with(func(o *standing.Ordered) { o.Reference = domain.NewEvidence("a\nb") }), Refused: standing.ErrReference},
	}
	for name, p := range map[string]standing.Plan{
		"no frequency": {First: "2026-01-31"}, "an unknown frequency": {Frequency: "hourly", First: "2026-01-31"},
		"no day at all": {Frequency: standing.Daily}, "a day that is none": {Frequency: standing.Daily, First: "2026-02-30"},
		"a first day that is over": {Frequency: standing.Daily, First: "2026-01-01"}, "a first day too far off": {Frequency: standing.Daily, First: "2076-01-03"},
		"a last day before the first": {Frequency: standing.Daily, First: "2026-01-31", Last: "2026-01-30"},
		"a last day that is none":     {Frequency: standing.Daily, First: "2026-01-31", Last: "soon"},
		"a last day and a count":      {Frequency: standing.Daily, First: "2026-01-31", Last: "2026-02-28", Count: 2},
		"fewer than none":             {Frequency: standing.Daily, First: "2026-01-31", Count: -1},
		"too many":                    {Frequency: standing.Daily, First: "2026-01-31", Count: standing.CountMax + 1},
		"once, and twice":             {Frequency: standing.Once, First: "2026-01-31", Count: 2},
	} {
		cases = append(cases, c{Name: "the days make a plan: " + name, When: plan(p), Refused: standing.ErrSchedule})
	}
	domaintest.Run[standing.State](t, cases)
}

// abroad is the same series to somebody at another bank.
func abroad(change func(*standing.Ordered)) standing.Ordered {
	o := asked
	o.To = id.Account{}
	o.Payee = standing.Payee{IBAN: domain.NewEvidence("DE89370400440532013000"), Name: domain.NewEvidence("Bob"), Verified: standing.AlmostMatch, Holder: domain.NewEvidence("Robert")}
	change(&o)
	return o
}

func TestOrderToAnotherBank(t *testing.T) {
	t.Parallel()
	order := func(change func(*standing.Ordered)) standing.Order {
		return standing.Order{Asked: abroad(change), Today: today, Demand: demand}
	}
	fine := abroad(func(*standing.Ordered) {})
	active := e{fine, challenged, authorised}
	out := id.Named[id.Payment]("p")
	settle := standing.Settle{Today: "2026-01-31", Slot: 1, Payment: out, At: noon}
	short, last, gone := settle, settle, settle
	short.Code, short.Again = "insufficient-funds", true
	last.Code, last.Again, last.Slot = "rail-unavailable", true, standing.SlotsMax
	gone.Code, gone.Ends, gone.Payment = "customer-gone", true, id.Payment{}
	executed := standing.Executed{Day: "2026-01-31", Payment: out, At: noon}
	failed := func(slot int64, code string, of id.Payment, final bool) standing.Failed {
		return standing.Failed{Day: "2026-01-31", Slot: slot, Payment: of, Code: code, Final: final, At: noon}
	}
	domaintest.Run[standing.State](t, []c{
		{Name: "a series to another bank is asked for, with what that says of the name", When: order(func(*standing.Ordered) {}), Then: e{fine, challenged}},
		{Name: "nobody has to have been verified, for the customer sees it", When: order(func(o *standing.Ordered) { o.Payee.Verified = standing.NotVerified }),
			Then: e{abroad(func(o *standing.Ordered) { o.Payee.Verified = standing.NotVerified }), challenged}},
		{Name: "it pays one or the other", When: order(func(o *standing.Ordered) { o.To = asked.To }), Refused: standing.ErrCreditor},
		{Name: "and somebody", When: order(func(o *standing.Ordered) { o.Payee = standing.Payee{} }), Refused: standing.ErrMissing},
		{Name: "by a number that is one", When: order(func(o *standing.Ordered) { o.Payee.IBAN = domain.NewEvidence("DE00370400440532013000") }), Refused: iban.ErrInvalid},
		{Name: "which is there", When: order(func(o *standing.Ordered) { o.Payee.IBAN = domain.Evidence{} }), Refused: iban.ErrInvalid},
		{Name: "with a name", When: order(func(o *standing.Ordered) { o.Payee.Name = domain.NewEvidence("") }), Refused: standing.ErrName},
		{Name: "that a rail carries", When: order(func(o *standing.Ordered) {
			o.Payee.Name = domain.NewEvidence(strings.Repeat("n", standing.NameRunesMax+1))
		}), Refused: standing.ErrName},
		{Name: "on one line", When: order(func(o *standing.Ordered) { o.Payee.Name = domain.NewEvidence("Bob\nBuilder") }), Refused: standing.ErrName},
		{Name: "of which its bank has said something", When: order(func(o *standing.Ordered) { o.Payee.Verified = "perhaps" }), Refused: standing.ErrCreditor},
		{Name: "in euros", When: order(func(o *standing.Ordered) { o.Amount.Currency = "USD" }), Refused: standing.ErrCurrency},
		{Name: "on days that are a plan", When: order(func(o *standing.Ordered) { o.Plan.First = "2025-01-31" }), Refused: standing.ErrSchedule},
		{Name: "a day's payment is on its way", Given: active, When: settle, Then: e{executed}},
		{Name: "once", Given: append(active[:3:3], executed), When: settle, Refused: standing.ErrNotDue},
		{Name: "want of money is tried again", Given: active, When: short, Then: e{failed(1, "insufficient-funds", out, false)}},
		{Name: "a rail that is not there is not waited for beyond the day", Given: active, When: last, Then: e{failed(3, "rail-unavailable", out, true)}},
		{Name: "a payee whose data is erased ends the order", Given: active, When: gone,
			Then: e{failed(1, "customer-gone", id.Payment{}, true), standing.Ended{Reason: "customer-gone", At: noon}}},
	})
}

func TestConfirmation(t *testing.T) {
	t.Parallel()
	waiting := e{asked, challenged}
	no := yes
	no.Text = "another series"
	failed := standing.AuthorisationFailed{Challenge: demand.Challenge, Method: "totp", At: noon}
	five := append(waiting[:2:2], failed, failed, failed, failed)
	domaintest.Run[standing.State](t, []c{
		{Name: "the series is confirmed", Given: waiting, When: standing.Authorise{Answer: yes, At: noon}, Then: e{authorised}},
		{Name: "another series is not", Given: waiting, When: standing.Authorise{Answer: no, At: noon}, Then: e{failed}},
		{Name: "five failures reject it", Given: five, When: standing.Authorise{Answer: no, At: noon}, Then: e{failed, standing.Rejected{Code: "sca-failed", At: noon}}},
		{Name: "too late is the end", Given: waiting, When: standing.Authorise{Answer: yes, At: until}, Then: e{standing.Expired{At: until}}},
		{Name: "it is confirmed once", Given: append(waiting[:2:2], authorised), When: standing.Authorise{Answer: yes, At: noon}, Refused: standing.ErrSCA},
		{Name: "nothing is confirmed by nobody", When: standing.Authorise{Answer: yes, At: noon}, Refused: standing.ErrSCA},
		{Name: "a challenge expires", Given: waiting, When: standing.Expire{At: until}, Then: e{standing.Expired{At: until}}},
		{Name: "not before its time", Given: waiting, When: standing.Expire{At: noon}, Refused: standing.ErrNotExpired},
		{Name: "a confirmed one does not expire", Given: append(waiting[:2:2], authorised), When: standing.Expire{At: until}, Refused: standing.ErrNotExpired},
		{Name: "it is withdrawn before it is confirmed", Given: waiting, When: standing.Cancel{At: noon}, Then: e{standing.Cancelled{At: noon}}},
		{Name: "and after", Given: append(waiting[:2:2], authorised), When: standing.Cancel{At: noon}, Then: e{standing.Cancelled{At: noon}}},
		{Name: "but once", Given: append(waiting[:2:2], standing.Cancelled{At: noon}), When: standing.Cancel{At: noon}, Refused: standing.ErrNotCancellable},
		{Name: "what is not there is not withdrawn", When: standing.Cancel{At: noon}, Refused: standing.ErrMissing},
	})
}

func TestSettle(t *testing.T) {
	t.Parallel()
	active := e{asked, challenged, authorised}
	after := func(more ...standing.Event) e { return append(active[:3:3], more...) }
	settle := func(n int64, day string, slot int64, code string) standing.Settle {
		return standing.Settle{Occurrence: n, Today: day, Slot: slot, Transfer: paid, Code: code, At: noon}
	}
	executed := func(n int64, day string) standing.Executed {
		return standing.Executed{Occurrence: n, Day: day, Transfer: paid, At: noon}
	}
	failed := func(slot int64, final bool) standing.Failed {
		return standing.Failed{Day: "2026-01-31", Slot: slot, Transfer: paid, Code: "insufficient-funds", Final: final, At: noon}
	}
	again := settle(0, "2026-01-31", 1, "insufficient-funds")
	again.Again = true
	last := again
	last.Slot = standing.SlotsMax
	closed := settle(0, "2026-01-31", 1, "account-closed")
	closed.Ends = true
	domaintest.Run[standing.State](t, []c{
		{Name: "a day's transfer is made", Given: active, When: settle(0, "2026-01-31", 1, ""), Then: e{executed(0, "2026-01-31")}},
		{Name: "late is better than never", Given: active, When: settle(0, "2026-02-02", 3, ""), Then: e{executed(0, "2026-01-31")}},
		{Name: "the last one ends the order", Given: after(executed(0, "2026-01-31"), executed(1, "2026-02-28")), When: settle(2, "2026-03-31", 1, ""),
			Then: e{executed(2, "2026-03-31"), standing.Ended{Reason: "completed", At: noon}}},
		{Name: "want of money is tried again", Given: active, When: again, Then: e{failed(1, false)}},
		{Name: "and then executed", Given: after(failed(1, false)), When: settle(0, "2026-01-31", 2, ""), Then: e{executed(0, "2026-01-31")}},
		{Name: "but not for ever", Given: after(failed(1, false)), When: last, Then: e{failed(3, true)}},
		{Name: "another reason is final", Given: active, When: settle(0, "2026-01-31", 1, "account-frozen"),
			Then: e{standing.Failed{Day: "2026-01-31", Slot: 1, Transfer: paid, Code: "account-frozen", Final: true, At: noon}}},
		{Name: "a closed account ends the order", Given: active, When: closed,
			Then: e{standing.Failed{Day: "2026-01-31", Slot: 1, Transfer: paid, Code: "account-closed", Final: true, At: noon}, standing.Ended{Reason: "account-closed", At: noon}}},
		{Name: "not before its day", Given: active, When: settle(0, "2026-01-30", 1, ""), Refused: standing.ErrNotDue},
		{Name: "not twice", Given: after(executed(0, "2026-01-31")), When: settle(0, "2026-01-31", 1, ""), Refused: standing.ErrNotDue},
		{Name: "not by the same try twice", Given: after(failed(1, false)), When: again, Refused: standing.ErrNotDue},
		{Name: "not by a try that there is not", Given: active, When: settle(0, "2026-01-31", 4, ""), Refused: standing.ErrNotDue},
		{Name: "not out of order", Given: active, When: settle(1, "2026-02-28", 1, ""), Refused: standing.ErrNotDue},
		{Name: "not unconfirmed", Given: e{asked, challenged}, When: settle(0, "2026-01-31", 1, ""), Refused: standing.ErrNotDue},
		{Name: "not after it was withdrawn", Given: after(standing.Cancelled{At: noon}), When: settle(0, "2026-01-31", 1, ""), Refused: standing.ErrNotDue},
		{Name: "not after the end", Given: after(standing.Ended{Reason: "completed", At: noon}), When: settle(0, "2026-01-31", 1, ""), Refused: standing.ErrNotDue},
	})
}

func TestTooMuchThatWasMissedIsSkipped(t *testing.T) {
	t.Parallel()
	daily := asked
	daily.Plan = standing.Plan{Frequency: standing.Daily, First: "2026-01-03", Last: "2026-01-31"}
	active := e{daily, challenged, authorised}
	domaintest.Run[standing.State](t, []c{
		{Name: "twelve days are made up for", Given: active, When: standing.Skip{Today: "2026-01-14", At: noon}, Refused: standing.ErrNotDue},
		{Name: "the first of thirteen is not", Given: active, When: standing.Skip{Today: "2026-01-15", At: noon}, Then: e{standing.Skipped{Count: 1, At: noon}}},
		{Name: "and is not executed either", Given: active, When: standing.Settle{Today: "2026-01-15", Slot: 1, Transfer: paid, At: noon}, Refused: standing.ErrNotDue},
		{Name: "days after the last are none that were missed", Given: active, When: standing.Skip{Today: "2027-01-01", At: noon}, Then: e{standing.Skipped{Count: 17, At: noon}}},
		{Name: "the next in order follows", Given: append(active[:3:3], standing.Skipped{Count: 17, At: noon}),
			When: standing.Settle{Occurrence: 17, Today: "2027-01-01", Slot: 3, Transfer: paid, At: noon},
			Then: e{standing.Executed{Occurrence: 17, Day: "2026-01-20", Transfer: paid, At: noon}}},
		{Name: "an order that is over skips nothing", Given: append(active[:3:3], standing.Cancelled{At: noon}), When: standing.Skip{Today: "2027-01-01", At: noon}, Refused: standing.ErrNotDue},
	})
}
