// Package phone is a simulated mobile app: it holds the two keys of a device,
// proves possession of them, signs what moves money, and retries as a good app
// does. The demo, the kill tests and `florin phone` drive the bank with it.
//
//	Enrol -> Register (device) -> Login (password, TOTP) -> Transfer -> Refresh ...
//
// It knows the bank by its HTTP contract alone and imports nothing of its rooms,
// so it can only do what a client in any other language could. Who vouches for its keys
// is a simulated maker of phones.
//
// It must never resend a request as it was: every attempt is signed anew, with
// the same idempotency key, and the HTTP library is kept from retrying by itself.
package phone

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// ClientID is the bank's own app, known to every Florin from its first start.
const ClientID = "florin-app"

// Scopes is all that the bank's own app may ask for.
const Scopes = "openid profile accounts.read accounts.write payments.read payments.transfer cards.read cards.write notifications.read devices.manage factors.manage"

// answerBytesMax bounds what is read of any answer.
const answerBytesMax = 4 << 20

// Settings of a phone. Base is the issuer, without a trailing slash.
type Settings struct {
	Base   string
	Client *http.Client              // nil: one with keep-alive and a 30 s limit
	Now    func() time.Time          // the phone's own clock
	Random io.Reader                 // for keys and jti
	Trace  func(Request, Answer)     // sees every exchange; nil: nobody looks
	Wait   func(time.Duration) error // before a retry; nil: time.Sleep

	Platform *Platform // vouches for the keys; nil: nobody does
}

// Phone is one device of one customer. It may be used by many goroutines once
// it is logged in; Login and Refresh are serialised.
type Phone struct {
	settings Settings
	device   *ecdsa.PrivateKey // silent: proofs and request signatures
	sca      *ecdsa.PrivateKey // behind the fingerprint: strong authentication

	login   sync.Mutex // one Login or Refresh at a time
	mu      sync.Mutex
	nonce   string // the server's latest DPoP nonce
	seen    uint64 // highest Florin-Position answered: reads ask for no less
	tokens  Tokens
	profile Profile
	word    string // that another device of the customer's expects this one (Expect); brought to every login
}

// Profile is what the app remembers of its customer.
type Profile struct {
	Customer   string   `json:"customer_id"`
	Operator   string   `json:"operator_id,omitempty"` // of an operator, who is no customer
	Step       int64    `json:"otp_step,omitempty"`    // of an operator's last one-time password
	Passkey    *Passkey `json:"passkey,omitempty"`
	UserName   string   `json:"user_name"`
	Password   string   `json:"password"`
	TOTPSecret string   `json:"totp_secret"`
	Device     string   `json:"device_id"`
}

// Tokens is the answer of the token endpoint.
type Tokens struct {
	Access      string `json:"access_token"`
	Type        string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Refresh     string `json:"refresh_token"`
	Scope       string `json:"scope"`
	ID          string `json:"id_token"`
	AuthSession string `json:"auth_session"` // the family's step-up handle
}

// Request is one attempt, ready to be sent; tests change it to attack.
type Request struct {
	Method string
	Path   string // with query, below Base
	Header http.Header
	Body   []byte
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Refused is an answer that is not a success: a problem document, or an OAuth
// error whose name is the Code.
type Refused struct {
	Status      int
	Code        string
	Detail      string
	AuthSession string        // where a login goes on
	Next        []string      // what it takes there
	Number      string        // to be typed on the approving phone
	Interval    time.Duration // between two polls
	RetryAfter  time.Duration // 0: not said

	codeChallenge string // of the login
}

func (r *Refused) Error() string {
	return fmt.Sprintf("the bank answered %d %s: %s", r.Status, r.Code, r.Detail)
}

// New is a phone with fresh keys.
func New(settings Settings) (*Phone, error) {
	device, err := newKey(settings.Random)
	if err != nil {
		return nil, fmt.Errorf("make device key: %w", err)
	}
	sca, err := newKey(settings.Random)
	if err != nil {
		return nil, fmt.Errorf("make SCA key: %w", err)
	}
	return with(settings, device, sca), nil
}

func with(settings Settings, device, sca *ecdsa.PrivateKey) *Phone {
	settings.Base = strings.TrimRight(settings.Base, "/")
	if settings.Client == nil {
		settings.Client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256, MaxIdleConns: 256}}
	}
	if settings.Wait == nil {
		settings.Wait = func(d time.Duration) error { time.Sleep(d); return nil }
	}
	return &Phone{settings: settings, device: device, sca: sca}
}

// Profile is what the app remembers.
func (p *Phone) Profile() Profile {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.profile
}

// Tokens are the latest ones.
func (p *Phone) Tokens() Tokens {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tokens
}

// Remember sets what the app knows of its customer, for one that was enrolled elsewhere.
func (p *Phone) Remember(profile Profile) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.profile = profile
}

// SetTokens makes the phone hold other tokens: a thief's, in tests.
func (p *Phone) SetTokens(tokens Tokens) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tokens = tokens
}

// NewID is a fresh UUID from the phone's randomness: idempotency keys, jti.
func (p *Phone) NewID() string {
	id, err := uuid.NewRandomFromReader(p.settings.Random)
	if err != nil {
		panic("phone: no randomness: " + err.Error())
	}
	return id.String()
}

// Send sends one attempt as it is, once.
func (p *Phone) Send(ctx context.Context, r Request) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, p.settings.Base+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		return Answer{}, err
	}
	req.GetBody = nil // else net/http resends what carries Idempotency-Key by itself, with the same proof
	for name, values := range r.Header {
		req.Header[name] = values
	}
	resp, err := p.settings.Client.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerBytesMax))
	if err != nil {
		return Answer{}, fmt.Errorf("read answer: %w", err)
	}
	answer := Answer{resp.StatusCode, resp.Header, body}
	p.note(resp.Header)
	if p.settings.Trace != nil {
		p.settings.Trace(r, answer)
	}
	return answer, nil
}

// note takes in what an answer's headers say to later requests.
func (p *Phone) note(header http.Header) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if nonce := header.Get("DPoP-Nonce"); nonce != "" {
		p.nonce = nonce
	}
	if position, err := strconv.ParseUint(header.Get("Florin-Position"), 10, 64); err == nil {
		p.seen = max(p.seen, position)
	}
}

func (p *Phone) position() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

// call makes and sends a request, anew if the server wants another nonce.
func (p *Phone) call(ctx context.Context, make func() (Request, error)) (Answer, error) {
	for attempt := 0; ; attempt++ {
		request, err := make()
		if err != nil {
			return Answer{}, err
		}
		answer, err := p.Send(ctx, request)
		if err != nil || attempt > 0 || !answer.wantsNonce() {
			return answer, err
		}
	}
}

// wantsNonce: RFC 9449 section 8 (provider, in the body) and 9 (resource, in the header).
func (a Answer) wantsNonce() bool {
	switch a.Status {
	case http.StatusBadRequest:
		return a.refused().Code == "use_dpop_nonce"
	case http.StatusUnauthorized:
		return strings.Contains(a.Header.Get("WWW-Authenticate"), "use_dpop_nonce")
	}
	return false
}

// OK is nil for a 2xx answer, else *Refused.
func (a Answer) OK() error {
	if a.Status >= 200 && a.Status < 300 {
		return nil
	}
	return a.refused()
}

// Decode reads the body of a 2xx answer; any other is *Refused.
func (a Answer) Decode(into any) error {
	if err := a.OK(); err != nil {
		return err
	}
	return json.Unmarshal(a.Body, into)
}

func (a Answer) refused() *Refused {
	var doc struct {
		Code        string   `json:"code"`
		Detail      string   `json:"detail"`
		Error       string   `json:"error"`
		Description string   `json:"error_description"`
		AuthSession string   `json:"auth_session"`
		Next        []string `json:"next"`
		Number      string   `json:"number"`
		Interval    int      `json:"interval"`
	}
	_ = json.Unmarshal(a.Body, &doc) // what is no JSON has no code
	refused := &Refused{Status: a.Status, Code: doc.Code, Detail: doc.Detail, AuthSession: doc.AuthSession, Next: doc.Next,
		Number: doc.Number, Interval: time.Duration(doc.Interval) * time.Second}
	if doc.Error != "" {
		refused.Code, refused.Detail = doc.Error, doc.Description
	}
	if seconds, err := strconv.Atoi(a.Header.Get("Retry-After")); err == nil {
		refused.RetryAfter = time.Duration(seconds) * time.Second
	}
	return refused
}

// IsRefused tells whether err is a refusal with this code.
func IsRefused(err error, code string) bool {
	refused, ok := errors.AsType[*Refused](err)
	return ok && refused.Code == code
}
