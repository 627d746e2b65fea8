package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/iban"
	"florin/domain/incoming"
	"florin/domain/payment"
	"florin/eventbus"
)

// faults has every step of a payment fail: each commit that says something of one is
// refused twice, once so that the funnel tries again and once so that it does not; then
// it is kept, and its answer lost. Only the fourth try hears what happened.
type faults struct {
	mu    sync.Mutex
	tries map[uuid.UUID]int
	hit   map[string]int // by kind, how many commits went all the way
}

func (f *faults) add(l eventbus.Log, c eventbus.Commit) (eventbus.Ticket, error) {
	f.mu.Lock()
	f.tries[c.ID]++
	try := f.tries[c.ID]
	f.mu.Unlock()
	switch {
	case !ofPayments(c):
		return l.Enqueue(c)
	case try == 1:
		return nil, eventbus.ErrBusy
	case try == 2:
		return nil, errLost
	}
	ticket, err := l.Enqueue(c)
	if err != nil || try > 3 {
		return ticket, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, stream := range c.Streams {
		for _, event := range stream.Events {
			f.hit[event.Kind]++
		}
	}
	return unheard{ticket, c.ID}, nil
}

func ofPayments(c eventbus.Commit) bool {
	for _, stream := range c.Streams {
		if strings.HasPrefix(string(stream.Stream), "payment/") || strings.HasPrefix(string(stream.Stream), "incoming/") {
			return true
		}
	}
	return false
}

// unheard is the ticket of a commit that is kept, of which nobody hears.
type unheard struct {
	eventbus.Ticket
	id uuid.UUID
}

func (u unheard) Wait(ctx context.Context) (eventbus.Receipt, error) {
	if receipt, err := u.Ticket.Wait(ctx); err != nil {
		return receipt, err
	}
	return eventbus.Receipt{}, &eventbus.UnknownOutcome{ID: u.id}
}

// insists asks again with the same key until there is an answer.
func (p *remitter) insists(ask func(context.Context) error) {
	p.t.Helper()
	for range 10 {
		err := ask(p.ctx())
		if err == nil {
			return
		}
		_, refused := errors.AsType[*domain.Refusal](err)
		require.False(p.t, refused, "%v", err)
	}
	p.t.Fatal("there is no answer")
}

// sound checks, wherever the payments stand, that the books are, and that no cent of
// alice's is anywhere else than with her, on its way, or at the other bank.
func (p *remitter) sound() {
	p.t.Helper()
	ledger := p.audit()
	var all int64
	for _, of := range []account.Chart{account.InTransit(account.SEPA), account.Nostro(account.SEPA), account.Suspense} {
		balance, _, _ := ledger.Balance(of.In("EUR"))
		all += balance.Minor
	}
	balance, _, _ := ledger.Balance(p.from)
	require.Equal(p.t, int64(500000), all+balance.Minor)
}

// until lets the bank work until something is so, restarting it in between if it shall.
func (p *remitter) until(restarts bool, so func() bool) {
	p.t.Helper()
	for range 100 {
		p.settle()
		p.sound()
		if so() {
			return
		}
		if restarts {
			p.restart()
		}
		p.pass(10 * time.Second)
	}
	p.t.Fatal("it comes to no end")
}

// Every step of a payment fails before it was kept, and after; so does every call of
// the rail; and the bank may start anew between any two of them.
func TestEveryStepOfAPaymentFailsTwice(t *testing.T) {
	t.Parallel()
	for _, restarts := range []bool{false, true} {
		for _, calls := range [][]string{nil, {"before", "after"}} {
			t.Run(fmt.Sprint(restarts, calls), func(t *testing.T) {
				t.Parallel()
				p := newRemitter(t)
				f := &faults{tries: map[uuid.UUID]int{}, hit: map[string]int{}}
				p.log.(*modelLog).fails(f)
				p.lives(restarts, func() { p.rail.fail(calls...) })
				f.mu.Lock()
				defer f.mu.Unlock()
				for _, kind := range []string{"payment.initiated", "payment.authorised", "account.reservation_captured", "payment.submitted", "payment.accepted", "payment.settled",
					"payment.rejected", "payment.returned", "payment.recalled", "payment.recall_denied", "incoming.received", "incoming.credited", "incoming.suspended",
					"incoming.returned", "incoming.return_settled"} {
					require.NotZero(t, f.hit[kind], "%s never failed after it was kept", kind)
				}
				require.Equal(t, [3]int{3, 2, 2}, [3]int{p.rail.booked, p.rail.wanted, len(p.rail.returns)})
				p.internal(account.InTransit(account.SEPA), 0)
				p.internal(account.Suspense, 0)
				p.internal(account.Nostro(account.SEPA), 0)
				p.balances(p.from, 500000, 0)
			})
		}
	}
}

// lives has three payments leave and two come, which all come to nothing in the end:
// one is rejected, one comes back by itself, one is recalled in vain and then with
// success; one comes in for nobody, and one is recalled.
func (p *remitter) lives(restarts bool, faulty func()) {
	p.t.Helper()
	pays := func(said RailAnswer) (paid PaymentAnswer) {
		p.rail.next(said)
		order := p.by(alice)
		p.insists(func(context.Context) (err error) { paid, _, err = p.pay(order, 2500); return err })
		return paid
	}
	becomes := func(of PaymentAnswer, phase payment.Phase) {
		p.until(restarts, func() bool { return p.state(of.Payment).Phase == phase })
	}
	faulty()
	becomes(pays(RailAnswer{Status: RailRejected, Reason: "AC04"}), payment.Declined)

	faulty()
	back := pays(RailAnswer{Status: RailAccepted})
	becomes(back, payment.Taken)
	p.rail.becomes(message(back.Payment), RailAnswer{Status: RailSettled})
	faulty()
	becomes(back, payment.Done)
	order := p.operator()
	p.insists(func(ctx context.Context) error {
		_, _, err := p.bank.Payments().Return(ctx, order, ReturnPayment{Payment: back.Payment, Amount: euros(2500), Reason: "AC04", Return: "r1"})
		return err
	})

	wanted := pays(RailAnswer{Status: RailSettled})
	becomes(wanted, payment.Done)
	recalls := func(said RailAnswer) {
		p.rail.decides(said)
		faulty()
		order := p.by(alice)
		p.insists(func(context.Context) error { _, _, err := p.recall(order, wanted.Payment, "FRAD"); return err })
		p.until(restarts, func() bool { return !p.state(wanted.Payment).Recall.Open() })
	}
	recalls(RailAnswer{Status: RailRejected, Reason: "CUST"})
	recalls(givenBack(2500))
	require.Equal(p.t, payment.GivenBack, p.state(wanted.Payment).Phase)

	faulty()
	comes := func(reference, to string) (came IncomingAnswer) {
		order := p.operator()
		p.insists(func(ctx context.Context) (err error) {
			came, _, err = p.bank.Incoming().Receive(ctx, order, ReceivePayment{Reference: reference, Creditor: must(iban.Parse(to)), Debtor: must(iban.Parse("DE89370400440532013000")),
				DebtorName: domain.NewEvidence("Zoé"), Amount: euros(700)})
			return err
		})
		return came
	}
	goesBack := func(of IncomingAnswer) {
		p.until(restarts, func() bool {
			state, err := p.bank.incoming.look(p.ctx(), of.Incoming)
			require.NoError(p.t, err)
			return state.Phase == incoming.GoneBack
		})
	}
	goesBack(comes("TX-1", "DE89370400440532013000"))
	_, number, err := p.bank.known(p.ctx(), p.from)
	require.NoError(p.t, err)
	credited := comes("TX-2", number.Reveal())
	order = p.operator()
	p.insists(func(ctx context.Context) error {
		_, _, err := p.bank.Incoming().Recall(ctx, order, RecallPayment{Incoming: credited.Incoming, Recall: "C1", Reason: "DUPL"})
		return err
	})
	goesBack(credited)
}
