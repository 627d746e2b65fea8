package main

import (
	"context"
	"errors"
	"fmt"
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

	soakGoodput = 0.8 // of the peak, at five times the load
	soakRSS     = 1.1 // of what was resident before, once it is over
)

// TestSoakFiveTimesCapacity gives the real binary five times the clients that keep
// it busy, none of whom is patient: what it cannot do it says at once, with a word
// when to come back; it goes on with what it can; health answers throughout; and
// afterwards it is what it was. It is for 'make soak', about a minute, and for a
// machine that does nothing else meanwhile: figures from beside other tests are theirs.
func TestSoakFiveTimesCapacity(t *testing.T) {
	if os.Getenv("FLORIN_SOAK") == "" {
		t.Skip("a minute, and both cores: make soak")
	}
	const each = 20 * time.Second
	ctx := context.Background()
	path, environ := program(t)
	bank, base, err := newChild(path, filepath.Join(t.TempDir(), "bank"), filepath.Join(t.TempDir(), "bank.log"), childEnvironment(environ),
		"--rate-per-second", "100000", "--rate-burst", "100000", "--log-level", "warn", "--requests-at-once", strconv.Itoa(soakAtOnce))
	require.NoError(t, err)
	require.NoError(t, bank.start(ctx))
	t.Cleanup(func() { _ = errors.Join(bank.kill(), bank.close()) })
	s := &soak{t: t, bank: bank, client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024}}}
	s.people = make([]*person, 8)
	require.NoError(t, inParallel(len(s.people), 4, func(i int) error {
		p, err := newPerson(ctx, base, fmt.Sprintf("soak%d", i), s.client)
		for range 2 {
			if err == nil {
				err = p.openFunded(ctx, "5000.00")
			}
		}
		s.people[i] = p
		return err
	}))

	healthy := s.watchHealth()
	s.run(soakWorkers, each/4) // warm
	peak := s.run(soakWorkers, each)
	before := s.resident()
	over := s.run(soakTimes*soakWorkers, each)
	sick := healthy()
	after := s.settled(before)
	again := s.run(soakWorkers, each/2)
	t.Logf("peak %.0f/s; at %d times the clients %.0f/s done, %d turned away with Retry-After, %.0f %% of the peak; afterwards %.0f/s; resident %d MiB before, %d MiB after",
		peak.goodput, soakTimes, over.goodput, over.refused, 100*over.goodput/peak.goodput, again.goodput, before>>20, after>>20)
	require.Empty(t, peak.strange, "at capacity")
	require.Empty(t, over.strange, "above it")
	require.Empty(t, again.strange, "afterwards")
	require.Positive(t, over.refused, "five times as many are too many")
	require.Positive(t, over.goodput)
	require.Positive(t, again.goodput)
	require.Zero(t, sick, "health is 200 throughout")
	require.GreaterOrEqual(t, over.goodput, soakGoodput*peak.goodput)
	require.LessOrEqual(t, float64(after), soakRSS*float64(before))
}

type soak struct {
	t      *testing.T
	bank   *child
	client *http.Client
	people []*person
}

// turn is what came of one stretch of load.
type turn struct {
	goodput float64 // transfers a second
	refused int64   // 429 or 503, with Retry-After
	strange []string
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
			p := s.people[i%len(s.people)]
			for ctx.Err() == nil {
				switch answer, err := s.transfer(ctx, p, &refused); {
				case err != nil && ctx.Err() == nil:
					strange.Store(err.Error(), true)
				case err != nil:
				case answer.Status == http.StatusCreated:
					done.Add(1)
				case answer.Status == 429 && answer.Header.Get("Retry-After") != "":
					refused.Add(1)
				case answer.Status == http.StatusUnauthorized && strings.Contains(string(answer.Body), "use-dpop-nonce"):
				default:
					strange.Store(fmt.Sprintf("%d %.200s", answer.Status, answer.Body), true)
				}
			}
		})
	}
	all.Wait()
	result := turn{goodput: float64(done.Load()) / time.Since(began).Seconds(), refused: refused.Load()}
	strange.Range(func(key, _ any) bool { result.strange = append(result.strange, key.(string)); return true })
	return result
}

// impatient is how soon a client that was turned away comes again: not as it was
// asked to, but so that it leaves the cores to the bank.
const impatient = 25 * time.Millisecond

// transfer signs an order and sends it until it is taken on or the time is over. An
// order that was turned away unread is sent again as it is.
func (s *soak) transfer(ctx context.Context, p *person, refused *atomic.Int64) (answer phone.Answer, err error) {
	body := fmt.Sprintf(`{"from":%q,"to":%q,"amount":"0.01","currency":"EUR"}`, p.accounts[0], p.accounts[1])
	request, err := p.phone.Prepare(http.MethodPost, "/v1/transfers", []byte(body), p.phone.NewID())
	if err != nil {
		return answer, err
	}
	for {
		answer, err = p.phone.Send(ctx, request)
		if err != nil || answer.Status != 503 || answer.Header.Get("Retry-After") == "" {
			return answer, err
		}
		refused.Add(1)
		select {
		case <-ctx.Done():
			return answer, ctx.Err()
		case <-time.After(impatient):
		}
	}
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
