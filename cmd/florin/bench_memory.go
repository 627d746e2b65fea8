package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"florin/projections"
)

func memoryExperiments() []experiment {
	return []experiment{{
		name: "grown", figures: []string{"projections", "start", "memory"},
		run: func(ctx context.Context, b *bench) ([]figure, error) { return b.grown(ctx) },
	}}
}

// Aims of the figures that have no floor to be measured beside.
const (
	aimProjectedPerSecond = 50_000
	aimStartSeconds       = 2
	aimResidentMB         = 300
)

// grownDebtors move the money while the bank grows: few enough to stay in memory.
const grownDebtors = 10_000

// grownSize is how large a bank is measured.
func (b *bench) grownSize() (accounts, events int) {
	if b.quick {
		return 5_000, 50_000
	}
	return 100_000, 1_000_000
}

// grown fills a bank, rebuilds its read models, and starts it as a process of
// its own: that shows how long a start takes and what stays resident.
func (b *bench) grown(ctx context.Context) ([]figure, error) {
	dir := filepath.Join(b.dir, "grown")
	accounts, events := b.grownSize()
	rebuilt, position, err := grow(ctx, dir, accounts, events)
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var starts []float64
	var resident float64
	for range b.turns {
		seconds, megabytes, err := startOnce(ctx, program, dir, filepath.Join(b.dir, "grown.log"))
		if err != nil {
			return nil, err
		}
		starts, resident = append(starts, seconds), max(resident, megabytes)
	}
	conditions := fmt.Sprintf("%d events, %d accounts; ", position, accounts)
	figures := []figure{
		beside("projections", "events/s", rebuilt, 0, conditions+fmt.Sprintf("all read models rebuilt into SQLite; aim: %d", aimProjectedPerSecond)),
		beside("start", "s", percentile(starts, 50), 0, conditions+fmt.Sprintf("process start until ready; limit: %d", aimStartSeconds)),
	}
	if resident > 0 {
		figures = append(figures, beside("memory", "MB", resident, 0, conditions+fmt.Sprintf("largest resident set of the process until ready, read models caught up; limit: %d", aimResidentMB)))
	}
	return figures, nil
}

// grow makes the bank and rebuilds its read models. It gives events projected a
// second, and the head.
func grow(ctx context.Context, dir string, accounts, events int) (rebuilt float64, head uint64, err error) {
	l, err := openLedger(ctx, benchConfig(dir), true, nil)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	t, err := openTeller(ctx, l, accounts, nil)
	if err != nil {
		return 0, 0, err
	}
	mark, err := l.log.Head(ctx)
	if err != nil {
		return 0, 0, err
	}
	err = inParallel(max(events-int(mark.Position), 0)/5, 512, func(int) error { return t.transfer(ctx, min(accounts/2, grownDebtors)) })
	if err != nil {
		return 0, 0, err
	}
	if mark, err = l.log.Head(ctx); err != nil {
		return 0, 0, err
	}
	reads, err := projections.Open(ctx, readsFile(dir), l.log, l.treaty)
	if err != nil {
		return 0, 0, err
	}
	rebuilt, err = timed(func() (float64, error) {
		return float64(mark.Position), reads.Rebuild(ctx, projections.All, nil)
	})
	return rebuilt, uint64(mark.Position), errors.Join(err, reads.Close())
}

// startOnce starts the bank, waits until it is ready, and ends it.
func startOnce(ctx context.Context, program, dir, logFile string) (seconds, megabytes float64, err error) {
	c, _, err := newChild(program, dir, logFile, os.Environ())
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	began := time.Now()
	if err := c.start(ctx); err != nil {
		return 0, 0, err
	}
	seconds = time.Since(began).Seconds()
	return seconds, peakResident(c.cmd.Process.Pid), c.stop()
}

// peakResident is the largest resident set of a process in megabytes; 0 where
// the system does not tell.
func peakResident(pid int) float64 {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kilobytes, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			return kilobytes / 1000
		}
	}
	return 0
}
