package account_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/money"
)

// shadow keeps its own, naive books beside an account.
type shadow struct {
	balance int64
	holds   map[string]int64
	spent   map[string]int64
	forced  bool
}

// asked turns four bytes into a command.
func asked(op, what, size, when byte) account.Command {
	var (
		at     = noon.Add(time.Duration(int8(when)) * time.Hour)
		amount = money.Amount{Minor: int64(int8(size)) * 97, Currency: "EUR"}
		name   = "transfer/" + string('a'+rune(what%6))
	)
	if what > 250 {
		amount.Currency = "USD"
	}
	if size == 255 {
		amount.Minor = money.MinorMax
	}
	switch op % 9 {
	case 0, 1:
		return account.Credit{Posting: name, Amount: amount, At: at}
	case 2:
		return account.Debit{Posting: name, Amount: amount, Limited: what%2 == 0, Forced: what%7 == 0, At: at}
	case 3:
		return account.Reserve{Reservation: name, Amount: amount, Limited: what%2 == 0, At: at}
	case 4:
		return account.Capture{Reservation: name, Posting: name, Amount: amount, Forced: what%5 == 0, At: at}
	case 5:
		return account.Release{Reservation: name, At: at}
	case 6:
		return account.Freeze{Reason: "fuzz", At: at}
	case 7:
		return account.Unfreeze{Reason: "fuzz", At: at}
	}
	return account.Close{Reason: "fuzz", At: at}
}

// sequence runs commands made of bytes and checks the books after each.
func sequence(t *testing.T, script []byte) {
	t.Helper()
	var state account.State
	for _, fact := range opened() {
		state = state.Evolve(fact)
	}
	books := shadow{holds: map[string]int64{}, spent: map[string]int64{}}
	for ; len(script) >= 4; script = script[4:] {
		command := asked(script[0], script[1], script[2], script[3])
		before := state
		events, err := state.Decide(command)
		if err != nil {
			_, refusal := errors.AsType[*domain.Refusal](err)
			require.True(t, refusal, "only refusals: %v", err)
			require.Empty(t, events)
			continue
		}
		require.NotEmpty(t, events)
		require.NotEqual(t, account.Finished, before.Status, "a closed account decides nothing")
		for _, event := range events {
			state = state.Evolve(event)
			books.enter(event)
		}
		books.check(t, state)
	}
}

func (b *shadow) enter(event account.Event) {
	switch e := event.(type) {
	case account.Credited:
		b.balance += e.Amount.Minor
	case account.Debited:
		b.balance -= e.Amount.Minor
		b.forced = b.forced || e.Forced
		if e.Day != "" {
			b.spent[e.Day] += e.Amount.Minor
		}
	case account.FundsReserved:
		b.holds[e.Reservation] += e.Amount.Minor
		if e.Day != "" {
			b.spent[e.Day] += e.Amount.Minor
		}
	case account.ReservationCaptured:
		b.balance -= e.Amount.Minor
		if b.holds[e.Reservation] -= e.Amount.Minor; b.holds[e.Reservation] == 0 {
			delete(b.holds, e.Reservation)
		}
	case account.ReservationReleased:
		delete(b.holds, e.Reservation)
	}
}

func (b *shadow) check(t *testing.T, s account.State) {
	t.Helper()
	var held int64
	for _, minor := range b.holds {
		require.Positive(t, minor)
		held += minor
	}
	require.Equal(t, b.balance, s.Balance, "the balance is what was booked")
	require.Equal(t, held, s.Held, "held is the sum of the reservations")
	require.Len(t, s.Reservations, len(b.holds))
	if !b.forced {
		require.GreaterOrEqual(t, s.Balance-s.Held, -s.Overdraft, "nothing but force goes below the overdraft")
		require.False(t, s.Overdrawn)
	}
	require.Equal(t, s.Overdrawn, s.Balance < -s.Overdraft, "the mark says what is so")
	require.LessOrEqual(t, s.Spent, b.spent[s.Day], "releases give the limit back, nothing else")
	require.LessOrEqual(t, s.Spent, s.DailyLimit)
	require.GreaterOrEqual(t, s.Spent, int64(0))
	if s.Status == account.Finished {
		require.Zero(t, s.Balance)
		require.Zero(t, s.Held)
	}
}

func FuzzSequence(f *testing.F) {
	f.Add([]byte{0, 0, 100, 0, 2, 2, 50, 0, 3, 2, 40, 0, 4, 2, 40, 0})
	f.Add([]byte{2, 7, 127, 0, 3, 1, 20, 0, 0, 0, 127, 0, 3, 1, 20, 0, 2, 7, 127, 0, 4, 1, 20, 0})
	f.Add([]byte{8, 0, 0, 0, 0, 0, 1, 0})
	f.Fuzz(func(t *testing.T, script []byte) { sequence(t, script) })
}

func TestSequences(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		script := make([]byte, 4*100)
		for i := range script {
			script[i] = byte(random.Uint32())
		}
		for i := 0; i < len(script); i += 4 {
			if script[i]%9 == 8 && random.IntN(20) > 0 {
				script[i] = 0 // closing at once would teach little
			}
		}
		sequence(t, script)
	}
}
