package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/batchrepr"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/wal"

	"florin/eventbus"
)

// locate names the first position that is not good in a store that is broken:
// by reading every record if it still opens, else the one after the last record
// that can be had from tables or log files. Other errors pass. It only reads, and
// takes no lock: the caller holds it.
func locate(fs vfs.FS, dir string, options Options, cause error) error {
	var named *eventbus.Damage
	if !isBroken(cause) || errors.As(cause, &named) {
		return cause
	}
	last := lastInLogs(fs, dir)
	for _, view := range []vfs.FS{unlocked{fs}, unlocked{withoutLogs{fs}}} {
		p := pebbleOptions(view, newStop(), options)
		p.ReadOnly = true
		var found eventbus.Position
		err := guarded(func() error {
			db, err := pebble.Open(dir, p)
			if err != nil {
				return err
			}
			found, err = goodUpTo(db)
			return errors.Join(err, db.Close())
		})
		last = max(last, found)
		if err == nil {
			break
		}
		if errors.As(err, &named) {
			return &eventbus.Damage{Position: named.Position, Why: plain(cause)}
		}
	}
	return &eventbus.Damage{Position: last + 1, Why: plain(cause)}
}

// goodUpTo walks as far as the records are good.
func goodUpTo(db *pebble.DB) (eventbus.Position, error) {
	head, err := lastRecord(db)
	if err != nil {
		return 0, walk(db, positionMax)
	}
	return head.Position, walk(db, head.Position)
}

// positionMax lies beyond every head.
const positionMax = 1<<62 - 1

// unlocked is for a second, reading look at a directory whose lock is held.
type unlocked struct{ vfs.FS }

func (unlocked) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }
func (f unlocked) Unwrap() vfs.FS               { return f.FS }

// isBroken takes errors of a store that is there but makes no sense for
// damage, unless the operating system said no.
func isBroken(err error) bool {
	var path *os.PathError
	return pebble.IsCorruptionError(err) || errors.Is(err, os.ErrNotExist) || !errors.As(err, &path)
}

// withoutLogs hides the log files, so that the tables can be opened alone.
type withoutLogs struct{ vfs.FS }

func (f withoutLogs) List(dir string) ([]string, error) {
	names, err := f.FS.List(dir)
	var kept []string
	for _, name := range names {
		if !strings.HasSuffix(name, ".log") {
			kept = append(kept, name)
		}
	}
	return kept, err
}

func (f withoutLogs) Unwrap() vfs.FS { return f.FS }

// lastInLogs is the last position before the first unreadable byte of the logs.
func lastInLogs(fs vfs.FS, dir string) (last eventbus.Position) {
	logs, err := wal.Scan(wal.Dir{FS: fs, Dirname: dir})
	if err != nil {
		return 0
	}
	for _, l := range logs {
		_, err := readLog(l, func(position eventbus.Position) { last = max(last, position) })
		if err != nil && !errors.Is(err, io.EOF) {
			return last
		}
	}
	return last
}

// readLog shows the positions in a log file; the offset is where reading ended.
func readLog(l wal.LogicalLog, show func(eventbus.Position)) (offset int64, err error) {
	r := l.OpenForRead()
	defer r.Close()
	for {
		rec, at, err := r.NextRecord()
		if err != nil {
			return at.Physical, err
		}
		batch, err := io.ReadAll(rec)
		if err != nil {
			return at.Physical, err
		}
		if len(batch) < batchrepr.HeaderLen {
			return at.Physical, fmt.Errorf("log file %d: a batch of %d bytes", l.Num, len(batch))
		}
		entries := batchrepr.Read(batch)
		for {
			_, key, _, ok, err := entries.Next()
			if err != nil || !ok {
				break
			}
			if len(key) == recordKeyBytes && key[0] == keyRecord {
				show(keyPosition(key))
			}
		}
	}
}

// Layout of a chunk of Pebble's log (package record): checksum, length, type,
// log number.
const (
	logBlockBytes  = 32 << 10
	chunkHeadBytes = 19
)

// cutBytes measures what a cut-off write left at the end of the newest log
// file: chunks that bear this file's number (others are of its earlier life).
func cutBytes(fs vfs.FS, dir string) (int64, error) {
	logs, err := wal.Scan(wal.Dir{FS: fs, Dirname: dir})
	if err != nil || len(logs) == 0 {
		return 0, err
	}
	newest := logs[len(logs)-1]
	end, err := readLog(newest, func(eventbus.Position) {})
	if errors.Is(err, io.EOF) || newest.NumSegments() == 0 {
		return 0, nil
	}
	segmentFS, path := newest.SegmentLocation(newest.NumSegments() - 1)
	file, err := segmentFS.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return chunkRun(file, end, info.Size(), uint32(newest.Num)), nil
}

func chunkRun(file io.ReaderAt, from, size int64, number uint32) int64 {
	at := from
	for at < size {
		if left := logBlockBytes - at%logBlockBytes; left < chunkHeadBytes {
			at += left
			continue
		}
		var head [chunkHeadBytes]byte
		if n, _ := file.ReadAt(head[:], at); n < 11 || binary.LittleEndian.Uint32(head[7:]) != number {
			break
		}
		at += chunkHeadBytes + int64(binary.LittleEndian.Uint16(head[4:]))
	}
	return min(at, size) - from
}
