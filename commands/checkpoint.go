package commands

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"

	"florin/eventbus"
)

// checkpoint is how far a process has come. Losing it costs time, nothing else.
//
// Its file is JSON values in a row. The first is a checkpoint, each that follows says how
// far the process had come by then and which alarms had changed since the one before:
//
//	{"position":7,...}  {"position":9,...,"alarms":[...],"cleared":["account/..."]}  ...
//
// So a save costs what has changed since the last, however many alarms there are, and the
// file is written anew once it has grown to twice its size. Whatever of it can be read from
// the beginning on is a checkpoint as it once was: what a crash has left half written
// at its end is passed over.
type checkpoint struct {
	Position eventbus.Position `json:"position"`
	Commit   uuid.UUID         `json:"commit"`
	Hash     string            `json:"hash"` // of that commit
	Alarms   []Alarm           `json:"alarms,omitempty"`
	Cleared  []string          `json:"cleared,omitempty"` // keys of alarms that are no more
}

const (
	checkpointGrows  = 64 << 10 // bytes that a file may grow by, however small it was
	alarmsAtOnce     = 1000     // in one value of a file that is written anew
	checkpointBuffer = 1 << 16
)

// kept is the file of a checkpoint as its runner knows it. Only save changes it.
type kept struct {
	path    string // "" keeps none
	written int64  // bytes when it was written anew; 0: that is to be done
	grown   int64  // bytes since
}

func hexHash(hash eventbus.Hash) string { return hex.EncodeToString(hash[:]) }

func (b *Bank) newRunner(p process) *runner {
	r := &runner{process: p, bank: b, kinds: map[string]bool{}, alarms: map[string]Alarm{}, changed: map[string]bool{}}
	for _, kind := range p.Kinds() {
		r.kinds[kind] = true
	}
	if b.settings.Dir != "" {
		r.file.path = filepath.Join(b.settings.Dir, p.Name()+".json")
	}
	return r
}

// resume reads the checkpoint. One that the log does not vouch for (the log was
// restored from a backup, or is another log) is not believed: the process starts
// from the beginning, which is harmless, and says so in its health.
func (r *runner) resume(ctx context.Context) error {
	mark, err := r.file.read()
	if err == nil && mark.Position > 0 {
		err = vouched(ctx, r.bank.log, mark)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.mu.Lock()
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		r.restart = err.Error()
	default:
		for _, alarm := range mark.Alarms {
			r.put(alarm)
		}
		mark.Alarms, mark.Cleared = nil, nil
		r.mark, r.changed, r.dirty = mark, map[string]bool{}, false
	}
	alarms := r.sorted()
	r.mu.Unlock()
	if p, ok := r.process.(resumer); ok {
		for _, alarm := range alarms {
			if err := p.Resume(ctx, alarm); err != nil {
				return fmt.Errorf("commands: resume %s: %w", r.Name(), err)
			}
		}
	}
	return nil
}

// read puts the values of the file together.
func (k kept) read() (checkpoint, error) {
	if k.path == "" {
		return checkpoint{}, fs.ErrNotExist
	}
	file, err := os.Open(k.path)
	if err != nil {
		return checkpoint{}, err
	}
	defer file.Close()
	values, alarms := json.NewDecoder(bufio.NewReaderSize(file, checkpointBuffer)), map[string]Alarm{}
	for mark, first := (checkpoint{}), true; ; first = false {
		var next checkpoint
		switch err := values.Decode(&next); {
		case err != nil && first:
			return checkpoint{}, fmt.Errorf("the checkpoint cannot be read: %w", err)
		case err != nil: // its end, or what a crash has left of it
			mark.Alarms = slices.SortedFunc(maps.Values(alarms), byKey)
			return mark, nil
		}
		for _, key := range next.Cleared {
			delete(alarms, key)
		}
		for _, alarm := range next.Alarms {
			alarms[alarm.key()] = alarm
		}
		mark = checkpoint{Position: next.Position, Commit: next.Commit, Hash: next.Hash}
	}
}

func vouched(ctx context.Context, log eventbus.Log, mark checkpoint) error {
	ticket, found, err := log.Find(ctx, mark.Commit)
	if err != nil {
		return err
	}
	if found {
		receipt, err := ticket.Wait(ctx)
		if err == nil && receipt.Last == mark.Position && hexHash(receipt.Hash) == mark.Hash {
			return nil
		}
	}
	return fmt.Errorf("the checkpoint at position %d does not lie on this log", mark.Position)
}

// save brings the checkpoint up to date if anything has changed; none needs to be
// durable. A tick and the end of the bank may both save: one after the other, for they
// write the same file.
func (r *runner) save() error {
	r.saving.Lock()
	defer r.saving.Unlock()
	whole := r.file.written == 0 || r.file.grown > max(r.file.written, checkpointGrows)
	r.mu.Lock()
	if !r.dirty || r.file.path == "" {
		r.mu.Unlock()
		return nil
	}
	mark, changed := r.mark, r.changed
	if whole {
		mark.Alarms = slices.Collect(maps.Values(r.alarms))
	} else {
		mark.Alarms, mark.Cleared = r.since(changed)
	}
	r.dirty, r.changed = false, map[string]bool{}
	r.mu.Unlock()
	err := r.file.keep(mark, whole)
	if err != nil { // and all of it is written the next time
		r.mu.Lock()
		r.dirty = true
		r.mu.Unlock()
		return fmt.Errorf("commands: checkpoint: %w", err)
	}
	return nil
}

// since is what has become of the alarms that have changed.
func (r *runner) since(changed map[string]bool) (set []Alarm, cleared []string) {
	for _, key := range slices.Sorted(maps.Keys(changed)) {
		if alarm, ok := r.alarms[key]; ok {
			set = append(set, alarm)
		} else {
			cleared = append(cleared, key)
		}
	}
	return set, cleared
}

// keep writes the file anew, or what has changed at its end. The old file stays until
// the new one is complete.
func (k *kept) keep(mark checkpoint, whole bool) error {
	if !whole {
		grown, err := k.write(k.path, os.O_APPEND, mark)
		if k.grown += grown; err != nil {
			k.written = 0 // nobody knows what stands at its end
		}
		return err
	}
	k.written = 0
	if err := os.MkdirAll(filepath.Dir(k.path), 0o700); err != nil {
		return err
	}
	slices.SortFunc(mark.Alarms, byKey)
	values := []checkpoint{}
	for len(mark.Alarms) > alarmsAtOnce { // it has come to nowhere before all are there
		values = append(values, checkpoint{Alarms: mark.Alarms[:alarmsAtOnce]})
		mark.Alarms = mark.Alarms[alarmsAtOnce:]
	}
	values = append(values, mark)
	written, err := k.write(k.path+".new", os.O_CREATE|os.O_TRUNC, values...)
	if err == nil {
		err = os.Rename(k.path+".new", k.path)
	}
	if err == nil {
		k.written, k.grown = written, 0
	}
	return err
}

func (k *kept) write(path string, how int, values ...checkpoint) (written int64, err error) {
	file, err := os.OpenFile(path, how|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	counted := &counting{to: file}
	buffered := bufio.NewWriterSize(counted, checkpointBuffer)
	for encoder := json.NewEncoder(buffered); len(values) > 0 && err == nil; values = values[1:] {
		err = encoder.Encode(values[0])
	}
	err = errors.Join(err, buffered.Flush(), file.Close())
	return counted.bytes, err
}

// counting counts what is written.
type counting struct {
	to    io.Writer
	bytes int64
}

func (c *counting) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.bytes += int64(n)
	return n, err
}

func byKey(a, b Alarm) int { return strings.Compare(a.key(), b.key()) }

func (r *runner) sorted() []Alarm { return slices.SortedFunc(maps.Values(r.alarms), byKey) }
