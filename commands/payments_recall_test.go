package commands

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/domain/payment"
)

func (p *remitter) recall(order Order, of id.Payment, reason string) (PaymentAnswer, Outcome, error) {
	return p.bank.Payments().Recall(p.ctx(), order, RecallOwn{Payment: of, Reason: reason})
}

// gone is a payment that the other bank has.
func (p *remitter) gone(minor int64) id.Payment {
	p.t.Helper()
	of := p.paid(minor).Payment
	p.settle()
	require.Equal(p.t, payment.Done, p.state(of).Phase)
	return of
}

func givenBack(minor int64) RailAnswer {
	return RailAnswer{Status: RailReturned, Amount: euros(minor), Reason: "FOCR", Return: "granted-1"}
}

func TestARecalledPaymentComesBack(t *testing.T) {
	t.Parallel()
	p := newRemitter(t)
	of := p.gone(2500)
	_, _, err := p.recall(p.by(bob), of, "FRAD")
	require.Equal(t, "not-found", refusalCode(err))
	_, _, err = p.recall(p.by(alice), of, "TECH")
	require.ErrorIs(t, err, payment.ErrRecallReason)
	asked, outcome, err := p.recall(p.again(alice, "r"), of, "FRAD")
	require.NoError(t, err)
	require.Equal(t, []string{"payment.recalled"}, p.kinds(outcome), "no money moves before the other bank has answered")
	require.Equal(t, []any{payment.Done, RecallAsked, "FRAD"}, []any{asked.Status, asked.Recall.Status, asked.Recall.Reason})
	again, replayed, err := p.recall(p.again(alice, "r"), of, "FRAD")
	require.NoError(t, err)
	require.True(t, replayed.Replayed)
	require.Equal(t, asked, again)
	_, _, err = p.recall(p.by(alice), of, "CUST")
	require.ErrorIs(t, err, payment.ErrRecallRuns)

	p.settle()
	p.stands(of, payment.Done, 0, 2500) // the other bank thinks about it
	p.rail.decides(givenBack(2400))
	p.settle()
	p.stands(of, payment.Done, 0, 2500) // it asks in its time
	p.pass(time.Hour)
	p.settle()
	p.stands(of, payment.GivenBack, 0, 100) // less the other bank's charge
	p.balances(p.from, 499900, 0)
	require.Equal(t, 1, p.rail.wanted)
	_, _, err = p.recall(p.by(alice), of, "CUST")
	require.ErrorIs(t, err, payment.ErrNotRecallable)
	_, _, err = p.bank.Payments().Return(p.ctx(), p.operator(), ReturnPayment{Payment: of, Amount: euros(2400), Reason: "FOCR", Return: "granted-1"})
	require.ErrorIs(t, err, payment.ErrNotReturnable, "the rail says it a second time by itself")
	p.stands(of, payment.GivenBack, 0, 100)
}

func TestARecallIsDenied(t *testing.T) {
	t.Parallel()
	p := newRemitter(t)
	of := p.gone(2500)
	p.rail.decides(RailAnswer{Status: RailRejected, Reason: "NOAS"})
	for n := range payment.RecallsMax {
		_, _, err := p.recall(p.by(alice), of, "CUST")
		require.NoError(t, err)
		p.settle()
		require.False(t, p.state(of).Recall.Open())
		p.stands(of, payment.Done, 0, 2500)
		require.Equal(t, n+1, p.rail.wanted, "each under a name of its own")
	}
	_, _, err := p.recall(p.by(alice), of, "CUST")
	require.ErrorIs(t, err, payment.ErrRecallsUsed)
	_, _, err = p.bank.Payments().Return(p.ctx(), p.operator(), ReturnPayment{Payment: of, Amount: euros(2500), Reason: "FOCR", Return: "r"})
	require.NoError(t, err, "after all")
	p.stands(of, payment.GivenBack, 0, 0)
}

func TestASilentRecallIsLookedInto(t *testing.T) {
	t.Parallel()
	p := newRemitter(t)
	of := p.gone(2500)
	mark := p.newest()
	asked, _, err := p.bank.Payments().Recall(p.ctx(), p.operator(), RecallOwn{Payment: of, Reason: "TECH"})
	require.NoError(t, err, "the bank itself may want it back")
	p.pass(asked.Recall.AnswerBy.Sub(p.now()) - time.Second)
	p.settle()
	require.False(t, p.state(of).Recall.Overdue)
	p.pass(time.Hour)
	p.settle()
	require.True(t, p.state(of).Recall.Overdue)
	p.pass(24 * time.Hour)
	p.settle()
	p.rail.decides(givenBack(2500))
	p.pass(time.Hour)
	p.settle()
	p.stands(of, payment.GivenBack, 0, 0)
	require.Equal(t, []string{"payment-recalled", "payment-recall-delayed", "payment-returned"}, p.inbox(alice, mark))
	late := p.gone(2500)
	p.pass(30 * 24 * time.Hour)
	_, _, err = p.recall(p.by(alice), late, "DUPL")
	require.ErrorIs(t, err, payment.ErrRecallTooLate)
}

// The answer to a recall may be lost before the rail has heard or after, and the bank
// may end at any point: the other bank is asked once, and the money comes back once.
func TestAnswersToARecallAreLost(t *testing.T) {
	t.Parallel()
	for _, fails := range [][]string{{"before"}, {"after"}, {"before", "after"}, {"after", "after", "before"}} {
		for _, restarts := range []bool{false, true} {
			t.Run(fmt.Sprint(fails, restarts), func(t *testing.T) {
				t.Parallel()
				p := newRemitter(t)
				of := p.gone(2500)
				p.rail.decides(givenBack(2500))
				p.rail.fail(fails...)
				_, _, err := p.recall(p.by(alice), of, "DUPL")
				require.NoError(t, err)
				for p.state(of).Phase != payment.GivenBack {
					p.settle()
					if restarts {
						p.restart()
					}
					p.pass(10 * time.Second)
				}
				p.stands(of, payment.GivenBack, 0, 0)
				p.balances(p.from, 500000, 0)
				require.Equal(t, 1, p.rail.wanted)
			})
		}
	}
}
