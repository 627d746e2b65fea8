package commands

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/eventbus"
)

var background = context.Background()

func TestTheSameOrderAgainGetsTheFirstAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.open("a", 500), w.open("b", 0)
	first, outcome, err := pay(background, w.bank, "k", a, b, 300)
	require.NoError(t, err)
	require.False(t, outcome.Replayed)
	require.Equal(t, int64(-300), first.Balance)
	require.Equal(t, "rent", first.Text)

	_, _, err = pay(background, w.bank, "another", a, b, 200)
	require.NoError(t, err)
	for name, bank := range map[string]*Bank{"in the same process": w.bank, "after a restart": w.reopened(w.log)} {
		again, repeat, err := pay(background, bank, "k", a, b, 300)
		require.NoError(t, err, name)
		require.True(t, repeat.Replayed, name)
		require.Equal(t, first, again, name)
		require.Equal(t, outcome.Receipt, repeat.Receipt, name)
	}
	require.Equal(t, int64(500), w.balance(w.bank, b))
}

func TestTheSameKeyForAnotherRequestIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.open("a", 500), w.open("b", 0)
	_, _, err := pay(background, w.bank, "k", a, b, 300)
	require.NoError(t, err)
	_, _, err = pay(background, w.bank, "k", a, b, 301)
	require.ErrorIs(t, err, ErrReused)
	require.Equal(t, int64(300), w.balance(w.bank, b))
}

func TestAnOrderUnderAnErasedKeyIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.open("a", 500), w.open("b", 0)
	_, _, err := pay(background, w.bank, "k", a, b, 300)
	require.NoError(t, err)
	require.NoError(t, w.ring.Destroy(payer, domain.RetainProfile))
	_, _, err = pay(background, w.bank, "k", a, b, 300)
	require.ErrorIs(t, err, ErrErased)
	require.Equal(t, int64(300), w.balance(w.reopened(w.log), b), "what happened still adds up")
}

func TestALostAnswerIsFoundByTheRetry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.open("a", 500), w.open("b", 0)
	w.log.hold()
	ctx, cancel := context.WithCancel(background)
	w.log.onAdd(func(eventbus.Commit) error { cancel(); return nil })
	_, _, err := pay(ctx, w.bank, "k", a, b, 500)
	_, unknown := errors.AsType[*eventbus.UnknownOutcome](err)
	require.True(t, unknown, "after the enqueue nobody may say failed: %v", err)
	w.log.onAdd(nil)
	w.log.release()
	_, outcome, err := pay(background, w.bank, "k", a, b, 500)
	require.NoError(t, err, "deciding again would find no money")
	require.True(t, outcome.Replayed)
	require.Equal(t, int64(500), w.balance(w.bank, b))
}

func TestALostCommitIsDecidedAnewByTheRetry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.open("a", 500), w.open("b", 0)
	w.log.hold()
	ctx, cancel := context.WithCancel(background)
	w.log.onAdd(func(eventbus.Commit) error { cancel(); return nil })
	_, _, err := pay(ctx, w.bank, "k", a, b, 500)
	require.Error(t, err)
	w.log.onAdd(nil)
	w.log.lose()
	_, outcome, err := pay(background, w.bank, "k", a, b, 500)
	require.NoError(t, err, "the state that the lost commit left must be forgotten")
	require.False(t, outcome.Replayed)
	require.Equal(t, int64(500), w.balance(w.bank, b))
}

func TestOneRequestAtATimeUnderOneKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.open("a", 500), w.open("b", 0)
	w.log.hold()
	queued := make(chan struct{})
	w.log.onAdd(func(eventbus.Commit) error { close(queued); return nil })
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _, err := pay(background, w.bank, "k", a, b, 300)
		require.NoError(t, err)
	})
	<-queued
	_, _, err := pay(background, w.bank, "k", a, b, 300)
	require.ErrorIs(t, err, ErrInFlight)
	w.log.release()
	wg.Wait()
	_, outcome, err := pay(background, w.bank, "k", a, b, 300)
	require.NoError(t, err)
	require.True(t, outcome.Replayed)
}

func TestAGenerationChangeInMidFlightIsDecidedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.open("a", 500), w.open("b", 0)
	w.log.hold()
	var enqueued atomic.Int32
	queued := make(chan struct{}, 10)
	w.log.onAdd(func(eventbus.Commit) error { enqueued.Add(1); queued <- struct{}{}; return nil })
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			_, outcome, err := pay(background, w.bank, fmt.Sprint(i), a, b, 250)
			require.NoError(t, err)
			require.False(t, outcome.Replayed)
			require.Equal(t, 2, outcome.Attempts)
		})
	}
	<-queued
	<-queued
	w.log.lose()
	wg.Wait()
	require.Equal(t, int32(4), enqueued.Load())
	require.Equal(t, int64(500), w.balance(w.bank, b))
	require.Equal(t, uint64(2), w.bank.Counts().Generations)
}

func TestARefusalOnAHeadThatIsNotDurableWaits(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		then    func(*modelLog)
		refused bool
	}{
		{"the head becomes durable: the refusal stands", (*modelLog).release, true},
		{"the head never happened: it is decided again", (*modelLog).lose, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				a, b := w.open("a", 500), w.open("b", 0)
				w.log.hold()
				ctx, cancel := context.WithCancel(background)
				var wg sync.WaitGroup
				wg.Go(func() { _, _, _ = pay(ctx, w.bank, "all of it", a, b, 500) })
				synctest.Wait() // enqueued and not durable
				cancel()        // and nobody tries again
				answered := make(chan error, 1)
				wg.Go(func() {
					_, _, err := pay(background, w.bank, "more", a, b, 500)
					answered <- err
				})
				synctest.Wait()
				require.Empty(t, answered, "answered on the strength of a head that is not durable")
				tc.then(w.log)
				wg.Wait()
				if err := <-answered; tc.refused {
					require.ErrorIs(t, err, account.ErrFunds)
				} else {
					require.NoError(t, err)
				}
				require.Equal(t, int64(500), w.balance(w.bank, b))
			})
		})
	}
}

func TestTwoHundredAtOnceSpendOneSumOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.open("a", 500), w.open("b", 0)
	var done, refused atomic.Int32
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			_, _, err := pay(background, w.bank, fmt.Sprint(i), a, b, 500)
			switch {
			case err == nil:
				done.Add(1)
			case errors.Is(err, account.ErrFunds):
				refused.Add(1)
			default:
				t.Errorf("payment %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, int32(1), done.Load())
	require.Equal(t, int32(199), refused.Load())
	require.Equal(t, int64(500), w.balance(w.bank, b))
}

func TestStreamsThatWereNotLockedAreDecidedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.open("a", 100_000), w.open("b", 0)
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			o := order(fmt.Sprint(i), "")
			_, _, err := payLocked(background, w.bank, o, nil, a, b, 10)
			require.NoError(t, err)
		})
	}
	wg.Wait()
	require.Equal(t, int64(1000), w.balance(w.bank, b))
	require.Equal(t, int64(-1000), w.balance(w.reopened(w.log), a))
}

func TestTwoBanksOnOneLogSeeEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.open("a", 1000), w.open("b", 0)
	other := w.reopened(w.log)
	for i, bank := range []*Bank{w.bank, other, w.bank, w.bank, other} {
		_, _, err := pay(background, bank, fmt.Sprint(i), a, b, 200)
		require.NoError(t, err, "a stale state is dropped on the conflict")
	}
	_, _, err := pay(background, other, "more", a, b, 1)
	require.ErrorIs(t, err, account.ErrFunds)
	require.NotZero(t, w.bank.Counts().Conflicts)
}

func TestACommandInVainIsBusyInTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.open("a", 500), w.open("b", 0)
	w.log.onAdd(func(eventbus.Commit) error { return eventbus.ErrBusy })
	_, outcome, err := pay(background, w.bank, "k", a, b, 1)
	require.ErrorIs(t, err, eventbus.ErrBusy)
	require.Equal(t, attemptsMax, outcome.Attempts)
	w.log.onAdd(func(eventbus.Commit) error { return eventbus.ErrStopped })
	_, _, err = pay(background, w.bank, "k", a, b, 1)
	require.ErrorIs(t, err, eventbus.ErrStopped)
	w.log.onAdd(nil)
	require.Zero(t, w.balance(w.bank, b))
}
