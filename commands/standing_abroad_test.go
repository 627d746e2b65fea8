package commands

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"florin/domain"
	"florin/domain/customer"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/payment"
	"florin/domain/standing"
	"florin/eventbus"
)

func (p *sender) ordering(minor int64, plan standing.Plan) PlaceOrder {
	return PlaceOrder{From: p.from, Creditor: must(iban.Parse(elsewhere)), CreditorName: domain.NewEvidence("Bob Builder"), Amount: euros(minor), Plan: plan, Reference: domain.NewEvidence("rent")}
}

// ordered places a series to another bank, and confirms it.
func (p *sender) ordered(minor int64, plan standing.Plan) id.StandingOrder {
	p.t.Helper()
	placed, _, err := p.bank.StandingOrders().Place(p.ctx(), p.by(alice), p.ordering(minor, plan))
	require.NoError(p.t, err)
	p.confirm(alice, placed)
	return placed.Order
}

// payment is the one of an occurrence by one of its tries.
func (p *sender) payment(of id.StandingOrder, try string) id.Payment {
	return id.From[id.Payment](DerivedID(of.UUID(), "payment/"+try))
}

func TestMonthsOfRentToAnotherBank(t *testing.T) {
	t.Parallel()
	p := newSender(t, 100_000)
	p.rail.payees[elsewhere] = RailPayee{Result: payment.AlmostMatch, Name: domain.NewEvidence("Robert Builder")}
	placed, _, err := p.bank.StandingOrders().Place(p.ctx(), p.by(alice), p.ordering(30_000, rent))
	require.NoError(t, err)
	require.Equal(t, standing.Pending, placed.Status)
	var shown standing.Statement
	require.NoError(t, json.Unmarshal([]byte(placed.Challenge.Display.Reveal()), &shown))
	require.Equal(t, []string{elsewhere, "Bob Builder", "close-match", "Robert Builder", "300.00", "monthly", "2026-01-31"},
		[]string{shown.Creditor, shown.CreditorName, shown.Payee, shown.PayeeName, shown.Amount, shown.Frequency, shown.First})
	_, _, err = p.bank.StandingOrders().Authorise(p.ctx(), p.by(alice), placed.Order, Confirmation{Method: MethodSCAKey, Text: "another series", Proven: true})
	require.ErrorIs(t, err, standing.ErrSCA)
	p.confirm(alice, placed)
	delete(p.rail.payees, elsewhere) // it is not asked again

	p.at("2026-01-31", 5)
	require.Equal(t, []int{0, 0}, p.told())
	mark := p.newest()
	p.at("2026-01-31", 6)
	require.Equal(t, []int{1, 1}, p.told())
	require.Contains(t, p.inbox(alice, mark), "payment-sent")
	p.reopen(p.log) // it forgets all, and does nothing again
	p.at("2026-02-28", 7)
	p.at("2026-03-31", 6)
	p.at("2026-04-30", 6)
	p.at("2026-04-30", 23)
	require.Equal(t, []string{"2026-01-31 executed", "2026-02-28 executed", "2026-03-31 executed", "2026-04-30 failed 1 insufficient-funds",
		"2026-04-30 given up 3 insufficient-funds"}, p.occurrences(placed.Order), "of the tries that are missed at once there is one")
	require.Equal(t, []int{3, 3}, p.told())
	p.balances(p.from, 10_000, 0)
	of := p.payment(placed.Order, "1/1")
	require.Equal(t, "settled", p.stands(of))
	first, err := p.bank.initiated(p.ctx(), of)
	require.NoError(t, err)
	require.Equal(t, []string{elsewhere, "Bob Builder", "rent"}, []string{first.Creditor.Reveal(), first.CreditorName.Reveal(), first.Reference.Reveal()})
	cancelled, _, err := p.bank.StandingOrders().Cancel(p.ctx(), p.by(alice), placed.Order)
	require.NoError(t, err)
	require.Equal(t, standing.Withdrawn, cancelled.Status)
	p.deposit(p.from, 100_000)
	p.at("2026-12-31", 23)
	require.Equal(t, []int{3, 3}, p.told())
	p.audit()
}

func TestAPaymentOfASeriesFailsByTheRuleThatSaysNo(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(p *sender)
		said   []string
	}{
		"want of money is tried again, and given up": {func(p *sender) { p.moved(p.from, p.account(bob, "Bob", 0), 60_000) }, []string{"2026-01-31 given up 3 insufficient-funds"}},
		"a frozen account":                           {func(p *sender) { p.freeze(p.from) }, []string{"2026-01-31 given up 3 account-frozen"}},
		"an account that is gone ends the order": {func(p *sender) { p.moved(p.from, p.account(bob, "Bob", 0), 100_000); p.close(p.from) },
			[]string{"2026-01-31 given up 3 account-closed", "ended account-closed"}},
		"a restricted customer": {func(p *sender) { p.person(alice, customer.Restrict{Reason: "check", At: p.now()}) }, []string{"2026-01-31 given up 3 customer-limited"}},
		"a customer who has died ends the order": {func(p *sender) { p.person(alice, customer.ReportDeath{At: p.now()}) },
			[]string{"2026-01-31 given up 3 customer-gone", "ended customer-gone"}},
		"what risk blocks by now":   {func(p *sender) { p.policy = blockingPolicy(p.t); p.reopen(p.log) }, []string{"2026-01-31 given up 3 payment-blocked"}},
		"a bank that left its rail": {func(p *sender) { p.house.rail = nil; p.reopen(p.log) }, []string{"2026-01-31 given up 3 rail-unavailable"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newSender(t, 100_000)
			order := p.ordered(50_000, rent)
			tc.change(p)
			p.catchUp()
			before, mark := p.money(p.from).Balance, p.newest()
			p.at("2026-01-31", 18)
			require.Equal(t, tc.said, p.occurrences(order))
			require.Contains(t, p.inbox(alice, mark), "standing-order-failed")
			require.Equal(t, []int{0, 0}, p.told())
			p.balances(p.from, before, 0)
			p.audit()
		})
	}
}

// What the rail says later is the payment's: the order goes on.
func TestTheRailRejectsAPaymentOfASeries(t *testing.T) {
	t.Parallel()
	p := newSender(t, 100_000)
	order := p.ordered(50_000, rent)
	p.rail.next(RailAnswer{Status: RailRejected, Reason: "AC04"})
	mark := p.newest()
	p.at("2026-01-31", 12)
	require.Equal(t, "rejected rail-rejected", p.stands(p.payment(order, "0/2")), "made by the try of noon")
	require.Contains(t, p.inbox(alice, mark), "payment-rejected")
	p.balances(p.from, 100_000, 0)
	p.at("2026-02-28", 12)
	require.Equal(t, []string{"2026-01-31 executed", "2026-02-28 executed"}, p.occurrences(order))
	p.audit()
}

func TestWhatCouldNeverBePaidElsewhereIsRefused(t *testing.T) {
	t.Parallel()
	p := newSender(t, 100_000)
	other := p.account(bob, "Bob", 0)
	with := func(change func(*PlaceOrder)) PlaceOrder { ask := p.ordering(100, rent); change(&ask); return ask }
	own := p.terms.Issuer.Number(1)
	before := p.commits()
	for name, tc := range map[string]struct {
		ask  PlaceOrder
		code string
	}{
		"money of another's":      {with(func(a *PlaceOrder) { a.From = other }), "not-found"},
		"to here and there":       {with(func(a *PlaceOrder) { a.To = other }), "standing-order-creditor"},
		"to an account here":      {with(func(a *PlaceOrder) { a.Creditor = own }), "iban-own-bank"},
		"to nobody":               {with(func(a *PlaceOrder) { a.CreditorName = domain.NewEvidence("") }), "invalid-name"},
		"to too long a name":      {with(func(a *PlaceOrder) { a.CreditorName = domain.NewEvidence(strings.Repeat("n", 71)) }), "invalid-name"},
		"in another currency":     {with(func(a *PlaceOrder) { a.Amount = dollars(1) }), "rail-currency"},
		"nothing":                 {with(func(a *PlaceOrder) { a.Amount = euros(0) }), "invalid-amount"},
		"on a day that is over":   {with(func(a *PlaceOrder) { a.Plan.First = "2025-12-31" }), "invalid-schedule"},
		"with too much to say":    {with(func(a *PlaceOrder) { a.Reference = domain.NewEvidence(strings.Repeat("r", 200)) }), "invalid-reference"},
		"where nobody tells time": {with(func(a *PlaceOrder) { a.Zone = "Mars/Olympus" }), "unknown-time-zone"},
	} {
		_, _, err := p.bank.StandingOrders().Place(p.ctx(), p.by(alice), tc.ask)
		require.Equal(t, tc.code, refusalCode(err), name)
	}
	require.Equal(t, before, p.commits(), "no trace")
	p.house.rail = nil
	p.reopen(p.log)
	_, _, err := p.bank.StandingOrders().Place(p.ctx(), p.by(alice), p.ordering(100, rent))
	require.Equal(t, "rail-unavailable", refusalCode(err))
}

// Whatever days pass at once, whatever is restarted, lost or done twice: every occurrence
// is settled once, and the rail books as many payments as are executed.
func TestNoPaymentOfASeriesHappensTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		p := newSender(t, 20_000)
		log := p.log.(*modelLog)
		frequencies := []standing.Frequency{standing.Once, standing.Weekly, standing.Monthly}
		var placed []id.StandingOrder
		for range rapid.IntRange(1, 2).Draw(r, "orders") {
			placed = append(placed, p.ordered(rapid.Int64Range(100, 6_000).Draw(r, "amount"), standing.Plan{Frequency: rapid.SampledFrom(frequencies).Draw(r, "frequency"), First: "2026-01-31"}))
		}
		for range rapid.IntRange(1, 4).Draw(r, "steps") {
			p.pass(time.Duration(rapid.IntRange(1, 24*60).Draw(r, "hours")) * time.Hour)
			switch rapid.IntRange(0, 3).Draw(r, "what happens") {
			case 0:
				p.reopen(p.log)
			case 1: // one of the next appends is not made, and the process is gone
				left, stopped := rapid.IntRange(1, 4).Draw(r, "appends"), errors.New("killed")
				log.onAdd(func(eventbus.Commit) error {
					if left--; left <= 0 {
						return stopped
					}
					return nil
				})
				_ = p.bank.Tick(context.Background())
				log.onAdd(nil)
				p.reopen(p.log)
			case 2:
				p.rail.fail(rapid.SampledFrom([]string{"before", "after"}).Draw(r, "the line"))
			}
			p.catchUp()
		}
		p.rail.fail() // nothing any more
		for range 5 {
			p.pass(time.Hour) // what failed is tried again
			p.catchUp()
		}
		executed, last := 0, ""
		for _, order := range placed {
			last = ""
			for _, said := range p.occurrences(order) {
				if strings.HasSuffix(said, " executed") {
					executed++
					require.Less(t, last, said, "in order, and once")
					last = said
				}
			}
		}
		_, booked := p.rail.counts()
		require.Equal(t, executed, booked)
		p.audit()
	})
}

// Whom a customer pays is nobody's business but theirs: it is sealed, and once it is
// erased nobody is paid.
func TestWhoIsPaidElsewhereIsForgotten(t *testing.T) {
	t.Parallel()
	p := newSender(t, 100_000)
	order, later := p.ordered(10_000, rent), p.scheduled(5_000, "2026-02-28")
	here := p.house.scheduled(p.from, p.account(bob, "Bob", 0), 5_000, "2026-02-28")
	p.at("2026-01-31", 12)
	require.Equal(t, []int{1, 1}, p.told())
	for record, err := range p.log.ReadAll(p.ctx(), 0) {
		require.NoError(t, err)
		for _, event := range record.Events {
			require.NotContains(t, string(event.Data), elsewhere, event.Kind)
			require.NotContains(t, string(event.Data), "Bob Builder", event.Kind)
		}
	}
	_, err := p.bank.Customers().RequestErasure(p.ctx(), p.operator(), alice, "gdpr-17-1-b")
	require.NoError(t, err)
	p.catchUp()
	p.reopen(p.log)
	p.at("2026-02-28", 12)
	require.Equal(t, []string{"2026-01-31 executed", "2026-02-28 given up 2 customer-gone", "ended customer-gone"}, p.occurrences(order))
	require.Equal(t, []string{"rejected customer-gone", "rejected customer-gone"}, []string{p.stands(later), p.house.stands(here)})
	require.Equal(t, []int{1, 1}, p.told())
	p.balances(p.from, 90_000, 0)
	p.audit()
}

// What waits of somebody who is erased meanwhile ends all the same, and holds nothing.
func TestWhatWaitsOfTheErasedEnds(t *testing.T) {
	t.Parallel()
	p := newSender(t, 1_000_000)
	challenged, _, err := p.bank.Payments().Initiate(p.ctx(), p.by(alice), p.asking(200_000, ""))
	require.NoError(t, err)
	waits, _, err := p.send(p.by(alice), p.from, p.account(bob, "Bob", 0), 200_000)
	require.NoError(t, err)
	ready, _, err := p.bank.Payments().Initiate(p.ctx(), p.by(alice), p.asking(500, ""))
	require.NoError(t, err)
	p.balances(p.from, 1_000_000, 400_500)
	_, err = p.bank.Customers().RequestErasure(p.ctx(), p.operator(), alice, "gdpr-17-1-b")
	require.NoError(t, err)
	p.catchUp()
	p.pass(time.Hour)
	p.catchUp()
	require.Equal(t, []string{"expired", "expired", "settled"}, []string{p.stands(challenged.Payment), p.house.stands(waits.Transfer), p.stands(ready.Payment)})
	p.balances(p.from, 999_500, 0) // what was agreed on before is paid
	require.Equal(t, []int{1, 1}, p.told())
	p.audit()
}
