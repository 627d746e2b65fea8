package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/eventbus/jetstream/natstest"
	"florin/gateway/phone"
)

// TestMain lets the test binary be the program: a child with this variable set
// runs main, so that what is killed is the real thing.
func TestMain(m *testing.M) {
	if os.Getenv("FLORIN_TEST_MAIN") == "1" {
		if pipe := os.Getenv("FLORIN_TEST_HEAP"); pipe != "" {
			dumpsTo(pipe)
		}
		main()
		return
	}
	os.Exit(natstest.Main(m))
}

// program is this binary and the environment that makes it florin.
func program(t *testing.T) (path string, environ []string) {
	t.Helper()
	path, err := os.Executable()
	require.NoError(t, err)
	return path, append(os.Environ(), "FLORIN_TEST_MAIN=1")
}

// kills is how often the bank is killed: 50 in CI, fewer under the race
// detector, many more in 'make soak'.
func kills() int {
	switch {
	case os.Getenv("FLORIN_SOAK") != "":
		return 1000
	case testing.Short():
		return 5
	}
	return 50
}

// TestKillUnderLoadLosesNothing kills the bank with signal 9 at a random moment
// under HTTP load, again and again, and judges it by the answers that the client
// holds: 0 acknowledged transfers lost, 0 made twice, and the money still sums
// to nought in the log of the last survivor.
func TestKillUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	path, environ := program(t)
	dir := filepath.Join(t.TempDir(), "bank")
	bank, base, err := newChild(path, dir, filepath.Join(t.TempDir(), "bank.log"), childEnvironment(environ),
		"--rate-per-second", "100000", "--rate-burst", "100000", "--log-level", "warn", "--risk-policy", amountsPolicy)
	require.NoError(t, err)
	require.NoError(t, bank.start(ctx))
	t.Cleanup(func() { _ = errors.Join(bank.kill(), bank.close()) })

	storm := newStorm(ctx, t, bank, base)
	for round := range kills() {
		storm.round(ctx, t, round)
	}

	require.NoError(t, bank.stop())
	v, err := verify(ctx, config{Dir: dir}, newProgress(os.Stderr, true).begin("verify", 1))
	require.NoError(t, err)
	require.Equal(t, "ok", v.Verify)
	require.Zero(t, v.Ledger.Sum)
	require.Equal(t, storm.acks.count(), v.Initiated, "the log holds exactly the transfers that were asked for")
	fitsItsSchemas(t, dir)
	t.Logf("%d kills, %d transfers acknowledged, %d answers lost with a process, 0 lost, 0 doubled", kills(), storm.acks.count(), storm.unanswered.Load())
}

// newStorm enrols the people whose transfers the bank is killed under.
func newStorm(ctx context.Context, t *testing.T, bank mortal, base string) *storm {
	t.Helper()
	storm := &storm{acks: newAcks(), bank: bank, random: rand.New(rand.NewSource(time.Now().UnixNano()))}
	storm.people = make([]*person, 4)
	require.NoError(t, inParallel(len(storm.people), len(storm.people), func(i int) error {
		p, err := newPerson(ctx, base, fmt.Sprintf("storm%d", i), newHTTPClient())
		for range 4 {
			if err == nil {
				err = p.openFunded(ctx, "5000.00")
			}
		}
		storm.people[i] = p
		return err
	}))
	return storm
}

// mortal is a bank, or the part of one, that is killed and started again.
type mortal interface {
	kill() error
	start(ctx context.Context) error
}

// storm is a load that the bank is killed under.
type storm struct {
	acks       *acks
	bank       mortal
	people     []*person
	random     *rand.Rand
	unanswered atomic.Int64
}

const (
	stormWorkers = 8
	stormOrders  = 60
)

// round sends transfers, kills the bank somewhere in them, starts it again, and
// asks for every one of them again.
func (s *storm) round(ctx context.Context, t *testing.T, round int) {
	t.Helper()
	keys := make([]string, stormOrders)
	for i := range keys {
		keys[i] = s.people[0].phone.NewID()
	}
	mark := int64(s.random.Intn(stormOrders-stormWorkers) + 1)
	var answered atomic.Int64
	killed := make(chan error, 1)
	reached := make(chan struct{})
	go func() { <-reached; killed <- s.bank.kill() }()
	err := inParallel(stormOrders, stormWorkers, func(i int) error {
		who, order := s.order(round*stormOrders + i)
		if i == int(mark) {
			close(reached)
		}
		answer, err := who.phone.Command(ctx, http.MethodPost, "/v1/transfers", order, keys[i])
		if err != nil || answer.Status == http.StatusServiceUnavailable { // from a gateway whose core was killed
			s.unanswered.Add(1)
			return nil
		}
		transfer, err := phone.ReadTransfer(answer)
		if err != nil {
			return err
		}
		s.acks.add(keys[i], transfer)
		answered.Add(1)
		return nil
	})
	require.NoError(t, err, "round %d", round)
	require.NoError(t, <-killed, "round %d", round)
	require.NoError(t, s.bank.start(ctx), "round %d", round)

	if round%8 == 7 { // access tokens live 300 s
		for _, who := range s.people {
			require.NoError(t, who.phone.Refresh(ctx), "round %d", round)
		}
	}
	require.NoError(t, inParallel(stormOrders, stormWorkers, func(i int) error {
		who, order := s.order(round*stormOrders + i)
		transfer, err := who.phone.Transfer(ctx, order, keys[i])
		if err == nil {
			s.acks.add(keys[i], transfer)
		}
		return err
	}), "round %d", round)
	require.Zero(t, s.acks.lost, "acknowledged and lost, round %d", round)
	require.Zero(t, s.acks.twice, "made twice, round %d", round)
}

func (s *storm) order(i int) (*person, phone.Order) {
	debtor, creditor := s.people[i%len(s.people)], s.people[(i+1)%len(s.people)]
	return debtor, phone.Order{
		From: debtor.accounts[i%len(debtor.accounts)], To: creditor.accounts[i/3%len(creditor.accounts)],
		Amount: fmt.Sprintf("0.%02d", 1+i%99), Currency: "EUR",
	}
}

// amountsPolicy is the risk policy of tests in which one customer pays more often than
// any customer would.
const amountsPolicy = "../../schemas/testdata/policy-amounts.yaml"
