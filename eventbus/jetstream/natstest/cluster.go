// Package natstest runs NATS servers for tests, each in a process of its own, so that they
// can be killed and stopped for real. The test binary is the server:
//
//	func TestMain(m *testing.M) { os.Exit(natstest.Main(m)) }
//
// They listen on loopback and keep their streams in files of the test's directory.
package natstest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// configured tells a child of the test binary that it is a server.
const configured = "FLORIN_TEST_NATS_SERVER"

// startWithin bounds a start on a busy machine, the election of leaders included.
const startWithin = time.Minute

// Main runs a package's tests, or a server.
func Main(m *testing.M) int {
	file := os.Getenv(configured)
	if file == "" {
		return m.Run()
	}
	if err := serve(file); err != nil {
		fmt.Fprintln(os.Stderr, "natstest:", err)
		return 1
	}
	return 0
}

func serve(file string) error {
	options, err := server.ProcessConfigFile(file)
	if err != nil {
		return err
	}
	options.NoLog = false
	s, err := server.NewServer(options)
	if err != nil {
		return err
	}
	s.ConfigureLogger()
	s.Start()
	s.WaitForShutdown()
	return nil
}

var next atomic.Uint64 // port to try

// Cluster is one server, or several that replicate.
type Cluster struct {
	nodes []*node
}

type node struct {
	name    string
	client  string // host:port
	routes  string
	config  string
	process *exec.Cmd
	ended   chan struct{}
}

// Setting is what a test wants otherwise than it should be.
type Setting struct {
	SyncInterval string // "": always
}

// Start runs so many servers until the test ends.
func Start(t testing.TB, servers int, o Setting) *Cluster {
	t.Helper()
	c := &Cluster{}
	dir := t.TempDir()
	for i := range servers {
		n := &node{name: fmt.Sprintf("n%d", i+1), client: free(t), routes: free(t), config: filepath.Join(dir, fmt.Sprintf("n%d.conf", i+1))}
		c.nodes = append(c.nodes, n)
	}
	for _, n := range c.nodes {
		if err := os.WriteFile(n.config, []byte(c.text(n, dir, o)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for i := range c.nodes {
			c.Kill(t, i)
		}
	})
	for i := range c.nodes {
		c.Up(t, i)
	}
	c.await(t)
	return c
}

func (c *Cluster) text(n *node, dir string, o Setting) string {
	if o.SyncInterval == "" {
		o.SyncInterval = "always"
	}
	text := fmt.Sprintf(`server_name: %s
listen: %q
log_file: %q
jetstream { store_dir: %q, sync_interval: %q }
accounts {
  $SYS { users: [ { user: system, password: secret } ] }
  BANK { jetstream: enabled, users: [ { user: bank, password: secret } ] }
}
`, n.name, n.client, filepath.Join(dir, n.name+".log"), filepath.Join(dir, n.name), o.SyncInterval)
	if len(c.nodes) == 1 {
		return text
	}
	var routes []string
	for _, other := range c.nodes {
		routes = append(routes, fmt.Sprintf("%q", "nats://"+other.routes))
	}
	return text + fmt.Sprintf("cluster { name: florin, listen: %q, routes: [ %s ] }\n", n.routes, strings.Join(routes, ", "))
}

// free is an address that nothing listens at. Its port lies below those that the kernel
// gives to outgoing connections, so that a server finds it free again.
func free(t testing.TB) string {
	t.Helper()
	for range 1000 {
		port := 10_000 + int(next.Add(1)+uint64(os.Getpid())*37)%10_000
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		return listener.Addr().String()
	}
	t.Fatal("natstest: no free port")
	return ""
}

// Up starts a server, again after Kill.
func (c *Cluster) Up(t testing.TB, i int) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	n := c.nodes[i]
	n.process = exec.Command(program)
	n.process.Env = append(os.Environ(), configured+"="+n.config)
	n.process.Stderr = os.Stderr
	if err := n.process.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	n.ended = ended
	go func(cmd *exec.Cmd) { _ = cmd.Wait(); close(ended) }(n.process)
}

// Kill ends a server with signal 9.
func (c *Cluster) Kill(t testing.TB, i int) {
	t.Helper()
	n := c.nodes[i]
	if n.process == nil {
		return
	}
	c.Signal(t, i, syscall.SIGKILL)
	<-n.ended
	n.process = nil
}

// Signal sends a server a signal, such as SIGSTOP.
func (c *Cluster) Signal(t testing.TB, i int, s syscall.Signal) {
	t.Helper()
	if err := c.nodes[i].process.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
}

// Servers counts them.
func (c *Cluster) Servers() int { return len(c.nodes) }

// Leader is the server that leads a stream; -1: nobody knows.
func (c *Cluster) Leader(t testing.TB, stream string) int {
	t.Helper()
	conn, err := nats.Connect(c.servers("bank"))
	if err != nil {
		return -1
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	found, err := js.Stream(t.Context(), stream)
	if err != nil || found.CachedInfo().Cluster == nil {
		return -1
	}
	for i, n := range c.nodes {
		if n.name == found.CachedInfo().Cluster.Leader {
			return i
		}
	}
	return -1
}

// URL is the address of a stream, as Florin takes it.
func (c *Cluster) URL(stream string) string {
	var hosts []string
	for _, n := range c.nodes {
		hosts = append(hosts, n.client)
	}
	return "nats://bank:secret@" + strings.Join(hosts, ",") + "/" + stream + "?system=system:secret"
}

func (c *Cluster) servers(user string) string {
	var all []string
	for _, n := range c.nodes {
		all = append(all, "nats://"+user+":secret@"+n.client)
	}
	return strings.Join(all, ",")
}

// await waits until streams can be made.
func (c *Cluster) await(t testing.TB) {
	t.Helper()
	deadline := time.Now().Add(startWithin)
	for {
		err := c.ready(t.Context())
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("natstest: the servers are not ready: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (c *Cluster) ready(ctx context.Context) error {
	conn, err := nats.Connect(c.servers("bank"), nats.Timeout(time.Second))
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(2*time.Second))
	if err != nil {
		return err
	}
	_, err = js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{Name: "ready", Subjects: []string{"ready"}, Replicas: len(c.nodes)})
	return err
}
