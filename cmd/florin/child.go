package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// readyWithin bounds how long a child may take to start.
const readyWithin = 30 * time.Second

// child is a bank in a process of its own, so that it can be killed for real.
type child struct {
	program string
	args    []string
	environ []string
	log     *os.File
	admin   string

	cmd  *exec.Cmd
	gone chan error
}

// newChild prepares a bank on two free ports of this machine that it keeps over
// restarts. program is this binary; its output goes to logFile.
func newChild(program, dir, logFile string, environ []string, more ...string) (*child, string, error) {
	listen, err := freeAddress()
	if err != nil {
		return nil, "", err
	}
	admin, err := freeAddress()
	if err != nil {
		return nil, "", err
	}
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, "", err
	}
	args := append([]string{"serve", "--sandbox", "--dir", dir, "--listen", listen, "--admin", admin}, more...)
	return &child{program: program, args: args, environ: environ, log: log, admin: "http://" + admin}, "http://" + listen, nil
}

// Ports for children lie below those that the kernel gives to outgoing connections
// (from 32768 on): a child that is killed finds its own still free when it starts again.
const (
	portsFrom = 20_000
	portsTo   = 32_000
)

// given are the ports that this process has found for its children.
var given sync.Map

func freeAddress() (string, error) {
	var refused error
	for range 200 {
		port := portsFrom + rand.IntN(portsTo-portsFrom)
		if _, taken := given.LoadOrStore(port, true); taken {
			continue
		}
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			refused = err
			continue
		}
		return listener.Addr().String(), listener.Close()
	}
	return "", fmt.Errorf("find a free port: %w", refused)
}

// start starts the bank and returns when it is ready.
func (c *child) start(ctx context.Context) error {
	if err := c.launch(); err != nil {
		return err
	}
	return c.await(ctx)
}

// launch starts the process.
func (c *child) launch() error {
	c.cmd = exec.Command(c.program, c.args...)
	c.cmd.Env = c.environ
	c.cmd.Stdout, c.cmd.Stderr = c.log, c.log
	if err := c.cmd.Start(); err != nil {
		return fmt.Errorf("start the bank: %w", err)
	}
	gone := make(chan error, 1)
	c.gone = gone
	go func(cmd *exec.Cmd) { gone <- cmd.Wait() }(c.cmd)
	return nil
}

// await returns when the bank is ready.
func (c *child) await(ctx context.Context) error {
	gone := c.gone
	deadline := time.After(readyWithin)
	for {
		if c.ready(ctx) {
			return nil
		}
		select {
		case err := <-gone:
			gone <- err
			return fmt.Errorf("the bank ended while it started (%v); see %s", err, c.log.Name())
		case <-deadline:
			return errors.Join(fmt.Errorf("the bank was not ready within %s; see %s", readyWithin, c.log.Name()), c.kill())
		case <-ctx.Done():
			return errors.Join(ctx.Err(), c.kill())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (c *child) ready(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.admin+"/readyz", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// kill is kill -9: the process gets no chance to tidy up.
func (c *child) kill() error { return c.end(syscall.SIGKILL) }

// stop asks the bank to end in order.
func (c *child) stop() error { return c.end(syscall.SIGTERM) }

func (c *child) signal(signal syscall.Signal) error {
	if err := c.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal the bank: %w", err)
	}
	return nil
}

func (c *child) end(signal syscall.Signal) error {
	if c.cmd == nil {
		return nil
	}
	if err := c.signal(signal); err != nil {
		return err
	}
	err := <-c.gone
	c.cmd = nil
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && signal == syscall.SIGKILL && !exit.Success() {
		return nil // it died as it was told to
	}
	return err
}

// close lets go of the log file; the process must have ended.
func (c *child) close() error { return c.log.Close() }
