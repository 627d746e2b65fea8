package postgres

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"

	"florin/eventbus"
)

// A page is what is read by one query. Its connection is free before its rows are used.
const (
	pageRows  = 512
	pageBytes = 4 << 20
)

// Read implements eventbus.Journal.
func (j *Journal) Read(ctx context.Context, from eventbus.Mark) iter.Seq2[eventbus.Entry, error] {
	return func(yield func(eventbus.Entry, error) bool) {
		j.read(ctx, from.Position, yield)
	}
}

// read yields to the end. It returns the position reached, and whether to go on.
func (j *Journal) read(ctx context.Context, after eventbus.Position, yield func(eventbus.Entry, error) bool) (eventbus.Position, bool) {
	for {
		page, err := j.page(ctx, after)
		if err != nil {
			yield(eventbus.Entry{}, err)
			return after, false
		}
		if len(page) == 0 {
			return after, true
		}
		for _, row := range page {
			if !yield(eventbus.Entry{Record: row.record}, nil) {
				return after, false
			}
			after = row.last
		}
	}
}

type row struct {
	last   eventbus.Position
	record []byte
}

// errFull: the page has as many bytes as it may.
var errFull = errors.New("postgres: full page")

func (j *Journal) page(ctx context.Context, after eventbus.Position) (page []row, err error) {
	// Those who end above a position may begin at it or below: a position inside a commit gives it whole.
	rows, err := j.pool.Query(ctx, "SELECT last, record FROM "+j.table+" WHERE last > $1 ORDER BY last LIMIT $2", int64(after), pageRows)
	if err != nil {
		return nil, fmt.Errorf("postgres: read: %w: %w", eventbus.ErrUnavailable, err)
	}
	var last int64
	var record []byte
	size := 0
	_, err = pgx.ForEachRow(rows, []any{&last, &record}, func() error {
		page = append(page, row{eventbus.Position(last), record})
		size += len(record)
		record = nil
		if size >= pageBytes {
			return errFull
		}
		return nil
	})
	if err != nil && !errors.Is(err, errFull) {
		return nil, fmt.Errorf("postgres: read: %w: %w", eventbus.ErrUnavailable, err)
	}
	return page, nil
}

// Follow implements eventbus.Journal.
func (j *Journal) Follow(ctx context.Context, from eventbus.Mark) iter.Seq2[eventbus.Entry, error] {
	return func(yield func(eventbus.Entry, error) bool) {
		after, on := from.Position, true
		for {
			news := j.news.wait() // before looking: nothing that comes meanwhile is missed
			if after, on = j.read(ctx, after, yield); !on {
				return
			}
			timer := time.NewTimer(lookEvery)
			select {
			case <-news:
			case <-timer.C:
			case <-ctx.Done():
			}
			timer.Stop()
			if ctx.Err() != nil {
				return
			}
		}
	}
}
