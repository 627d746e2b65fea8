package commands

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/eventbus"
	"florin/schemas"
)

// Whatever is set, cleared and saved in whatever order, what is read is what was saved
// last; and of a file that was cut off anywhere, what was saved at some time before.
func TestACheckpointIsWhatWasSaved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		r := newAgenda(filepath.Join(dir, "agenda.json"))
		_ = os.Remove(r.file.path)
		saved := []checkpoint{}
		for step := range rapid.IntRange(1, 40).Draw(rt, "steps") {
			switch rapid.IntRange(0, 3).Draw(rt, "what") {
			case 0, 1:
				stream := eventbus.Stream(fmt.Sprint("account/", rapid.IntRange(0, 9).Draw(rt, "stream")))
				r.note(&Agenda{at: eventbus.Position(step), set: []Alarm{{Stream: stream, Due: noon.Add(time.Duration(step) * time.Second), Position: eventbus.Position(step)}}})
			case 2:
				r.note(&Agenda{cleared: []string{fmt.Sprint("account/", rapid.IntRange(0, 9).Draw(rt, "stream"))}})
			default:
				r.mark.Position, r.dirty = eventbus.Position(step+1), true
				require.NoError(rt, r.save())
				saved = append(saved, checkpoint{Position: r.mark.Position, Alarms: r.sorted()})
			}
		}
		if len(saved) == 0 {
			return
		}
		same := func(want, got checkpoint) bool {
			return want.Position == got.Position && slices.EqualFunc(want.Alarms, got.Alarms, func(a, b Alarm) bool { return a.Stream == b.Stream && a.Due.Equal(b.Due) })
		}
		read, err := r.file.read()
		require.NoError(rt, err)
		last := saved[len(saved)-1]
		require.True(rt, same(last, read), "%v is not %v", read, last)
		whole, err := os.ReadFile(r.file.path)
		require.NoError(rt, err)
		first := bytes.IndexByte(whole, '\n') + 1
		cut := rapid.IntRange(0, len(whole)).Draw(rt, "cut")
		require.NoError(rt, os.WriteFile(r.file.path, whole[:cut], 0o600))
		if read, err = r.file.read(); cut < first-1 {
			require.Error(rt, err, "not even a beginning")
			return
		}
		require.NoError(rt, err)
		require.True(rt, slices.ContainsFunc(saved, func(s checkpoint) bool { return same(s, read) }), "%v was never saved", read)
	})
}

// Of a large one that was cut off while it was written anew nothing is believed: the
// process hears everything again.
func TestAHalfWrittenCheckpointHasComeNowhere(t *testing.T) {
	t.Parallel()
	r := newAgenda(filepath.Join(t.TempDir(), "agenda.json"))
	const alarms = 3*alarmsAtOnce + 1
	for i := range alarms {
		r.note(&Agenda{set: []Alarm{{Stream: eventbus.Stream(fmt.Sprint("account/", i))}}})
	}
	r.mark.Position = 7
	require.NoError(t, r.save())
	whole, err := os.ReadFile(r.file.path)
	require.NoError(t, err)
	read, err := r.file.read()
	require.NoError(t, err)
	require.Len(t, read.Alarms, alarms)
	require.Equal(t, eventbus.Position(7), read.Position)
	for cut := bytes.IndexByte(whole, '\n'); cut < len(whole)-1; cut += len(whole) / 50 {
		require.NoError(t, os.WriteFile(r.file.path, whole[:cut], 0o600))
		read, err := r.file.read()
		require.NoError(t, err)
		require.Zero(t, read.Position, cut)
	}
}

func newAgenda(path string) *runner {
	return &runner{file: kept{path: path}, alarms: map[string]Alarm{}, changed: map[string]bool{}}
}

// What is due comes in order, each once, however often it was set.
func TestAlarmsAreDueInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r := newAgenda("")
		for range rapid.IntRange(0, 3000).Draw(rt, "sets") {
			key := rapid.IntRange(0, 20).Draw(rt, "stream")
			if rapid.IntRange(0, 4).Draw(rt, "clear") == 0 {
				r.note(&Agenda{cleared: []string{fmt.Sprint("account/", key)}})
			} else {
				r.note(&Agenda{set: []Alarm{{Stream: eventbus.Stream(fmt.Sprint("account/", key)), Due: noon.Add(time.Duration(rapid.IntRange(0, 5).Draw(rt, "due")) * time.Minute)}}})
			}
		}
		require.LessOrEqual(rt, len(r.queue), 2*len(r.alarms)+queueSpare)
		now := noon.Add(time.Duration(rapid.IntRange(-1, 6).Draw(rt, "now")) * time.Minute)
		var want []Alarm
		for alarm := range maps.Values(r.alarms) {
			if !alarm.Due.After(now) {
				want = append(want, alarm)
			}
		}
		slices.SortFunc(want, func(a, b Alarm) int { return cmp.Or(a.Due.Compare(b.Due), byKey(a, b)) })
		require.Equal(rt, want, r.due(now, len(r.alarms)+1))
		most := rapid.IntRange(0, 5).Draw(rt, "most")
		require.True(rt, slices.Equal(want[:min(most, len(want))], r.due(now, most)), "and stay until they are done")
	})
}

// crowd is how many accounts the end of a month is tried with.
func crowd() int {
	if os.Getenv("FLORIN_SOAK") != "" { // the index of these tests sorts all of its keys again and again
		return 20_000
	}
	if testing.Short() {
		return 600
	}
	return 1_500
}

// closers is a bank whose one process closes months, with the checkpoint that there is.
func (f *follower) closers() *runner {
	f.t.Helper()
	now := func() time.Time { return noon.Add(time.Duration(f.clock.Load()) * time.Second) }
	bank, err := Open(background, f.log, schemas.New(f.ring), f.ring, Sources{Now: now, Random: rand.Reader}, Settings{Dir: f.dir})
	require.NoError(f.t, err)
	r := bank.newRunner(&closing{bank})
	f.bank, bank.runners = bank, []*runner{r}
	return r
}

// heard has the process take in what it has not.
func (f *follower) heard(r *runner) {
	f.t.Helper()
	require.NoError(f.t, f.log.Durable(background))
	for record, err := range f.log.ReadAll(background, r.position()) {
		require.NoError(f.t, err)
		require.NoError(f.t, r.hear(background, record))
	}
}

// opens opens accounts of customers, many in one commit.
func (f *follower) opens(from, to int) {
	f.t.Helper()
	for names := range slices.Chunk(indexes(from, to), 100) {
		var all []interface{ UUID() uuid.UUID }
		for _, n := range names {
			all = append(all, named1(fmt.Sprint("crowd ", n)))
		}
		_, _, err := execute(background, f.bank, "test.open", order(fmt.Sprint("open ", names[0]), ""), streams(all...), func(w *work) error {
			for _, n := range names {
				opened := named1(fmt.Sprint("crowd ", n))
				f.bank.accounts.begin(w, opened)
				if err := f.bank.accounts.decide(w, opened, account.Open{Account: opened, Customer: id.From[id.Customer](payer.ID),
					Name: domain.NewProfile("Ada"), Currency: "EUR", At: noon}); err != nil {
					return err
				}
			}
			return nil
		}, func([]Fact) (struct{}, error) { return struct{}{}, nil })
		require.NoError(f.t, err)
	}
}

func indexes(from, to int) (all []int) {
	for n := from; n < to; n++ {
		all = append(all, n)
	}
	return all
}

// A month ends for very many accounts, and the bank is killed three times meanwhile: each
// account is closed once, and a save costs what has changed since the last, however many
// accounts there are.
func TestAMonthEndsForACrowdThroughCrashes(t *testing.T) {
	t.Parallel()
	f, crowd := &follower{world: newWorld(t), dir: t.TempDir()}, crowd()
	r := f.closers()
	f.opens(0, crowd)
	f.heard(r)
	require.NoError(t, r.save())
	whole := r.file.written
	require.Positive(t, whole)

	f.clock.Store(int64((31 * 24 * time.Hour).Seconds())) // 2 February
	total, most := int64(0), int64(0)
	for tick := 1; r.waits(f.now()); tick++ {
		before := r.file.written + r.file.grown
		require.NoError(t, r.tick(background, f.now()))
		f.heard(r)
		if tick%5 == 0 {
			require.NoError(t, r.save())
			written := r.file.written + r.file.grown - before
			if written < 0 || r.file.grown == 0 { // anew
				written = r.file.written
			} else {
				most = max(most, written)
			}
			total += written
		}
		if ticks := crowd / (&closing{}).PerTick(); tick%(ticks/3) == 0 && tick < ticks { // killed: what was done since the last save is forgotten
			r = f.closers()
			require.NoError(t, r.resume(background))
			f.heard(r)
		}
	}
	perAlarm := whole / int64(crowd)
	require.LessOrEqual(t, most, 3*perAlarm*int64(5*(&closing{}).PerTick()), "a save writes what five ticks have changed")
	require.LessOrEqual(t, total, 8*whole, "all of the month's end costs a few times what there is")
	closed := map[eventbus.Stream]int{}
	for record, err := range f.log.ReadAll(background, 0) {
		require.NoError(t, err)
		for _, recorded := range record.Events {
			if recorded.Kind == (account.PeriodClosed{}).Kind() {
				closed[recorded.Stream]++
			}
		}
	}
	require.Len(t, closed, crowd)
	for stream, times := range closed {
		require.Equal(t, 1, times, stream)
	}
	require.Len(t, r.alarms, crowd, "and each waits for the end of February")
	again := f.closers()
	require.NoError(t, r.save())
	require.NoError(t, again.resume(background))
	require.Equal(t, len(r.alarms), len(again.alarms))
}

func (f *follower) now() time.Time { return noon.Add(time.Duration(f.clock.Load()) * time.Second) }

func (r *runner) waits(now time.Time) bool { return len(r.due(now, 1)) > 0 }
