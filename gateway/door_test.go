package gateway

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain"
	"florin/domain/id"
	"florin/gateway/service"
	"florin/gateway/token"
	"florin/gateway/wire"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// ended is what has ended, in tests of the layers alone.
type ended struct{ sync.Map }

func (e *ended) guards() guards {
	return guards{
		sessionRevoked: func(s id.Session) bool { _, is := e.Load(s); return is },
		deviceRevoked:  func(d id.Device) bool { _, is := e.Load(d); return is },
		barred:         func(c id.Customer) bool { _, is := e.Load(c); return is },
		limited:        func(id.Customer) bool { return false },
	}
}

// porch is the front door with test rows behind it, over real sockets: what the
// tests of the layers stand on. Nothing of the bank is behind it.
type porch struct {
	t       testing.TB
	clock   atomic.Int64
	door    *door
	address string
	issuer  string
	signing *ecdsa.PrivateKey
	device  *ecdsa.PrivateKey
	guards  *ended
	log     *bytes.Buffer
	logLock sync.Mutex
	seen    atomic.Int64                  // requests that reached a service
	hold    atomic.Pointer[chan struct{}] // services answer when it is closed; nil: at once
}

type echoBody struct {
	Text string `json:"text"`
}

func (p *porch) Write(line []byte) (int, error) {
	p.logLock.Lock()
	defer p.logLock.Unlock()
	return p.log.Write(line)
}

func (p *porch) logged() string {
	p.logLock.Lock()
	defer p.logLock.Unlock()
	return p.log.String()
}

func (p *porch) now() time.Time { return time.UnixMicro(p.clock.Load()).UTC() }

func newPorch(t testing.TB, change func(*Settings)) *porch {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &porch{t: t, address: listener.Addr().String(), issuer: "http://" + listener.Addr().String(), guards: &ended{}, log: &bytes.Buffer{}}
	p.clock.Store(noon.UnixMicro())
	p.signing, p.device = key(t), key(t)
	settings := Settings{
		Issuer: p.issuer, Logger: slog.New(slog.NewJSONHandler(p, nil)), Registry: prometheus.NewRegistry(),
		Rates: Rates{Peer: Rate{1e6, 1e6}, Caller: Rate{1e6, 1e6}, Login: Rate{1e6, 1e6}},
	}
	if change != nil {
		change(&settings)
	}
	public := func(kid string) (*ecdsa.PublicKey, bool) { return &p.signing.PublicKey, kid == "k1" }
	p.door, err = newDoor(settings, commands.Sources{Now: p.now, Random: rand.Reader}, public, p.guards.guards())
	require.NoError(t, err)
	server := Server(p.door.handler(p.rows()), settings.Logger)
	go func() { _ = server.Serve(Framed(listener)) }()
	t.Cleanup(func() { _ = server.Close() })
	return p
}

// rows: /open for anybody, /own for a proven caller, /signed for a signed command,
// /strong for a fresh login; each tells what it was given.
func (p *porch) rows() []Route {
	tell := func(w http.ResponseWriter, r *http.Request) error {
		p.seen.Add(1)
		if hold := p.hold.Load(); hold != nil {
			<-*hold
		}
		call := service.CallOf(r.Context())
		headers := map[string]string{}
		for name := range r.Header {
			headers[name] = r.Header.Get(name)
		}
		return wire.OK(w, map[string]any{
			"customer": call.Caller.Customer.String(), "actor": call.Caller.ActorType, "key": call.Key, "body": string(call.Body),
			"fresh": call.FreshSCA, "headers": headers,
		})
	}
	boom := func(http.ResponseWriter, *http.Request) error { panic("hunter2") }
	return []Route{
		{Method: get, Path: "/open", Handle: tell, Open: true},
		{Method: post, Path: "/open", Handle: tell, Open: true, Request: of[echoBody]()},
		{Method: get, Path: "/own", Handle: tell, Scopes: scopes("accounts.read")},
		{Method: get, Path: "/admin", Handle: tell, Scopes: scopes("audit.read")},
		{Method: post, Path: "/signed", Handle: tell, Keyed: true, Signed: true, Request: of[echoBody]()},
		{Method: get, Path: "/strong", Handle: tell, ACR: "urn:florin:acr:mfa", MaxAge: 5 * time.Minute},
		{Method: get, Path: "/boom", Handle: boom, Open: true},
		{Method: get, Path: "/scarce", Handle: tell, Scopes: scopes("accounts.read"), Share: 0.25},
		{Method: post, Path: "/rare", Handle: tell, Open: true, Request: of[echoBody](), Share: 0.5},
		{Method: get, Path: "/heavy", Handle: tell, Gives: []string{"application/json", "text/csv"}},
	}
}

func key(t testing.TB) *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return k
}

var anna = id.Named[id.Customer]("anna")

func (p *porch) access(change func(*token.Claims)) string {
	jwk, err := domain.ECKey(&p.device.PublicKey)
	require.NoError(p.t, err)
	claims := token.Claims{
		Subject: anna.String(), UserID: anna.String(), ClientID: "florin-app", DeviceID: id.Named[id.Device](jwk.Thumbprint()).String(),
		SessionID: id.Named[id.Session]("s").String(), Scope: "openid accounts.read", ACR: "urn:florin:acr:mfa", AuthTime: p.now().Unix(),
		ID: "t1", Confirmation: token.Binding{JKT: jwk.Thumbprint()}, IssuedAt: p.now().Unix(), ExpiresAt: p.now().Unix() + 300,
	}
	if change != nil {
		change(&claims)
	}
	raw, err := token.Issuer{URL: p.issuer, Key: func() (string, *ecdsa.PrivateKey, error) { return "k1", p.signing, nil }}.Access(claims)
	require.NoError(p.t, err)
	return raw
}

// proof for a request; change may spoil the claims.
func (p *porch) proof(method, path, access string, change map[string]any) string {
	jwk, err := domain.ECKey(&p.device.PublicKey)
	require.NoError(p.t, err)
	claims := jwt.MapClaims{"jti": uuid.NewString(), "htm": method, "htu": p.issuer + path, "iat": p.now().Unix(), "nonce": p.door.proofs.Nonce()}
	if access != "" {
		digest := sha256.Sum256([]byte(access))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(digest[:])
	}
	for name, value := range change {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	made := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	made.Header["typ"], made.Header["jwk"] = "dpop+jwt", jwk
	raw, err := made.SignedString(p.device)
	require.NoError(p.t, err)
	return raw
}

// metrics are what the admin listener would tell.
func (p *porch) metrics() string {
	w := httptest.NewRecorder()
	Admin(p.door.settings.Registry, func(context.Context) error { return nil }).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) code(t testing.TB) string {
	t.Helper()
	var doc struct{ Code string }
	require.Equal(t, "application/problem+json", r.header.Get("Content-Type"), r.body)
	require.NoError(t, json.Unmarshal([]byte(r.body), &doc), r.body)
	return doc.Code
}

type told struct {
	Customer, Actor, Key, Body string
	Fresh                      bool
	Headers                    map[string]string
}

func (r reply) told(t testing.TB) (answer told) {
	t.Helper()
	require.Equal(t, 200, r.status, r.body)
	require.NoError(t, json.Unmarshal([]byte(r.body), &answer))
	return answer
}

// raw sends bytes as they are and reads one answer.
func (p *porch) raw(text string) reply {
	p.t.Helper()
	conn, err := net.Dial("tcp", p.address)
	require.NoError(p.t, err)
	defer conn.Close()
	require.NoError(p.t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	go func() { _, _ = io.WriteString(conn, text) }()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(p.t, err)
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body) // the server may cut the connection after its answer
	return reply{resp.StatusCode, resp.Header, string(body)}
}

// send sends a request with the headers given, names as they are written.
func (p *porch) send(method, path, body string, headers ...string) reply {
	p.t.Helper()
	var text strings.Builder
	text.WriteString(method + " " + path + " HTTP/1.1\r\nHost: " + p.address + "\r\n")
	for _, header := range headers {
		text.WriteString(header + "\r\n")
	}
	if body != "" {
		text.WriteString("Content-Length: " + itoa(len(body)) + "\r\n")
	}
	text.WriteString("Connection: close\r\n\r\n" + body)
	return p.raw(text.String())
}

// own sends a request with a fresh token and proof.
func (p *porch) own(method, path, body string, headers ...string) reply {
	access := p.access(nil)
	bare, _, _ := strings.Cut(path, "?")
	headers = append(headers, "Authorization: DPoP "+access, "DPoP: "+p.proof(method, bare, access, nil))
	return p.send(method, path, body, headers...)
}
