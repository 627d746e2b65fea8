package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"florin/eventbus"
)

// Index and snapshots are disposable: damage in them is mended by dropping them.
// Tables hold one kind of key each (see spanPolicy), so Pebble drops theirs
// without reading them. What Open finds it drops at once; what is met later ends
// the process and leaves a file behind, by which the next Open knows.
var damagedNames = map[byte]string{keyIndex: "index-damaged", keySnapshot: "snapshots-damaged"}

// probeBytes of index and of snapshots are read by Open: all of a small log. Why no
// more: an index of gigabytes would hold up every start.
const probeBytes = 16 << 20

// dropped tells which kinds of disposable keys have to go.
func dropped(fs vfs.FS, dir string, db *pebble.DB, probeBytes int) (kinds []byte, err error) {
	for _, kind := range []byte{keyIndex, keySnapshot} {
		if exists(fs, fs.PathJoin(dir, damagedNames[kind])) {
			kinds = append(kinds, kind)
			continue
		}
		err := guarded(func() error { return probe(db, kind, probeBytes) })
		if err != nil && !pebble.IsCorruptionError(err) {
			return nil, err
		}
		if err != nil {
			kinds = append(kinds, kind)
		}
	}
	return kinds, nil
}

func exists(fs vfs.FS, path string) bool {
	_, err := fs.Stat(path)
	return err == nil
}

func probe(db *pebble.DB, kind byte, atMost int) (err error) {
	if atMost < 0 {
		return nil
	}
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{kind}, UpperBound: []byte{kind + 1}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok, size := it.First(), 0; ok && size < atMost; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		size += len(it.Key()) + len(value)
	}
	return it.Error()
}

// mend drops the kinds before anything compacts their tables.
func mend(dir string, p *pebble.Options, switches *stop, kinds []byte) error {
	p.DisableAutomaticCompactions = true
	s, err := openStore(dir, p, switches)
	if err != nil {
		return err
	}
	for _, kind := range kinds {
		if err == nil {
			err = s.drop(kind)
		}
	}
	return errors.Join(err, s.close())
}

// drop forgets all keys of a kind, durably, whether their tables can be read or not.
func (s *store) drop(kind byte) error {
	if err := s.stop.failure(); err != nil {
		return err
	}
	err := guarded(func() error {
		span := pebble.KeyRange{Start: []byte{kind}, End: []byte{kind + 1}}
		if err := s.db.Excise(context.Background(), span); err != nil {
			return err
		}
		return s.db.Flush() // until then it hides the tables, and they are still read
	})
	if err != nil {
		return fmt.Errorf("drop a damaged index: %s", plain(err))
	}
	if err := s.fs.Remove(s.fs.PathJoin(s.dir, damagedNames[kind])); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return s.stop.failure()
}

// judge says what damage met at run time means: in records it has a position; in
// what is disposable it is eventbus.ErrIndexDamaged, and the next Open mends it.
func judge(fs vfs.FS, dir string, options Options, cause error) error {
	if !pebble.IsCorruptionError(cause) {
		return cause
	}
	kind, ok := disposable(cause)
	if !ok {
		return locate(fs, dir, options, cause)
	}
	leave(fs, dir, damagedNames[kind])
	return fmt.Errorf("%w (%s)", eventbus.ErrIndexDamaged, plain(cause))
}

// leave makes an empty file. If it cannot, the next start finds out by itself
// what it reads, and meets the rest as this one did.
func leave(fs vfs.FS, dir, name string) {
	file, err := fs.Create(fs.PathJoin(dir, name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return
	}
	if errors.Join(file.Sync(), file.Close()) == nil {
		_ = syncDir(fs, dir)
	}
}

// disposable tells whether a damaged table holds index or snapshots alone.
func disposable(err error) (kind byte, ok bool) {
	info := pebble.ExtractDataCorruptionInfo(err)
	if info == nil || len(info.Bounds.Start) == 0 || len(info.Bounds.End.Key) == 0 {
		return 0, false
	}
	kind, end := info.Bounds.Start[0], info.Bounds.End.Key
	_, ok = damagedNames[kind]
	return kind, ok && (end[0] == kind || len(end) == 1 && end[0] == kind+1)
}

// plain is what Pebble found wrong, in one line.
func plain(err error) string {
	text, file := err.Error(), ""
	if info := pebble.ExtractDataCorruptionInfo(err); info != nil && info.Details != nil {
		text, file = info.Details.Error(), filepath.Base(info.Path)+": "
	}
	text, _, _ = strings.Cut(text, "\n")
	return file + text
}
