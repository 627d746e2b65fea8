package commands

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/transfer"
	"florin/eventbus"
)

// deed is one command of the traffic: the same one, however often it is done.
type deed struct {
	key string
	do  func(context.Context, *Bank) (any, Outcome, error)
}

// result is what a deed came to.
type result struct {
	answer  any
	code    string // of a refusal
	receipt eventbus.Receipt
}

// insist repeats a deed until it is answered, as a phone does. Every other try the
// client hangs up in the middle, if it is that impatient. What is neither an answer
// nor "ask again" is a fault of the bank's.
func insist(t testing.TB, bank *Bank, d deed, impatient bool) result {
	for n := range 10_000 {
		ctx, hangUp := context.WithCancel(context.Background())
		if impatient && n%2 == 0 {
			go hangUp()
		}
		answer, outcome, err := d.do(ctx, bank)
		hangUp()
		_, refusal := errors.AsType[*domain.Refusal](err)
		switch {
		case err == nil:
			return result{answer: answer, receipt: outcome.Receipt}
		case refusal && refusalCode(err) != ErrInFlight.Code:
			return result{answer, refusalCode(err), outcome.Receipt}
		case !refusal && !askAgain(err):
			t.Errorf("%s: %v", d.key, err)
			return result{}
		}
	}
	t.Errorf("%s: no answer", d.key)
	return result{}
}

// askAgain tells the errors that oblige the client to ask again with the same key.
func askAgain(err error) bool {
	_, unknown := errors.AsType[*eventbus.UnknownOutcome](err)
	return unknown || errors.Is(err, eventbus.ErrBusy) || errors.Is(err, context.Canceled)
}

// traffic is random commands over a few accounts. It is safe for several workers.
type traffic struct {
	h        *house
	accounts []id.Account
	owners   []id.Customer

	mu      sync.Mutex
	random  *rand.Rand
	count   int
	waiting []TransferAnswer
	done    []id.Transfer
	acked   map[string]ackedDeed
	enough  chan struct{} // closed when atLeast are acknowledged
	atLeast int
}

type ackedDeed struct {
	deed
	result
}

func newTraffic(h *house, seed uint64) *traffic {
	tr := &traffic{h: h, random: rand.New(rand.NewPCG(seed, 7)), acked: map[string]ackedDeed{}}
	for i := range 6 {
		owner := id.Named[id.Customer](fmt.Sprint("owner", i%3))
		tr.owners = append(tr.owners, owner)
		tr.accounts = append(tr.accounts, h.account(owner, fmt.Sprint("Owner ", i%3), 200_000))
	}
	return tr
}

// next makes up a command: mostly transfers, many of them too large.
func (tr *traffic) next() deed {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.count++
	var (
		key  = fmt.Sprint("deed-", tr.count)
		from = tr.random.IntN(len(tr.accounts))
		to   = tr.random.IntN(len(tr.accounts))
		size = tr.random.Int64N(60_000)
		dice = tr.random.IntN(20)
	)
	order := tr.h.again(tr.owners[from], key)
	switch {
	case dice == 0:
		size *= 3 // to be confirmed
	case dice == 1:
		return deed{key, func(ctx context.Context, b *Bank) (any, Outcome, error) {
			return pack(b.Deposits().Deposit(ctx, order, MakeDeposit{To: tr.accounts[to], Amount: euros(size)}))
		}}
	case dice < 5 && len(tr.waiting) > 0:
		return tr.answering(key, dice)
	case dice == 5 && len(tr.done) > 0:
		original := tr.done[tr.random.IntN(len(tr.done))]
		return deed{key, func(ctx context.Context, b *Bank) (any, Outcome, error) {
			return pack(b.Transfers().Reverse(ctx, order, ReverseTransfer{Transfer: original}))
		}}
	}
	return deed{key, func(ctx context.Context, b *Bank) (any, Outcome, error) {
		return pack(b.Transfers().Initiate(ctx, order, InitiateTransfer{From: tr.accounts[from], To: tr.accounts[to], Amount: euros(size),
			Reference: domain.NewEvidence(key)}))
	}}
}

// answering confirms, mistakes or withdraws what waits.
func (tr *traffic) answering(key string, dice int) deed {
	waits := tr.waiting[tr.random.IntN(len(tr.waiting))]
	order := tr.h.again(waits.Customer, key)
	if dice == 4 {
		return deed{key, func(ctx context.Context, b *Bank) (any, Outcome, error) {
			return pack(b.Transfers().Cancel(ctx, order, waits.Transfer))
		}}
	}
	ask := AuthoriseTransfer{Transfer: waits.Transfer, Method: MethodSCAKey, Statement: tr.h.statement(waits), Proven: dice == 2}
	return deed{key, func(ctx context.Context, b *Bank) (any, Outcome, error) {
		return pack(b.Transfers().Authorise(ctx, order, ask))
	}}
}

func pack[A any](answer A, outcome Outcome, err error) (any, Outcome, error) {
	return answer, outcome, err
}

// ack keeps what a client was told.
func (tr *traffic) ack(d deed, r result) {
	if r.receipt == (eventbus.Receipt{}) {
		return // a refusal that is no fact may change its mind
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.acked[d.key] = ackedDeed{d, r}
	if tr.enough != nil && len(tr.acked) >= tr.atLeast {
		close(tr.enough)
		tr.enough = nil
	}
	if answer, ok := r.answer.(TransferAnswer); ok && r.code == "" {
		switch {
		case answer.Status == transfer.Pending:
			tr.waiting = append(tr.waiting, answer)
		case answer.Status == transfer.Done && answer.Original.IsZero():
			tr.done = append(tr.done, answer.Transfer)
		}
	}
}

// after is closed once so many more deeds are acknowledged.
func (tr *traffic) after(more int) <-chan struct{} {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.enough, tr.atLeast = make(chan struct{}), len(tr.acked)+more
	return tr.enough
}

func (tr *traffic) told() map[string]ackedDeed {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	told := make(map[string]ackedDeed, len(tr.acked))
	for key, acked := range tr.acked {
		told[key] = acked
	}
	return told
}

// run has workers do so many deeds each, over the banks given.
func (tr *traffic) run(workers, deeds int, banks ...*Bank) {
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for n := range deeds {
				d := tr.next()
				tr.ack(d, insist(tr.h.t, banks[(w+n)%len(banks)], d, n%4 == 0))
			}
		})
	}
	all.Wait()
}

// forget goes back to what was told before the crash: the rest never happened,
// or nobody knows.
func (tr *traffic) forget(told map[string]ackedDeed) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.acked, tr.waiting, tr.done = told, nil, nil
}
