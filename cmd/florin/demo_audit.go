package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"florin/projections"
)

// rebuild stops the bank and makes every read model anew: live and replayed must
// be the same.
func (d *demo) rebuild(ctx context.Context) error {
	return d.scene("rebuild every read model from the log", 1, func(s *step) (_ string, err error) {
		if err := d.bank.stop(); err != nil {
			return "", fmt.Errorf("stop the bank: %w", err)
		}
		a, err := openArchive(ctx, config{Dir: d.bankDir()})
		if err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, a.close()) }()
		compared, err := projections.CompareFile(ctx, readsFile(d.bankDir()), a.log, a.treaty, func(done, total uint64) { s.of(int64(done), int64(total)) })
		if err != nil {
			return "", err
		}
		d.facts.Rebuilt = "equal"
		for _, c := range compared {
			if !c.Equal() {
				d.facts.Rebuilt = string(c.State)
				return "", fmt.Errorf("%s: %s: live %s, replayed %s", c.View, c.State, c.Live, c.Replayed)
			}
		}
		return fmt.Sprintf("%d views: live and replayed are equal", len(compared)), nil
	})
}

// verify is the auditor: chain, positions, money, and how often each transfer is there.
func (d *demo) verify(ctx context.Context) error {
	return d.scene("an auditor verifies the log", 1, func(s *step) (string, error) {
		v, err := verify(ctx, config{Dir: d.bankDir()}, s)
		if err != nil {
			return "", err
		}
		d.facts.Verify, d.facts.Events = v.Verify, v.Events
		d.facts.LedgerSum = fmt.Sprint(v.Ledger.Sum)
		// Every transfer that is in the log was asked for by a key that the client
		// holds, but the one that waits for the victim's fingerprint.
		d.facts.Duplicates += max(0, v.Initiated-d.acks.count()-1)
		if v.Verify != "ok" {
			return "", errors.New(v.Verify)
		}
		return fmt.Sprintf("%d events, %d postings, %d accounts, sum %s", v.Events, v.Ledger.Postings, v.Ledger.Accounts, d.facts.LedgerSum), nil
	})
}

// tamper flips one byte in a copy of the log; the auditor must find it.
func (d *demo) tamper(ctx context.Context) error {
	return d.scene("one byte flipped in a copy of the log", 1, func(s *step) (string, error) {
		copied := filepath.Join(d.dir, "copy")
		if err := os.CopyFS(copied, os.DirFS(d.bankDir())); err != nil {
			return "", fmt.Errorf("copy the log: %w", err)
		}
		file, err := largest(logDir(copied))
		if err != nil {
			return "", err
		}
		if err := flip(file); err != nil {
			return "", err
		}
		v, err := verify(ctx, config{Dir: copied}, s)
		if err != nil {
			return "", err
		}
		if v.Verify == "ok" {
			return "", fmt.Errorf("the flipped byte in %s was not found", filepath.Base(file))
		}
		d.facts.TamperFoundAt = uint64(v.DamagedAt)
		return fmt.Sprintf("found: damage at position %d", v.DamagedAt), nil
	})
}

// largest is where most of the log's bytes lie.
func largest(dir string) (file string, err error) {
	var most int64
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Size() > most {
			file, most = path, info.Size()
		}
		return err
	})
	return file, err
}

// flip turns one bit in the middle of what is written in a file. Files are
// preallocated: what comes after the last byte that is not nought is no log.
func flip(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	end := len(data)
	for end > 0 && data[end-1] == 0 {
		end--
	}
	data[end/2] ^= 1
	return os.WriteFile(path, data, 0o600)
}
