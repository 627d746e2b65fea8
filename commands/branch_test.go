package commands

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/attest"
	"florin/domain/attest/trust"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/eventbus"
	"florin/schemas"
	"florin/schemas/seal"
)

// branch is a bank where people enrol and log in: on the model log, with the real
// funnel, every event checked against its schema, and password hashes made cheap.
type branch struct {
	t      testing.TB
	log    *modelLog
	ring   *seal.Ring
	bank   *Bank
	post   *post
	clock  atomic.Int64 // microseconds
	policy []byte       // of risk
	files  dataSetFiles
}

const (
	home    = "192.0.2.1"
	abroad  = "198.51.100.7"
	secret  = "seven wooden horses" // everybody's password
	anyBody = "openid"
)

func newBranch(t testing.TB) *branch { return newBranchUnder(t, amountsPolicy(t)) }

// newBranchUnder begins under a risk policy.
func newBranchUnder(t testing.TB, policy []byte) *branch {
	t.Helper()
	ring, err := seal.Memory(rand.Reader)
	require.NoError(t, err)
	b := &branch{t: t, log: newModelLog(t), ring: ring, post: &post{}, files: dataSetFiles{}}
	b.clock.Store(noon.UnixMicro())
	b.policy = policy
	b.restart()
	t.Cleanup(func() { soundAfter(t, b.log, ring) })
	return b
}

// restart forgets all that is in memory.
func (b *branch) restart() {
	b.t.Helper()
	bank, err := Open(background, b.log, schemas.New(b.ring), b.ring, Sources{Now: b.now, Random: rand.Reader}, Settings{
		CheckSchemas: true, BuildVersion: "test", Money: DefaultTerms(), RiskWait: time.Minute, Notifier: b.post, Policy: b.policy, OpenDataSet: b.files.open, Identity: IdentitySettings{Argon: Argon{MemoryKiB: 8, Passes: 1, Lanes: 1}},
	})
	require.NoError(b.t, err)
	b.bank = bank
	require.NoError(b.t, bank.FirstStart(background))
}

func (b *branch) now() time.Time       { return time.UnixMicro(b.clock.Load()).UTC() }
func (b *branch) pass(d time.Duration) { b.clock.Add(d.Microseconds()) }

// order is what nobody known asks from an address.
func (b *branch) order(ip string) Order {
	at := b.bank.sources.Time()
	return Order{ID: b.bank.sources.NewID(), Caller: Caller{ActorType: ActorAnonymous, IP: domain.NewProfile(ip)}, At: at, Subject: seal.Day(at)}
}

func (b *branch) system() Order {
	order := b.order("")
	order.Caller.ActorType = ActorSystem
	return order
}

// person is a customer as the customer knows it.
type person struct {
	id     id.Customer
	name   string
	secret string // of TOTP
}

func (b *branch) enrol(name string) person {
	b.t.Helper()
	answer, _, err := b.bank.Customers().Enrol(background, b.order(home), enrolment(name))
	require.NoError(b.t, err)
	return person{answer.Customer, name, answer.Secret}
}

// verified is a customer who has shown the codes that were sent to both contacts.
func (b *branch) verified(name string) person {
	b.t.Helper()
	who, given := b.enrol(name), enrolment(name)
	order := b.order(home)
	order.Caller.Customer = who.id
	for _, change := range []ChangeContact{{Email: given.Email}, {Phone: given.Phone}} {
		b.deliver()
		b.post.take()
		order.ID = b.bank.sources.NewID()
		_, _, err := b.bank.Customers().ChangeContact(background, order, change)
		require.NoError(b.t, err)
		change.Code, order.ID = b.sent("contact-code"), b.bank.sources.NewID()
		_, _, err = b.bank.Customers().ChangeContact(background, order, change)
		require.NoError(b.t, err)
	}
	b.deliver()
	b.post.take()
	return who
}

func enrolment(name string) EnrolCustomer {
	digest := sha256.Sum256([]byte(name))
	return EnrolCustomer{
		UserName: domain.NewProfile(name), Email: domain.NewProfile(name + "@example.org"), Name: domain.NewProfile("Person " + name),
		Phone: domain.NewProfile(fmt.Sprintf("+49151%08d", int(digest[0])<<16|int(digest[1])<<8|int(digest[2]))), Password: secret, Active: true,
	}
}

// nobody is a name of this form that is nobody's, and whose made-up factors are
// those that most customers have.
func (b *branch) nobody(form string) string {
	b.t.Helper()
	for i := range 1000 {
		claim, err := b.bank.claimOf(fmt.Sprintf(form, i))
		require.NoError(b.t, err)
		second, err := b.bank.Grants().madeUpFactors(claim)
		require.NoError(b.t, err)
		if slices.Equal(second, append(slices.Clone(factorSets[0]), grant.Push)) {
			return fmt.Sprintf(form, i)
		}
	}
	b.t.Fatal("no such name")
	return ""
}

// otp is the customer's one-time password now.
func (b *branch) otp(of person) string {
	b.t.Helper()
	code, err := totp.GenerateCode(of.secret, b.now())
	require.NoError(b.t, err)
	return code
}

// handset is a device with its two keys, registered.
type handset struct {
	branch *branch
	id     id.Device
	jkt    string
	ip     string
}

func publicKey(t testing.TB) domain.PublicKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	public, err := domain.ECKey(&private.PublicKey)
	require.NoError(t, err)
	return public
}

// none is the statement of a phone that no platform vouches for.
var none = trust.Statement{Format: attest.FormatNone}

func registration(t testing.TB) RegisterDevice {
	return RegisterDevice{Key: publicKey(t), SCAKey: publicKey(t), Platform: "test", Model: "Model 1",
		Fingerprint: domain.NewProfile("print of a finger"), Statement: none}
}

func (b *branch) phone(ip string) *handset {
	b.t.Helper()
	answer, _, err := b.bank.Devices().Register(background, b.order(ip), registration(b.t))
	require.NoError(b.t, err)
	return &handset{b, answer.Device, answer.JKT, ip}
}

// verifier and its challenge, of every login here.
const verifier = "a-verifier-of-forty-three-characters-or-more"

func pkce() string {
	digest := sha256.Sum256([]byte(verifier))
	return opaque.EncodeToString(digest[:])
}

// first is the first step of a login.
func (h *handset) first(name, password string) LoginStep {
	return LoginStep{ClientID: OwnApp, JKT: h.jkt, CodeChallenge: pkce(), Nonce: "n", Scopes: []string{"openid", "accounts.read"},
		MaxAge: -1, UserName: name, Password: password}
}

func (h *handset) challenge(step LoginStep) (LoginAnswer, error) {
	answer, _, err := h.branch.bank.Grants().Challenge(background, h.branch.order(h.ip), step)
	return answer, err
}

// try is one whole login by password and one-time password, as far as it goes.
func (h *handset) try(name, password, otp string) (code string, err error) {
	answer, err := h.challenge(h.first(name, password))
	if err != nil || answer.Code != "" {
		return answer.Code, err
	}
	answer, err = h.challenge(LoginStep{AuthSession: answer.AuthSession, JKT: h.jkt, OTP: otp})
	return answer.Code, err
}

func (h *handset) redeem(code string) (Tokens, error) {
	tokens, _, err := h.branch.bank.Sessions().Redeem(background, h.branch.order(h.ip), RedeemCode{ClientID: OwnApp, JKT: h.jkt, Code: code, Challenge: pkce()})
	return tokens, err
}

// login is a login that has to succeed. On a new device it spends the present
// one-time password, and so the clock goes on to the next one first.
func (h *handset) login(of person) Tokens {
	h.branch.t.Helper()
	h.branch.pass(totpPeriod)
	code, err := h.try(of.name, secret, h.branch.otp(of))
	require.NoError(h.branch.t, err)
	tokens, err := h.redeem(code)
	require.NoError(h.branch.t, err)
	return tokens
}

func (h *handset) refresh(token, key string) (Tokens, error) {
	tokens, _, err := h.branch.bank.Sessions().Refresh(background, h.branch.order(h.ip), RefreshTokens{ClientID: OwnApp, JKT: h.jkt, Token: token, Key: key})
	return tokens, err
}

// as is an order of the customer whose tokens these are.
func (b *branch) as(t Tokens) Order {
	order := b.order(home)
	order.Caller = Caller{ActorType: ActorCustomer, Actor: t.Customer.UUID(), Customer: t.Customer, Device: t.Device, Session: t.Session, ACR: t.ACR}
	order.Subject = ofCustomer(t.Customer)
	return order
}

// writing is what was written since a position: commits, and the kinds of their events.
type writing struct {
	commits int
	kinds   []string
}

func (b *branch) since(after eventbus.Position) (seen writing) {
	b.t.Helper()
	for record, err := range b.log.ReadAll(background, after) {
		require.NoError(b.t, err)
		seen.commits++
		for _, event := range record.Events {
			seen.kinds = append(seen.kinds, event.Kind)
		}
	}
	return seen
}

func (b *branch) head() eventbus.Position {
	b.t.Helper()
	head, err := b.log.Head(background)
	require.NoError(b.t, err)
	return head.Position
}

// holds tells whether any event's bytes hold a text.
func (b *branch) holds(text string) bool {
	for record, err := range b.log.ReadAll(background, 0) {
		require.NoError(b.t, err)
		for _, event := range record.Events {
			if strings.Contains(string(event.Data), text) {
				return true
			}
		}
	}
	return false
}

// together runs one function many times at once and gives the errors.
func together(times int, run func(i int) error) []error {
	failures := make([]error, times)
	var all sync.WaitGroup
	for i := range times {
		all.Go(func() { failures[i] = run(i) })
	}
	all.Wait()
	return failures
}

func succeeded(failures []error) (count int) {
	for _, err := range failures {
		if err == nil {
			count++
		}
	}
	return count
}
