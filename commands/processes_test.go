package commands

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/account"
	"florin/domain/id"
	"florin/eventbus"
	"florin/schemas"
)

// thawing is a process for the tests: a frozen account is thawed a minute later.
type thawing struct {
	bank    *Bank
	mu      sync.Mutex
	taken   []eventbus.Position
	resumed []eventbus.Stream
	failing error // of Take and Ring
	rung    int
}

func (p *thawing) Name() string    { return "thawing" }
func (p *thawing) Kinds() []string { return []string{"account.frozen", "account.closed"} }

func (p *thawing) Take(_ context.Context, fact Happened, agenda *Agenda) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failing != nil {
		return p.failing
	}
	p.taken = append(p.taken, fact.Position)
	if _, frozen := fact.Event.(account.Frozen); frozen {
		agenda.Set(fact.Stream, fact.Event.(account.Frozen).At.Add(time.Minute), "thaw")
	} else {
		agenda.Clear(fact.Stream)
	}
	return nil
}

func (p *thawing) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	p.mu.Lock()
	p.rung++
	failing := p.failing
	p.mu.Unlock()
	if failing != nil {
		return failing
	}
	thawed := id.From[id.Account](uuidIn(alarm.Stream))
	_, _, err := execute(ctx, p.bank, "test.thaw", SystemOrder(p.Name(), alarm.Cause, "thaw", agenda.Now(), payer), streams(thawed), func(w *work) error {
		return p.bank.accounts.decide(w, thawed, account.Unfreeze{Reason: "thaw", At: agenda.Now()})
	}, func([]Fact) (struct{}, error) { return struct{}{}, nil })
	return err
}

func (p *thawing) Resume(_ context.Context, alarm Alarm) error {
	p.resumed = append(p.resumed, alarm.Stream)
	return nil
}

// follower is a world whose bank has only the thawing process.
type follower struct {
	*world
	p     *thawing
	clock atomic.Int64 // seconds after noon
	dir   string
}

func newFollower(t *testing.T) *follower {
	f := &follower{world: newWorld(t), dir: t.TempDir()}
	f.restart(f.log)
	return f
}

// restart is another process on the log, with the checkpoint of the last.
func (f *follower) restart(log eventbus.Log) {
	f.t.Helper()
	now := func() time.Time { return noon.Add(time.Duration(f.clock.Load()) * time.Second) }
	bank, err := Open(background, log, schemas.New(f.ring), f.ring, Sources{Now: now, Random: rand.Reader},
		Settings{CheckSchemas: true, Dir: f.dir})
	require.NoError(f.t, err)
	f.bank, f.p = bank, &thawing{bank: bank}
	bank.runners = []*runner{bank.newRunner(f.p)}
}

// catchUp runs the processes until they have taken in all that is durable now.
func (f *follower) catchUp() {
	f.t.Helper()
	head, err := f.log.Head(background)
	require.NoError(f.t, err)
	ctx, cancel := context.WithCancel(background)
	ended := make(chan error, 1)
	go func() { ended <- f.bank.Run(ctx) }()
	require.Eventually(f.t, func() bool { return f.bank.Processes()[0].Position >= head.Position }, 30*time.Second, time.Millisecond)
	cancel()
	require.NoError(f.t, <-ended)
}

func (f *follower) tick(seconds int64) {
	f.t.Helper()
	f.clock.Store(seconds)
	require.NoError(f.t, f.bank.Tick(background))
}

func (f *follower) freeze(name string) id.Account {
	f.t.Helper()
	frozen := f.open(name, 0)
	_, _, err := execute(background, f.bank, "test.freeze", order("freeze "+name, ""), streams(frozen), func(w *work) error {
		return f.bank.accounts.decide(w, frozen, account.Freeze{Reason: "court-order", At: noon})
	}, func([]Fact) (struct{}, error) { return struct{}{}, nil })
	require.NoError(f.t, err)
	return frozen
}

func (f *follower) status(of id.Account) account.Status {
	f.t.Helper()
	state, err := f.bank.accounts.look(background, of)
	require.NoError(f.t, err)
	return state.Status
}

func TestAProcessDoesWhatIsDueAndNotBefore(t *testing.T) {
	t.Parallel()
	f := newFollower(t)
	a := f.freeze("a")
	f.catchUp()
	f.tick(59)
	require.Equal(t, account.OnIce, f.status(a))
	f.tick(60)
	require.Equal(t, account.Active, f.status(a))
	f.tick(200)
	require.Equal(t, 1, f.p.rung, "what is done is off the agenda")
	require.Zero(t, f.bank.Processes()[0].Waiting)
}

func TestWhatIsSettledOtherwiseIsStruck(t *testing.T) {
	t.Parallel()
	f := newFollower(t)
	a := f.freeze("a")
	_, _, err := execute(background, f.bank, "test.close", order("close", ""), streams(a), func(w *work) error {
		return errors.Join(f.bank.accounts.decide(w, a, account.Unfreeze{Reason: "x", At: noon}), f.bank.accounts.decide(w, a, account.Close{Reason: "x", At: noon}))
	}, func([]Fact) (struct{}, error) { return struct{}{}, nil })
	require.NoError(t, err)
	f.catchUp()
	f.tick(100)
	require.Zero(t, f.p.rung)
}

func TestTheAgendaOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	f := newFollower(t)
	a := f.freeze("a")
	f.catchUp()
	f.restart(f.log)
	f.catchUp()
	require.Empty(t, f.p.taken, "it goes on from its checkpoint")
	require.Equal(t, []eventbus.Stream{eventbus.Stream(a.Stream())}, f.p.resumed)
	f.tick(60)
	require.Equal(t, account.Active, f.status(a))
}

func TestStartingFromTheBeginningIsHarmless(t *testing.T) {
	t.Parallel()
	f := newFollower(t)
	a := f.freeze("a")
	f.catchUp()
	f.tick(60)
	head, err := f.log.Head(background)
	require.NoError(t, err)
	for name, spoil := range map[string]func(string) error{
		"lost":   os.Remove,
		"torn":   func(file string) error { return os.Truncate(file, 10) },
		"beside": func(file string) error { return os.WriteFile(file, []byte(`{"position":99,"hash":"00"}`), 0o600) },
	} {
		require.NoError(t, spoil(filepath.Join(f.dir, "thawing.json")))
		f.restart(f.log)
		f.catchUp()
		require.Len(t, f.p.taken, 1, name)
		require.Equal(t, name != "lost", f.bank.Processes()[0].Restart != "", name)
		f.tick(60)
		require.Equal(t, 1, f.p.rung, name)
		require.Equal(t, account.Active, f.status(a), name)
		after, err := f.log.Head(background)
		require.NoError(t, err)
		require.Equal(t, head.Position, after.Position, "%s: the derived id makes it a repeat", name)
		require.NoError(t, saveProcesses(f.bank.runners))
	}
}

func TestAFailureIsTriedAgainLaterAndShownInTheEnd(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		take bool // Take fails, or else Ring
	}{{"hearing of it fails", true}, {"doing it fails", false}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			f := newFollower(t)
			bad := f.freeze("bad")
			broken := errors.New("broken")
			if tc.take {
				f.p.failing = broken
			}
			f.catchUp()
			f.p.failing = broken
			at := int64(60)
			f.tick(at)
			for tries := range parkAfter {
				at += 1 << tries
				f.tick(at - 1) // too early
				f.tick(at)
			}
			health := f.bank.Processes()[0]
			require.Len(t, health.Parked, 1)
			require.Equal(t, "broken", health.Parked[0].Failure)
			require.Equal(t, eventbus.Stream(bad.Stream()), health.Parked[0].Stream)

			f.p.failing = nil
			good := f.freeze("good")
			f.catchUp()
			f.tick(at)
			require.Equal(t, account.Active, f.status(good), "the others go on")
			f.tick(at + 3600)
			f.tick(at + 3600) // what was heard of late is due at once
			require.Equal(t, account.Active, f.status(bad))
			require.Empty(t, f.bank.Processes()[0].Parked)
		})
	}
}

func TestTheEndOfTheLogIsHeldAgainstNoAlarm(t *testing.T) {
	t.Parallel()
	f := newFollower(t)
	f.freeze("a")
	f.catchUp()
	f.p.failing = eventbus.ErrStopped
	f.clock.Store(60)
	require.ErrorIs(t, f.bank.Tick(background), eventbus.ErrStopped)
	require.Empty(t, f.bank.Processes()[0].Parked)
	require.Equal(t, 1, f.bank.Processes()[0].Waiting)
	f.p.failing = nil
	f.tick(60)
	require.Zero(t, f.bank.Processes()[0].Waiting)
}
