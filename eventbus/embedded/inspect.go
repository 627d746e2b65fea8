package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"

	"florin/eventbus"
)

// Recovered is what Open found in the directory.
type Recovered struct {
	Head  eventbus.Mark // the end, from now on durable
	Known eventbus.Mark // the newer slot of durable-head: acknowledged at least up to here
	// CutBytes counts what is left of a write that was cut off at the end of the
	// newest log file. It belongs to no acknowledged commit.
	CutBytes int64
	// Dropped are the kinds of disposable keys (i: index, s: snapshots) that were
	// damaged, and that Open has dropped.
	Dropped []byte
}

// decodedTailBytes of the newest records are verified with their hashes at Open.
const decodedTailBytes = 1 << 20

// inspect looks the directory over and changes nothing.
func inspect(fs vfs.FS, dir string, lock *pebble.Lock, options Options) (Recovered, error) {
	files, err := storeFiles(fs, dir)
	if err != nil {
		return Recovered{}, err
	}
	if files.unborn() && options.CreateIfMissing {
		return Recovered{}, clearDir(fs, dir)
	}
	slots, err := readSide(fs, dir)
	if err != nil {
		return Recovered{}, err
	}
	desc, err := pebble.Peek(dir, fs)
	if err != nil {
		return Recovered{}, locate(fs, dir, options, err)
	}
	if !desc.Exists {
		return Recovered{}, absent(slots, files, options.CreateIfMissing)
	}
	tidy, err := manifestTidy(fs, desc.ManifestFilename)
	if err != nil {
		return Recovered{}, locate(fs, dir, options, err)
	}
	p := pebbleOptions(fs, newStop(), options)
	p.ReadOnly, p.Lock = true, lock
	var db *pebble.DB
	if err := guarded(func() (err error) { db, err = pebble.Open(dir, p); return err }); err != nil {
		return Recovered{}, locate(fs, dir, options, err)
	}
	found, err := examine(db, slots, tail{bytes: files.logBytes + decodedTailBytes, all: !tidy})
	if err == nil {
		found.Dropped, err = dropped(fs, dir, db, options.probeBytes)
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return Recovered{}, err
	}
	found.CutBytes, err = cutBytes(fs, dir)
	return found, err
}

// absent decides about a directory without a store.
func absent(slots []eventbus.Mark, files inventory, create bool) error {
	switch {
	case len(slots) > 0 && slots[0].Position > 0:
		return &eventbus.Damage{Position: 1, Why: fmt.Sprintf("the store is gone; %s names position %d", sideName, slots[0].Position)}
	case files.tables > 0 || files.logBytes > 0:
		return &eventbus.Damage{Position: 1, Why: "the store's marker file is gone"}
	case !create:
		return ErrAbsent
	}
	return nil
}

// inventory counts the store's files.
type inventory struct {
	tables   int
	logBytes int64
	written  bool // a log file holds something
	beside   bool // durable-head is there
}

// unborn is a store whose making was cut off: durable-head is made durable before
// the first record is taken. Making one then begins again.
func (i inventory) unborn() bool { return !i.beside && i.tables == 0 && !i.written }

func storeFiles(fs vfs.FS, dir string) (found inventory, err error) {
	names, err := fs.List(dir)
	if err != nil {
		return found, err
	}
	for _, name := range names {
		switch {
		case name == sideName:
			found.beside = true
		case strings.HasSuffix(name, ".sst"):
			found.tables++
		case strings.HasSuffix(name, ".log"):
			size, written, err := logFile(fs, fs.PathJoin(dir, name))
			if err != nil {
				return found, err
			}
			found.logBytes += size
			found.written = found.written || written
		}
	}
	return found, nil
}

// logFile tells a log file's size, and whether anything was written to it: it
// may be there in its length before.
func logFile(fs vfs.FS, path string) (size int64, written bool, err error) {
	file, err := fs.Open(path)
	if err != nil {
		return 0, false, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return 0, false, err
	}
	start := make([]byte, min(info.Size(), logBlockBytes))
	if _, err := io.ReadFull(file, start); err != nil {
		return 0, false, err
	}
	return info.Size(), len(bytes.Trim(start, "\x00")) > 0, nil
}

// manifestTidy tells whether the list of tables can be read to its end. Pebble
// takes whatever it cannot read there for the end, and may so forget tables: a
// list with an untidy end needs a look at every record.
func manifestTidy(fs vfs.FS, name string) (bool, error) {
	file, err := fs.Open(name)
	if err != nil {
		return false, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	r := record.NewReader(file, 0)
	for {
		rec, err := r.Next()
		if err == nil {
			_, err = io.Copy(io.Discard, rec)
		}
		switch {
		case errors.Is(err, io.EOF):
			return r.Offset() == info.Size(), nil
		case err != nil:
			return false, nil
		}
	}
}

// tail says how much of the end to examine: at least what lies in log files,
// where Pebble can lose records without noticing.
type tail struct {
	bytes int64
	all   bool
}

// examine checks the records at both ends, and that nothing that durable-head
// names is missing.
func examine(db *pebble.DB, slots []eventbus.Mark, t tail) (Recovered, error) {
	head, err := lastRecord(db)
	if err != nil {
		return Recovered{}, first(db, head.Position, err)
	}
	found := Recovered{Head: head}
	if t.all {
		err = walk(db, head.Position)
	} else {
		err = examineTail(db, head, t.bytes)
	}
	if err != nil {
		return found, first(db, head.Position, err)
	}
	for i, slot := range slots {
		if i == 0 {
			found.Known = slot
		}
		if err := holds(db, head, slot); err != nil {
			return found, err
		}
	}
	return found, nil
}

// holds checks that the journal has the acknowledged record of a slot.
func holds(db *pebble.DB, head, slot eventbus.Mark) error {
	if slot.Position == 0 {
		return nil
	}
	if slot.Position > head.Position {
		return &eventbus.Damage{Position: head.Position + 1, Why: fmt.Sprintf("acknowledged records are missing: the log ends at position %d, %s names position %d", head.Position, sideName, slot.Position)}
	}
	page, _, err := readPage(db, slot.Position-1, slot.Position, 1)
	if err != nil {
		return err
	}
	if len(page) != 1 {
		return &eventbus.Damage{Position: slot.Position, Why: "not the end of a commit, as " + sideName + " has it"}
	}
	o, err := eventbus.Peek(page[0])
	if err != nil || o.Last != slot.Position || o.Hash != slot.Hash {
		return &eventbus.Damage{Position: o.First, Why: "not the record that was acknowledged, says " + sideName}
	}
	return nil
}

// lastRecord is the store's head, durable or not.
func lastRecord(db *pebble.DB) (head eventbus.Mark, err error) {
	it, err := db.NewIter(recordRange())
	if err != nil {
		return head, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	if !it.Last() {
		return head, it.Error()
	}
	o, err := peekAt(it)
	return eventbus.Mark{Position: o.Last, Hash: o.Hash}, err
}

// examineTail goes back from the head: every record extends the one before it,
// and the first is the genesis.
func examineTail(db *pebble.DB, head eventbus.Mark, size int64) (err error) {
	it, err := db.NewIter(recordRange())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	var next eventbus.Outline
	for ok, seen := it.Last(), int64(0); ok && seen < size; ok = it.Prev() {
		o, err := peekAt(it)
		if err != nil {
			return err
		}
		if o.Last != head.Position && (next.First != o.Last+1 || next.Previous != o.Hash) {
			return &eventbus.Damage{Position: o.Last + 1, Why: "the next record does not extend this one"}
		}
		if seen < decodedTailBytes {
			if _, err := eventbus.Decode(it.Value()); err != nil {
				return &eventbus.Damage{Position: o.First, Why: err.Error()}
			}
		}
		seen += int64(len(it.Value()))
		next = o
	}
	if err := it.Error(); err != nil {
		return err
	}
	if it.First() {
		if o, err := peekAt(it); err != nil || o.First != 1 || o.Previous != (eventbus.Hash{}) {
			return &eventbus.Damage{Position: 1, Why: "the log does not begin with position 1"}
		}
	}
	return it.Error()
}

// walk verifies every record up to the head. Its error names a position.
func walk(db *pebble.DB, head eventbus.Position) error {
	var end eventbus.Mark
	for end.Position < head {
		page, _, err := readPage(db, end.Position, head, pageEntries)
		for _, rec := range page {
			next, extendErr := extend(end, rec)
			if extendErr != nil {
				return &eventbus.Damage{Position: end.Position + 1, Why: extendErr.Error()}
			}
			if _, err := eventbus.Decode(rec); err != nil {
				return &eventbus.Damage{Position: end.Position + 1, Why: err.Error()}
			}
			end = next
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// first turns what was found somewhere into damage at the first bad position.
func first(db *pebble.DB, head eventbus.Position, found error) error {
	var named *eventbus.Damage
	if !errors.As(found, &named) && !pebble.IsCorruptionError(found) {
		return found
	}
	if head == 0 {
		head = positionMax
	}
	if err := walk(db, head); err != nil {
		return err
	}
	return found
}

func peekAt(it *pebble.Iterator) (eventbus.Outline, error) {
	value, err := it.ValueAndErr()
	if err != nil {
		return eventbus.Outline{}, err
	}
	o, err := eventbus.Peek(value)
	if err != nil {
		return o, &eventbus.Damage{Position: keyPosition(it.Key()), Why: err.Error()}
	}
	if len(it.Key()) != recordKeyBytes || o.Last != keyPosition(it.Key()) {
		return o, &eventbus.Damage{Position: o.First, Why: "the record lies at another position"}
	}
	return o, nil
}

func recordRange() *pebble.IterOptions {
	return &pebble.IterOptions{LowerBound: []byte{keyRecord}, UpperBound: []byte{keyRecord + 1}}
}
