package embedded

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"

	"florin/eventbus"
)

// manifestName is the file that tells what a backup holds.
const manifestName = "backup.json"

// Manifest says what a backup holds at the least: commits that were appended
// while it was made may be in it too.
type Manifest struct {
	Format   int               `json:"format"`
	Ledger   string            `json:"ledger"`
	Position eventbus.Position `json:"position"`
	Hash     string            `json:"hash"`
}

const backupFormat = 1

var (
	// ErrNotEmpty: a backup or a restore would overwrite something.
	ErrNotEmpty = errors.New("there is something already")
	// ErrNoBackup: no backup of ours, or one that was never finished.
	ErrNoBackup = errors.New("not a finished backup")
)

// Backup writes everything that is durable now into a new directory, while
// writers go on. It bears its name only when it is complete and synced. Tables
// are linked where to is on the same file system: copy it elsewhere. The ledger
// id is kept beside it. Keys are no part of it.
func (j *Journal) Backup(to, ledger string) (Manifest, error) {
	head, _ := j.head()
	m := Manifest{Format: backupFormat, Ledger: ledger, Position: head.Position, Hash: hex.EncodeToString(head.Hash[:])}
	if err := j.backup(to, m, head); err != nil {
		return Manifest{}, fmt.Errorf("embedded: backup to %s: %w", to, err)
	}
	return m, nil
}

func (j *Journal) backup(to string, m Manifest, head eventbus.Mark) error {
	if err := j.store.stop.failure(); err != nil {
		return err
	}
	if _, err := j.fs.Stat(to); err == nil {
		return ErrNotEmpty
	}
	part := to + ".unfinished"
	if err := j.fs.RemoveAll(part); err != nil {
		return err
	}
	err := j.store.using(func() error { return guarded(func() error { return j.store.db.Checkpoint(part) }) })
	if err != nil {
		return err
	}
	beside, err := openSide(j.fs, part, head)
	if err != nil {
		return err
	}
	if err := beside.close(); err != nil {
		return err
	}
	if err := writeManifest(j.fs, part, m); err != nil {
		return err
	}
	if err := j.fs.Rename(part, to); err != nil {
		return err
	}
	return syncDir(j.fs, j.fs.PathDir(to))
}

func writeManifest(fs vfs.FS, dir string, m Manifest) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	file, err := fs.Create(fs.PathJoin(dir, manifestName), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = file.Write(append(data, '\n'))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return syncDir(fs, dir)
}

// ReadManifest tells what a backup holds.
func ReadManifest(fs vfs.FS, dir string) (Manifest, error) {
	var m Manifest
	file, err := fs.Open(fs.PathJoin(dir, manifestName))
	if errors.Is(err, os.ErrNotExist) {
		return m, fmt.Errorf("%s: %w", dir, ErrNoBackup)
	}
	if err != nil {
		return m, err
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(data, &m); err != nil || m.Format != backupFormat {
		return m, fmt.Errorf("%s: %w: its %s cannot be read", dir, ErrNoBackup, manifestName)
	}
	return m, nil
}

// Restore copies a backup into an empty or absent directory and then verifies
// every record. The log bears its name only once it has been verified; the
// backup is not touched. progress (may be nil) is told positions verified and
// to verify. The mark is the end of the restored log, at or above the backup's.
func Restore(ctx context.Context, from, to string, options Options, progress func(done, total eventbus.Position)) (Manifest, eventbus.Mark, error) {
	options = options.withDefaults()
	options.CreateIfMissing = false
	m, err := ReadManifest(options.FS, from)
	if err != nil {
		return m, eventbus.Mark{}, fmt.Errorf("embedded: restore: %w", err)
	}
	end, err := restore(ctx, from, to, m, options, progress)
	if err != nil {
		return m, end, fmt.Errorf("embedded: restore %s to %s: %w", from, to, err)
	}
	return m, end, nil
}

func restore(ctx context.Context, from, to string, m Manifest, options Options, progress func(done, total eventbus.Position)) (end eventbus.Mark, err error) {
	fs := options.FS
	names, err := fs.List(to)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return end, err
	}
	if len(names) > 0 {
		return end, fmt.Errorf("%s: %w", to, ErrNotEmpty)
	}
	part := to + ".unfinished"
	if err := fs.RemoveAll(part); err != nil {
		return end, err
	}
	if err := copyDir(ctx, fs, from, part); err != nil {
		return end, err
	}
	if end, err = verifyRestored(ctx, part, m, options, progress); err != nil {
		return end, errors.Join(err, fs.RemoveAll(part))
	}
	if err := fs.RemoveAll(to); err != nil {
		return end, err
	}
	if err := fs.Rename(part, to); err != nil {
		return end, err
	}
	return end, syncDir(fs, fs.PathDir(to))
}

// copyDir copies the store, not the manifest and not the lock.
func copyDir(ctx context.Context, fs vfs.FS, from, to string) error {
	names, err := fs.List(from)
	if err != nil {
		return err
	}
	if err := fs.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, name := range names {
		if name == lockName || name == manifestName {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := vfs.Copy(fs, fs.PathJoin(from, name), fs.PathJoin(to, name)); err != nil {
			return err
		}
	}
	return syncDir(fs, to)
}

// verifyRestored reads the whole chain and finds the backup's head in it.
func verifyRestored(ctx context.Context, dir string, m Manifest, options Options, progress func(done, total eventbus.Position)) (end eventbus.Mark, err error) {
	j, err := Open(dir, options)
	if err != nil {
		return end, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	total := j.recovered.Head.Position
	end, err = eventbus.Verify(ctx, j, eventbus.Mark{}, func(done eventbus.Position) {
		if progress != nil {
			progress(done, total)
		}
	})
	if err != nil || m.Position == 0 {
		return end, err
	}
	if m.Position <= end.Position {
		for entry, err := range j.Read(ctx, eventbus.Mark{Position: m.Position - 1}) {
			if err != nil {
				return end, err
			}
			if o, err := eventbus.Peek(entry.Record); err == nil && o.Last == m.Position && hex.EncodeToString(o.Hash[:]) == m.Hash {
				return end, nil
			}
			break
		}
	}
	return end, &eventbus.Damage{Position: min(end.Position+1, m.Position), Why: "the backup does not hold the head that its " + manifestName + " names"}
}
