package commands

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"

	"florin/eventbus"
)

// checkpoint is how far a process has come. Losing it costs time, nothing else.
type checkpoint struct {
	Position eventbus.Position `json:"position"`
	Commit   uuid.UUID         `json:"commit"`
	Hash     string            `json:"hash"` // of that commit
	Alarms   []Alarm           `json:"alarms,omitempty"`
}

func hexHash(hash eventbus.Hash) string { return hex.EncodeToString(hash[:]) }

func (b *Bank) newRunner(p process) *runner {
	r := &runner{process: p, bank: b, kinds: map[string]bool{}, alarms: map[string]Alarm{}}
	for _, kind := range p.Kinds() {
		r.kinds[kind] = true
	}
	if b.settings.Dir != "" {
		r.file = filepath.Join(b.settings.Dir, p.Name()+".json")
	}
	return r
}

// resume reads the checkpoint. One that the log does not vouch for (the log was
// restored from a backup, or is another log) is not believed: the process starts
// from the beginning, which is harmless, and says so in its health.
func (r *runner) resume(ctx context.Context) error {
	mark, err := r.read()
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
			r.alarms[alarm.key()] = alarm
		}
		mark.Alarms = nil
		r.mark = mark
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

func (r *runner) read() (checkpoint, error) {
	if r.file == "" {
		return checkpoint{}, fs.ErrNotExist
	}
	data, err := os.ReadFile(r.file)
	if err != nil {
		return checkpoint{}, err
	}
	var mark checkpoint
	if err := json.Unmarshal(data, &mark); err != nil {
		return checkpoint{}, fmt.Errorf("the checkpoint cannot be read: %w", err)
	}
	return mark, nil
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

// save replaces the checkpoint if anything has changed. The old one stays until
// the new one is complete; none needs to be durable. A tick and the end of the bank
// may both save: one after the other, for they write the same file.
func (r *runner) save() error {
	r.saving.Lock()
	defer r.saving.Unlock()
	r.mu.Lock()
	if !r.dirty || r.file == "" {
		r.mu.Unlock()
		return nil
	}
	mark := r.mark
	mark.Alarms = r.sorted()
	r.dirty = false
	r.mu.Unlock()
	err := r.write(mark)
	if err != nil {
		r.mu.Lock()
		r.dirty = true
		r.mu.Unlock()
	}
	return err
}

func (r *runner) write(mark checkpoint) error {
	data, err := json.Marshal(mark)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(r.file), 0o700); err != nil {
		return fmt.Errorf("commands: checkpoint: %w", err)
	}
	if err := os.WriteFile(r.file+".new", data, 0o600); err != nil {
		return fmt.Errorf("commands: checkpoint: %w", err)
	}
	if err := os.Rename(r.file+".new", r.file); err != nil {
		return fmt.Errorf("commands: checkpoint: %w", err)
	}
	return nil
}

func (r *runner) sorted() []Alarm {
	alarms := make([]Alarm, 0, len(r.alarms))
	for _, alarm := range r.alarms {
		alarms = append(alarms, alarm)
	}
	slices.SortFunc(alarms, func(a, b Alarm) int { return strings.Compare(a.key(), b.key()) })
	return alarms
}
