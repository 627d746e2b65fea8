package gateway

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain"
	"florin/domain/attest/trust"
	"florin/eventbus"
	"florin/gateway/backchannel"
	"florin/gateway/outbound"
	"florin/gateway/partner"
	"florin/gateway/phone"
	"florin/gateway/service"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
	"florin/schemas/seal"
)

// house is a whole bank in one process, over a real socket, on the embedded engine in
// memory or on PostgreSQL: what the end-to-end tests stand on. Nothing in it is a stand-in.
type house struct {
	t       testing.TB
	fs      vfs.FS
	schema  string // of the log in PostgreSQL
	reads   string
	ring    *seal.Ring
	clock   atomic.Int64 // microseconds
	sandbox bool
	apart   bool // gateway and core are joined by mTLS alone
	behind  *behind
	rates   Rates

	believes trust.Trust       // of devices
	unproven commands.Unproven // what they may send by that
	policy   []byte            // of risk; nil: amounts alone

	address string
	issuer  string
	log     *eventbus.Sequencer
	bank    *commands.Bank
	guards  *projections.Guards
	post    *mailbox
	rail    *railhouse
	door    *Gateway
	routes  []Route
	truth   *truth
	stop    func()
	blind   func()         // takes the read models away
	unread  bool           // the test has stopped the log itself, which is not read any more
	clients []*http.Client // of the phones

	mu    sync.Mutex
	lines bytes.Buffer // the process's log
}

func (h *house) now() time.Time       { return time.UnixMicro(h.clock.Load()).UTC() }
func (h *house) pass(d time.Duration) { h.clock.Add(d.Microseconds()) }

func (h *house) Write(line []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lines.Write(line)
}

func (h *house) logged() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lines.String()
}

func newHouse(t testing.TB) *house { return newHouseIn(t, true) }

func newHouseIn(t testing.TB, sandbox bool) *house { return newHouseAs(t, sandbox, wiredApart) }

func newHouseAs(t testing.TB, sandbox, apart bool) *house {
	t.Helper()
	return newHouseOf(t, sandbox, apart, nil)
}

// newHouseOf begins with a risk policy.
func newHouseOf(t testing.TB, sandbox, apart bool, policy []byte) *house {
	t.Helper()
	ring, err := seal.Memory(rand.Reader)
	require.NoError(t, err)
	h := &house{t: t, fs: vfs.NewMem(), reads: filepath.Join(t.TempDir(), "read.db"), ring: ring, sandbox: sandbox, apart: apart, post: &mailbox{}, rail: newRailhouse(t), policy: policy,
		rates: Rates{Peer: Rate{1e6, 1e6}, Caller: Rate{1e6, 1e6}, Login: Rate{1e6, 1e6}}}
	h.clock.Store(noon.UnixMicro())
	h.open("127.0.0.1:0")
	t.Cleanup(func() {
		h.stop()
		require.Empty(t, h.truth.told())
	})
	return h
}

func (h *house) mode() string {
	if h.sandbox {
		return eventbus.Sandbox
	}
	return eventbus.Production
}

// reopen is a restart: nothing is left of the process but the log, the ring, and
// the read side's file.
func (h *house) reopen() {
	h.t.Helper()
	h.stop()
	for _, client := range h.clients { // they would send into connections that are gone
		client.CloseIdleConnections()
	}
	h.open(h.address)
}

func (h *house) open(address string) {
	t := h.t
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var listener net.Listener
	var err error
	require.Eventually(t, func() bool { // a connection of another test's may have the port for a moment
		listener, err = net.Listen("tcp", address)
		return err == nil
	}, 10*time.Second, 20*time.Millisecond)
	h.address = listener.Addr().String()
	h.issuer = "http://" + h.address
	journal, index, closeJournal := h.journal()
	treaty := schemas.New(h.ring)
	h.log, err = eventbus.Open(ctx, journal, eventbus.Options{Clock: h.now, BuildVersion: "test", Writer: uuid.New(), Index: index,
		Genesis: eventbus.Genesis{Ledger: uuid.New(), LegalEntity: "Test Bank", Mode: h.mode(), KeyRing: h.ring.Fingerprint()}})
	require.NoError(t, err)
	policy, err := os.ReadFile("../schemas/testdata/policy-amounts.yaml") // of risk, but for tests of risk itself
	require.NoError(t, err)
	if h.policy != nil {
		policy = h.policy
	}
	terms := commands.DefaultTerms()
	terms.Audience, terms.Unproven = h.issuer, h.unproven
	h.bank, err = commands.Open(ctx, h.log, treaty, h.ring, commands.Sources{Now: h.now, Random: rand.Reader}, commands.Settings{
		BuildVersion: "test", CheckSchemas: true, Money: terms, Policy: policy, RiskWait: time.Minute, // however busy the machine is
		OpenDataSet: openListed,
		Trust:       func() trust.Trust { return h.believes }, Notifier: h.post, Rail: h.rail.client(h.now), Logouts: backchannel.New(h.issuer, outbound.New(outbound.Internet(), h.sandbox)),
		Webhooks: partner.New(outbound.New(outbound.Internet(), h.sandbox)),
		Identity: commands.IdentitySettings{Argon: commands.Argon{MemoryKiB: 64, Passes: 1, Lanes: 1}},
	})
	require.NoError(t, err)
	require.NoError(t, h.bank.FirstStart(ctx))
	reads, err := projections.Open(ctx, h.reads, h.log, treaty)
	require.NoError(t, err)
	h.guards = projections.NewGuards(h.log, treaty)
	var followers sync.WaitGroup
	followers.Go(func() { _ = reads.Run(ctx) })
	followers.Go(func() { _ = h.guards.Run(ctx) })
	followers.Go(func() { _ = h.bank.Run(ctx) })
	followers.Go(func() { _ = h.bank.RunWebhooks(ctx) })
	require.NoError(t, h.guards.Caught(ctx))
	cursors, err := h.ring.Named("cursor")
	require.NoError(t, err)
	logger := slog.New(slog.NewJSONHandler(h, nil))
	settings := Settings{
		Bank: h.bank, Guards: h.guards, Issuer: h.issuer, Sandbox: h.sandbox, Rates: h.rates, Logger: logger, Registry: prometheus.NewRegistry(),
		Desk: service.Desk{Bank: h.bank, Reads: reads, Log: h.log, Treaty: treaty, Cursors: wire.NewCursors(cursors)},
	}
	stopCore := func() {}
	if h.apart {
		stopCore = h.part(ctx, settings)
	} else {
		h.door, err = New(settings)
		require.NoError(t, err)
	}
	writing, halt := context.WithCancel(ctx)
	var writers sync.WaitGroup
	writers.Go(func() { _ = h.door.Run(writing) })
	h.routes = Routes(nil, service.Desk{Sandbox: h.sandbox})
	if h.truth == nil {
		h.truth = newTruth(h.routes)
	}
	server := Server(contractOf(t, h.sandbox).watch(h.t, h.truth.watch(h.door)), logger)
	go func() { _ = server.Serve(Framed(listener)) }()
	seeing := true
	h.blind = func() { seeing = false; require.NoError(t, reads.Close()) }
	h.stop = func() {
		_ = server.Close()
		halt()
		writers.Wait()
		stopCore()
		cancel()
		followers.Wait()
		if seeing {
			require.NoError(t, reads.Close())
		}
		if !h.unread {
			h.sound()
		}
		require.NoError(t, h.log.Close(context.Background()))
		closeJournal()
	}
}

// sound has the verifier, which shares nothing with what it verifies, look at the
// books of every position of the log. Whenever a house stops, so after every test.
func (h *house) sound() *projections.Ledger {
	h.t.Helper()
	require.NoError(h.t, h.log.Durable(context.Background()))
	books, err := projections.VerifyLedger(context.Background(), h.log, schemas.New(h.ring))
	require.NoError(h.t, err)
	require.Empty(h.t, books.Findings())
	require.Zero(h.t, books.Summary().Sum)
	return books
}

// phone is a new device that nobody has logged in on.
func (h *house) phone() *phone.Phone {
	h.t.Helper()
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	h.clients = append(h.clients, client)
	p, err := phone.New(phone.Settings{Base: h.issuer, Now: h.now, Random: rand.Reader, Client: client,
		Wait: func(d time.Duration) error { h.pass(d); return nil }})
	require.NoError(h.t, err)
	return p
}

const password = "correct horse battery staple 7"

// customer enrols a person, registers a phone, and logs in with it.
func (h *house) customer(name string) *phone.Phone {
	h.t.Helper()
	p := h.phone()
	ctx := context.Background()
	require.NoError(h.t, p.Enrol(ctx, phone.Person{UserName: name, Phone: fmt.Sprintf("+4930%08d", h.clock.Add(1)%1e8),
		Email: name + "@example.test", Name: "Anna " + name, Password: password}))
	require.NoError(h.t, p.Register(ctx))
	h.login(p)
	return p
}

// login moves the clock on, for a one-time password's step is spent once.
func (h *house) login(p *phone.Phone) {
	h.t.Helper()
	h.pass(30 * time.Second)
	require.NoError(h.t, p.Login(context.Background()))
}

// account opens one and puts money on it.
func (h *house) account(p *phone.Phone, amount string) string {
	h.t.Helper()
	account, err := p.OpenAccount(context.Background(), "EUR")
	require.NoError(h.t, err)
	if amount != "" {
		require.NoError(h.t, p.Deposit(context.Background(), account, amount, "EUR"))
	}
	return account
}

// command sends a signed command once.
func (h *house) command(p *phone.Phone, method, path string, body any, key string) phone.Answer {
	h.t.Helper()
	answer, err := p.Command(context.Background(), method, path, body, key)
	require.NoError(h.t, err)
	return answer
}

// get reads after the write side's head, so that no test waits for the read side.
func (h *house) get(p *phone.Phone, path string) phone.Answer {
	h.t.Helper()
	answer := h.fresh(p, path)
	return answer
}

func (h *house) fresh(p *phone.Phone, path string) phone.Answer {
	h.t.Helper()
	head, err := h.log.Head(context.Background())
	require.NoError(h.t, err)
	for {
		request, err := p.Prepare(http.MethodGet, path, nil, "")
		require.NoError(h.t, err)
		request.Header.Set("Florin-Position", fmt.Sprint(head.Position))
		answer, err := p.Send(context.Background(), request)
		require.NoError(h.t, err)
		if code(answer) != "use-dpop-nonce" {
			return answer
		}
	}
}

func code(a phone.Answer) string {
	var doc struct{ Code, Error string }
	_ = json.Unmarshal(a.Body, &doc)
	return doc.Code + doc.Error
}

func field[T any](t testing.TB, a phone.Answer, name string) T {
	t.Helper()
	var doc map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(a.Body, &doc), "%s", a.Body)
	var value T
	require.NoError(t, json.Unmarshal(doc[name], &value), "%s in %s", name, a.Body)
	return value
}

// balance of an account, as its owner reads it.
func (h *house) balance(p *phone.Phone, account string) string {
	h.t.Helper()
	answer := h.fresh(p, "/v1/accounts/"+account)
	require.NoError(h.t, answer.OK())
	return field[string](h.t, answer, "balance")
}

// operator-like machine: a client with keys of its own and the scopes given.
func (h *house) machine(name string, scopes ...string) *machine {
	h.t.Helper()
	m := &machine{h: h, p: h.phone(), key: key(h.t), name: name}
	jwk, err := domain.ECKey(&m.key.PublicKey)
	require.NoError(h.t, err)
	jwk.KeyID = "m1"
	order := commands.SystemOrder("test", uuid.New(), name, h.now(), seal.Subject{})
	order.Intent = nil
	_, err = h.bank.Clients().Register(context.Background(), order, commands.RegisterClient{
		ClientID: name, Name: name, Keys: []domain.PublicKey{jwk}, GrantTypes: []string{"client_credentials"}, Scopes: scopes})
	require.NoError(h.t, err)
	return m
}
