package commands

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"florin/domain/id"
	"florin/schemas/seal"
)

// IdentitySettings are what the wiring decides about logins.
type IdentitySettings struct {
	Issuer string // of otpauth URIs, as an authenticator app shows it; "": Florin
	Argon  Argon  // cost of password hashes; the zero value is the default
	// HashesAtOnce bounds password hashes in work, for each takes Argon's memory;
	// 0: one for each processor.
	HashesAtOnce int
	RecoveryWait time.Duration // before an operator's permit to recover is good; 0: a day
	// Breached tells whether a password is known to have leaked; nil: nobody knows.
	// An error means that it could not be found out: the password is not taken.
	Breached func(password string) (bool, error)
}

// identity is what the verbs of logins keep in memory.
type identity struct {
	slots   chan struct{} // one for each password hash in work
	waiting atomic.Int64
	hashes  atomic.Uint64
	mu      sync.RWMutex // guards keys
	keys    signingKeys
	rotated chan struct{} // closed when keys change
	making  sync.Mutex    // one RSA key is made at a time, by the first who needs it
}

func newIdentity(settings IdentitySettings) *identity {
	atOnce := settings.HashesAtOnce
	if atOnce <= 0 {
		atOnce = runtime.GOMAXPROCS(0)
	}
	return &identity{slots: make(chan struct{}, atOnce)}
}

// Names of the ledger's keys that logins use.
const (
	keyClaim       = "claim"
	keyTOTP        = "totp"
	keyPasskey     = "passkey"
	keyRecovery    = "recovery-code"
	keyCode        = "code"
	keyCodeHash    = "code-hash"
	keyRefresh     = "refresh"
	keyRefreshHash = "refresh-hash"
	keyRetry       = "retry"
	keyAuthSession = "auth-session"
	keyExpectation = "expectation"
	keyRequestURI  = "request-uri"
	keyConsentCode = "consent-code"
	keyBrowser     = "browser"
	keyOrigin      = "origin"
	keyPlace       = "place"
	keySpray       = "spray"
	keyFactors     = "made-up-factors"
	keyOTP         = "sent-otp"
	keyEnrol       = "operator-enrolment"
	keyEnrolHash   = "operator-enrolment-hash"
	keyApproval    = "approval"
	keyNumber      = "approval-number"

	keyAuthReqID     = "auth-req-id"
	keyAuthReqIDHash = "auth-req-id-hash"
	keyWebhook       = "webhook"
)

// mac is the HMAC of the parts under one of the ledger's keys.
func (b *Bank) mac(name string, parts ...[]byte) ([]byte, error) {
	secret, err := b.ring.Named(name)
	if err != nil {
		return nil, fmt.Errorf("commands: key %s: %w", name, err)
	}
	return seal.Digest(secret, parts...), nil
}

// macText is mac as it is stored.
func (b *Bank) macText(name string, parts ...[]byte) (string, error) {
	digest, err := b.mac(name, parts...)
	return base64.RawURLEncoding.EncodeToString(digest), err
}

var opaque = base64.RawURLEncoding.Strict()

// A code is the login's id and a MAC of it: nobody can guess one, and none has to
// be kept. The log has a keyed hash of it.
func (b *Bank) codeOf(login id.Grant) (code, hash string, err error) {
	u := login.UUID()
	secret, err := b.mac(keyCode, u[:])
	if err != nil {
		return "", "", err
	}
	code = opaque.EncodeToString(append(u[:], secret...))
	hash, err = b.macText(keyCodeHash, []byte(code))
	return code, hash, err
}

// readCode gives the login of a code that is truly ours.
func (b *Bank) readCode(code string) (id.Grant, bool, error) {
	raw, err := opaque.DecodeString(code)
	if err != nil || len(raw) != 16+32 {
		return id.Grant{}, false, nil
	}
	login := id.From[id.Grant](uuid.UUID(raw[:16]))
	right, _, err := b.codeOf(login)
	return login, hmac.Equal([]byte(right), []byte(code)), err
}

// A refresh token is derived from the family, its generation and the family's
// salt, so the same generation is the same token however often it is asked for.
func (b *Bank) refreshToken(family id.Session, generation int64, salt string) (token, hash string, err error) {
	u := family.UUID()
	head := binary.BigEndian.AppendUint32(u[:], uint32(generation))
	secret, err := b.mac(keyRefresh, head, []byte(salt))
	if err != nil {
		return "", "", err
	}
	token = opaque.EncodeToString(append(head, secret...))
	hash, err = b.macText(keyRefreshHash, []byte(token))
	return token, hash, err
}

// readRefresh takes a refresh token apart; whether it is true is for the salt to say.
func readRefresh(token string) (family id.Session, generation int64, ok bool) {
	raw, err := opaque.DecodeString(token)
	if err != nil || len(raw) != 16+4+32 {
		return family, 0, false
	}
	return id.From[id.Session](uuid.UUID(raw[:16])), int64(binary.BigEndian.Uint32(raw[16:])), true
}

// What an auth_session stands for.
const (
	handleLogin  = 1 // a login under way, at one step
	handleStepUp = 2 // a family that may be elevated
)

// handle is an auth_session: kind, id, step and a MAC. It is no secret that lets
// anybody in: it works with the key of its device alone.
func (b *Bank) handle(kind byte, named uuid.UUID, step int64) (string, error) {
	raw := append([]byte{kind, byte(step)}, named[:]...)
	proof, err := b.mac(keyAuthSession, raw)
	if err != nil {
		return "", err
	}
	return opaque.EncodeToString(append(raw, proof[:16]...)), nil
}

func (b *Bank) readHandle(text string) (kind byte, named uuid.UUID, step int64, ok bool, err error) {
	raw, err := opaque.DecodeString(text)
	if err != nil || len(raw) != 2+16+16 {
		return 0, named, 0, false, nil
	}
	kind, named, step = raw[0], uuid.UUID(raw[2:18]), int64(raw[1])
	right, err := b.handle(kind, named, step)
	return kind, named, step, hmac.Equal([]byte(right), []byte(text)), err
}

// uuidOf makes a UUID of a digest (version 8, RFC 9562 section 5.8).
func uuidOf(digest []byte) uuid.UUID {
	u := uuid.UUID(digest[:16])
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return u
}
