package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"

	"florin/gateway/phone"
)

func httpExperiments() []experiment {
	return []experiment{{
		name: "http", figures: []string{"http-transfer", "http-transfer-p99", "http-transfer-lag"},
		run: func(ctx context.Context, b *bench) ([]figure, error) { return b.httpTransfers(ctx) },
	}}
}

const (
	httpConnections = 64
	httpPeople      = 16
	httpAccounts    = 4 // of each

	httpP99Max = 50.0 // ms: the aim
)

// httpTransfers measures signed transfers over loopback through the whole bank,
// read models following, beside a bare handler that parses the same body and
// verifies one signature. Both are sent the same kind of requests by the same
// generator; all are signed before the clock runs. Between turns the read models
// catch up, so that the floor has the cores for itself.
func (b *bench) httpTransfers(ctx context.Context) (_ []figure, err error) {
	served, err := serveBench(ctx, filepath.Join(b.dir, "http"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, served.close()) }()
	people, err := served.enrol(ctx)
	if err != nil {
		return nil, err
	}
	bare, err := serveBare()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bare.close()) }()
	bank, err := dial(served.address, httpConnections)
	if err != nil {
		return nil, err
	}
	defer bank.close()
	floor, err := dial(bare.address, httpConnections)
	if err != nil {
		return nil, err
	}
	defer floor.close()
	same, err := signTransfers(people, bare.address, httpConnections)
	if err != nil {
		return nil, err
	}
	rate := 4000.0 // of the fastest turn so far: how many requests to sign
	var lags []time.Duration
	rates, err := b.inTurns(ctx,
		func(ctx context.Context, length time.Duration) (float64, error) {
			requests, err := signTransfers(people, served.address, int(1.5*rate*length.Seconds())+httpConnections)
			if err != nil {
				return 0, err
			}
			got, err := bank.send(requests, false, length)
			if err != nil {
				return 0, err
			}
			rate = max(rate, got)
			ended := time.Now()
			err = served.bank.reads.Caught(ctx)
			lags = append(lags, time.Since(ended))
			return got, err
		},
		func(_ context.Context, length time.Duration) (float64, error) { return floor.send(same, true, length) })
	if err != nil {
		return nil, err
	}
	conditions := fmt.Sprintf("signed transfers (cached token, fresh DPoP proof over body and key, one P-256 verify), %d keep-alive connections over loopback, "+
		"requests signed before, load generator on the same cores, log synced, read models following, one log line a request; ", httpConnections)
	return []figure{
		beside("http-transfer", "requests/s", rates[0], rates[1], conditions+"floor: bare chi handler, the same requests, the same body parsed, one P-256 verify"),
		beside("http-transfer-p99", "ms", bank.p99(), floor.p99(), conditions+fmt.Sprintf("floor: of the bare handler; the aim: under %.0f", httpP99Max)),
		beside("http-transfer-lag", "ms", float64(percentile(lags, 50))/float64(time.Millisecond), 0, conditions+"from the last answer of a turn until every read model shows it"),
	}, nil
}

// servedBank is a whole bank listening in this process.
type servedBank struct {
	bank    *bank
	address string
	base    string
	lines   *os.File
	cancel  context.CancelFunc
	ended   chan error
}

func serveBench(ctx context.Context, dir string) (_ *servedBank, err error) {
	c := benchConfig(dir)
	if c.Listen, err = freeAddress(); err != nil {
		return nil, err
	}
	if c.Admin, err = freeAddress(); err != nil {
		return nil, err
	}
	c.Issuer = "http://" + c.Listen
	s := &servedBank{address: c.Listen, base: c.Issuer, ended: make(chan error, 1)}
	if s.lines, err = os.Create(dir + ".jsonl"); err != nil {
		return nil, err
	}
	logger, err := newLogger(s.lines, "info")
	if err != nil {
		return nil, errors.Join(err, s.lines.Close())
	}
	if s.bank, err = build(ctx, c, logger); err != nil {
		return nil, errors.Join(err, s.lines.Close())
	}
	var running context.Context
	running, s.cancel = context.WithCancel(ctx)
	listening := make(chan struct{})
	go func() { s.ended <- s.bank.run(running, func(net.Addr, net.Addr) { close(listening) }) }()
	select {
	case <-listening:
	case err = <-s.ended:
		s.ended <- err // close asks again
	}
	if err == nil {
		err = s.bank.reads.Caught(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *servedBank) close() error {
	s.cancel()
	return errors.Join(<-s.ended, s.bank.close(), s.lines.Close())
}

func (s *servedBank) enrol(ctx context.Context) ([]*person, error) {
	client := newHTTPClient()
	people := make([]*person, httpPeople)
	return people, inParallel(httpPeople, 4, func(i int) (err error) {
		if people[i], err = newPerson(ctx, s.base, fmt.Sprintf("bench%d", i), client); err != nil {
			return err
		}
		for range httpAccounts {
			if err := people[i].openFunded(ctx, "1000000.00"); err != nil {
				return err
			}
		}
		return nil
	})
}

// signTransfers makes requests ready to be written to a connection.
func signTransfers(people []*person, host string, n int) ([][]byte, error) {
	requests := make([][]byte, n)
	return requests, inParallel(n, 2, func(i int) error {
		from, to := people[i%len(people)], people[(i*7+1)%len(people)]
		body, err := json.Marshal(phone.Order{
			From: from.accounts[i/len(people)%httpAccounts], To: to.accounts[(i+1)%httpAccounts], Amount: "0.01", Currency: "EUR", Reference: "rent",
		})
		if err != nil {
			return err
		}
		r, err := from.phone.Prepare(http.MethodPost, "/v1/transfers", body, from.phone.NewID())
		if err != nil {
			return err
		}
		var raw bytes.Buffer
		fmt.Fprintf(&raw, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", r.Method, r.Path, host, len(body))
		if err := r.Header.Write(&raw); err != nil {
			return err
		}
		fmt.Fprintf(&raw, "\r\n%s", body)
		requests[i] = raw.Bytes()
		return nil
	})
}

// bareServer is the least that a signed POST can cost.
type bareServer struct {
	server  *http.Server
	address string
}

func serveBare() (*bareServer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256([]byte("bench"))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		return nil, err
	}
	routes := chi.NewRouter()
	routes.Post("/v1/transfers", func(w http.ResponseWriter, r *http.Request) {
		var order phone.Order
		if err := json.UnmarshalRead(r.Body, &order); err != nil || !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) {
			http.Error(w, "bad request", http.StatusBadRequest)
			return
		}
		answer, err := json.Marshal(order)
		if err != nil {
			http.Error(w, "no answer", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(answer)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &bareServer{server: &http.Server{Handler: routes, ReadHeaderTimeout: headerWithin}, address: listener.Addr().String()}
	go func() { _ = s.server.Serve(listener) }()
	return s, nil
}

// headerWithin keeps linters content; nobody is slow here.
const headerWithin = 5 * time.Second

func (s *bareServer) close() error { return s.server.Close() }
