package transfer_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/money"
	"florin/domain/transfer"
)

// asked turns three bytes into a command.
func asked(op, what, when byte) transfer.Command {
	at := noon.Add(time.Duration(int8(when)) * 5 * time.Second)
	amount := money.Amount{Minor: int64(int8(what)) * 31, Currency: "EUR"}
	switch op % 9 {
	case 0, 1:
		c := ask
		c.Assessment.Outcome = []transfer.Outcome{transfer.Allow, transfer.Challenge, transfer.Block, ""}[what%4]
		if what%16 > 12 {
			c.Refused = "insufficient-funds"
		}
		if what%8 == 4 {
			c.Dated, c.Today = transfer.Dated{Day: "2026-01-03", Zone: "UTC", Due: noon.Add(time.Minute)}, "2026-01-02"
		}
		c.At = at
		return c
	case 2, 3, 4:
		c := answer
		c.Proven, c.At = what%3 == 0, at
		if what%5 == 1 {
			c.Statement.Amount = "1250"
		}
		if what%7 == 1 {
			c.Refused = "account-closed"
		}
		return c
	case 5:
		return transfer.Cancel{At: at}
	case 6:
		return transfer.Expire{At: at}
	case 7:
		c := transfer.Run{At: at}
		if what%5 == 1 {
			c.Refused = "insufficient-funds"
		}
		return c
	}
	return transfer.Reverse{Reversal: t2, Amount: amount, At: at}
}

// follows is the diagram of the package doc, drawn again.
var follows = map[transfer.Phase][]transfer.Phase{
	transfer.Absent:  {transfer.Done, transfer.Pending, transfer.Declined},
	transfer.Pending: {transfer.Pending, transfer.Done, transfer.Declined, transfer.TimedOut, transfer.Withdrawn, transfer.Waiting},
	transfer.Waiting: {transfer.Done, transfer.Declined, transfer.Withdrawn},
	transfer.Done:    {transfer.Done, transfer.GivenBack},
}

func sequence(t *testing.T, script []byte) {
	t.Helper()
	var (
		state    transfer.State
		postings int
	)
	for ; len(script) >= 3; script = script[3:] {
		before := state
		events, err := state.Decide(asked(script[0], script[1], script[2]))
		if err != nil {
			_, refusal := errors.AsType[*domain.Refusal](err)
			require.True(t, refusal, "only refusals: %v", err)
			require.Empty(t, events)
			continue
		}
		require.NotEmpty(t, events)
		for _, event := range events {
			state = state.Evolve(event)
			if posted, ok := event.(transfer.Posted); ok {
				postings++
				require.NoError(t, money.Balanced(posted.Legs.Legs()))
			}
		}
		require.Contains(t, follows[before.Phase], state.Phase, "from %q", before.Phase)
		require.False(t, before.Phase.Final(), "nothing leaves %q", before.Phase)
		check(t, state, postings)
	}
}

func check(t *testing.T, s transfer.State, postings int) {
	t.Helper()
	moved := s.Phase == transfer.Done || s.Phase == transfer.GivenBack
	require.Equal(t, moved, postings == 1, "money moves once, and then the transfer says so")
	require.LessOrEqual(t, postings, 1)
	require.LessOrEqual(t, s.Failures, transfer.FailuresMax)
	require.Equal(t, s.Phase == transfer.GivenBack, moved && s.Reversed == s.Amount.Minor)
	require.GreaterOrEqual(t, s.Reversed, int64(0))
	require.LessOrEqual(t, s.Reversed, s.Amount.Minor)
	require.Equal(t, s.Phase == transfer.Declined, s.Code != "")
	if s.Failures == transfer.FailuresMax {
		require.Equal(t, "sca-failed", s.Code)
	}
}

func FuzzSequence(f *testing.F) {
	f.Add([]byte{0, 0, 0, 8, 10, 0, 8, 31, 0})
	f.Add([]byte{0, 4, 0, 2, 3, 0, 7, 0, 12, 8, 10, 0})
	f.Add([]byte{0, 1, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 2, 3, 0})
	f.Add([]byte{0, 1, 0, 6, 0, 127, 2, 3, 0, 5, 0, 0})
	f.Fuzz(func(t *testing.T, script []byte) { sequence(t, script) })
}

func TestSequences(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		script := make([]byte, 3*30)
		for i := range script {
			script[i] = byte(random.Uint32())
		}
		sequence(t, script)
	}
}
