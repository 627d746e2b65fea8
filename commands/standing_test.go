package commands

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/standing"
	"florin/domain/transfer"
	"florin/eventbus"
)

// place asks for a standing order that starts tomorrow (2 January) unless the plan says otherwise.
func (h *house) place(who id.Customer, from, to id.Account, minor int64, plan standing.Plan) StandingAnswer {
	h.t.Helper()
	answer, _, err := h.bank.StandingOrders().Place(h.ctx(), h.by(who), PlaceOrder{From: from, To: to, Amount: euros(minor), Plan: plan, Reference: domain.NewEvidence("rent")})
	require.NoError(h.t, err)
	require.Equal(h.t, standing.Pending, answer.Status)
	return answer
}

func (h *house) confirm(who id.Customer, placed StandingAnswer) {
	h.t.Helper()
	answer, _, err := h.bank.StandingOrders().Authorise(h.ctx(), h.by(who), placed.Order, Confirmation{Method: MethodSCAKey, Text: placed.Challenge.Display.Reveal(), Proven: true})
	require.NoError(h.t, err)
	require.Equal(h.t, standing.Active, answer.Status)
}

// catchUp has every process hear what is in the log and do what is due, until
// nothing follows any more. It starts from the beginning when the bank is new.
func (h *house) catchUp() {
	h.t.Helper()
	for {
		before := h.commits()
		var records []eventbus.Record
		for record, err := range h.log.ReadAll(h.ctx(), 0) {
			require.NoError(h.t, err)
			records = append(records, record)
		}
		for _, record := range records {
			require.NoError(h.t, hear(h.ctx(), h.bank.runners, record))
		}
		require.NoError(h.t, h.bank.Tick(h.ctx()))
		if h.commits() == before {
			return
		}
	}
}

// occurrences are what became of an order's days, in order: "2026-01-31 executed".
func (h *house) occurrences(of id.StandingOrder) (said []string) {
	h.t.Helper()
	settled := map[int64]bool{}
	for recorded, err := range h.log.ReadStream(h.ctx(), eventbus.Stream(of.Stream()), 0) {
		require.NoError(h.t, err)
		event, err := h.bank.treaty.Standing.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		require.NoError(h.t, err)
		switch e := event.(type) {
		case standing.Executed:
			require.False(h.t, settled[e.Occurrence], "occurrence %d twice", e.Occurrence)
			settled[e.Occurrence] = true
			said = append(said, e.Day+" executed")
		case standing.Failed:
			word := "failed"
			if e.Final {
				require.False(h.t, settled[e.Occurrence], "occurrence %d twice", e.Occurrence)
				settled[e.Occurrence] = true
				word = "given up"
			}
			said = append(said, fmt.Sprintf("%s %s %d %s", e.Day, word, e.Slot, e.Code))
		case standing.Skipped:
			said = append(said, fmt.Sprint("skipped ", e.Count))
		case standing.Ended:
			said = append(said, "ended "+e.Reason)
		}
	}
	return said
}

// at sets the clock to a time of day in Berlin, which is the bank's zone.
func (h *house) at(day string, hour int) {
	h.t.Helper()
	zone, err := h.bank.zone("")
	require.NoError(h.t, err)
	when, err := time.ParseInLocation("2006-01-02 15", fmt.Sprintf("%s %02d", day, hour), zone)
	require.NoError(h.t, err)
	require.False(h.t, when.Before(h.now()), "the clock only moves forward")
	h.clock.Store(when.UnixMicro())
	h.catchUp()
}

var rent = standing.Plan{Frequency: standing.Monthly, First: "2026-01-31"}

func TestMonthsOfAStandingOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	a, b := h.account(alice, "Alice", 1_000_000), h.account(bob, "Bob", 0)
	placed := h.place(alice, a, b, 50_000, rent)
	h.catchUp()
	require.Empty(t, h.occurrences(placed.Order), "not before it is confirmed")
	h.confirm(alice, placed)

	h.at("2026-01-31", 5)
	h.balances(b, 0, 0)
	h.at("2026-01-31", 6)
	h.balances(b, 50_000, 0)
	h.reopen(h.log) // it forgets all, and does nothing again
	h.at("2026-02-27", 23)
	h.balances(b, 50_000, 0)
	h.at("2026-02-28", 7)
	h.at("2026-03-31", 6) // in summer time: 06:00 is 04:00 UTC
	h.at("2026-04-30", 23)
	require.Equal(t, []string{"2026-01-31 executed", "2026-02-28 executed", "2026-03-31 executed", "2026-04-30 executed"}, h.occurrences(placed.Order))
	h.balances(b, 200_000, 0)

	_, _, err := h.bank.StandingOrders().Cancel(h.ctx(), h.by(bob), placed.Order)
	require.Equal(t, "not-found", refusalCode(err), "another's")
	cancelled, _, err := h.bank.StandingOrders().Cancel(h.ctx(), h.by(alice), placed.Order)
	require.NoError(t, err)
	require.Equal(t, standing.Withdrawn, cancelled.Status)
	h.at("2026-12-31", 23)
	h.balances(b, 200_000, 0)
	h.audit()
}

func TestWhatWasMissedIsMadeUpForInOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	a, b := h.account(alice, "Alice", 1_000_000), h.account(bob, "Bob", 0)
	monthly := h.place(alice, a, b, 10_000, standing.Plan{Frequency: standing.Monthly, First: "2026-01-31", Count: 5})
	daily := h.place(alice, a, b, 100, standing.Plan{Frequency: standing.Daily, First: "2026-01-03", Last: "2026-03-31"})
	h.confirm(alice, monthly)
	h.confirm(alice, daily)
	h.at("2026-04-15", 12) // in one jump
	require.Equal(t, []string{"2026-01-31 executed", "2026-02-28 executed", "2026-03-31 executed"}, h.occurrences(monthly.Order))
	said := h.occurrences(daily.Order)
	require.Equal(t, "skipped 76", said[0])
	require.Equal(t, []string{"2026-03-20 executed", "2026-03-31 executed", "ended completed"}, []string{said[1], said[12], said[13]})
	require.Len(t, said, 14)
	h.balances(b, 31_200, 0)
	h.at("2027-01-01", 12)
	require.Equal(t, "ended completed", h.occurrences(monthly.Order)[5])
	h.audit()
}

func TestWantOfMoneyIsTriedAgainThatDay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	a, b := h.account(alice, "Alice", 1_000), h.account(bob, "Bob", 0)
	placed := h.place(alice, a, b, 50_000, rent)
	h.confirm(alice, placed)
	h.at("2026-01-31", 6)
	h.at("2026-01-31", 11)
	require.Equal(t, []string{"2026-01-31 failed 1 insufficient-funds"}, h.occurrences(placed.Order))
	h.deposit(a, 49_000)
	h.at("2026-01-31", 12)
	h.balances(b, 50_000, 0)
	for _, hour := range []int{6, 12, 18, 23} {
		h.at("2026-02-28", hour)
	}
	h.deposit(a, 100_000)
	h.at("2026-03-01", 12) // the day is over, and so is its occurrence
	h.balances(b, 50_000, 0)
	h.at("2026-03-31", 6)
	require.Equal(t, []string{"2026-01-31 failed 1 insufficient-funds", "2026-01-31 executed",
		"2026-02-28 failed 1 insufficient-funds", "2026-02-28 failed 2 insufficient-funds", "2026-02-28 given up 3 insufficient-funds", "2026-03-31 executed"},
		h.occurrences(placed.Order))
	h.audit()
}

func TestAnOccurrenceFailsByTheRuleThatSaysNo(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(h *house, from, to id.Account)
		said   []string
	}{
		"a frozen account": {func(h *house, from, _ id.Account) {
			_, _, err := h.bank.Accounts().Freeze(h.ctx(), h.operator(), from, "court-order")
			require.NoError(h.t, err)
		}, []string{"2026-01-31 given up 3 account-frozen"}},
		"a creditor who has gone ends the order": {func(h *house, _, to id.Account) {
			_, _, err := h.bank.Accounts().Close(h.ctx(), h.operator(), to, "moved")
			require.NoError(h.t, err)
		}, []string{"2026-01-31 given up 3 account-closed", "ended account-closed"}},
		"a restricted customer": {func(h *house, _, _ id.Account) { h.person(alice, customer.Restrict{Reason: "check", At: h.now()}) },
			[]string{"2026-01-31 given up 3 customer-limited"}},
		"a customer who has died ends the order": {func(h *house, _, _ id.Account) { h.person(alice, customer.ReportDeath{At: h.now()}) },
			[]string{"2026-01-31 given up 3 customer-gone", "ended customer-gone"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, newModelLog(t))
			a, b := h.account(alice, "Alice", 100_000), h.account(bob, "Bob", 0)
			placed := h.place(alice, a, b, 50_000, rent)
			h.confirm(alice, placed)
			tc.change(h, a, b)
			h.at("2026-01-31", 18)
			require.Equal(t, tc.said, h.occurrences(placed.Order))
			h.balances(a, 100_000, 0)
			h.audit()
		})
	}
}

// person changes a customer's standing.
func (h *house) person(who id.Customer, command customer.Command) {
	h.t.Helper()
	_, _, err := execute(h.ctx(), h.bank, "test.person", SystemOrder("test", randomCause(), "person", h.now(), ofCustomer(who)), streams(who),
		func(w *work) error { return h.bank.customers.decide(w, who, command) }, func([]Fact) (struct{}, error) { return struct{}{}, nil })
	require.NoError(h.t, err)
}

func TestAnUnconfirmedOrderExpires(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	a, b := h.account(alice, "Alice", 100_000), h.account(bob, "Bob", 0)
	placed := h.place(alice, a, b, 50_000, rent)
	for range 3 {
		_, _, err := h.bank.StandingOrders().Authorise(h.ctx(), h.by(alice), placed.Order, Confirmation{Method: MethodSCAKey, Text: "another", Proven: true})
		require.ErrorIs(t, err, standing.ErrSCA)
	}
	_, _, err := h.bank.StandingOrders().Authorise(h.ctx(), h.by(bob), placed.Order, Confirmation{Method: MethodSCAKey, Text: placed.Challenge.Display.Reveal(), Proven: true})
	require.ErrorIs(t, err, standing.ErrMissing)
	h.pass(5 * time.Minute)
	h.catchUp()
	state, err := h.bank.orders.look(h.ctx(), placed.Order)
	require.NoError(t, err)
	require.Equal(t, standing.TimedOut, state.Phase)
	h.at("2026-02-28", 12)
	h.balances(b, 0, 0)
}

func TestWhatCouldNeverBeExecutedIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	a, b := h.account(alice, "Alice", 100_000), h.account(bob, "Bob", 0)
	before := h.commits()
	for name, tc := range map[string]struct {
		ask  PlaceOrder
		code string
	}{
		"money of another's":    {PlaceOrder{From: b, To: a, Amount: euros(1), Plan: rent}, "not-found"},
		"to nobody":             {PlaceOrder{From: a, To: id.Named[id.Account]("none"), Amount: euros(1), Plan: rent}, "not-found"},
		"to the bank's own":     {PlaceOrder{From: a, To: account.Suspense.In("EUR"), Amount: euros(1), Plan: rent}, "not-found"},
		"in another currency":   {PlaceOrder{From: a, To: b, Amount: dollars(1), Plan: rent}, "currency-mismatch"},
		"to itself":             {PlaceOrder{From: a, To: a, Amount: euros(1), Plan: rent}, "transfer-same-account"},
		"nothing":               {PlaceOrder{From: a, To: b, Amount: euros(0), Plan: rent}, "invalid-amount"},
		"on a day that is over": {PlaceOrder{From: a, To: b, Amount: euros(1), Plan: standing.Plan{Frequency: standing.Once, First: "2025-12-31"}}, "invalid-schedule"},
		"nowhere on earth":      {PlaceOrder{From: a, To: b, Amount: euros(1), Plan: rent, Zone: "Mars/Olympus"}, "unknown-time-zone"},
		"where the server is":   {PlaceOrder{From: a, To: b, Amount: euros(1), Plan: rent, Zone: "Local"}, "unknown-time-zone"},
		"in a file":             {PlaceOrder{From: a, To: b, Amount: euros(1), Plan: rent, Zone: "../../etc/passwd"}, "unknown-time-zone"},
	} {
		_, _, err := h.bank.StandingOrders().Place(h.ctx(), h.by(alice), tc.ask)
		require.Equal(t, tc.code, refusalCode(err), name)
	}
	require.Equal(t, before, h.commits(), "no trace")
}

// Whatever days pass at once, whatever is restarted, lost or done twice: every
// occurrence is settled once and in order, and the books add up.
func TestNoOccurrenceHappensTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		log := newModelLog(t)
		h := newHouse(t, log)
		a, b := h.account(alice, "Alice", 20_000), h.account(bob, "Bob", 0)
		frequencies := []standing.Frequency{standing.Once, standing.Daily, standing.Weekly, standing.Monthly, standing.Quarterly}
		var placed []StandingAnswer
		for range rapid.IntRange(1, 3).Draw(r, "orders") {
			plan := standing.Plan{Frequency: rapid.SampledFrom(frequencies).Draw(r, "frequency"), First: "2026-01-31"}
			placed = append(placed, h.place(alice, a, b, rapid.Int64Range(100, 9_000).Draw(r, "amount"), plan))
			h.confirm(alice, placed[len(placed)-1])
		}
		for range rapid.IntRange(1, 8).Draw(r, "steps") {
			h.pass(time.Duration(rapid.IntRange(1, 24*60).Draw(r, "hours")) * time.Hour)
			switch rapid.IntRange(0, 3).Draw(r, "what happens") {
			case 0:
				h.reopen(h.log)
			case 1: // the third append from now is not made, and the process is gone
				left, stopped := 3, errors.New("killed")
				log.onAdd(func(eventbus.Commit) error {
					if left--; left == 0 {
						return stopped
					}
					return nil
				})
				_ = h.bank.Tick(context.Background())
				log.onAdd(nil)
				h.reopen(h.log)
			case 2:
				h.deposit(a, 5_000)
			}
			h.catchUp()
		}
		for _, order := range placed {
			days := map[string]int{}
			last := ""
			for _, said := range h.occurrences(order.Order) {
				if len(said) > 10 && said[10:] == " executed" {
					days[said]++
					require.Equal(t, 1, days[said])
					require.Less(t, last, said, "in order")
					last = said
				}
			}
		}
		h.audit() // sums are nought at every position, and every balance is what its postings say
	})
}

func TestAnExecutedOccurrenceIsATransferLikeAnother(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	a, b := h.account(alice, "Alice", 100_000), h.account(bob, "Bob", 0)
	placed := h.place(alice, a, b, 50_000, standing.Plan{Frequency: standing.Once, First: "2026-01-31"})
	h.confirm(alice, placed)
	h.at("2026-01-31", 6)
	require.Equal(t, []string{"2026-01-31 executed", "ended completed"}, h.occurrences(placed.Order))
	made := id.From[id.Transfer](DerivedID(placed.Order.UUID(), "transfer/0/1"))
	state, err := h.bank.transfers.look(h.ctx(), made)
	require.NoError(t, err)
	require.Equal(t, transfer.Done, state.Phase)
	require.Equal(t, alice, state.Customer)
	back, _, err := h.bank.Transfers().Reverse(h.ctx(), h.operator(), ReverseTransfer{Transfer: made, Amount: euros(20_000)})
	require.NoError(t, err)
	require.Equal(t, made, back.Original)
	h.balances(a, 70_000, 0)
	h.audit()
}
