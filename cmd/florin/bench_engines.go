package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"florin/eventbus"
	"florin/eventbus/embedded"
	"florin/eventbus/jetstream"
	"florin/eventbus/postgres"
)

// Servers to be measured are named in the environment: a figure without one is not given,
// unless it is asked for by its name.
const (
	benchPostgres = "FLORIN_BENCH_POSTGRES" // postgres://...; schemas of its own are made, and left
	benchNATS     = "FLORIN_BENCH_NATS"     // nats://...; streams of its own are made, and left
)

func engineExperiments() []experiment {
	var list []experiment
	for _, e := range []struct{ engine, variable string }{{"postgres", benchPostgres}, {"nats", benchNATS}} {
		for _, writers := range []int{1, 16, 128} {
			name := fmt.Sprintf("engine-%s-%d", e.engine, writers)
			list = append(list, experiment{name: name, figures: []string{name}, run: func(ctx context.Context, b *bench) ([]figure, error) {
				return b.engine(ctx, name, e.engine, os.Getenv(e.variable), writers)
			}})
		}
	}
	return list
}

// engine measures the log on a server beside the server's own appends of groups as large
// as there are writers.
func (b *bench) engine(ctx context.Context, name, engine, url string, writers int) (_ []figure, err error) {
	if url == "" {
		return nil, nil
	}
	log, err := openBenchEngine(ctx, engine, url, filepath.Join(b.dir, name))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, log.close()) }()
	bare, err := openBenchJournal(ctx, engine, url)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bare.Close()) }()
	appenders := newAppenders(log, writers)
	groups := &bareGroups{journal: bare, size: writers}
	rates, err := b.inTurns(ctx,
		func(ctx context.Context, length time.Duration) (float64, error) {
			return concurrently(writers, length, func(writer int) error { return appenders[writer].append(ctx) })
		},
		func(ctx context.Context, length time.Duration) (float64, error) {
			perSecond, err := concurrently(1, length, func(int) error { return groups.append(ctx) })
			return perSecond * float64(writers), err
		})
	if err != nil {
		return nil, err
	}
	conditions := fmt.Sprintf("%d writers, commits of 3 events on 2 streams, version checks, receipts; floor: the server alone, %d commits an append, one after the other", writers, writers)
	return []figure{beside(name, "commits/s", rates[0], rates[1], conditions)}, nil
}

// openBenchJournal opens a journal that nobody has.
func openBenchJournal(ctx context.Context, engine, url string) (eventbus.Journal, error) {
	name := "bench-" + uuid.NewString()
	if engine == "postgres" {
		return opened(postgres.Open(ctx, url, postgres.Options{Schema: name, CreateIfMissing: true}))
	}
	address, query, asked := strings.Cut(url, "?")
	address = strings.TrimRight(address, "/") + "/" + name
	if asked {
		address += "?" + query
	}
	return opened(jetstream.Open(ctx, address, jetstream.Options{CreateIfMissing: true, SingleNode: !asked}))
}

func openBenchEngine(ctx context.Context, engine, url, dir string) (*engineLog, error) {
	journal, err := openBenchJournal(ctx, engine, url)
	if err != nil {
		return nil, err
	}
	index, err := embedded.OpenIndex(dir, embedded.Options{CreateIfMissing: true})
	if err != nil {
		return nil, errors.Join(err, journal.Close())
	}
	log, err := eventbus.Open(ctx, journal, eventbus.Options{
		Clock: time.Now, BuildVersion: buildVersion(), Writer: uuid.New(), Index: index,
		Genesis: eventbus.Genesis{Ledger: uuid.New(), LegalEntity: "Bench", Mode: eventbus.Sandbox},
	})
	if err != nil {
		return nil, errors.Join(err, index.Close(), journal.Close())
	}
	return &engineLog{log, index, journal}, nil
}

type engineLog struct {
	*eventbus.Sequencer
	index   eventbus.Index
	journal eventbus.Journal
}

func (l *engineLog) close() error {
	return errors.Join(l.Sequencer.Close(context.Background()), l.index.Close(), l.journal.Close())
}

// bareGroups appends groups of commits that extend each other, and nothing else.
type bareGroups struct {
	journal eventbus.Journal
	size    int
	at, end eventbus.Mark
}

func (g *bareGroups) append(ctx context.Context) (err error) {
	group := make([][]byte, g.size)
	for i := range group {
		if group[i], g.end, err = extending(g.end); err != nil {
			return err
		}
	}
	g.at, err = g.journal.Append(ctx, g.at, group)
	return err
}

// extending is a record as those that the log is given, behind a mark.
func extending(at eventbus.Mark) ([]byte, eventbus.Mark, error) {
	r := sample()
	r.ID, r.First, r.Previous = uuid.New(), at.Position+1, at.Hash
	record, err := eventbus.Encode(r)
	if err != nil {
		return nil, at, err
	}
	o, err := eventbus.Peek(record)
	return record, eventbus.Mark{Position: o.Last, Hash: o.Hash}, err
}
