package commands

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/domain/id"
	"florin/eventbus"
	"florin/eventbus/eventbustest"
)

// plain is the bank as a child would write it: balances, and the answer that
// each key got.
type plain struct {
	balances map[id.Account]int64
	answers  map[string]plainAnswer
}

type plainAnswer struct {
	from, to id.Account
	minor    int64
	paid     paid
	receipt  eventbus.Receipt
}

const plainOverdraft = 1000

// TestTenThousandCommandsLikeThePlainModel pays at random between few accounts,
// with repeats, reused keys, lost answers, lost commits, take-overs, restarts and
// a cache of one state for each shard; every answer must be the plain model's.
func TestTenThousandCommandsLikeThePlainModel(t *testing.T) {
	t.Parallel()
	const commands = 10_000
	w := newWorld(t)
	random := rand.New(rand.NewPCG(2026, 1))
	index := &eventbustest.MemoryIndex{}
	w.bank = w.with(w.log, index)
	model := plain{balances: map[id.Account]int64{}, answers: map[string]plainAnswer{}}
	var accounts []id.Account
	for n := range 6 {
		accounts = append(accounts, w.open(fmt.Sprint(n), plainOverdraft))
	}
	var keys []string
	for n := range commands {
		switch dice := random.IntN(1000); {
		case dice < 3: // a restart: nothing in memory
			w.bank = w.with(w.log, index)
		case dice < 5: // another writer takes over, and this one takes over again
			w.log.hold()
			w.log.lose()
		case dice < 105 && len(keys) > 0: // a retry
			key := keys[random.IntN(len(keys))]
			first := model.answers[key]
			again, outcome, err := pay(background, w.bank, key, first.from, first.to, first.minor)
			require.NoError(t, err)
			require.True(t, outcome.Replayed)
			require.Equal(t, first.paid, again)
			require.Equal(t, first.receipt, outcome.Receipt)
		case dice < 125 && len(keys) > 0: // another request under a used key
			key := keys[random.IntN(len(keys))]
			first := model.answers[key]
			_, _, err := pay(background, w.bank, key, first.from, first.to, first.minor+1)
			require.ErrorIs(t, err, ErrReused)
		default:
			key := fmt.Sprint("key ", n)
			if model.pay(t, w, key, random, accounts) {
				keys = append(keys, key)
			}
		}
	}
	for _, bank := range []*Bank{w.bank, w.with(w.log, index), w.reopened(w.log)} {
		var sum int64
		for _, of := range accounts {
			require.Equal(t, model.balances[of], w.balance(bank, of))
			sum += model.balances[of]
		}
		require.Zero(t, sum)
	}
	require.NotZero(t, w.bank.Counts().Committed)
}

// pay does one payment at the bank and in the model; now and then the answer is
// lost on the way and asked for again.
func (m *plain) pay(t *testing.T, w *world, key string, random *rand.Rand, accounts []id.Account) bool {
	from, to := accounts[random.IntN(len(accounts))], accounts[random.IntN(len(accounts))]
	if from == to {
		return false
	}
	minor := 1 + random.Int64N(300)
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	if random.IntN(20) == 0 {
		w.log.onAdd(func(eventbus.Commit) error { cancel(); return nil })
	}
	answer, outcome, err := pay(ctx, w.bank, key, from, to, minor)
	w.log.onAdd(nil)
	if _, unknown := errors.AsType[*eventbus.UnknownOutcome](err); unknown || errors.Is(err, context.Canceled) {
		answer, outcome, err = pay(background, w.bank, key, from, to, minor)
	}
	if m.balances[from]-minor < -plainOverdraft {
		require.ErrorIs(t, err, account.ErrFunds)
		return false
	}
	require.NoError(t, err)
	m.balances[from] -= minor
	m.balances[to] += minor
	require.Equal(t, m.balances[from], answer.Balance)
	m.answers[key] = plainAnswer{from, to, minor, answer, outcome.Receipt}
	return true
}
