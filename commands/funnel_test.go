package commands

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/money"
	"florin/eventbus"
	"florin/schemas"
	"florin/schemas/seal"
)

// world is a bank on a log that the test commands, and two small verbs of its
// own, so that the funnel is tested apart from the verbs of the house.
type world struct {
	t    testing.TB
	log  *modelLog
	bank *Bank
	ring *seal.Ring
}

func newWorld(t testing.TB) *world {
	t.Helper()
	ring, err := seal.Memory(rand.Reader)
	require.NoError(t, err)
	w := &world{t: t, log: newModelLog(t), ring: ring}
	w.bank = w.reopened(w.log)
	t.Cleanup(func() { soundAfter(t, w.log, ring) })
	return w
}

// reopened is another bank on the same log: nothing in memory yet.
func (w *world) reopened(log eventbus.Log) *Bank {
	w.t.Helper()
	bank, err := Open(context.Background(), log, schemas.New(w.ring), w.ring,
		Sources{Now: func() time.Time { return noon }, Random: rand.Reader}, Settings{CheckSchemas: true, BuildVersion: "test"})
	require.NoError(w.t, err)
	return bank
}

var payer = seal.Subject{Kind: ActorCustomer, ID: uuid.MustParse("0198f2a0-0000-7000-8000-0000000000aa")}

func order(key, intent string) Order {
	return Order{
		ID:     CommandID(ActorCustomer, payer.ID, key),
		Caller: Caller{ActorType: ActorCustomer, Actor: payer.ID},
		Intent: []byte(intent), At: noon, Subject: payer,
	}
}

func named1(name string) id.Account { return id.Named[id.Account]("test", name) }

func euros(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

// open opens an account that may go so far below nought.
func (w *world) open(name string, overdraft int64) id.Account {
	w.t.Helper()
	opened := named1(name)
	_, _, err := execute(context.Background(), w.bank, "test.open", order("open "+name, name), streams(opened), func(run *work) error {
		w.bank.accounts.begin(run, opened)
		return w.bank.accounts.decide(run, opened, account.Open{Account: opened, Customer: id.From[id.Customer](payer.ID),
			Name: domain.NewProfile("Ada " + name), Currency: "EUR", OverdraftLimit: euros(overdraft), At: noon})
	}, func([]Fact) (struct{}, error) { return struct{}{}, nil })
	require.NoError(w.t, err)
	return opened
}

// paid is the answer of pay, made from facts alone.
type paid struct {
	Posting string
	Balance int64 // of the debtor
	Text    string
}

// pay moves money by a journal entry; key is its idempotency key.
func pay(ctx context.Context, b *Bank, key string, from, to id.Account, minor int64) (paid, Outcome, error) {
	return payLocked(ctx, b, order(key, fmt.Sprint(from, to, minor)), streams(from, to), from, to, minor)
}

func payLocked(ctx context.Context, b *Bank, o Order, locks lockset, from, to id.Account, minor int64) (paid, Outcome, error) {
	entry := id.From[id.Journal](DerivedID(o.ID, "journal"))
	return execute(ctx, b, "test.pay", o, locks, func(w *work) error {
		legs, err := money.NewPosting(money.Leg{Account: from, Amount: euros(-minor)}, money.Leg{Account: to, Amount: euros(minor)})
		if err != nil {
			return err
		}
		b.journals.begin(w, entry)
		err = b.journals.decide(w, entry, journal.Post{Journal: entry, Purpose: journal.Settlement, Legs: legs, Reference: domain.NewEvidence("rent"), At: o.At})
		if err != nil {
			return err
		}
		if err := b.accounts.decide(w, from, account.Debit{Posting: entry.Stream(), Amount: euros(minor), At: o.At}); err != nil {
			return err
		}
		return b.accounts.decide(w, to, account.Credit{Posting: entry.Stream(), Amount: euros(minor), At: o.At})
	}, func(facts []Fact) (paid, error) {
		var a paid
		for _, fact := range facts {
			switch e := fact.Event.(type) {
			case journal.Posted:
				a.Posting, a.Text = string(fact.Stream), e.Reference.Reveal()
			case account.Debited:
				a.Balance = e.Balance.Minor
			}
		}
		if a.Posting == "" {
			return a, errors.New("no posting among the facts")
		}
		return a, nil
	})
}

func (w *world) balance(b *Bank, of id.Account) int64 {
	w.t.Helper()
	state, err := b.accounts.look(context.Background(), of)
	require.NoError(w.t, err)
	return state.Balance
}
