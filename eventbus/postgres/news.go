package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// news tells followers that the table may have grown.
type news struct {
	channel string
	config  *pgx.ConnConfig
	run     context.Context // ends at close
	end     context.CancelFunc
	ended   sync.WaitGroup

	mu        sync.Mutex
	next      chan struct{} // closed at the next news
	listening bool
}

// lookEvery is how often a follower looks by itself: whatever is lost of NOTIFY.
const lookEvery = time.Second

func newNews(config *pgx.ConnConfig, schema string) *news {
	n := &news{channel: "florin_" + schema, config: config, next: make(chan struct{})}
	n.run, n.end = context.WithCancel(context.Background())
	return n
}

// listen hears what other processes write. It has a connection of its own, and makes
// another one when that is lost.
func (n *news) listen(ctx context.Context) {
	for ctx.Err() == nil {
		_ = n.hear(ctx) // its errors are those of the connection; followers look by themselves
		n.tell()
		select {
		case <-ctx.Done():
		case <-time.After(lookEvery):
		}
	}
}

func (n *news) hear(ctx context.Context) error {
	c, err := pgx.ConnectConfig(ctx, n.config)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
	if _, err := c.Exec(ctx, "LISTEN "+pgx.Identifier{n.channel}.Sanitize()); err != nil {
		return err
	}
	for {
		n.tell() // also of what came before LISTEN
		if _, err := c.WaitForNotification(ctx); err != nil {
			return err
		}
	}
}

func (n *news) tell() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.next)
	n.next = make(chan struct{})
}

// wait is closed at the next news from now on. The first who waits begins to listen.
func (n *news) wait() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.listening && n.run.Err() == nil {
		n.listening = true
		n.ended.Go(func() { n.listen(n.run) })
	}
	return n.next
}

func (n *news) close() {
	n.mu.Lock()
	n.end()
	n.mu.Unlock()
	n.ended.Wait()
}
