package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"florin/eventbus"
	"florin/eventbus/embedded"
)

// logWriters are the numbers of concurrent writers that the log is measured with.
var logWriters = []int{1, 16, 128}

func logExperiments() []experiment {
	var list []experiment
	for _, writers := range logWriters {
		name := fmt.Sprintf("log-%d", writers)
		list = append(list, experiment{name: name, figures: []string{name, name + "-file"}, run: func(ctx context.Context, b *bench) ([]figure, error) {
			return b.logAppend(ctx, name, writers)
		}})
	}
	return append(list, experiment{name: "log-replay", figures: []string{"log-replay", "log-verify"}, run: func(ctx context.Context, b *bench) ([]figure, error) { return b.logReplay(ctx) }})
}

// benchLog is a log on the embedded engine in a directory of its own.
type benchLog struct {
	*eventbus.Sequencer
	journal *embedded.Journal
}

func openBenchLog(ctx context.Context, dir string) (*benchLog, error) {
	journal, err := embedded.Open(dir, embedded.Options{CreateIfMissing: true})
	if err != nil {
		return nil, err
	}
	log, err := eventbus.Open(ctx, journal, eventbus.Options{
		Clock: time.Now, BuildVersion: buildVersion(), Writer: uuid.New(),
		Genesis: eventbus.Genesis{Ledger: uuid.New(), LegalEntity: "Bench", Mode: eventbus.Sandbox},
	})
	if err != nil {
		return nil, errors.Join(err, journal.Close())
	}
	return &benchLog{log, journal}, nil
}

func (l *benchLog) close() error {
	return errors.Join(l.Sequencer.Close(context.Background()), l.journal.Close())
}

// logAppend measures the log, a bare Pebble pipeline that is given the same
// bytes, and a raw file that is given the records alone.
func (b *bench) logAppend(ctx context.Context, name string, writers int) (_ []figure, err error) {
	log, err := openBenchLog(ctx, filepath.Join(b.dir, name))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, log.close()) }()
	record, err := sampleRecord()
	if err != nil {
		return nil, err
	}
	bare, err := openBarePebble(filepath.Join(b.dir, name+"-pebble"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bare.close()) }()
	raw, err := openRawFile(filepath.Join(b.dir, name+"-file"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, raw.close()) }()
	appenders := newAppenders(log, writers)
	rates, err := b.inTurns(ctx,
		func(ctx context.Context, length time.Duration) (float64, error) {
			return concurrently(writers, length, func(writer int) error { return appenders[writer].append(ctx) })
		},
		func(_ context.Context, length time.Duration) (float64, error) {
			return concurrently(writers, length, func(int) error { return bare.append(record) })
		},
		func(_ context.Context, length time.Duration) (float64, error) {
			return concurrently(writers, length, func(int) error { return raw.append(record) })
		})
	if err != nil {
		return nil, err
	}
	conditions := fmt.Sprintf("%d writers, commits of 3 events on 2 streams, %d bytes a record, version checks, receipts; ", writers, len(record))
	return []figure{
		beside(name, "commits/s", rates[0], rates[1], conditions+"floor: bare Pebble, ApplyNoSyncWait+SyncWait, the same records and index keys, no checks, no hashes"),
		beside(name+"-file", "commits/s", rates[0], rates[2], conditions+"floor: preallocated file, group commit, fdatasync, records alone"),
	}, nil
}

// concurrently lets workers repeat an act for so long, and gives acts a second.
func concurrently(workers int, length time.Duration, act func(worker int) error) (float64, error) {
	var done atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, workers)
	began := time.Now()
	for worker := range workers {
		group.Go(func() {
			for time.Since(began) < length {
				if errs[worker] = act(worker); errs[worker] != nil {
					return
				}
				done.Add(1)
			}
		})
	}
	group.Wait()
	return float64(done.Load()) / time.Since(began).Seconds(), errors.Join(errs...)
}

// appender extends two streams of its own.
type appender struct {
	log      eventbus.Log
	streams  [2]eventbus.Stream
	versions [2]eventbus.Version
}

func newAppenders(log eventbus.Log, n int) []*appender {
	list := make([]*appender, n)
	for i := range list {
		list[i] = &appender{log: log, streams: [2]eventbus.Stream{eventbus.Stream("account/" + uuid.NewString()), eventbus.Stream("transfer/" + uuid.NewString())}}
	}
	return list
}

var benchData = []byte(`{"transfer":"trf_0198f2a0-5c1e-7b3a-9d42-1f2e3d4c5b6a","from":"acc_0198f2a0-0000-7b3a-9d42-1f2e3d4c5b6a","to":"acc_0198f2a0-1111-7b3a-9d42-1f2e3d4c5b6a","amount":{"minor":12345,"currency":"EUR"},"at":"2026-01-02T03:04:05.678901Z"}`)

func (a *appender) commit() eventbus.Commit {
	event := eventbus.Event{Kind: "account.debited", SchemaVersion: 1, ContentType: "application/json", Data: benchData}
	return eventbus.Commit{
		ID: uuid.New(), Generation: a.log.Generation(),
		Header: eventbus.Header{BookedAt: time.Now(), ActorType: "customer", Actor: uuid.UUID{1}, Device: uuid.UUID{2}, Session: uuid.UUID{3}, ACR: "urn:florin:acr:sca", Correlation: uuid.UUID{4}, Intent: benchData[:32]},
		Streams: []eventbus.Append{
			{Stream: a.streams[0], Expected: a.versions[0], Events: []eventbus.Event{event, event}},
			{Stream: a.streams[1], Expected: a.versions[1], Events: []eventbus.Event{event}},
		},
	}
}

func (a *appender) append(ctx context.Context) error {
	ticket, err := a.log.Enqueue(a.commit())
	if err != nil {
		return err
	}
	if _, err := ticket.Wait(ctx); err != nil {
		return err
	}
	a.versions[0] += 2
	a.versions[1]++
	return nil
}

// sampleRecord is a record as those that the log is given.
func sampleRecord() ([]byte, error) { return eventbus.Encode(sample()) }

func sample() eventbus.Record {
	a := newAppenders(noLog{}, 1)[0]
	c := a.commit()
	r := eventbus.Record{ID: c.ID, Header: c.Header, RecordedAt: c.Header.BookedAt, First: 1, WriterEpoch: 1}
	r.Header.BuildVersion = buildVersion()
	for _, s := range c.Streams {
		for i, e := range s.Events {
			r.Events = append(r.Events, eventbus.Recorded{Event: e, Stream: s.Stream, Version: eventbus.Version(i + 1)})
		}
	}
	return r
}

// noLog only has a generation.
type noLog struct{ eventbus.Log }

func (noLog) Generation() eventbus.Generation { return 1 }

// replayEvents is how many events the replays read.
func (b *bench) replayEvents() int {
	if b.quick {
		return 90_000
	}
	return 1_000_000
}

// logReplay fills a log and reads it back: raw, where the chain is checked by
// the stored hashes, and verified, where every hash is computed again.
func (b *bench) logReplay(ctx context.Context) (_ []figure, err error) {
	log, err := openBenchLog(ctx, filepath.Join(b.dir, "log-replay"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, log.close()) }()
	if err := fillLog(ctx, log, b.replayEvents()); err != nil {
		return nil, err
	}
	var events float64
	rates, err := b.inTurns(ctx,
		func(ctx context.Context, _ time.Duration) (float64, error) {
			return timed(func() (float64, error) {
				var end eventbus.Mark
				for entry, err := range log.journal.Read(ctx, eventbus.Mark{}) {
					if err != nil {
						return 0, err
					}
					o, err := eventbus.Peek(entry.Record)
					if err != nil || o.First != end.Position+1 || o.Previous != end.Hash {
						return 0, fmt.Errorf("the chain breaks at position %d (%w)", end.Position+1, err)
					}
					end = eventbus.Mark{Position: o.Last, Hash: o.Hash}
				}
				events = float64(end.Position)
				return events, nil
			})
		},
		func(ctx context.Context, _ time.Duration) (float64, error) {
			return timed(func() (float64, error) {
				end, err := eventbus.Verify(ctx, log.journal, eventbus.Mark{}, nil)
				return float64(end.Position), err
			})
		},
		func(ctx context.Context, _ time.Duration) (float64, error) {
			return timed(func() (float64, error) {
				for _, err := range log.journal.Read(ctx, eventbus.Mark{}) {
					if err != nil {
						return 0, err
					}
				}
				return events, nil
			})
		})
	if err != nil {
		return nil, err
	}
	conditions := fmt.Sprintf("%.0f events in commits of 3, one reader, from the page cache; ", events)
	return []figure{
		beside("log-replay", "events/s", rates[0], rates[2], conditions+"positions and stored hashes chained; floor: the same records read and not looked at; aim: 1,000,000"),
		beside("log-verify", "events/s", rates[1], rates[0], conditions+"every record decoded and every hash computed; floor: log-replay"),
	}, nil
}

// timed gives units a second.
func timed(work func() (units float64, err error)) (float64, error) {
	began := time.Now()
	units, err := work()
	return units / time.Since(began).Seconds(), err
}

// fillLog appends at least so many events, many commits in flight.
func fillLog(ctx context.Context, log eventbus.Log, events int) error {
	const writers = 512
	appenders := newAppenders(log, writers)
	return inParallel(events/3+1, writers, func(i int) error {
		// Any writer may take any turn: each turn uses a pair of streams of its own.
		fresh := *appenders[i%writers]
		fresh.streams = [2]eventbus.Stream{eventbus.Stream("account/" + uuid.NewString()), eventbus.Stream("transfer/" + uuid.NewString())}
		return fresh.append(ctx)
	})
}
