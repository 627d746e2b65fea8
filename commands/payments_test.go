package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/payment"
)

// remitter is a house whose bank is connected to a rail.
type remitter struct {
	*house
	rail *modelRail
	from id.Account
	end  func()
}

func newRemitter(t *testing.T) *remitter {
	t.Helper()
	p := &remitter{house: newHouse(t, newModelLog(t)), rail: newModelRail(), end: func() {}}
	p.house.rail = p.rail
	p.restart()
	p.from = p.account(alice, "Alice", 500000)
	t.Cleanup(func() { p.end(); p.audit() })
	return p
}

// restart ends the bank's processes wherever they are, and begins them anew from the
// beginning of the log.
func (p *remitter) restart() {
	p.end()
	p.reopen(p.log)
	ctx, cancel := context.WithCancel(background)
	ended := make(chan error, 1)
	go func() { ended <- p.bank.Run(ctx) }()
	p.end = func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) { // it had hardly begun
			require.NoError(p.t, err)
		}
		p.end = func() {}
	}
}

// settle lets the bank's processes do all that is due.
func (p *remitter) settle() {
	p.t.Helper()
	for range 5 {
		head, err := p.log.Head(background)
		require.NoError(p.t, err)
		require.Eventually(p.t, func() bool {
			for _, process := range p.bank.Processes() {
				if process.Position < head.Position {
					return false
				}
			}
			return true
		}, 30*time.Second, time.Millisecond)
		require.NoError(p.t, p.bank.Tick(background))
	}
}

func (p *remitter) pay(order Order, minor int64) (PaymentAnswer, Outcome, error) {
	return p.bank.Payments().Initiate(p.ctx(), order, InitiatePayment{From: p.from, Creditor: must(iban.Parse("DE89370400440532013000")),
		CreditorName: domain.NewEvidence("Bob Builder"), Amount: euros(minor), Reference: domain.NewEvidence("rent")})
}

func (p *remitter) paid(minor int64) PaymentAnswer {
	p.t.Helper()
	answer, _, err := p.pay(p.by(alice), minor)
	require.NoError(p.t, err)
	return answer
}

func (p *remitter) state(of id.Payment) payment.State {
	p.t.Helper()
	state, err := p.bank.payments.look(p.ctx(), of)
	require.NoError(p.t, err)
	return state
}

func (p *remitter) internal(chart account.Chart, minor int64) {
	p.t.Helper()
	require.Equal(p.t, minor, p.money(chart.In("EUR")).Balance, "%s", chart)
}

func (p *remitter) stands(of id.Payment, phase payment.Phase, transit, nostro int64) {
	p.t.Helper()
	require.Equal(p.t, phase, p.state(of).Phase)
	p.internal(account.InTransit(account.SEPA), transit)
	p.internal(account.Nostro(account.SEPA), nostro)
}

func TestAPaymentGoesItsWay(t *testing.T) {
	t.Parallel()
	p := newRemitter(t)
	p.rail.next(RailAnswer{Status: RailAccepted})
	answer, outcome, err := p.pay(p.again(alice, "k"), 2500)
	require.NoError(t, err)
	require.Equal(t, []any{payment.Ready, payment.Matches, "low-value"}, []any{answer.Status, answer.Payee, answer.Exemption})
	require.Equal(t, []string{"payment.initiated", "payment.payee_verified", "payment.assessed", "payment.authorised", "account.funds_reserved"}, p.kinds(outcome))
	p.balances(p.from, 500000, 2500)

	p.settle()
	p.stands(answer.Payment, payment.Taken, 2500, 0)
	p.balances(p.from, 497500, 0)
	p.rail.becomes(message(answer.Payment), RailAnswer{Status: RailSettled})
	p.settle()
	p.stands(answer.Payment, payment.Taken, 2500, 0) // it asks in its time
	p.pass(time.Minute)
	p.settle()
	p.stands(answer.Payment, payment.Done, 0, 2500)
	told, booked := p.rail.counts()
	require.Equal(t, []int{1, 1}, []int{told, booked})

	again, replayed, err := p.pay(p.again(alice, "k"), 2500)
	require.NoError(t, err)
	require.True(t, replayed.Replayed)
	require.Equal(t, answer, again, "a retry gets the first answer, whatever came of it since")
	_, _, err = p.bank.Payments().Cancel(p.ctx(), p.by(alice), answer.Payment)
	require.ErrorIs(t, err, payment.ErrNotCancellable)
}

func TestTheRailRejectsAndReturns(t *testing.T) {
	t.Parallel()
	p := newRemitter(t)
	p.rail.next(RailAnswer{Status: RailRejected, Reason: "AC04"})
	rejected := p.paid(2500)
	p.settle()
	p.stands(rejected.Payment, payment.Declined, 0, 0)
	p.balances(p.from, 500000, 0)

	p.rail.next(RailAnswer{Status: RailSettled})
	settled := p.paid(2500)
	p.settle()
	p.stands(settled.Payment, payment.Done, 0, 2500)
	back := ReturnPayment{Payment: settled.Payment, Amount: euros(2400), Reason: "AC04", Return: "r1"}
	returned, _, err := p.bank.Payments().Return(p.ctx(), p.operator(), back)
	require.NoError(t, err)
	require.Equal(t, []any{payment.GivenBack, euros(2400), "AC04"}, []any{returned.Status, returned.Amount, returned.Reason})
	p.stands(settled.Payment, payment.GivenBack, 0, 100)
	p.balances(p.from, 499900, 0)
	_, _, err = p.bank.Payments().Return(p.ctx(), p.operator(), back)
	require.ErrorIs(t, err, payment.ErrNotReturnable, "it comes back once")

	p.rail.next(RailAnswer{Status: RailAccepted})
	silent := p.paid(1000)
	p.settle()
	back.Payment, back.Amount = silent.Payment, euros(900)
	_, _, err = p.bank.Payments().Return(p.ctx(), p.operator(), back)
	require.NoError(t, err, "of what nobody said was settled")
	p.stands(silent.Payment, payment.GivenBack, 0, 200)
	p.balances(p.from, 499800, 0)
}

func TestAReturnFindsItsAccountClosed(t *testing.T) {
	t.Parallel()
	p := newRemitter(t)
	spare := p.from
	p.from = p.account(alice, "Alice", 2500)
	gone := p.paid(2500)
	p.settle()
	_, _, err := p.bank.Accounts().Close(p.ctx(), p.by(alice), p.from, "moved-away")
	require.NoError(t, err)
	_, _, err = p.bank.Payments().Return(p.ctx(), p.operator(), ReturnPayment{Payment: gone.Payment, Amount: euros(2500), Reason: "AC04", Return: "r1"})
	require.NoError(t, err)
	p.stands(gone.Payment, payment.GivenBack, 0, 0)
	p.internal(account.Suspense, 2500)
	p.from = spare
	frozen := p.paid(2500)
	p.settle()
	_, _, err = p.bank.Accounts().Freeze(p.ctx(), p.operator(), p.from, "court-order")
	require.NoError(t, err)
	_, _, err = p.bank.Payments().Return(p.ctx(), p.operator(), ReturnPayment{Payment: frozen.Payment, Amount: euros(2500), Reason: "AC04", Return: "r2"})
	require.NoError(t, err, "a frozen account takes in what is its own")
	p.balances(p.from, 500000, 0)
}

// An answer may be lost before the rail has heard, or after; the process of the bank
// may end at any point. The rail books once.
func TestAnswersOfTheRailAreLost(t *testing.T) {
	t.Parallel()
	for _, fails := range [][]string{{"before"}, {"after"}, {"before", "before"}, {"after", "after"}, {"after", "before", "before"}, {"before", "", "after", "after"}} {
		for _, restarts := range []bool{false, true} {
			t.Run(fmt.Sprint(fails, restarts), func(t *testing.T) {
				t.Parallel()
				p := newRemitter(t)
				p.rail.fail(fails...)
				answer := p.paid(2500)
				for p.state(answer.Payment).Phase != payment.Done {
					p.settle()
					if restarts {
						p.restart()
					}
					p.pass(10 * time.Second)
				}
				p.stands(answer.Payment, payment.Done, 0, 2500)
				_, booked := p.rail.counts()
				require.Equal(t, 1, booked)
				p.balances(p.from, 497500, 0)
			})
		}
	}
}

func TestSilenceIsLookedInto(t *testing.T) {
	t.Parallel()
	p := newRemitter(t)
	p.rail.next(RailAnswer{Status: RailPending})
	answer := p.paid(2500)
	p.settle()
	p.pass(3 * time.Hour)
	p.settle()
	require.False(t, p.state(answer.Payment).Investigated)
	p.pass(time.Hour)
	p.settle()
	require.True(t, p.state(answer.Payment).Investigated)
	p.stands(answer.Payment, payment.Sent, 2500, 0)
	p.rail.becomes(message(answer.Payment), RailAnswer{Status: RailSettled})
	p.pass(time.Minute)
	p.settle()
	p.stands(answer.Payment, payment.Done, 0, 2500)
}

func TestWhatIsHeldForAPayment(t *testing.T) {
	t.Parallel()
	p := newRemitter(t)
	large := p.paid(200000)
	require.Equal(t, payment.Pending, large.Status)
	p.balances(p.from, 500000, 200000)
	var statement payment.Statement
	require.NoError(t, json.Unmarshal([]byte(large.Challenge.Display.Reveal()), &statement))
	require.Equal(t, payment.Statement{
		Audience: "https://bank.test", Payment: large.Payment.String(), Challenge: large.Challenge.ID.String(), Nonce: large.Challenge.Nonce,
		Debtor: p.from.String(), Creditor: "DE89370400440532013000", CreditorName: "Bob Builder", Payee: "match", Amount: "2000.00", Currency: "EUR", Fees: "0.00",
		Expiry: p.now().Add(5 * time.Minute).Format(time.RFC3339),
	}, statement)
	ask := AuthorisePayment{Payment: large.Payment, Method: MethodSCAKey, Statement: statement, Proven: true, Evidence: domain.NewEvidence("jws")}
	_, _, err := p.bank.Payments().Authorise(p.ctx(), p.by(bob), ask)
	require.Equal(t, "not-found", refusalCode(err))
	wrong := ask
	wrong.Statement.Creditor = "GB33BUKB20201555555555"
	_, _, err = p.bank.Payments().Authorise(p.ctx(), p.by(alice), wrong)
	require.ErrorIs(t, err, payment.ErrSCA)
	done, _, err := p.bank.Payments().Authorise(p.ctx(), p.by(alice), ask)
	require.NoError(t, err)
	require.Equal(t, payment.Ready, done.Status)
	p.settle()
	p.stands(large.Payment, payment.Done, 0, 200000)

	late := p.paid(200000)
	p.pass(5 * time.Minute)
	p.settle()
	require.Equal(t, payment.TimedOut, p.state(late.Payment).Phase)
	withdrawn := p.paid(200000)
	_, _, err = p.bank.Payments().Cancel(p.ctx(), p.by(bob), withdrawn.Payment)
	require.Equal(t, "not-found", refusalCode(err))
	_, _, err = p.bank.Payments().Cancel(p.ctx(), p.by(alice), withdrawn.Payment)
	require.NoError(t, err)
	p.balances(p.from, 300000, 0)

	frozen := p.paid(2500)
	_, _, err = p.bank.Accounts().Freeze(p.ctx(), p.operator(), p.from, "court-order")
	require.NoError(t, err)
	p.settle()
	require.Equal(t, payment.Declined, p.state(frozen.Payment).Phase, "frozen before it was submitted")
	p.balances(p.from, 300000, 0)
	_, _, err = p.pay(p.by(alice), 100)
	require.Equal(t, "account-frozen", refusalCode(err))
	_, _, err = p.pay(p.by(bob), 100)
	require.Equal(t, "not-found", refusalCode(err))
	_, booked := p.rail.counts()
	require.Equal(t, 1, booked)
}
