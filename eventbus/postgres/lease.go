package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrHeld: another process writes this journal.
var ErrHeld = errors.New("postgres: another process writes this log")

// Lease says that one process at a time means to write a journal, so that two do not
// fence each other by turns. It guards no data: the fence does.
//
// It is an advisory lock of a session, so it ends with the process. A process that is
// paused loses it too: its session says nothing for longer than sessionSilence.
type Lease struct {
	config *pgx.ConnConfig
	schema string
	end    context.CancelFunc
	ended  sync.WaitGroup
	lost   chan struct{}
}

const (
	sessionSilence = 5 * time.Second
	sessionBeat    = time.Second
)

// Lease takes the journal's. ErrHeld: another process has it; whoever wants to stand by
// asks again.
func (j *Journal) Lease(ctx context.Context) (*Lease, error) {
	l := &Lease{config: j.news.config, schema: j.schema, lost: make(chan struct{})}
	c, err := l.take(ctx)
	if err != nil {
		return nil, err
	}
	run, end := context.WithCancel(context.Background())
	l.end = end
	l.ended.Go(func() { l.keep(run, c) })
	return l, nil
}

// Lost is closed when another process has the lease: this one should end.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Close gives it back.
func (l *Lease) Close() error {
	l.end()
	l.ended.Wait()
	return nil
}

func (l *Lease) take(ctx context.Context) (*pgx.Conn, error) {
	c, err := pgx.ConnectConfig(ctx, l.config)
	if err != nil {
		return nil, fmt.Errorf("postgres: lease: %w", err)
	}
	var mine bool
	_, err = c.Exec(ctx, fmt.Sprintf("SET idle_session_timeout = %d", sessionSilence.Milliseconds()))
	if err == nil {
		err = c.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtext('florin writer'), hashtext($1))", l.schema).Scan(&mine)
	}
	if err == nil && mine {
		return c, nil
	}
	if err == nil {
		err = ErrHeld
	} else {
		err = fmt.Errorf("postgres: lease: %w", err)
	}
	return nil, errors.Join(err, c.Close(context.WithoutCancel(ctx)))
}

// keep beats, and takes the lease again when its session is lost, unless another has it.
func (l *Lease) keep(ctx context.Context, c *pgx.Conn) {
	defer func() {
		if c != nil {
			_ = c.Close(context.WithoutCancel(ctx)) // and with it the lock
		}
	}()
	beat := time.NewTicker(sessionBeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
		within, done := context.WithTimeout(ctx, sessionSilence)
		var err error
		if c != nil {
			if err = c.Ping(within); err != nil && ctx.Err() == nil {
				_ = c.Close(within)
				c = nil
			}
		} else if c, err = l.take(within); errors.Is(err, ErrHeld) {
			close(l.lost)
			done()
			return
		}
		done()
	}
}
