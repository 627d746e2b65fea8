package gateway

import (
	"crypto/ecdsa"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"florin/gateway/token"
)

// BenchmarkSignedRequest is all that stands between socket and service: layers,
// cached token, fresh proof, signature, strict media types. One P-256 verify of it
// is the floor, measured beside it.
func BenchmarkSignedRequest(b *testing.B) {
	p := newPorch(b, func(s *Settings) { s.Logger = slog.New(slog.NewJSONHandler(io.Discard, nil)) })
	handler := p.door.handler(p.rows())
	access, body := p.access(nil), `{"text":"100.00"}`
	claims := map[string]any{"content_digest": token.ContentDigest([]byte(body)), "idempotency_key": "k1"}
	requests := make([]*http.Request, b.N)
	for i := range requests {
		r := httptest.NewRequest(http.MethodPost, "/signed", strings.NewReader(body))
		r.Host, r.RemoteAddr = p.address, "127.0.0.1:"+strconv.Itoa(1024+i%60000)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "k1")
		r.Header.Set("Authorization", "DPoP "+access)
		r.Header.Set("DPoP", p.proof(http.MethodPost, "/signed", access, claims))
		requests[i] = r
	}
	b.ReportAllocs()
	b.ResetTimer()
	for _, r := range requests {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code, w.Body)
		}
	}
}

func BenchmarkFloorVerify(b *testing.B) {
	k := key(b)
	digest := make([]byte, 32)
	signature, err := ecdsa.SignASN1(strings.NewReader(strings.Repeat("x", 1<<10)), k, digest)
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		if !ecdsa.VerifyASN1(&k.PublicKey, digest, signature) {
			b.Fatal("not verified")
		}
	}
}
