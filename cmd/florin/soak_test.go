package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

const (
	soakAtOnce  = 32 // requests that the bank answers at once
	soakWorkers = 24 // clients that keep it busy, and no more
	soakTimes   = 5  // as many, when it is too much
	soakRounds  = 6
	soakWarm    = 30_000 // transfers before anything is measured

	soakGoodput = 0.8 // of the peak, at five times the load
	soakRSS     = 1.1 // of what was resident before, once it is over
)

// TestSoakFiveTimesCapacity gives the real binary, for a minute, five times the clients
// that keep it busy, none of whom is patient: what it cannot do it says at once, with a
// word when to come back; it goes on with what it can; health answers throughout; and
// afterwards it is what it was. The minute is cut into stretches between which it has
// as many clients as it can serve, so that both are measured on the same machine,
// whatever else that does. It is for 'make soak', about two minutes.
func TestSoakFiveTimesCapacity(t *testing.T) {
	if os.Getenv("FLORIN_SOAK") == "" {
		t.Skip("two minutes, and both cores: make soak")
	}
	const each = 10 * time.Second
	ctx := context.Background()
	path, environ := program(t)
	bank, base, err := newChild(path, filepath.Join(t.TempDir(), "bank"), filepath.Join(t.TempDir(), "bank.log"), childEnvironment(environ),
		"--rate-per-second", "100000", "--rate-burst", "100000", "--log-level", "warn", "--risk-policy", amountsPolicy, "--requests-at-once", strconv.Itoa(soakAtOnce))
	require.NoError(t, err)
	require.NoError(t, bank.start(ctx))
	t.Cleanup(func() { _ = errors.Join(bank.kill(), bank.close()) })
	s := &soak{t: t, bank: bank, address: strings.TrimPrefix(base, "http://")}
	s.people = make([]*person, 8)
	client := newHTTPClient()
	require.NoError(t, inParallel(len(s.people), 4, func(i int) error {
		p, err := newPerson(ctx, base, fmt.Sprintf("soak%d", i), client)
		for range 2 {
			if err == nil {
				err = p.openFunded(ctx, "5000.00")
			}
		}
		s.people[i] = p
		return err
	}))

	before := s.warm(each / 2)
	healthy := s.watchHealth()
	var peak, over turn
	for range soakRounds {
		peak.add(s.run(soakWorkers, each/2))
		over.add(s.run(soakTimes*soakWorkers, each))
	}
	sick := healthy()
	after := s.settled(before)
	again := s.run(soakWorkers, each/2)
	t.Logf("peak %.0f/s; at %d times the clients for %s %.0f/s done, %.0f/s turned away with Retry-After, %.0f %% of the peak; afterwards %.0f/s; resident %d MiB before, %d MiB after",
		peak.goodput(), soakTimes, over.took.Round(time.Second), over.goodput(), float64(over.refused)/over.took.Seconds(), 100*over.goodput()/peak.goodput(), again.goodput(), before>>20, after>>20)
	require.Empty(t, peak.strange, "at capacity")
	require.Empty(t, over.strange, "above it")
	require.Empty(t, again.strange, "afterwards")
	require.Positive(t, over.refused, "five times as many are too many")
	require.Positive(t, again.done)
	require.Zero(t, sick, "health is 200 throughout")
	require.GreaterOrEqual(t, over.goodput(), soakGoodput*peak.goodput())
	require.LessOrEqual(t, float64(after), soakRSS*float64(before))
}

type soak struct {
	t       *testing.T
	bank    *child
	address string
	people  []*person
}

// turn is what came of a stretch of load.
type turn struct {
	took          time.Duration
	done, refused int64 // transfers; 429 or 503, with Retry-After
	strange       []string
}

func (t *turn) add(more turn) {
	t.took, t.done, t.refused, t.strange = t.took+more.took, t.done+more.done, t.refused+more.refused, append(t.strange, more.strange...)
}

func (t *turn) goodput() float64 { return float64(t.done) / t.took.Seconds() }

// warm keeps the bank busy until its collector and its caches have what they want, and
// a further transfer takes no more memory than it leaves; within a bound.
func (s *soak) warm(each time.Duration) (resident int64) {
	var done turn
	for range 24 {
		if done.add(s.run(soakWorkers, each)); done.done >= soakWarm {
			break
		}
	}
	return s.resident()
}

func (s *soak) run(workers int, length time.Duration) turn {
	ctx, stop := context.WithTimeout(context.Background(), length)
	defer stop()
	var done, refused atomic.Int64
	var strange sync.Map
	var all sync.WaitGroup
	began := time.Now()
	for i := range workers {
		all.Go(func() {
			p, line := s.people[i%len(s.people)], &soakLine{address: s.address}
			defer line.close()
			for ctx.Err() == nil {
				switch answer, err := s.transfer(ctx, line, p, &refused); {
				case err != nil && ctx.Err() != nil:
				case err != nil:
					strange.Store(err.Error(), true)
				case answer.StatusCode == http.StatusCreated:
					done.Add(1)
				case answer.StatusCode == http.StatusUnauthorized && answer.Header.Get("DPoP-Nonce") != "": // the nonce has turned
					if _, err := p.phone.Send(ctx, phone.Request{Method: http.MethodPost, Path: "/oauth2/token"}); err != nil && ctx.Err() == nil {
						strange.Store(err.Error(), true)
					}
				case ctx.Err() != nil && answer.StatusCode == http.StatusServiceUnavailable: // the time is over before it was taken on
				default:
					strange.Store(answer.Status, true)
				}
			}
		})
	}
	all.Wait()
	result := turn{took: time.Since(began), done: done.Load(), refused: refused.Load()}
	strange.Range(func(key, _ any) bool { result.strange = append(result.strange, key.(string)); return true })
	return result
}

// impatient is how soon a client that was turned away comes again: forty times as
// soon as it was asked to.
const impatient = 25 * time.Millisecond

// transfer signs an order and sends it until it is taken on or the time is over. An
// order that was turned away unread is sent again as it is.
func (s *soak) transfer(ctx context.Context, line *soakLine, p *person, refused *atomic.Int64) (*http.Response, error) {
	body := fmt.Sprintf(`{"from":%q,"to":%q,"amount":"0.01","currency":"EUR"}`, p.accounts[0], p.accounts[1])
	request, err := p.phone.Prepare(http.MethodPost, "/v1/transfers", []byte(body), p.phone.NewID())
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "POST /v1/transfers HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", s.address, len(body))
	_ = request.Header.Write(&text)
	text.WriteString("\r\n" + body)
	for {
		answer, err := line.send(ctx, text.Bytes())
		if err != nil || answer.StatusCode != 429 && answer.StatusCode != 503 || answer.Header.Get("Retry-After") == "" {
			return answer, err
		}
		refused.Add(1)
		select {
		case <-ctx.Done():
			return answer, nil
		case <-time.After(impatient):
		}
	}
}

// soakLine is a client's connection. It is not net/http's client, which would take as
// much of the two cores as the bank.
type soakLine struct {
	address string
	conn    net.Conn
	reader  *bufio.Reader
}

func (l *soakLine) send(ctx context.Context, text []byte) (*http.Response, error) {
	if l.conn == nil {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", l.address)
		if err != nil {
			return nil, err
		}
		l.conn, l.reader = conn, bufio.NewReader(conn)
	}
	if err := l.conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return nil, err
	}
	if _, err := l.conn.Write(text); err != nil {
		l.close()
		return nil, err
	}
	answer, err := http.ReadResponse(l.reader, nil)
	if err == nil {
		_, err = io.Copy(io.Discard, answer.Body)
	}
	if err != nil || answer.Close {
		l.close()
	}
	return answer, err
}

func (l *soakLine) close() {
	if l.conn != nil {
		_ = l.conn.Close()
	}
	l.conn = nil
}

// watchHealth asks the admin listener all the time; the function that it gives ends
// that, and tells how often health was not 200.
func (s *soak) watchHealth() (sick func() int64) {
	ctx, stop := context.WithCancel(context.Background())
	client := &http.Client{Timeout: 10 * time.Second}
	var failed atomic.Int64
	var watching sync.WaitGroup
	watching.Go(func() {
		clock := time.NewTicker(50 * time.Millisecond)
		defer clock.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-clock.C:
			}
			for _, path := range []string{"/livez", "/readyz"} {
				response, err := client.Get(s.bank.admin + path)
				if err != nil || response.StatusCode != http.StatusOK {
					failed.Add(1)
				}
				if err == nil {
					_ = response.Body.Close()
				}
			}
		}
	})
	return func() int64 { stop(); watching.Wait(); return failed.Load() }
}

// resident is the bank's memory in bytes, as the kernel counts it.
func (s *soak) resident() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.bank.cmd.Process.Pid))
	if err != nil {
		s.t.Skip("no /proc here: resident memory cannot be told")
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	require.NoError(s.t, err)
	return kib << 10
}

// settled waits, within a bound, until the bank holds no more than a tenth more than before.
func (s *soak) settled(before int64) (after int64) {
	deadline := time.Now().Add(2 * time.Minute)
	for clock := time.NewTicker(100 * time.Millisecond); ; <-clock.C {
		if after = s.resident(); float64(after) <= soakRSS*float64(before) || time.Now().After(deadline) {
			clock.Stop()
			return after
		}
	}
}
