package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"florin/eventbus/jetstream/natstest"
	"florin/eventbus/postgres/postgrestest"
	"florin/gateway/phone"
)

// pair is a bank of two processes on one log, at one address: one serves, and the other
// stands by.
type pair struct {
	serving, standing *child
}

func (p *pair) kill() error { return p.serving.kill() }

// start waits until the other one has taken over, and has this one stand by.
func (p *pair) start(ctx context.Context) error {
	p.serving, p.standing = p.standing, p.serving
	return errors.Join(p.serving.await(ctx), p.standing.launch())
}

// onOneLog are the settings of processes that stand by for each other: they share a log
// and the keys of the first one's directory.
func onOneLog(url, first string) []string {
	return []string{"--log", url, "--master-key-file", filepath.Join(first, "keys", "master.key"), "--key-ring-file", filepath.Join(first, "keys", "ring"),
		"--rate-per-second", "100000", "--rate-burst", "100000", "--risk-policy", amountsPolicy}
}

// takeovers is how often the process that serves is killed.
func takeovers() int {
	if os.Getenv("FLORIN_SOAK") != "" {
		return 100
	}
	return 4
}

// TestAStandbyTakesOver kills the process that serves with signal 9 under HTTP load, again
// and again, with the log in PostgreSQL and another process standing by: nothing that was
// acknowledged is lost, and nothing happens twice.
func TestAStandbyTakesOver(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := postgrestest.Start(t)
	path, environ := program(t)
	home := t.TempDir()
	first := filepath.Join(home, "first")
	url := serverURL(t, server)
	more := onOneLog(url, first)
	one, base, err := newChild(path, first, filepath.Join(home, "first.log"), childEnvironment(environ), more...)
	require.NoError(t, err)
	require.NoError(t, one.start(ctx))
	two := &child{program: one.program, args: append([]string(nil), one.args...), environ: one.environ, admin: one.admin}
	two.args[3] = filepath.Join(home, "second") // serve --sandbox --dir DIR
	two.log, err = os.Create(filepath.Join(home, "second.log"))
	require.NoError(t, err)
	require.NoError(t, two.launch())
	bank := &pair{serving: one, standing: two}
	t.Cleanup(func() { _ = errors.Join(one.kill(), two.kill(), one.close(), two.close()) })

	storm := newStorm(ctx, t, bank, base)
	for round := range takeovers() {
		storm.round(ctx, t, round)
	}
	v, err := verify(ctx, config{Log: url}, newProgress(os.Stderr, true).begin("verify", 1))
	require.NoError(t, err, "an auditor reads while the bank serves")
	require.Equal(t, "ok", v.Verify)
	require.Zero(t, v.Ledger.Sum)
	require.Equal(t, storm.acks.count(), v.Initiated)
	require.NoError(t, bank.serving.stop())
	require.NoError(t, bank.start(ctx), "an orderly end too hands over")
	t.Logf("%d takeovers, %d transfers acknowledged, %d answers lost with a process, 0 lost, 0 doubled", takeovers(), storm.acks.count(), storm.unanswered.Load())
}

// leaseholder is the session that has the lease; 0: none.
func leaseholder(t *testing.T, c *pgx.Conn) (pid int) {
	t.Helper()
	require.NoError(t, c.QueryRow(t.Context(), "SELECT coalesce(max(pid), 0) FROM pg_locks WHERE locktype = 'advisory'").Scan(&pid))
	return pid
}

// serverURL is the address of a test's server as a URL, as --log wants it.
func serverURL(t *testing.T, server *postgrestest.Cluster) string {
	t.Helper()
	at, err := pgconn.ParseConfig(server.URL())
	require.NoError(t, err)
	return "postgres://" + at.User + "@/" + at.Database + "?host=" + at.Host
}

// TestABankOnNATSIsKilledUnderLoad is TestKillUnderLoadLosesNothing, with the log in a
// stream of three servers that sync always.
func TestABankOnNATSIsKilledUnderLoad(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	url := natstest.Start(t, 3, natstest.Setting{}).URL("ledger")
	path, environ := program(t)
	home := t.TempDir()
	bank, base, err := newChild(path, filepath.Join(home, "bank"), filepath.Join(home, "bank.log"), childEnvironment(environ),
		"--log", url, "--rate-per-second", "100000", "--rate-burst", "100000", "--log-level", "warn", "--risk-policy", amountsPolicy)
	require.NoError(t, err)
	require.NoError(t, bank.start(ctx))
	t.Cleanup(func() { _ = errors.Join(bank.kill(), bank.close()) })
	storm := newStorm(ctx, t, bank, base)
	for round := range takeovers() {
		storm.round(ctx, t, round)
	}
	require.NoError(t, bank.stop())
	v, err := verify(ctx, config{Log: url}, newProgress(os.Stderr, true).begin("verify", 1))
	require.NoError(t, err)
	require.Equal(t, "ok", v.Verify)
	require.Zero(t, v.Ledger.Sum)
	require.Equal(t, storm.acks.count(), v.Initiated)
}

// TestAPausedProcessGivesWay stops the process that serves in the middle of transfers
// (SIGSTOP) for so long that another one takes its lease. When it goes on it ends, with all
// that it had under way done once or not at all, and the other one serves.
func TestAPausedProcessGivesWay(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	server := postgrestest.Start(t)
	path, environ := program(t)
	home := t.TempDir()
	first, url := filepath.Join(home, "first"), serverURL(t, server)
	more := onOneLog(url, first)
	one, base, err := newChild(path, first, filepath.Join(home, "first.log"), childEnvironment(environ), more...)
	require.NoError(t, err)
	require.NoError(t, one.start(ctx))
	two, elsewhere, err := newChild(path, filepath.Join(home, "second"), filepath.Join(home, "second.log"), childEnvironment(environ), append(more, "--issuer", base)...)
	require.NoError(t, err)
	require.NoError(t, two.launch())
	t.Cleanup(func() { _ = errors.Join(one.kill(), two.kill(), one.close(), two.close()) })

	var to atomic.Value // where the bank's address leads
	to.Store(strings.TrimPrefix(base, "http://"))
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, to.Load().(string))
	}}}
	p, err := newPerson(ctx, base, "patient", client)
	require.NoError(t, err)
	require.NoError(t, p.openFunded(ctx, "5000.00"))
	require.NoError(t, p.openFunded(ctx, "5000.00"))
	order := phone.Order{From: p.accounts[0], To: p.accounts[1], Amount: "1.00", Currency: "EUR"}
	keys := make([]string, 64)
	for i := range keys {
		keys[i] = p.phone.NewID()
	}
	c, err := pgx.Connect(ctx, server.URL())
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close(ctx)) }()
	before := leaseholder(t, c)
	acks, asked := newAcks(), make(chan struct{})
	paused := make(chan error, 1)
	go func() { <-asked; paused <- one.signal(syscall.SIGSTOP) }()
	during, done := context.WithCancel(ctx)
	var answers sync.WaitGroup
	for i, key := range keys {
		answers.Go(func() {
			if i == len(keys)/2 {
				close(asked)
			}
			if transfer, err := p.phone.Transfer(during, order, key); err == nil {
				acks.add(key, transfer)
			}
		})
	}
	require.NoError(t, <-paused)
	for now := before; now == 0 || now == before; now = leaseholder(t, c) { // nobody tells who has taken it
		time.Sleep(50 * time.Millisecond)
	}
	done() // whoever waits for the paused one gives up
	answers.Wait()
	known := acks.count()
	require.NoError(t, one.signal(syscall.SIGCONT))
	require.Error(t, <-one.gone, "it has been taken over")
	one.cmd = nil
	require.NoError(t, two.await(ctx))
	to.Store(strings.TrimPrefix(elsewhere, "http://"))
	client.CloseIdleConnections()
	for _, key := range keys {
		transfer, err := p.phone.Transfer(ctx, order, key)
		require.NoError(t, err)
		acks.add(key, transfer)
	}
	require.Zero(t, acks.lost)
	require.Zero(t, acks.twice)
	v, err := verify(ctx, config{Log: url}, newProgress(os.Stderr, true).begin("verify", 1))
	require.NoError(t, err)
	require.Equal(t, "ok", v.Verify)
	require.Equal(t, len(keys), v.Initiated)
	t.Logf("%d of %d answered before the pause, each of them made once", known, len(keys))
}
