package seal

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
)

// witness does everything that a ring can do and notes what was promised.
type witness struct {
	keys      map[uuid.UUID][32]byte
	destroyed []uuid.UUID
	named     map[string][32]byte
	blobs     map[string]string
}

func (w *witness) work(r *Ring) error {
	w.keys, w.named, w.blobs = map[uuid.UUID][32]byte{}, map[string][32]byte{}, map[string]string{}
	for i, subject := range []Subject{anna, bert, Day(time.Unix(0, 0))} {
		id, secret, err := r.Seal(subject, domain.RetainProfile)
		if err != nil {
			return err
		}
		w.keys[id] = secret
		name := fmt.Sprintf("name-%d", i)
		if w.named[name], err = r.Named(name); err != nil {
			delete(w.named, name)
			return err
		}
	}
	if err := r.SetBlob("blob", []byte("1")); err != nil {
		return err
	}
	w.blobs["blob"] = "1"
	id, _, err := r.Seal(anna, domain.RetainProfile)
	if err != nil {
		return err
	}
	delete(w.keys, id) // from here on either is right until it is promised
	if err := r.Destroy(anna, domain.RetainProfile); err != nil {
		return err
	}
	w.destroyed = append(w.destroyed, id)
	delete(w.blobs, "blob")
	if err := r.SetBlob("blob", []byte("2")); err != nil {
		return err
	}
	w.blobs["blob"] = "2"
	id, secret, err := r.Seal(bert, domain.RetainEvidence)
	if err != nil {
		return err
	}
	w.keys[id] = secret
	return nil
}

// check looks whether every promise is kept.
func (w *witness) check(t *testing.T, r *Ring, msg ...any) {
	t.Helper()
	for id, want := range w.keys {
		got, err := r.Key(id)
		require.NoError(t, err, msg...)
		require.Equal(t, want, got, msg...)
	}
	for _, id := range w.destroyed {
		require.ErrorIs(t, keyError(r.Key(id)), ErrDestroyed, msg...)
	}
	for name, want := range w.named {
		got, there := r.named(name)
		require.True(t, there, msg...)
		require.Equal(t, want, got, msg...)
	}
	for name, want := range w.blobs {
		got, err := r.Blob(name)
		require.NoError(t, err, msg...)
		require.Equal(t, want, string(got), msg...)
	}
}

var errDisk = errors.New("disk")

// TestErrorWalk lets the N-th operation on the disk fail, N = 1, 2, 3, ... until
// none fails, crashes the machine after each, and looks whether every promise
// is kept, whatever part of what was not synced has reached the disk.
func TestErrorWalk(t *testing.T) {
	t.Parallel()
	for n := int32(0); ; n++ {
		memory := vfs.NewCrashableMem()
		fails := errorfs.OnIndex(n)
		disk := errorfs.Wrap(memory, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if err := fails.MaybeError(op); err != nil {
				return errDisk
			}
			return nil
		}))
		w := &witness{}
		r, err := CreateOn(disk, ringPath, testMaster, rand.Reader)
		if err == nil {
			err = w.work(r)
		}
		if err != nil {
			require.ErrorIs(t, err, errDisk, "operation %d", n)
		}
		if r != nil {
			w.check(t, r, "in the same process, operation %d", n)
		}
		for seed := range uint64(4) {
			crash := vfs.CrashCloneCfg{UnsyncedDataPercent: int(seed) * 33, RNG: mathrand.New(mathrand.NewPCG(seed, uint64(n)))}
			crashed := memory.CrashClone(crash)
			again, err := OpenOn(crashed, ringPath, testMaster, rand.Reader)
			if r == nil && errors.Is(err, ErrNoRing) {
				continue // it was never promised
			}
			require.NoError(t, err, "operation %d, crash %d", n, seed)
			w.check(t, again, "operation %d, crash %d", n, seed)
			_, _, err = again.Seal(Subject{"customer", uuid.New()}, domain.RetainProfile)
			require.NoError(t, err, "the ring goes on")
			w.check(t, reopened(t, crashed, again), "operation %d, crash %d, once more", n, seed)
		}
		if err == nil && fails.Load() >= 0 {
			require.Greater(t, n, int32(20), "the walk has met the disk")
			return
		}
	}
}

func TestAfterAFailedWriteNothingNewIsSealed(t *testing.T) {
	t.Parallel()
	memory := vfs.NewMem()
	var toggle errorfs.Toggle
	toggle.Injector = errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileSync {
			return errDisk
		}
		return nil
	})
	r, err := CreateOn(errorfs.Wrap(memory, &toggle), ringPath, testMaster, rand.Reader)
	require.NoError(t, err)
	id, _, err := r.Seal(anna, domain.RetainProfile)
	require.NoError(t, err)
	toggle.On()
	_, _, err = r.Seal(bert, domain.RetainProfile)
	require.ErrorIs(t, err, ErrBroken)
	require.ErrorIs(t, err, errDisk)
	toggle.Off()
	_, _, err = r.Seal(bert, domain.RetainProfile)
	require.ErrorIs(t, err, ErrBroken, "a disk that failed once is not believed again")
	require.ErrorIs(t, r.Destroy(anna, domain.RetainProfile), ErrBroken)
	_, err = r.Key(id)
	require.NoError(t, err, "what was there can still be read")
}

// filled is the bytes of a ring's file, and what it promised.
func filled(t *testing.T) ([]byte, *witness) {
	t.Helper()
	fs, w := vfs.NewMem(), &witness{}
	r := created(t, fs)
	require.NoError(t, w.work(r))
	require.NoError(t, r.Close())
	data, err := readAll(fs, ringPath)
	require.NoError(t, err)
	return data, w
}

func openBytes(t *testing.T, data []byte) (*Ring, error) {
	t.Helper()
	fs := vfs.NewMem()
	require.NoError(t, fs.MkdirAll("/keys", 0o700))
	f, err := fs.Create(ringPath, vfs.WriteCategoryUnspecified)
	require.NoError(t, err)
	_, err = f.Write(bytes.Clone(data))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return OpenOn(fs, ringPath, testMaster, rand.Reader)
}

func TestAFlippedBitIsRefusedOrHarmless(t *testing.T) {
	t.Parallel()
	data, w := filled(t)
	refused := 0
	for at := range data {
		data[at] ^= 1 << (at % 8)
		r, err := openBytes(t, data)
		if err == nil {
			w.check(t, r, "byte %d", at)
		} else {
			damage := &Damage{}
			require.ErrorAs(t, err, &damage, "byte %d", at)
			require.LessOrEqual(t, damage.Offset, int64(at))
			refused++
		}
		data[at] ^= 1 << (at % 8)
	}
	require.GreaterOrEqual(t, refused, len(data)-entriesAt+sectorBytes, "only the counters stand twice")
}

func TestACutFileIsRefused(t *testing.T) {
	t.Parallel()
	data, _ := filled(t)
	for end := range data {
		_, err := openBytes(t, data[:end])
		damage := &Damage{}
		require.ErrorAs(t, err, &damage, "cut at %d: every entry was acknowledged", end)
	}
}

func TestATornTailIsCutAndNothingElse(t *testing.T) {
	t.Parallel()
	data, w := filled(t)
	aead, err := newAEAD(testMaster)
	require.NoError(t, err)
	f := &file{path: ringPath, entropy: newEntropy(rand.Reader), master: testMaster, aead: aead}
	f.count, err = f.parseHead(data)
	require.NoError(t, err)
	frame, err := f.frame(keyEntry(key{id: uuid.New(), slot: slot{Subject{"device", uuid.New()}, domain.RetainProfile}}), f.salt, f.count)
	require.NoError(t, err)

	for end := range len(frame) + 1 {
		r, err := openBytes(t, append(bytes.Clone(data), frame[:end]...))
		require.NoError(t, err, "%d bytes of the next entry", end)
		w.check(t, r)
		_, _, err = r.Seal(Subject{"operator", uuid.New()}, domain.RetainProfile)
		require.NoError(t, err)
	}
	r, err := openBytes(t, append(bytes.Clone(data), make([]byte, 4096)...))
	require.NoError(t, err, "blocks that were given to the file and never written")
	w.check(t, r)

	second, err := f.frame(keyEntry(key{id: uuid.New(), slot: slot{Subject{"device", uuid.New()}, domain.RetainProfile}}), f.salt, f.count+1)
	require.NoError(t, err)
	_, err = openBytes(t, append(append(bytes.Clone(data), frame...), second...))
	require.Error(t, err, "two entries that were never counted cannot have come about by a crash")
}

func TestEntriesCannotBeMovedDoubledOrBroughtOver(t *testing.T) {
	t.Parallel()
	data, _ := filled(t)
	other, _ := filled(t)
	_, err := openBytes(t, append(bytes.Clone(data), data[entriesAt:]...))
	require.NoError(t, err, "what follows the end reads as a torn tail")
	_, err = openBytes(t, append(bytes.Clone(data[:entriesAt]), other[entriesAt:]...))
	require.Error(t, err)
	_, err = openBytes(t, append(bytes.Clone(data[:sectorBytes]), other[sectorBytes:]...))
	require.Error(t, err)
}

func TestEntriesThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	good := keyEntry(key{id: uuid.New(), slot: slot{anna, domain.RetainProfile}}).appendTo(nil)
	for end := range good {
		_, err := parseEntry(good[:end])
		require.ErrorIs(t, err, errEntry)
	}
	_, err := parseEntry(append(bytes.Clone(good), 0))
	require.ErrorIs(t, err, errEntry)
	_, err = parseEntry(entry{tag: tagKey, data: []byte("short")}.appendTo(nil))
	require.ErrorIs(t, err, errEntry)
	_, err = parseEntry(entry{tag: 99}.appendTo(nil))
	require.ErrorIs(t, err, errEntry)
	s := newState()
	require.NoError(t, s.apply(keyEntry(key{id: uuid.New(), slot: slot{anna, domain.RetainProfile}})))
	require.ErrorIs(t, s.apply(keyEntry(key{id: uuid.New(), slot: slot{anna, domain.RetainProfile}})), errEntry, "a second key for one place")
	require.NoError(t, s.apply(entry{tag: tagNamed, name: "n", data: make([]byte, 32)}))
	require.ErrorIs(t, s.apply(entry{tag: tagNamed, name: "n", data: make([]byte, 32)}), errEntry)
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = parseEntry(data)
		_, _ = openBytes(t, data)
	})
}
