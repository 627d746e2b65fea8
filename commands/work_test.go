package commands

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/money"
)

func TestLegsMustMatchWhatTheAccountsSay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b, c := w.open("a", 500), w.open("b", 0), w.open("c", 0)
	legs, err := money.NewPosting(money.Leg{Account: a, Amount: euros(-100)}, money.Leg{Account: b, Amount: euros(100)})
	require.NoError(t, err)
	entry := id.Named[id.Journal]("wrong")
	post := journal.Post{Journal: entry, Purpose: journal.Settlement, Legs: legs, At: noon}
	debit := account.Debit{Posting: entry.Stream(), Amount: euros(100), At: noon}
	credit := account.Credit{Posting: entry.Stream(), Amount: euros(100), At: noon}
	for name, part := range map[string]func(*work) []error{
		"a debit without a posting":   func(r *work) []error { return []error{w.bank.accounts.decide(r, a, debit)} },
		"a posting without movements": func(r *work) []error { return []error{w.bank.journals.decide(r, entry, post)} },
		"a credit to another account": func(r *work) []error {
			return []error{w.bank.journals.decide(r, entry, post), w.bank.accounts.decide(r, a, debit), w.bank.accounts.decide(r, c, credit)}
		},
		"a credit of another sum": func(r *work) []error {
			more := credit
			more.Amount = euros(101)
			return []error{w.bank.journals.decide(r, entry, post), w.bank.accounts.decide(r, a, debit), w.bank.accounts.decide(r, b, more)}
		},
		"a debit twice": func(r *work) []error {
			return []error{w.bank.journals.decide(r, entry, post), w.bank.accounts.decide(r, a, debit), w.bank.accounts.decide(r, a, debit), w.bank.accounts.decide(r, b, credit)}
		},
		"another posting's name": func(r *work) []error {
			other := credit
			other.Posting = "journal/other"
			return []error{w.bank.journals.decide(r, entry, post), w.bank.accounts.decide(r, a, debit), w.bank.accounts.decide(r, b, other)}
		},
	} {
		_, _, err := execute(background, w.bank, "test.wrong", order("wrong "+name, name), streams(a, b, c), func(r *work) error {
			return errors.Join(part(r)...)
		}, func([]Fact) (struct{}, error) { return struct{}{}, nil })
		require.ErrorContains(t, err, "legs of", name)
		require.False(t, refused(err), "a bug is no answer")
	}
	require.Zero(t, w.balance(w.bank, a))
}

func TestAPartThatFailsIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.open("a", 500), w.open("b", 0)
	_, outcome, err := execute(background, w.bank, "test.try", order("k", ""), streams(a, b), func(r *work) error {
		if err := w.bank.accounts.decide(r, b, account.Freeze{Reason: "court-order", At: noon}); err != nil {
			return err
		}
		err := try(r, func() error {
			if err := w.bank.accounts.decide(r, a, account.Debit{Posting: "journal/x", Amount: euros(400), At: noon}); err != nil {
				return err
			}
			return w.bank.accounts.decide(r, b, account.Debit{Posting: "journal/x", Amount: euros(1), At: noon})
		})
		if !errors.Is(err, account.ErrFrozen) {
			return fmt.Errorf("the second debit was to be refused: %w", err)
		}
		state, err := w.bank.accounts.load(r, a)
		require.Zero(t, state.Balance)
		return err
	}, func(facts []Fact) (int, error) { return len(facts), nil })
	require.NoError(t, err)
	require.NotZero(t, outcome.Receipt.Last)
	require.Zero(t, w.balance(w.bank, a))
	require.Zero(t, w.balance(w.reopened(w.log), a))
}

func TestPartsMayBeTriedOneAfterAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.open("a", 500)
	freeze, thaw := account.Freeze{Reason: "x", At: noon}, account.Unfreeze{Reason: "x", At: noon}
	n, _, err := execute(background, w.bank, "test.try", order("k", ""), streams(a), func(r *work) error {
		both := func() error {
			return errors.Join(w.bank.accounts.decide(r, a, freeze), w.bank.accounts.decide(r, a, thaw))
		}
		if err := try(r, both); err != nil {
			return err
		}
		failed := errors.New("no")
		if err := try(r, func() error { return errors.Join(both(), failed) }); !errors.Is(err, failed) {
			return fmt.Errorf("the second part was to fail: %w", err)
		}
		return try(r, func() error { return w.bank.accounts.decide(r, a, freeze) })
	}, func(facts []Fact) (int, error) { return len(facts), nil })
	require.NoError(t, err)
	require.Equal(t, 3, n, "the first and the third part")
	state, err := w.reopened(w.log).accounts.look(background, a)
	require.NoError(t, err)
	require.Equal(t, account.OnIce, state.Status)
}

func TestNothingToDoIsAnOutcome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n, outcome, err := execute(background, w.bank, "test.idle", order("k", ""), nil, func(*work) error { return nil },
		func(facts []Fact) (int, error) { return len(facts), nil })
	require.NoError(t, err)
	require.Zero(t, n)
	require.Zero(t, outcome.Receipt)
	require.Equal(t, uint64(1), w.bank.Counts().Idle)
}

func TestARefusalAmongTheFactsIsAnsweredWithItsReceipt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.open("a", 0)
	for _, replayed := range []bool{false, true} {
		_, outcome, err := execute(background, w.bank, "test.freeze", order("k", ""), streams(a), func(r *work) error {
			return w.bank.accounts.decide(r, a, account.Freeze{Reason: "court-order", At: noon})
		}, func([]Fact) (int, error) { return 0, account.ErrFrozen })
		require.ErrorIs(t, err, account.ErrFrozen)
		require.NotZero(t, outcome.Receipt.Last)
		require.Equal(t, replayed, outcome.Replayed)
	}
}

func TestBeginningWhatExistsIsSeenOnTheSecondLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.open("a", 0)
	_, _, err := execute(background, w.bank, "test.open", order("k", ""), streams(a), func(r *work) error {
		w.bank.accounts.begin(r, a)
		return w.bank.accounts.decide(r, a, account.Open{Account: a, Customer: id.From[id.Customer](payer.ID), Currency: "EUR", At: noon})
	}, func([]Fact) (int, error) { return 0, nil })
	require.ErrorIs(t, err, account.ErrExists)
}

func TestAStreamOnlyLookedAtMustNotMove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.open("a", 0), w.open("b", 0)
	moved := false
	_, outcome, err := execute(background, w.bank, "test.guard", order("k", ""), streams(b), func(r *work) error {
		state, err := w.bank.accounts.load(r, a)
		if err != nil || state.Status == account.OnIce {
			return errors.Join(err, account.ErrFrozen)
		}
		if !moved { // another command comes between the look and the commit
			moved = true
			_, _, err := execute(background, w.bank, "test.freeze", order("freeze", ""), nil, func(r *work) error {
				return w.bank.accounts.decide(r, a, account.Freeze{Reason: "court-order", At: noon})
			}, func([]Fact) (int, error) { return 0, nil })
			require.NoError(t, err)
		}
		return w.bank.accounts.decide(r, b, account.Freeze{Reason: "court-order", At: noon})
	}, func([]Fact) (int, error) { return 0, nil })
	require.ErrorIs(t, err, account.ErrFrozen)
	require.Equal(t, 2, outcome.Attempts)
}
