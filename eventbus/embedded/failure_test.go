package embedded

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"florin/eventbus"
)

var errDisk = errors.New("the disk has failed")

// failing lets the n-th operation that changes the disk fail, and no other.
type failing struct {
	mem   *vfs.MemFS
	fs    vfs.FS
	count atomic.Int64
	at    int64 // from 1; 0: never
	hit   atomic.Bool
}

func newFailing(at int64) *failing {
	f := &failing{mem: vfs.NewCrashableMem(), at: at}
	f.fs = errorfs.Wrap(f.mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpFileWrite, errorfs.OpFileWriteAt, errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo,
			errorfs.OpCreate, errorfs.OpRename, errorfs.OpReuseForWrite, errorfs.OpLink, errorfs.OpMkdirAll:
		default:
			return nil
		}
		if n := f.count.Add(1); n == f.at {
			f.hit.Store(true)
			return errDisk
		}
		return nil
	}))
	return f
}

// TestTheNthWriteOrSyncFails walks through a life of the log (made, written with
// groups under way, its files changed over, closed, opened again and written) and
// lets every single operation fail once, then cuts the power.
func TestTheNthWriteOrSyncFails(t *testing.T) {
	t.Parallel()
	for _, keptPercent := range []int{0, 50, 100} { // of what was never synced
		t.Run(fmt.Sprintf("%d percent of the unsynced survives", keptPercent), func(t *testing.T) {
			t.Parallel()
			n := int64(1)
			for ; ; n++ {
				disk := newFailing(n)
				acknowledged, started := live(t, disk)
				afterwards(t, disk, keptPercent, uint64(n), acknowledged, started)
				if !disk.hit.Load() {
					break
				}
			}
			require.Greater(t, n, int64(60), "the walk met few operations")
			t.Logf("%d operations", n-1)
		})
	}
}

// live works until the disk fails. It gives the last end that was acknowledged,
// and the ends of all that was ever handed over.
func live(t *testing.T, disk *failing) (acknowledged eventbus.Mark, started []eventbus.Mark) {
	t.Helper()
	started = []eventbus.Mark{{}}
	for range 2 {
		told := make(chan error, 1)
		options := small(disk.fs)
		options.Fatal = func(err error) { told <- err }
		j, err := Open("log", options)
		if err != nil {
			require.ErrorIs(t, err, errDisk)
			return acknowledged, started
		}
		for range 8 {
			if acknowledged, started, err = burst(t, j, acknowledged, started); err != nil {
				break
			}
		}
		if err != nil {
			require.ErrorIs(t, err, errDisk)
			require.ErrorIs(t, <-told, errDisk)
			stopped(t, j, acknowledged)
			return acknowledged, started
		}
		if err := j.Close(); err != nil {
			require.ErrorIs(t, err, errDisk)
			return acknowledged, started
		}
	}
	return acknowledged, started
}

// burst starts three groups and waits for them.
func burst(t *testing.T, j *Journal, acknowledged eventbus.Mark, started []eventbus.Mark) (eventbus.Mark, []eventbus.Mark, error) {
	t.Helper()
	var waits []func() (eventbus.Mark, error)
	for range 3 {
		end := started[len(started)-1]
		record, next := commitOf(t, end, 2, 4<<10)
		second, last := commitAfter(t, next, 1)
		wait, err := j.Start(end, [][]byte{record, second}, []eventbus.IndexEntry{{Key: []byte("end"), Value: last.Hash[:]}})
		started = append(started, last) // a Start that failed may have left traces
		if err != nil {
			return acknowledged, started, err
		}
		waits = append(waits, wait)
	}
	for _, wait := range waits {
		end, err := wait()
		if err != nil {
			return acknowledged, started, err
		}
		acknowledged = end
	}
	return acknowledged, started, nil
}

// stopped checks that nothing more is acknowledged or written.
func stopped(t *testing.T, j *Journal, acknowledged eventbus.Mark) {
	t.Helper()
	_, err := j.Head(t.Context())
	require.ErrorIs(t, err, errDisk)
	record, _ := commitAfter(t, acknowledged, 1)
	_, err = j.Append(t.Context(), acknowledged, [][]byte{record})
	require.ErrorIs(t, err, errDisk)
	require.ErrorIs(t, j.Index().Set([]eventbus.IndexEntry{{Key: []byte("a")}}), errDisk)
	require.ErrorIs(t, j.Close(), errDisk)
}

// afterwards opens what a loss of power left, and checks everything.
func afterwards(t *testing.T, disk *failing, keptPercent int, seed uint64, acknowledged eventbus.Mark, started []eventbus.Mark) {
	t.Helper()
	crashed := disk.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: keptPercent, RNG: rand.New(rand.NewPCG(seed, 1))})
	j, err := Open("log", small(crashed))
	require.NoError(t, err, "operation %d", disk.at)
	end, err := checkAll(j)
	require.NoError(t, err, "operation %d", disk.at)
	require.GreaterOrEqual(t, end.Position, acknowledged.Position, "operation %d: acknowledged commits are lost", disk.at)
	require.Contains(t, started, end, "operation %d: half a group", disk.at)
	if value, ok, err := j.Index().Get([]byte("end")); end.Position > 0 {
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, end.Hash[:], value, "operation %d: the index is not at the records' end", disk.at)
	}
	extendBy(t, j, 2)
	require.NoError(t, j.Close())
}

func TestAFailedSyncIsToldOnceAndAtOnce(t *testing.T) {
	t.Parallel()
	disk := newFailing(0)
	var told atomic.Int32
	options := small(disk.fs)
	var at time.Time
	options.Fatal = func(error) { at = time.Now(); told.Add(1) }
	j, err := Open("log", options)
	require.NoError(t, err)
	end := extendBy(t, j, 3)
	disk.at = disk.count.Load() + 1
	began := time.Now()
	for range 5 {
		record, _ := commitAfter(t, end, 1)
		_, err = j.Append(t.Context(), end, [][]byte{record})
		require.ErrorIs(t, err, errDisk)
	}
	require.Equal(t, int32(1), told.Load())
	require.Less(t, at.Sub(began), 100*time.Millisecond)
	for _, err := range j.Follow(t.Context(), end) {
		require.ErrorIs(t, err, errDisk)
	}
	got := eventbus.Position(0)
	for entry, err := range j.Read(t.Context(), eventbus.Mark{}) {
		require.NoError(t, err, "what is durable can still be read")
		o, _ := eventbus.Peek(entry.Record)
		got = o.Last
	}
	require.Equal(t, end.Position, got)
	_ = j.Close()
}

// filled is a small log of three lives: tables, files that changed over, and a
// log file that was never closed.
func filled(t *testing.T) (*vfs.MemFS, []eventbus.Mark) {
	t.Helper()
	fs := vfs.NewCrashableMem()
	var ends []eventbus.Mark
	for range 3 {
		j, err := Open("log", small(fs))
		require.NoError(t, err)
		for range 5 {
			ends = append(ends, extendBy(t, j, 1))
		}
		require.NoError(t, j.Index().Set([]eventbus.IndexEntry{{Key: []byte("k"), Value: []byte("v")}}))
		if len(ends) < 15 {
			require.NoError(t, j.Close())
		} else {
			t.Cleanup(func() { _ = j.Close() })
		}
	}
	return fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))}), ends
}

// TestABitFlippedAnywhere flips one bit of every byte of every file: the log is
// refused with a position, or nothing that was acknowledged is missing. Of files
// without which nothing is missing either (settings, what was left over) every
// 16th byte will do.
func TestABitFlippedAnywhere(t *testing.T) {
	t.Parallel()
	fs, ends := filled(t)
	names, err := fs.List("log")
	require.NoError(t, err)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := readFile(t, fs, name)
			var refused, harmless int
			stride := 1
			gone := replaced(t, fs, name, nil)
			require.NoError(t, gone.Remove("log/"+name))
			if !refuses(t, gone, ends, name+" is gone") && name != sideName {
				stride = 16
			}
			for at := 0; at < len(data); at += stride {
				flipped := append([]byte(nil), data...)
				flipped[at] ^= 1 << (at % 8)
				if refuses(t, replaced(t, fs, name, flipped), ends, fmt.Sprintf("%s, byte %d of %d", name, at, len(data))) {
					refused++
				} else {
					harmless++
				}
			}
			t.Logf("%d bytes: %d refused, %d harmless", len(data), refused, harmless)
		})
	}
}

// TestAFileCutOffOrGone cuts every file at every 16th byte, and removes it.
func TestAFileCutOffOrGone(t *testing.T) {
	t.Parallel()
	fs, ends := filled(t)
	names, err := fs.List("log")
	require.NoError(t, err)
	for _, name := range names {
		data := readFile(t, fs, name)
		for keep := len(data) - 1; keep >= 0; keep -= 16 {
			refuses(t, replaced(t, fs, name, data[:keep]), ends, fmt.Sprintf("%s cut to %d of %d", name, keep, len(data)))
		}
		gone := replaced(t, fs, name, nil)
		require.NoError(t, gone.Remove("log/"+name))
		refuses(t, gone, ends, name+" is gone")
	}
}

// refuses tells whether the log was refused, by Open or by reading it all; if it
// was not, everything acknowledged must be there.
func refuses(t *testing.T, fs *vfs.MemFS, ends []eventbus.Mark, what string) bool {
	t.Helper()
	options := small(fs)
	options.CreateIfMissing = false
	last := ends[len(ends)-1]
	var named *eventbus.Damage
	j, err := Open("log", options)
	if err == nil {
		var end eventbus.Mark
		end, err = checkAll(j)
		_ = j.Close()
		if err == nil {
			require.Equal(t, last, end, what)
			return false
		}
	}
	require.ErrorAs(t, err, &named, what)
	require.NotZero(t, named.Position, what)
	require.LessOrEqual(t, named.Position, last.Position+1, what)
	return true
}

func readFile(t testing.TB, fs vfs.FS, name string) []byte {
	t.Helper()
	file, err := fs.Open("log/" + name)
	require.NoError(t, err)
	defer file.Close()
	info, err := file.Stat()
	require.NoError(t, err)
	data := make([]byte, info.Size())
	if len(data) > 0 {
		_, err = file.ReadAt(data, 0)
		require.NoError(t, err)
	}
	return data
}

// replaced is a copy of the directory with one file changed.
func replaced(t testing.TB, fs *vfs.MemFS, name string, data []byte) *vfs.MemFS {
	t.Helper()
	to := vfs.NewMem()
	require.NoError(t, to.MkdirAll("log", 0o700))
	names, err := fs.List("log")
	require.NoError(t, err)
	for _, n := range names {
		content := data
		if n != name {
			content = readFile(t, fs, n)
		}
		file, err := to.Create("log/"+n, vfs.WriteCategoryUnspecified)
		require.NoError(t, err)
		_, err = file.Write(content)
		require.NoError(t, err)
		require.NoError(t, file.Close())
	}
	return to
}

func TestATornTailThatNobodyWasPromisedIsCutAndCounted(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	j := openIn(t, fs)
	known := extendBy(t, j, 4)
	before := readFile(t, fs, sideName)
	extendBy(t, j, 1)
	crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))})
	var newest string
	names, err := crashed.List("log")
	require.NoError(t, err)
	for _, name := range names {
		if strings.HasSuffix(name, ".log") {
			newest = max(newest, name)
		}
	}
	log := readFile(t, crashed, newest)

	torn := replaced(t, replaced(t, crashed, newest, log[:len(log)-7]), sideName, before)
	j, err = Open("log", small(torn))
	require.NoError(t, err)
	require.Equal(t, known, j.Recovered().Head)
	require.Equal(t, known, j.Recovered().Known)
	require.Positive(t, j.Recovered().CutBytes)
	require.NoError(t, j.Close())

	var named *eventbus.Damage
	torn = replaced(t, crashed, newest, log[:len(log)-7])
	_, err = Open("log", small(torn))
	require.ErrorAs(t, err, &named, "durable-head knows that this one was acknowledged")
	require.Equal(t, known.Position+1, named.Position)
	require.Equal(t, log[:len(log)-7], readFile(t, torn, newest), "what is refused stays as it was")

	lagging := replaced(t, crashed, sideName, before)
	j, err = Open("log", small(lagging))
	require.NoError(t, err, "a side file that lags is no damage")
	require.Equal(t, known.Position+2, j.Recovered().Head.Position)
	require.Equal(t, known, j.Recovered().Known)
	require.NoError(t, j.Close())
}

func TestAnotherHistoryUnderTheSameSideFileIsRefused(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	j := openIn(t, fs)
	extendBy(t, j, 4)
	require.NoError(t, j.Close())
	side := readFile(t, fs, sideName)
	encodeSlot(side, eventbus.Mark{Position: 8, Hash: eventbus.Hash{1}})
	var named *eventbus.Damage
	_, err := Open("log", small(replaced(t, fs, sideName, side)))
	require.ErrorAs(t, err, &named)
	require.Equal(t, eventbus.Position(7), named.Position)

	_, err = Open("log", small(replaced(t, fs, sideName, []byte("torn"))))
	require.NoError(t, err)
	gone := replaced(t, fs, sideName, nil)
	require.NoError(t, gone.Remove("log/"+sideName))
	_, err = Open("log", small(gone))
	require.NoError(t, err)
}

func TestADiskThatCannotBeWrittenIsToldFromOneThatIsHeld(t *testing.T) {
	t.Parallel()
	_, err := Open("/proc/florin", Options{CreateIfMissing: true})
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrHeld)
	require.True(t, errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission), "%v", err)
}
