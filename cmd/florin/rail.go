package main

import (
	"bytes"
	"io"
	"net/http"
	"time"

	"florin/commands"
	"florin/gateway/rail"
	"florin/gateway/rail/simulated"
)

// openRail connects the bank to others; nil: it is connected to none. A sandbox that
// was given no address has a simulated rail of its own, which forgets when it ends.
func (c config) openRail() (commands.Rail, error) {
	if c.Rail == "" && !c.Sandbox {
		return nil, nil
	}
	address, transport := c.Rail, http.RoundTripper(nil)
	if address == "" {
		address, transport = "http://rail.sandbox", within{simulated.New()}
	}
	return rail.Open(address, c.BIC, transport, time.Now)
}

// within answers requests in this process, without any socket.
type within struct{ handler http.Handler }

// RoundTrip hands the request to the handler and gives back what it wrote.
func (w within) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := &written{header: http.Header{}, status: http.StatusOK}
	w.handler.ServeHTTP(answer, r)
	return &http.Response{StatusCode: answer.status, Header: answer.header, Body: io.NopCloser(&answer.body), Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(answer.body.Len())}, nil
}

type written struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *written) Header() http.Header                { return w.header }
func (w *written) WriteHeader(status int)             { w.status = status }
func (w *written) Write(text []byte) (n int, _ error) { return w.body.Write(text) }
