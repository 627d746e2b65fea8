package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// wires are keep-alive connections that finished requests are written to. They
// share the cores with what is measured, so an answer is read with as little work
// as can be: status, length, body, and nothing is kept of it.
type wires struct {
	conns     []net.Conn
	readers   []*bufio.Reader
	latencies [][]time.Duration // of each connection, over all turns
}

func dial(address string, connections int) (*wires, error) {
	w := &wires{latencies: make([][]time.Duration, connections)}
	for range connections {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			w.close()
			return nil, err
		}
		w.conns, w.readers = append(w.conns, conn), append(w.readers, bufio.NewReader(conn))
	}
	return w, nil
}

func (w *wires) close() {
	for _, c := range w.conns {
		_ = c.Close()
	}
}

// send works the requests off over all connections, for so long or until they are
// used up, and gives answers a second. Whatever is not created is an error. Over
// again: from the first request on again when they are used up.
func (w *wires) send(requests [][]byte, again bool, length time.Duration) (float64, error) {
	var next, done atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, len(w.conns))
	began := time.Now()
	for i := range w.conns {
		group.Go(func() {
			for at := time.Now(); at.Sub(began) < length; {
				n := int(next.Add(1)) - 1
				if n >= len(requests) && !again {
					return
				}
				if errs[i] = exchange(w.conns[i], w.readers[i], requests[n%len(requests)]); errs[i] != nil {
					return
				}
				answered := time.Now()
				w.latencies[i] = append(w.latencies[i], answered.Sub(at))
				at = answered
				done.Add(1)
			}
		})
	}
	group.Wait()
	return float64(done.Load()) / time.Since(began).Seconds(), errors.Join(errs...)
}

func (w *wires) p99() float64 {
	var all []time.Duration
	for _, each := range w.latencies {
		all = append(all, each...)
	}
	return float64(percentile(all, 99)) / float64(time.Millisecond)
}

var (
	created       = []byte("HTTP/1.1 201 ")
	contentLength = []byte("Content-Length: ")
)

// exchange sends one request and reads its answer.
func exchange(conn net.Conn, reader *bufio.Reader, request []byte) error {
	if _, err := conn.Write(request); err != nil {
		return err
	}
	status, err := reader.ReadSlice('\n')
	if err != nil {
		return err
	}
	refused := ""
	if !bytes.HasPrefix(status, created) {
		refused = string(status)
	}
	length := -1
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= len("\r\n") {
			break
		}
		if value, is := bytes.CutPrefix(line, contentLength); is {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errors.New("an answer without Content-Length")
	}
	if refused != "" {
		body, _ := io.ReadAll(io.LimitReader(reader, int64(length)))
		return fmt.Errorf("a transfer was answered with %s: %s", strings.TrimSpace(refused), body)
	}
	_, err = reader.Discard(length)
	return err
}
