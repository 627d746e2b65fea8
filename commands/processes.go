package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"florin/domain/id"
	"florin/eventbus"
)

// process follows the log and does what follows from it by itself. Whatever it
// does must be harmless to do again, for it may start from anywhere: commands it
// gives have derived ids (SystemOrder). Its methods are never called at once, but for
// Ring of a parallel one.
type process interface {
	Name() string
	// Kinds are the facts it wants to hear of.
	Kinds() []string
	// Take hears of a fact, in the order of the log, and usually notes on the
	// agenda what has to be done and when.
	Take(ctx context.Context, fact Happened, agenda *Agenda) error
	// Ring does what an alarm was set for. The alarm is gone unless Ring sets
	// it again. After an error it comes back, later each time.
	Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error
}

// parallel is a process whose Ring may be called for so many alarms at once, though not
// beside Take: what one waits for holds up no other.
type parallel interface{ RingsMax() int }

// resumer is a process that looks at its whole agenda once at every start.
type resumer interface {
	Resume(ctx context.Context, alarm Alarm) error
}

// paced is a process that may have very much due at once. The rest of it waits for the
// next tick, so that the others go on meanwhile.
type paced interface {
	PerTick() int // alarms
}

// Happened is a fact as processes hear of it.
type Happened struct {
	Fact
	EventID  uuid.UUID
	Position eventbus.Position
	At       time.Time   // booked-at: the bank's time
	Reason   string      // code, of the command
	By       id.Customer // who gave the command themselves; zero: somebody else
}

// Alarm is something to do at a time. There is one for each stream.
type Alarm struct {
	Stream   eventbus.Stream   `json:"stream"`
	Due      time.Time         `json:"due"`
	Note     string            `json:"note,omitempty"` // the process's own word for what is due
	Cause    uuid.UUID         `json:"cause"`          // id of the event that it follows from
	Position eventbus.Position `json:"position"`       // of that event
	Tries    int               `json:"tries,omitempty"`
	Failure  string            `json:"failure,omitempty"` // of the last try
	Retake   bool              `json:"retake,omitempty"`  // Take itself failed
}

// key parts what a process asked for from facts that it could not take in.
func (a Alarm) key() string {
	if a.Retake {
		return fmt.Sprintf("%s@%d", a.Stream, a.Position)
	}
	return string(a.Stream)
}

// Agenda takes notes of a process while it hears of one fact or alarm.
type Agenda struct {
	now     time.Time
	cause   uuid.UUID
	at      eventbus.Position
	set     []Alarm
	cleared []string
	waiting func(note string) []eventbus.Stream
}

// Waiting are the streams for which something is noted with these very words, sorted.
func (a *Agenda) Waiting(note string) []eventbus.Stream {
	if a.waiting == nil {
		return nil
	}
	return a.waiting(note)
}

// Set notes what is due for the stream, in place of what was noted for it.
func (a *Agenda) Set(stream eventbus.Stream, due time.Time, note string) {
	a.set = append(a.set, Alarm{Stream: stream, Due: due, Note: note, Cause: a.cause, Position: a.at})
}

// Clear strikes what was noted for the stream.
func (a *Agenda) Clear(stream eventbus.Stream) { a.cleared = append(a.cleared, string(stream)) }

// Now is the time by Sources.
func (a *Agenda) Now() time.Time { return a.now }

// parkAfter tries an alarm shows in health; it is still tried again, every hour.
const parkAfter = 5

// ticksPerSave bounds how often checkpoints are written.
const ticksPerSave = 10

// ProcessHealth tells how a process is doing.
type ProcessHealth struct {
	Name     string            `json:"name"`
	Position eventbus.Position `json:"position"`          // taken in up to here
	Waiting  int               `json:"waiting"`           // alarms that are not due or not yet done
	Parked   []Alarm           `json:"parked,omitempty"`  // failed again and again; each by itself, the others go on
	Restart  string            `json:"restart,omitempty"` // why it started from the beginning, if it did
}

// newRunners lists the bank's processes.
func newRunners(b *Bank) []*runner {
	runners := []*runner{
		b.newRunner(&ticking{b}),
		b.newRunner(&erasing{b}),
		b.newRunner(&expiring{b}),
		b.newRunner(&lingering{b}),
		b.newRunner(&lapsing{b}),
		b.newRunner(&unholding{b}),
		b.newRunner(&ordering{b}),
		b.newRunner(&scheduling{b}),
		b.newRunner(&overlooking{b}),
		b.newRunner(&disusing{b}),
		b.newRunner(&shelving{b}),
		b.newRunner(&notifying{b}),
		b.newRunner(&closing{b}),
		b.newRunner(&measuring{bank: b}),
	}
	if b.settings.Rail != nil {
		runners = append(runners, b.newRunner(&submitting{bank: b}), b.newRunner(&postponing{b}), b.newRunner(&returning{bank: b}), b.newRunner(&claiming{bank: b}), b.newRunner(&filing{b}),
			b.newRunner(&recalling{bank: b}))
	}
	if b.settings.Logouts != nil {
		runners = append(runners, b.newRunner(&leaving{b}))
	}
	return runners
}

// Run has the bank's processes, and what risk knows, follow the log until ctx ends.
// What waits for a time is done by Tick. It returns nil when ctx ends, else why the log
// ended.
func (b *Bank) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return b.book.follow(ctx) })
	group.Go(func() error { return b.follow(ctx, b.runners) })
	return group.Wait()
}

// RunWebhooks is Run, and TickWebhooks Tick, of what waits for partners' servers: they
// are called apart from those, so that a slow partner keeps no customer waiting.
func (b *Bank) RunWebhooks(ctx context.Context) error {
	if len(b.posters) == 0 {
		<-ctx.Done()
		return nil
	}
	return b.follow(ctx, b.posters)
}

func (b *Bank) follow(ctx context.Context, runners []*runner) error {
	after := eventbus.Position(0)
	for i, r := range runners {
		if err := r.resume(ctx); err != nil {
			return err
		}
		if at := r.position(); i == 0 || at < after {
			after = at
		}
	}
	for record, err := range b.log.Subscribe(ctx, after) {
		if err == nil {
			err = hear(ctx, runners, record)
		}
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return fmt.Errorf("commands: processes: %w", err)
		}
	}
	return saveProcesses(runners)
}

func hear(ctx context.Context, runners []*runner, record eventbus.Record) error {
	for _, r := range runners {
		if record.Last() > r.position() {
			if err := r.hear(ctx, record); err != nil {
				return err
			}
		}
	}
	return nil
}

// Tick does what has become due and keeps the processes' checkpoints. The
// wiring calls it about once a second; tests call it when they have moved the
// clock. One failing alarm does not keep the others from being tried.
func (b *Bank) Tick(ctx context.Context) error { return b.tick(ctx, b.runners, &b.ticks) }

// TickWebhooks is Tick for RunWebhooks.
func (b *Bank) TickWebhooks(ctx context.Context) error { return b.tick(ctx, b.posters, &b.posts) }

func (b *Bank) tick(ctx context.Context, runners []*runner, ticks *atomic.Uint64) error {
	for _, r := range runners {
		if err := r.tick(ctx, b.sources.Time()); err != nil {
			return err
		}
	}
	if ticks.Add(1)%ticksPerSave != 0 {
		return nil
	}
	return saveProcesses(runners)
}

// Processes tells how each is doing.
func (b *Bank) Processes() []ProcessHealth {
	all := make([]ProcessHealth, 0, len(b.runners)+len(b.posters))
	for _, r := range slices.Concat(b.runners, b.posters) {
		all = append(all, r.health())
	}
	return all
}

func saveProcesses(runners []*runner) error {
	var failures []error
	for _, r := range runners {
		failures = append(failures, r.save())
	}
	return errors.Join(failures...)
}
