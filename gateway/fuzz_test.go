package gateway

import (
	"bufio"
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzDoor sends whatever parses as a request through all layers: no answer is a
// failure of ours, none is a redirect, and no service is reached without a proof.
func FuzzDoor(f *testing.F) {
	p := newPorch(f, nil)
	handler := p.door.handler(p.rows())
	access := p.access(nil)
	for _, seed := range []string{
		"GET /open HTTP/1.1\r\nHost: HOST\r\n\r\n",
		"GET /own HTTP/1.1\r\nHost: HOST\r\nAuthorization: DPoP " + access + "\r\nDPoP: a.b.c\r\n\r\n",
		"POST /signed HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nIdempotency-Key: k\r\nX_User_ID: a\r\nContent-Length: 2\r\n\r\n{}",
		"GET //a/../%2e HTTP/1.1\r\nHost: HOST\r\nOrigin: null\r\nConnection: X-User-Id\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n",
		"GET /open?limit=1&;x=%zz HTTP/1.1\r\nHost: HOST\r\nAccept: a/b;q=0, */*\r\nTraceparent: 00-x\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		text := strings.Replace(string(raw), "HOST", p.address, 1)
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil || r.URL.Path == "/boom" {
			return
		}
		before := p.seen.Load()
		w := httptest.NewRecorder()
		r.RemoteAddr = "192.0.2.1:1"
		handler.ServeHTTP(w, r)
		require.Less(t, w.Code, 500, "%q", text)
		require.False(t, w.Code >= 300 && w.Code < 400, "%q", text)
		if r.URL.Path != "/open" {
			require.Equal(t, before, p.seen.Load(), "%q", text)
		}
		if w.Code >= 400 {
			require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
			require.True(t, bytes.HasPrefix(w.Body.Bytes(), []byte(`{"type":"/problems/`)))
		}
	})
}
