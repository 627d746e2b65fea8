package gateway

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// opened is a connection on which a request was begun and not ended.
func (p *porch) opened(text string) net.Conn {
	p.t.Helper()
	conn, err := net.Dial("tcp", p.address)
	require.NoError(p.t, err)
	p.t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, text)
	require.NoError(p.t, err)
	return conn
}

// comesTrue asks again and again, for the server takes a connection when it does.
func comesTrue(t *testing.T, what func() bool) {
	t.Helper()
	require.Eventually(t, what, 20*time.Second, 5*time.Millisecond)
}

// Row 48: what is too much is turned away before its body is read, with a word when
// to come back; and what was taken on is given back, however it ends.
func TestRow48TooMuchAtOnceIsTurnedAway(t *testing.T) {
	t.Parallel()
	p := newPorch(t, func(s *Settings) { s.Load = Load{Requests: 3, Streams: 2, Bytes: 1000} })
	head := "POST /open HTTP/1.1\r\nHost: " + p.address + "\r\nContent-Type: application/json\r\nContent-Length: "
	slow := []net.Conn{p.opened(head + "100\r\n\r\n{"), p.opened(head + "100\r\n\r\n{"), p.opened(head + "100\r\n\r\n{")}
	in := func(want Load) func() bool {
		return func() bool {
			p.door.load.mu.Lock()
			defer p.door.load.mu.Unlock()
			return p.door.load.now == want
		}
	}
	comesTrue(t, in(Load{Requests: 3, Bytes: 300}))
	for _, path := range []string{"/open", "/own", "/nothing"} {
		answer := p.send("GET", path, "")
		require.Equal(t, 503, answer.status)
		require.Equal(t, "busy", answer.code(t))
		require.Equal(t, "1", answer.header.Get("Retry-After"))
	}
	require.Contains(t, p.metrics(), `florin_http_shed_total{of="requests"} 3`)
	for _, conn := range slow {
		require.NoError(t, conn.Close())
	}
	comesTrue(t, in(Load{}))
	require.Equal(t, 200, p.send("GET", "/open", "").status, "nothing is left of those that were cut off")

	p.opened(head + "950\r\n\r\n{")
	comesTrue(t, in(Load{Requests: 1, Bytes: 950}))
	require.Equal(t, 503, p.send("POST", "/open", `{"text":"`+strings.Repeat("x", 50)+`"}`, "Content-Type: application/json").status, "some bytes too many")
	require.Equal(t, 503, p.raw("POST /open HTTP/1.1\r\nHost: "+p.address+"\r\nTransfer-Encoding: chunked\r\n\r\n").status, "a body of unknown length may be the longest")
	require.Equal(t, 200, p.send("GET", "/open", "").status, "who brings nothing to read is served on")
	require.Equal(t, 500, p.send("GET", "/boom", "").status)
	comesTrue(t, in(Load{Requests: 1, Bytes: 950}))
	require.EqualValues(t, 2, p.seen.Load())
}

// Who is turned away with a short body comes again by the same connection, as often as
// it takes; a client who has not sent it yet is answered all the same.
func TestRow48TurnedAwayByTheSameConnection(t *testing.T) {
	t.Parallel()
	p := newPorch(t, func(s *Settings) { s.Load = Load{Requests: 1, Streams: 1, Bytes: 1 << 20} })
	head := "POST /open HTTP/1.1\r\nHost: " + p.address + "\r\nContent-Type: application/json\r\nContent-Length: "
	slow := p.opened(head + "100\r\n\r\n{")
	comesTrue(t, func() bool {
		p.door.load.mu.Lock()
		defer p.door.load.mu.Unlock()
		return p.door.load.now.Requests == 1
	})
	conn := p.opened("")
	reader := bufio.NewReader(conn)
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	answered := func() int {
		answer, err := http.ReadResponse(reader, nil)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, answer.Body)
		require.NoError(t, err)
		require.False(t, answer.Close)
		return answer.StatusCode
	}
	body := `{"text":"` + strings.Repeat("x", 3000) + `"}`
	whole := head + itoa(len(body)) + "\r\n\r\n" + body
	for i := range 200 {
		_, err := io.WriteString(conn, whole)
		require.NoError(t, err)
		require.Equal(t, 503, answered(), "%d", i)
	}
	_, err := io.WriteString(conn, whole[:len(whole)-1000])
	require.NoError(t, err)
	require.Equal(t, 503, answered(), "before its body is there")
	_, err = io.WriteString(conn, whole[len(whole)-1000:]+whole+whole)
	require.NoError(t, err)
	require.Equal(t, []int{503, 503}, []int{answered(), answered()})
	require.NoError(t, slow.Close())
	comesTrue(t, func() bool {
		_, err := io.WriteString(conn, whole)
		require.NoError(t, err)
		return answered() == 200
	})
}

// However many come at once, no more than the bound are in work, and each of the
// others is told when to come back.
func TestRow48AFloodIsServedAtTheBound(t *testing.T) {
	t.Parallel()
	const bound, flood = 4, 64
	p := newPorch(t, func(s *Settings) { s.Load = Load{Requests: bound, Streams: 1, Bytes: 1 << 20} })
	gate := make(chan struct{})
	p.hold.Store(&gate)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var answered sync.WaitGroup
	statuses := make(chan int, flood)
	for range flood {
		answered.Go(func() {
			response, err := client.Get(p.issuer + "/open")
			if err != nil {
				statuses <- 0
				return
			}
			defer response.Body.Close()
			if response.StatusCode == 503 && response.Header.Get("Retry-After") == "" {
				statuses <- -1
				return
			}
			statuses <- response.StatusCode
		})
	}
	counts := map[int]int{}
	for range flood - bound {
		counts[<-statuses]++
	}
	require.Equal(t, map[int]int{503: flood - bound}, counts, "the bound is full, the others do not wait")
	close(gate)
	answered.Wait()
	for range bound {
		require.Equal(t, 200, <-statuses)
	}
	require.EqualValues(t, bound, p.seen.Load())
}

// A customer has one limit over all devices, and what costs much counts much.
func TestRow48LimitsOfCustomersAndCosts(t *testing.T) {
	t.Parallel()
	p := newPorch(t, func(s *Settings) { s.Rates.Customer = Rate{PerSecond: 1, Burst: 4} })
	for range 2 {
		require.Equal(t, 200, p.own("GET", "/own", "").status)
	}
	p.device = key(t) // another of the same customer's
	for range 2 {
		require.Equal(t, 200, p.own("GET", "/own", "").status)
	}
	answer := p.own("GET", "/own", "")
	require.Equal(t, 429, answer.status)
	require.Equal(t, "too-many-requests", answer.code(t))
	require.Equal(t, "1", answer.header.Get("Retry-After"))
	require.Contains(t, strings.Join(answer.header.Values("RateLimit-Policy"), ","), `"customer";q=4;w=4`)
	require.Contains(t, strings.Join(answer.header.Values("RateLimit"), ","), `"customer";r=0`)

	heavy := newPorch(t, func(s *Settings) { s.Rates.Caller = Rate{PerSecond: 1, Burst: 7} })
	require.Equal(t, 200, heavy.own("GET", "/heavy", "").status)
	answer = heavy.own("GET", "/heavy", "")
	require.Equal(t, 429, answer.status, "five and five are more than seven")
	require.Equal(t, "3", answer.header.Get("Retry-After"))
	require.Equal(t, 200, heavy.own("GET", "/own", "").status, "what costs little is still had")
}
