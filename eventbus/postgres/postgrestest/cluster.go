// Package postgrestest starts PostgreSQL from the machine's own programs for tests: a
// cluster in a temporary directory, reachable by a socket in it and by nothing else.
//
//	func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) } // ends the shared one
//
// Where there is no PostgreSQL, tests skip with the reason; with
// FLORIN_TEST_POSTGRES=required, as in CI, they fail.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// startWithin bounds a start, recovery after a crash included, on a busy machine.
const startWithin = time.Minute

// Cluster is a PostgreSQL server with its data.
type Cluster struct {
	dir      string
	bin      string
	settings []string
	server   *exec.Cmd
	ended    chan struct{}
}

var shared struct {
	sync.Mutex
	cluster *Cluster
	err     error
	schemas atomic.Int64
}

// Main runs a package's tests and ends the shared cluster.
func Main(m *testing.M) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster != nil {
		if err := shared.cluster.remove(); err != nil {
			fmt.Fprintln(os.Stderr, "postgrestest:", err)
			return max(code, 1)
		}
	}
	return code
}

// URL is that of the package's shared cluster, which the first call starts.
func URL(t testing.TB) string {
	t.Helper()
	bin := programs(t)
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster == nil && shared.err == nil {
		shared.cluster, shared.err = begin(bin)
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.cluster.URL()
}

// Schema is a name that no other test of this process has.
func Schema() string { return "t" + strconv.FormatInt(shared.schemas.Add(1), 10) }

// Start is a cluster of the test's own, for those that break it or set it otherwise.
func Start(t testing.TB, settings ...string) *Cluster {
	t.Helper()
	c, err := begin(programs(t), settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.remove(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// programs is where PostgreSQL's are.
func programs(t testing.TB) string {
	t.Helper()
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path)
		}
	}
	all, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // where Debian puts them
	if err == nil && len(all) > 0 {
		slices.Sort(all)
		return filepath.Dir(all[len(all)-1])
	}
	const missing = "there is no PostgreSQL (apt-get install postgresql)"
	if os.Getenv("FLORIN_TEST_POSTGRES") == "required" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

func begin(bin string, settings ...string) (*Cluster, error) {
	dir, err := os.MkdirTemp("/tmp", "florin-pg-") // short: the socket's path is bounded
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir, bin: bin, settings: settings}
	if err = c.initialise(); err == nil {
		err = c.Up()
	}
	if err != nil {
		return nil, errors.Join(err, c.remove())
	}
	return c, nil
}

// own lends the directory to the account that the server runs as: it refuses to be root.
func (c *Cluster) own() error {
	if os.Geteuid() != 0 {
		return nil
	}
	uid, gid, err := lent()
	if err != nil {
		return err
	}
	return os.Chown(c.dir, uid, gid)
}

// initialise makes the data directory.
func (c *Cluster) initialise() error {
	if err := c.own(); err != nil {
		return err
	}
	cmd, err := c.command("initdb", "--pgdata", filepath.Join(c.dir, "data"), "--username", "florin", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	if err != nil {
		return err
	}
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("postgrestest: initdb: %w: %s", err, said)
	}
	return nil
}

func lent() (uid, gid int, err error) {
	for _, name := range []string{"postgres", "nobody"} {
		account, lookup := user.Lookup(name)
		if lookup != nil {
			err = lookup
			continue
		}
		uid, _ = strconv.Atoi(account.Uid)
		gid, _ = strconv.Atoi(account.Gid)
		return uid, gid, nil
	}
	return 0, 0, fmt.Errorf("postgrestest: no account to run PostgreSQL as: %w", err)
}

func (c *Cluster) command(program string, arguments ...string) (*exec.Cmd, error) {
	cmd := exec.Command(filepath.Join(c.bin, program), arguments...)
	cmd.Dir, cmd.Env = c.dir, append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	if os.Geteuid() == 0 {
		uid, gid, err := lent()
		if err != nil {
			return nil, err
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	return cmd, nil
}

// URL is a connection string of libpq's.
func (c *Cluster) URL() string { return "host=" + c.dir + " user=florin dbname=postgres" }

// Up starts the server, again after Kill, and returns when it takes connections.
func (c *Cluster) Up() error {
	arguments := []string{"-D", filepath.Join(c.dir, "data"), "-k", c.dir, "-c", "listen_addresses=", "-c", "max_connections=300", "-c", "shared_buffers=64MB"}
	for _, setting := range c.settings {
		arguments = append(arguments, "-c", setting)
	}
	deadline := time.Now().Add(startWithin)
	for {
		cmd, err := c.command("postgres", arguments...)
		if err != nil {
			return err
		}
		log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		cmd.Stdout, cmd.Stderr = log, log
		err = cmd.Start()
		_ = log.Close()
		if err != nil {
			return err
		}
		ended := make(chan struct{})
		go func() { _ = cmd.Wait(); close(ended) }()
		c.server, c.ended = cmd, ended
		if c.answers(deadline) {
			return nil
		}
		select {
		case <-ended: // what a killed one has left, its children above all, may still be in the way
		default:
			return errors.New("postgrestest: the server does not answer; see " + log.Name())
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("postgrestest: the server does not start: %s", said)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (c *Cluster) answers(deadline time.Time) bool {
	for time.Now().Before(deadline) {
		ctx, done := context.WithTimeout(context.Background(), time.Second)
		conn, err := pgx.Connect(ctx, c.URL())
		if err == nil {
			err = conn.Ping(ctx)
			_ = conn.Close(ctx)
		}
		done()
		if err == nil {
			return true
		}
		select {
		case <-c.ended:
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return false
}

// Standby is a replica of the cluster as of now, which follows it, and is the test's own.
// The cluster has to be started with wal_level=replica.
func (c *Cluster) Standby(t testing.TB) *Cluster {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "florin-pg-")
	if err != nil {
		t.Fatal(err)
	}
	s := &Cluster{dir: dir, bin: c.bin, settings: c.settings}
	t.Cleanup(func() {
		if err := s.remove(); err != nil {
			t.Error(err)
		}
	})
	if err := s.own(); err != nil {
		t.Fatal(err)
	}
	cmd, err := s.command("pg_basebackup", "--dbname", c.URL(), "--pgdata", filepath.Join(dir, "data"), "--write-recovery-conf", "--checkpoint", "fast", "--no-sync")
	if err != nil {
		t.Fatal(err)
	}
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("pg_basebackup: %v: %s", err, said)
	}
	if err := s.Up(); err != nil {
		t.Fatal(err)
	}
	return s
}

// Kill ends the server as a power cut does (kill -9).
func (c *Cluster) Kill() error { return c.end(syscall.SIGKILL) }

// Signal sends the server and all its processes a signal, such as SIGSTOP.
func (c *Cluster) Signal(s syscall.Signal) error { return c.server.Process.Signal(s) }

func (c *Cluster) end(s syscall.Signal) error {
	if err := c.server.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-c.ended:
		return nil
	case <-time.After(startWithin):
		return errors.New("postgrestest: the server does not end")
	}
}

func (c *Cluster) remove() error {
	var err error
	if c.server != nil {
		err = c.end(syscall.SIGQUIT) // at once: nobody needs the data any more
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}
