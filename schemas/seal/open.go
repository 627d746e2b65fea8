package seal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

var (
	// ErrNoRing: there is no file at the path. Beside an existing log this means
	// that the ring was lost: restore it, never create another.
	ErrNoRing = errors.New("seal: there is no key ring; restore keys/ring from the backup that belongs to the log")
	// ErrExists: Create found a ring and left it alone.
	ErrExists = errors.New("seal: there is a key ring already; open it")
	// ErrMaster: the ring was sealed under another master key.
	ErrMaster = errors.New("seal: this is not the master key of the key ring; use the one that was in force when the ring was last written")
	// ErrInUse: another process holds the ring.
	ErrInUse = errors.New("seal: the key ring is in use by another process; stop it first")
	// ErrOtherRing: the log was begun with another ring.
	ErrOtherRing = errors.New("seal: this key ring does not belong to this log; restore the ring from the log's own backup")
)

// Create makes a new, empty ring, durably, beside a log that is to begin.
// ErrExists, ErrInUse, or an error of the disk.
func Create(path string, master [32]byte, random io.Reader) (*Ring, error) {
	return CreateOn(disk{vfs.Default}, path, master, random)
}

// Open reads a ring back. ErrNoRing, ErrMaster, ErrInUse, *Damage, or an error
// of the disk; each says what to do. A torn tail that nobody used is cut off.
func Open(path string, master [32]byte, random io.Reader) (*Ring, error) {
	return OpenOn(disk{vfs.Default}, path, master, random)
}

// CreateOn is Create on a file system of the caller's.
func CreateOn(fs vfs.FS, path string, master [32]byte, random io.Reader) (*Ring, error) {
	r, err := begin(fs, path, master, random)
	if err != nil {
		return nil, err
	}
	if _, err := fs.Stat(path); err == nil {
		return nil, errors.Join(ErrExists, r.file.close())
	}
	r.state.identity, err = r.entropy.key()
	if err == nil {
		err = r.file.rewrite(r.state.entries())
	}
	if err == nil {
		err = syncDir(fs, fs.PathDir(path)) // the folder may be new too
	}
	if err != nil {
		return nil, errors.Join(err, r.file.close())
	}
	return r, nil
}

// OpenOn is Open on a file system of the caller's.
func OpenOn(fs vfs.FS, path string, master [32]byte, random io.Reader) (*Ring, error) {
	r, err := begin(fs, path, master, random)
	if err != nil {
		return nil, err
	}
	if err := r.load(); err != nil {
		return nil, errors.Join(err, r.file.close())
	}
	return r, nil
}

func begin(fs vfs.FS, path string, master [32]byte, random io.Reader) (*Ring, error) {
	aead, err := newAEAD(master)
	if err != nil {
		return nil, err
	}
	if err := fs.MkdirAll(fs.PathDir(path), 0o700); err != nil {
		return nil, fmt.Errorf("seal: making the folder of the key ring: %w", err)
	}
	lock, err := fs.Lock(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrInUse, err)
	}
	r := &Ring{entropy: newEntropy(random), state: newState()}
	r.file = &file{fs: fs, path: path, entropy: r.entropy, master: master, aead: aead, lock: lock}
	return r, nil
}

// load reads the file and leaves it open for more.
func (r *Ring) load() error {
	f := r.file
	data, err := readAll(f.fs, f.path)
	if errors.Is(err, os.ErrNotExist) {
		return ErrNoRing
	}
	if err != nil {
		return fmt.Errorf("seal: reading the key ring: %w", err)
	}
	acknowledged, err := f.parseHead(data)
	if err != nil {
		return err
	}
	whole, err := r.readEntries(data, acknowledged)
	if err != nil {
		return err
	}
	f.end = int64(whole)
	if whole < len(data) { // torn: begin a clean file instead of writing over it
		return f.rewrite(r.state.entries())
	}
	f.handle, err = f.fs.OpenReadWrite(f.path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("seal: opening the key ring: %w", err)
	}
	if f.count > acknowledged { // an entry that was synced and not counted: count it before the next
		_, err = f.handle.WriteAt(f.counter(f.count, f.salt), counterAt(f.count))
		if err := errors.Join(err, f.handle.Sync()); err != nil {
			return fmt.Errorf("seal: opening the key ring: %w", err)
		}
	}
	return nil
}

func (f *file) damage(offset int, why string) *Damage { return &Damage{f.path, int64(offset), why} }

// parseHead reads salt and slots, and proves the master key.
func (f *file) parseHead(data []byte) (acknowledged uint64, err error) {
	if len(data) < entriesAt {
		return 0, f.damage(len(data), "it ends within its header")
	}
	copy(f.salt[:], data[len(magic)+1:])
	if !bytes.Equal(data[:sectorBytes], f.header()) {
		sum := binary.BigEndian.Uint32(data[sectorBytes-4:])
		switch {
		case !bytes.HasPrefix(data, []byte(magic)):
			return 0, f.damage(0, "it does not begin as a key ring does")
		case sum != crc32.Checksum(data[:sectorBytes-4], castagnoli):
			return 0, f.damage(0, "its header")
		case data[len(magic)] != layout:
			return 0, fmt.Errorf("seal: the key ring has layout %d, this program reads %d; use the program that wrote it", data[len(magic)], layout)
		}
		return 0, ErrMaster
	}
	found := false
	for i := 1; i <= 2; i++ {
		slot := data[i*sectorBytes:]
		count := binary.BigEndian.Uint64(slot)
		if bytes.Equal(slot[:12], f.counter(count, f.salt)[:12]) {
			found, acknowledged = true, max(acknowledged, count)
		}
	}
	if !found {
		return 0, f.damage(sectorBytes, "both of its counters")
	}
	return acknowledged, nil
}

// readEntries takes in all whole entries and says where they end.
func (r *Ring) readEntries(data []byte, acknowledged uint64) (end int, err error) {
	f := r.file
	for end = entriesAt; end < len(data); f.count++ {
		body, ok := frameBody(data[end:], f.salt, f.count)
		switch {
		case !ok && f.count < acknowledged:
			return 0, f.damage(end, fmt.Sprintf("entry %d of %d", f.count+1, acknowledged))
		case !ok:
			return end, nil
		case f.count > acknowledged: // at most one may lie behind the counters
			return 0, f.damage(end, "an entry that was never counted")
		}
		plain, err := f.aead.Open(nil, body[:nonceBytes], body[nonceBytes:], entryAAD(f.salt, f.count))
		if err != nil {
			return 0, f.damage(end, "an entry that does not open")
		}
		e, err := parseEntry(plain)
		if err == nil {
			err = r.state.apply(e)
		}
		if err != nil || (f.count == 0) != (e.tag == tagIdentity) {
			return 0, f.damage(end, errEntry.Error())
		}
		end += frameHead + len(body)
	}
	if f.count < max(acknowledged, 1) {
		return 0, f.damage(end, fmt.Sprintf("it ends after %d of %d entries", f.count, acknowledged))
	}
	return end, nil
}

// frameBody is the body of a frame that is whole and unharmed.
func frameBody(data []byte, salt [16]byte, n uint64) (body []byte, ok bool) {
	if len(data) < frameHead+nonceBytes || binary.BigEndian.Uint32(data[8:]) != headSum(data, salt, n) {
		return nil, false
	}
	size := binary.BigEndian.Uint32(data)
	if size < nonceBytes || size > entryBytesMax || uint64(size) > uint64(len(data)-frameHead) {
		return nil, false
	}
	body = data[frameHead : frameHead+size]
	return body, binary.BigEndian.Uint32(data[4:]) == crc32.Checksum(body, castagnoli)
}

func readAll(fs vfs.FS, path string) ([]byte, error) {
	handle, err := fs.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(handle)
	return data, errors.Join(err, handle.Close())
}
