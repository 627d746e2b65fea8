package seal

import (
	"bytes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// The file, from its beginning:
//
//	header  512  magic, layout, salt, digest of the master key, CRC-32C at its end
//	slot A  512  number of acknowledged entries, CRC-32C; written after the sync
//	slot B  512  of that entry, in turns, without a sync of its own
//	entries      length, CRC of the body, CRC of these and the entry's number; nonce, ciphertext
//
// Each entry is sealed with the salt and its number, so none can be moved,
// doubled or brought over from another file. An entry that the slots count was
// acknowledged: if it cannot be read the file is damaged. At most one lies
// behind them; if that one is whole it counts, else it is a torn tail that was
// never used, and goes.
const (
	magic       = "florin key ring\n"
	layout      = 1
	sectorBytes = 512
	entriesAt   = 3 * sectorBytes
	frameHead   = 12
	nonceBytes  = 12
	// entryBytesMax bounds what a length field may claim.
	entryBytesMax = BlobBytesMax + 1<<10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Damage: the file holds what nobody wrote. Nothing in it is used; restore it
// from its backup.
type Damage struct {
	Path   string
	Offset int64
	Why    string
}

func (d *Damage) Error() string {
	return fmt.Sprintf("seal: the key ring %s is damaged at byte %d (%s); restore it from its backup", d.Path, d.Offset, d.Why)
}

type file struct {
	fs      vfs.FS
	path    string
	entropy *entropy
	master  [32]byte
	aead    cipher.AEAD // of the master key
	lock    io.Closer

	handle vfs.File
	salt   [16]byte
	count  uint64 // acknowledged entries
	end    int64
	broken error // set for good by a failed write or sync
}

// append keeps one entry: durable when it returns nil.
func (f *file) append(e entry) error {
	if f.broken != nil {
		return f.broken
	}
	frame, err := f.frame(e, f.salt, f.count)
	if err != nil {
		return err
	}
	if _, err := f.handle.WriteAt(frame, f.end); err != nil {
		return f.breaks(err)
	}
	if err := f.handle.Sync(); err != nil {
		return f.breaks(err)
	}
	f.count, f.end = f.count+1, f.end+int64(len(frame))
	if _, err := f.handle.WriteAt(f.counter(f.count, f.salt), counterAt(f.count)); err != nil {
		_ = f.breaks(err) // the entry itself is safe
	}
	return nil
}

func (f *file) breaks(err error) error {
	f.broken = fmt.Errorf("%w: %w", ErrBroken, err)
	return f.broken
}

// rewrite puts a new file that holds just these entries in the place of the
// old. If it fails before the old one is touched, the old one stays in use.
func (f *file) rewrite(entries []entry) error {
	if f.broken != nil {
		return f.broken
	}
	next := *f
	if err := next.write(f.path+".new", entries); err != nil {
		return errors.Join(err, f.fs.Remove(f.path+".new"))
	}
	if err := f.fs.Rename(f.path+".new", f.path); err != nil {
		return errors.Join(f.breaks(err), next.handle.Close())
	}
	err := syncDir(f.fs, f.path)
	if f.handle != nil {
		_ = f.handle.Close() // it is no longer the ring's file
	}
	*f = next
	if err != nil {
		return f.breaks(err)
	}
	return nil
}

// write makes a whole file, synced, and leaves it open in f.handle.
func (f *file) write(path string, entries []entry) error {
	if err := f.entropy.read(f.salt[:]); err != nil {
		return err
	}
	var b bytes.Buffer
	b.Write(f.header())
	count := uint64(len(entries))
	b.Write(f.counter(count, f.salt))
	b.Write(f.counter(count, f.salt))
	for i, e := range entries {
		frame, err := f.frame(e, f.salt, uint64(i))
		if err != nil {
			return err
		}
		b.Write(frame)
	}
	handle, err := f.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("seal: writing %s: %w", path, err)
	}
	_, err = handle.WriteAt(b.Bytes(), 0)
	if err == nil {
		err = handle.Sync()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("seal: writing %s: %w", path, err), handle.Close())
	}
	f.handle, f.count, f.end = handle, count, int64(b.Len())
	return nil
}

func (f *file) close() error {
	if f.broken == nil {
		f.broken = fmt.Errorf("%w: the ring is closed", ErrBroken)
	}
	var err error
	if f.handle != nil {
		err, f.handle = f.handle.Close(), nil
	}
	if f.lock != nil {
		err, f.lock = errors.Join(err, f.lock.Close()), nil
	}
	return err
}

func syncDir(fs vfs.FS, path string) error {
	dir, err := fs.OpenDir(fs.PathDir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// frame seals one entry as number n of the file with this salt.
func (f *file) frame(e entry, salt [16]byte, n uint64) ([]byte, error) {
	out := make([]byte, frameHead+nonceBytes, 256)
	if err := f.entropy.read(out[frameHead:]); err != nil {
		return nil, err
	}
	out = f.aead.Seal(out, out[frameHead:], e.appendTo(nil), entryAAD(salt, n))
	body := out[frameHead:]
	binary.BigEndian.PutUint32(out[0:], uint32(len(body)))
	binary.BigEndian.PutUint32(out[4:], crc32.Checksum(body, castagnoli))
	binary.BigEndian.PutUint32(out[8:], headSum(out, salt, n))
	return out, nil
}

func headSum(head []byte, salt [16]byte, n uint64) uint32 {
	sum := crc32.Checksum(head[:8], castagnoli)
	return crc32.Update(sum, castagnoli, entryAAD(salt, n))
}

func entryAAD(salt [16]byte, n uint64) []byte {
	aad := append(make([]byte, 0, 48), "florin/seal/entry/1\x00"...)
	aad = append(aad, salt[:]...)
	return binary.BigEndian.AppendUint64(aad, n)
}

func (f *file) header() []byte {
	b := make([]byte, sectorBytes)
	n := copy(b, magic)
	b[n] = layout
	copy(b[n+1:], f.salt[:])
	copy(b[n+17:], masterDigest(f.master))
	binary.BigEndian.PutUint32(b[sectorBytes-4:], crc32.Checksum(b[:sectorBytes-4], castagnoli))
	return b
}

// masterDigest tells a wrong master key from a damaged file.
func masterDigest(master [32]byte) []byte {
	digest := sha256.Sum256(append([]byte("florin/seal/master/1\x00"), master[:]...))
	return digest[:16]
}

// counter is the content of a slot.
func (f *file) counter(count uint64, salt [16]byte) []byte {
	b := make([]byte, sectorBytes)
	binary.BigEndian.PutUint64(b, count)
	sum := crc32.Update(crc32.Checksum(b[:8], castagnoli), castagnoli, salt[:])
	binary.BigEndian.PutUint32(b[8:], sum)
	return b
}

func counterAt(count uint64) int64 { return int64(1+count%2) * sectorBytes }
