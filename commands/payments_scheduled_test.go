package commands

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/customer"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/payment"
	"florin/domain/quota"
	"florin/eventbus"
)

// sender is a house on a rail whose processes go only when they are told to (catchUp).
type sender struct {
	*house
	rail *modelRail
	from id.Account
}

func newSender(t *testing.T, minor int64) *sender {
	t.Helper()
	p := &sender{house: newHouse(t, newModelLog(t)), rail: newModelRail()}
	p.house.rail = p.rail
	p.reopen(p.log)
	p.from = p.account(alice, "Alice", minor)
	return p
}

const elsewhere = "DE89370400440532013000"

func (p *sender) asking(minor int64, day string) InitiatePayment {
	return InitiatePayment{From: p.from, Creditor: must(iban.Parse(elsewhere)), CreditorName: domain.NewEvidence("Bob Builder"),
		Amount: euros(minor), Reference: domain.NewEvidence("rent"), ExecuteOn: day}
}

// later asks for a payment of a later day, which is always challenged.
func (p *sender) later(minor int64, day string) PaymentAnswer {
	p.t.Helper()
	answer, _, err := p.bank.Payments().Initiate(p.ctx(), p.by(alice), p.asking(minor, day))
	require.NoError(p.t, err)
	require.Equal(p.t, []any{payment.Pending, day}, []any{answer.Status, answer.ExecuteOn})
	return answer
}

func (p *sender) shown(waits PaymentAnswer) (said payment.Statement) {
	p.t.Helper()
	require.NoError(p.t, json.Unmarshal([]byte(waits.Challenge.Display.Reveal()), &said))
	return said
}

func (p *sender) say(waits PaymentAnswer, statement payment.Statement) (PaymentAnswer, error) {
	answer, _, err := p.bank.Payments().Authorise(p.ctx(), p.by(alice),
		AuthorisePayment{Payment: waits.Payment, Method: MethodSCAKey, Statement: statement, Proven: true, Evidence: domain.NewEvidence("jws")})
	return answer, err
}

// scheduled asks for one and confirms it.
func (p *sender) scheduled(minor int64, day string) id.Payment {
	p.t.Helper()
	waits := p.later(minor, day)
	answer, err := p.say(waits, p.shown(waits))
	require.NoError(p.t, err)
	require.Equal(p.t, payment.Waiting, answer.Status)
	return waits.Payment
}

func (p *sender) stands(of id.Payment) string {
	p.t.Helper()
	state, err := p.bank.payments.look(p.ctx(), of)
	require.NoError(p.t, err)
	if state.Code != "" {
		return string(state.Phase) + " " + state.Code
	}
	return string(state.Phase)
}

// told are the messages that the rail took in, doubles counted once and each time.
func (p *sender) told() []int {
	told, booked := p.rail.counts()
	return []int{told, booked}
}

func TestAPaymentIsMadeOnItsDay(t *testing.T) {
	t.Parallel()
	p := newSender(t, 10_000)
	waits := p.later(2_500, "2026-01-31")
	shown := p.shown(waits)
	require.Equal(t, []string{"2026-01-31", "match"}, []string{shown.ExecuteOn, shown.Payee}, "small and known as it is, it is confirmed, with its day and its payee")
	another := shown
	another.ExecuteOn = "2026-01-30"
	_, err := p.say(waits, another)
	require.Equal(t, "sca-failed", refusalCode(err))
	mark := p.newest()
	_, err = p.say(waits, shown)
	require.NoError(t, err)
	require.Contains(t, p.inbox(alice, mark), "payment-scheduled")
	p.balances(p.from, 10_000, 0)
	p.at("2026-01-31", 5)
	require.Equal(t, "scheduled", p.stands(waits.Payment))
	require.Equal(t, []int{0, 0}, p.told())
	_, _, err = p.bank.Payments().Run(p.ctx(), p.operator(), waits.Payment)
	require.ErrorIs(t, err, payment.ErrNotDue)
	p.reopen(p.log) // which forgets all
	mark = p.newest()
	p.at("2026-01-31", 6)
	require.Equal(t, "settled", p.stands(waits.Payment))
	require.Contains(t, p.inbox(alice, mark), "payment-sent")
	p.balances(p.from, 7_500, 0)
	p.reopen(p.log)
	p.at("2026-12-31", 23)
	p.balances(p.from, 7_500, 0)
	require.Equal(t, []int{1, 1}, p.told(), "once")
	p.audit()
}

func TestManyPaymentsInOneJump(t *testing.T) {
	t.Parallel()
	p := newSender(t, 10_000)
	third, first, second := p.scheduled(4_000, "2026-03-31"), p.scheduled(4_000, "2026-01-05"), p.scheduled(4_000, "2026-02-10")
	today, unanswered := p.scheduled(100, "2026-01-02"), p.later(100, "2026-01-03")
	p.catchUp()
	require.Equal(t, "settled", p.stands(today), "today's hour is over, and it is made at once")
	p.at("2026-05-01", 12)
	require.Equal(t, []string{"settled", "settled", "rejected insufficient-funds", "expired"},
		[]string{p.stands(first), p.stands(second), p.stands(third), p.stands(unanswered.Payment)})
	p.balances(p.from, 1_900, 0)
	require.Equal(t, []int{3, 3}, p.told())
	p.audit()
}

func TestTheDayOfAPaymentAsksEveryRuleAgain(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		minor  int64
		change func(p *sender, of id.Payment)
		stands string
	}{
		"more than there is":       {5_000, func(p *sender, _ id.Payment) { p.moved(p.from, p.account(bob, "Bob", 0), 6_000) }, "rejected insufficient-funds"},
		"more than a day allows":   {1_000_001, func(p *sender, _ id.Payment) { p.deposit(p.from, 5_000_000) }, "rejected limit-exceeded"},
		"a frozen account":         {100, func(p *sender, _ id.Payment) { p.freeze(p.from) }, "rejected account-frozen"},
		"an account that is gone":  {100, func(p *sender, _ id.Payment) { p.moved(p.from, p.account(bob, "Bob", 0), 10_000); p.close(p.from) }, "rejected account-closed"},
		"payments are stopped":     {100, func(p *sender, _ id.Payment) { p.person(alice, customer.Restrict{Reason: "check", At: p.now()}) }, "rejected customer-limited"},
		"the customer has died":    {100, func(p *sender, _ id.Payment) { p.person(alice, customer.ReportDeath{At: p.now()}) }, "rejected customer-gone"},
		"risk knows better by now": {100, func(p *sender, _ id.Payment) { p.policy = blockingPolicy(p.t); p.reopen(p.log) }, "rejected payment-blocked"},
		"the rail says no":         {100, func(p *sender, _ id.Payment) { p.rail.next(RailAnswer{Status: RailRejected, Reason: "AC04"}) }, "rejected rail-rejected"},
		"it is withdrawn before": {100, func(p *sender, of id.Payment) {
			_, _, err := p.bank.Payments().Cancel(p.ctx(), p.by(bob), of)
			require.Equal(p.t, "not-found", refusalCode(err), "another's")
			_, _, err = p.bank.Payments().Cancel(p.ctx(), p.by(alice), of)
			require.NoError(p.t, err)
		}, "cancelled"},
		"nothing speaks against it": {100, func(*sender, id.Payment) {}, "settled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newSender(t, 10_000)
			of := p.scheduled(tc.minor, "2026-01-05")
			tc.change(p, of)
			p.catchUp()
			mark := p.newest()
			p.at("2026-01-05", 12)
			require.Equal(t, tc.stands, p.stands(of))
			if tc.stands != "settled" && tc.stands != "cancelled" {
				require.Contains(t, p.inbox(alice, mark), "payment-rejected")
			}
			_, held := p.money(p.from).Reserved(of.Stream())
			require.False(t, held, "nothing stays held")
			p.audit()
		})
	}
}

// A crash before or after any append of the day: nothing is lost and nothing doubled.
func TestAPaymentsDayThatIsCutOff(t *testing.T) {
	t.Parallel()
	for n := range 8 {
		p := newSender(t, 10_000)
		for range 3 {
			p.scheduled(1_000, "2026-01-05")
		}
		p.catchUp()
		p.pass(5 * 24 * time.Hour)
		left, stopped, log := n, errors.New("killed"), p.log.(*modelLog)
		log.onAdd(func(eventbus.Commit) error {
			if left--; left < 0 {
				return stopped
			}
			return nil
		})
		_ = p.bank.Tick(context.Background())
		log.onAdd(nil)
		p.reopen(p.log)
		p.catchUp()
		p.pass(time.Hour) // what failed is tried again later
		p.catchUp()
		p.balances(p.from, 7_000, 0)
		_, booked := p.rail.counts()
		require.Equal(t, 3, booked)
		p.audit()
	}
}

func TestWhatCouldNeverBePaidLaterIsRefused(t *testing.T) {
	t.Parallel()
	p := newSender(t, 10_000)
	before := p.commits()
	for day, says := range map[string]string{"2026-01-01": "invalid-execution-date", "2027-01-03": "invalid-execution-date", "soon": "invalid-execution-date"} {
		_, outcome, err := p.bank.Payments().Initiate(p.ctx(), p.by(alice), p.asking(100, day))
		require.Equal(t, says, refusalCode(err), day)
		require.Zero(t, outcome.Receipt)
	}
	_, _, err := p.bank.Payments().Initiate(p.ctx(), p.by(bob), p.asking(100, "2026-01-05"))
	require.Equal(t, "not-found", refusalCode(err))
	require.Equal(t, before, p.commits(), "no trace")
	for range quota.Payments.Max() {
		p.later(100, "2026-12-31")
	}
	_, _, err = p.bank.Payments().Initiate(p.ctx(), p.by(alice), p.asking(100, "2026-12-31"))
	require.Equal(t, "too-many-scheduled-payments", refusalCode(err))
	p.pass(time.Hour)
	p.catchUp()
	waits := p.later(100, "2026-12-31")
	_, _, err = p.bank.Payments().Cancel(p.ctx(), p.by(alice), waits.Payment)
	require.NoError(t, err, "and nothing is freed that was not held")
	spent := p.asking(0, "2026-12-31")
	_, outcome, err := p.bank.Payments().Initiate(p.ctx(), p.by(alice), spent)
	require.Equal(t, "invalid-amount", refusalCode(err))
	require.NotZero(t, outcome.Receipt, "a refusal by a rule is a fact")
	p.balances(p.from, 10_000, 0)
	p.audit()
}
