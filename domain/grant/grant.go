// Package grant decides one login in the bank's own app: from a name to a code
// that becomes tokens (OAuth 2.0 for First-Party Applications).
//
//	(none) -- Start --> open -- Prove, once per factor --> coded -- Redeem --> redeemed
//	                      |\--------------------------> denied
//	                      \-- in a browser -----------> authenticated -- LogOut, of own pages --> left
//
// On a device that is the customer's already, one more factor is enough: the
// device's key is the first. Anywhere else the password comes first and a second,
// independent factor after it. Nothing is told before the last: a wrong password
// and a name that is nobody's go on like a right one. Each step is taken once.
//
// The customer's word on a device that was theirs before (Push) is a second factor
// like any other: so the first device lets the second one in.
//
// A one-time password that is sent (OTPSend) lets its owner look and binds no
// device: such a login is of the class of the device alone.
package grant

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"florin/domain/id"
)

type phase uint8

const (
	none phase = iota
	open
	denied
	authenticated
	coded
	redeemed
	left
)

// State is what the rules need to know of a login.
type State struct {
	Started
	Desk      bool // an operator's login; Operator is zero for a name that is nobody's
	Operator  id.Operator
	Steps     int64
	Shown     []string // factors, right or wrong
	CodeHash  string
	Requested OTPRequested // the last one
	Requests  int
	Pushed    ApprovalRequested // the last one
	Pushes    int
	Coded     CodeIssued
	Proven    Authenticated // in a browser
	Becomes   id.Session    // once redeemed
	wrong     bool
	more      bool // a second factor is wanted of a bound device, too
	replayed  bool
	phase     phase
}

// Complete tells whether the login has succeeded.
func (s State) Complete() bool {
	return s.phase == authenticated || s.phase == coded || s.phase == redeemed
}

// OwnPages stands where a third party's request would when a customer logs in, in a
// browser, to the bank's own pages.
func OwnPages() id.Consent { return id.Named[id.Consent]("own-pages") }

// Proves refuses to take this login for that of a customer who answers a third
// party's request in a browser. A password that was sent lets nobody act, and so
// nobody let others act; looks says that the request is not to act.
func (s State) Proves(consent id.Consent, browser string, looks bool, at time.Time) error {
	if s.phase != authenticated || s.Proven.ACR == ACRDevice && !looks || consent.IsZero() || s.Consent != consent || !at.Before(s.Proven.ExpiresAt) ||
		subtle.ConstantTimeCompare([]byte(s.JKT), []byte(browser)) != 1 {
		return ErrSession
	}
	return nil
}

// Right tells whether every factor was right so far; only then is anything sent.
func (s State) Right() bool { return s.phase == open && !s.wrong && !s.Customer.IsZero() }

// Weak tells whether the login rests on a password that was sent: it lets nobody
// act, and makes no device anybody's.
func (s State) Weak() bool { return !s.Bound && s.Coded.ACR == ACRDevice }

// Redeemed tells whether the code was taken already.
func (s State) Redeemed() bool { return s.phase == redeemed }

// Asks are the factors of which one is needed now.
func (s State) Asks() []string { return s.asksAfter(s.Shown) }

func (s State) asksAfter(shown []string) []string {
	switch {
	case s.Desk:
		return asksDesk(shown)
	case s.Bound && s.more && len(shown) == 1 && shown[0] == Password:
		return s.asksMore()
	case s.Bound && len(shown) > 0, len(shown) > 1:
		return nil
	case s.Bound && s.wantsStrong():
		return []string{SCAKey}
	case s.Bound && slices.Contains(s.Second, Passkey):
		return []string{Password, SCAKey, Passkey}
	case s.Bound:
		return []string{Password, SCAKey}
	case len(shown) == 0:
		return []string{Password}
	}
	return s.asksSecond()
}

// asksSecond are the factors after the password, with one word for all codes that can
// be sent.
func (s State) asksSecond() []string {
	if len(s.Sends()) == 0 {
		return s.Second
	}
	sent := func(factor string) bool { return factor == ByEmail || factor == BySMS || factor == OTPSend }
	return append(slices.DeleteFunc(slices.Clone(s.Second), sent), OTPSend)
}

// asksMore are the factors after the password on the customer's own device, of which
// everyone makes the login stronger: no code that is sent does.
func (s State) asksMore() []string {
	sent := func(factor string) bool { return factor == ByEmail || factor == BySMS || factor == OTPSend }
	return append([]string{SCAKey}, slices.DeleteFunc(slices.Clone(s.Second), sent)...)
}

// Last tells whether the login ends with this factor, right or wrong.
func (s State) Last(factor string) bool {
	return len(s.asksAfter(append(slices.Clip(s.Shown), factor))) == 0
}

// After is the login as it would be after a factor; after one that is refused, as it is.
func (s State) After(c Prove) State {
	events, _ := s.prove(c)
	for _, event := range events {
		s = s.Evolve(event)
	}
	return s
}

// Sends are the ways by which a one-time password can be asked for.
func (s State) Sends() (ways []string) {
	for _, way := range []string{ByEmail, BySMS} {
		if slices.Contains(s.Second, way) || slices.Contains(s.Second, OTPSend) { // OTPSend: in the log from when both were offered to everybody
			ways = append(ways, way)
		}
	}
	return ways
}

// wantsStrong tells whether only the SCA key will do: no class that is asked for can be
// reached by a password.
func (s State) wantsStrong() bool {
	weaker := func(class string) bool { return class != ACRStrong && class != ACRStrongInKey }
	return len(s.ACRValues) > 0 && !slices.ContainsFunc(s.ACRValues, weaker)
}

// Awaits tells whether the login goes on from this step, with this key.
func (s State) Awaits(step int64, jkt string, at time.Time) error {
	if s.phase != open || !at.Before(s.ExpiresAt) || s.Steps != step || subtle.ConstantTimeCompare([]byte(s.JKT), []byte(jkt)) != 1 {
		return ErrSession
	}
	return nil
}

// Expects tells whether a factor may be shown now; Decide asks it again. It lets
// a verb refuse before it spends an attempt.
func (s State) Expects(factor string, step int64, jkt string, at time.Time) error {
	if err := s.Awaits(step, jkt, at); err != nil {
		return err
	}
	switch {
	case factor == ByEmail || factor == BySMS:
		if s.Requested.Method != factor || !slices.Contains(s.Asks(), OTPSend) {
			return ErrFactor
		}
	case factor == PushStart:
		if s.Pushes >= PushesMax || !slices.Contains(s.Asks(), Push) {
			return ErrFactor
		}
	case factor == OTPSend && s.Requests >= OTPsMax, factor == Push && s.Pushes == 0, !slices.Contains(s.Asks(), factor):
		return ErrFactor
	}
	return nil
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Start:
		return s.start(c)
	case StartDesk:
		return s.startDesk(c)
	case Prove:
		return s.prove(c)
	case RequestOTP:
		return s.requestOTP(c)
	case RequestApproval:
		return s.requestApproval(c)
	case Redeem:
		return s.redeem(c)
	case LogOut:
		return s.logOut(c)
	}
	panic(fmt.Sprintf("grant: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) start(c Start) ([]Event, error) {
	if err := s.begins(c.CodeChallenge, c.Nonce); err != nil {
		return nil, err
	}
	started := Started{
		Grant: c.Grant, Client: c.Client, Device: c.Device, JKT: c.JKT, Customer: c.Customer, Attempts: c.Attempts,
		Session: c.Session, Consent: c.Consent, Bound: c.Bound, TOTP: c.TOTP, Second: c.Second, Scopes: c.Scopes, CodeChallenge: c.CodeChallenge,
		Nonce: c.Nonce, ACRValues: c.ACRValues, ExpiresAt: c.At.Add(LoginTTL), At: c.At,
	}
	started.Next = State{Started: started}.Asks()
	return []Event{started}, nil
}

// begins refuses a login that was begun already, or asks for a code in a wrong way.
func (s State) begins(codeChallenge, nonce string) error {
	challenge, err := base64.RawURLEncoding.Strict().DecodeString(codeChallenge)
	switch {
	case s.phase != none:
		return ErrSession
	case err != nil, len(challenge) != sha256.Size, len(nonce) > NonceBytesMax:
		return ErrRequest
	}
	return nil
}

func (s State) requestOTP(c RequestOTP) ([]Event, error) {
	if err := s.Expects(OTPSend, c.Step, c.JKT, c.At); err != nil {
		return nil, err
	}
	if !slices.Contains(s.Sends(), c.Method) || c.Salt == "" {
		return nil, ErrFactor
	}
	return []Event{OTPRequested{Method: c.Method, Salt: c.Salt, Step: s.Steps + 1, Next: s.Asks(), ExpiresAt: c.At.Add(OTPTTL), At: c.At}}, nil
}

func (s State) requestApproval(c RequestApproval) ([]Event, error) {
	if err := s.Expects(PushStart, c.Step, c.JKT, c.At); err != nil {
		return nil, err
	}
	if c.Approval.IsZero() {
		return nil, ErrFactor
	}
	return []Event{ApprovalRequested{Approvals: c.Approvals, Approval: c.Approval, Step: s.Steps + 1, Next: s.Asks(), ExpiresAt: c.ExpiresAt, At: c.At}}, nil
}

func (s State) prove(c Prove) ([]Event, error) {
	if c.Factor == OTPSend || c.Factor == PushStart {
		return nil, ErrFactor
	}
	if err := s.Expects(c.Factor, c.Step, c.JKT, c.At); err != nil {
		return nil, err
	}
	shown := append(slices.Clip(s.Shown), c.Factor)
	s.more = s.more || c.More
	next := s.asksAfter(shown)
	right := c.Right && !s.nobody()
	if c.Factor == ByEmail || c.Factor == BySMS {
		right = right && c.At.Before(s.Requested.ExpiresAt)
	}
	var events []Event
	if right {
		events = append(events, FactorVerified{Factor: c.Factor, Step: s.Steps + 1, Next: next, At: c.At})
	} else {
		events = append(events, FactorFailed{Factor: c.Factor, Step: s.Steps + 1, Next: next, At: c.At})
	}
	switch {
	case len(next) > 0:
		return events, nil
	case s.nobody():
		return append(events, Denied{Reason: "unknown-name", At: c.At}), nil
	case s.wrong || !right:
		return append(events, Denied{Reason: "wrong-factor", At: c.At}), nil
	case c.Blocked:
		return append(events, Denied{Reason: "risk", At: c.At}), nil
	}
	acr, amr := s.class(shown, c.Hardware)
	if !s.Consent.IsZero() {
		return append(events, Authenticated{ACR: acr, AMR: amr, AuthTime: c.At, ExpiresAt: s.ExpiresAt, At: c.At}), nil
	}
	return append(events, CodeIssued{
		CodeHash: c.CodeHash, ACR: acr, AMR: amr, AuthTime: c.At, ExpiresAt: c.At.Add(CodeTTL), At: c.At,
	}), nil
}

// class says what a complete login is worth, and its methods as RFC 8176 names
// them, sorted.
func (s State) class(shown []string, hardware bool) (acr string, amr []string) {
	switch shown[len(shown)-1] {
	case ByEmail:
		return ACRDevice, []string{OneTime, Password}
	case BySMS:
		return ACRDevice, []string{OneTime, Password, BySMS}
	}
	amr = []string{"mfa"}
	if s.Bound {
		amr = append(amr, "pop")
	}
	acr = ACRMulti
	for _, factor := range shown {
		switch {
		case factor == SCAKey && hardware:
			acr, amr = ACRStrongInKey, append(amr, "hwk", "user")
		case factor == SCAKey:
			acr, amr = ACRStrong, append(amr, "user")
		case factor == Passkey:
			amr = append(amr, "pop", "user")
		case factor == Push: // over another channel, by the fingerprint that gates the other device's key
			amr = append(amr, "mca", "user")
		default:
			amr = append(amr, factor)
		}
	}
	slices.Sort(amr)
	return acr, slices.Compact(amr)
}

func (s State) redeem(c Redeem) ([]Event, error) {
	switch {
	case s.phase == redeemed && s.replayed:
		return nil, ErrCode
	case s.phase == redeemed: // by whomever: the code has leaked, or its owner cannot tell
		return []Event{CodeReplayed{Session: s.Becomes, At: c.At}}, nil
	case s.phase != coded, !c.At.Before(s.Coded.ExpiresAt), c.Client != s.Client,
		subtle.ConstantTimeCompare([]byte(s.JKT), []byte(c.JKT)) != 1,
		subtle.ConstantTimeCompare([]byte(s.CodeChallenge), []byte(c.Challenge)) != 1:
		return nil, ErrCode
	}
	session := c.Session
	if !s.Session.IsZero() {
		session = s.Session
	}
	return []Event{Redeemed{Session: session, At: c.At}}, nil
}

func (s State) logOut(c LogOut) ([]Event, error) {
	switch {
	case s.phase == left:
		return nil, nil
	case s.phase != authenticated, s.Consent != OwnPages():
		return nil, ErrSession
	}
	return []Event{LoggedOut(c)}, nil
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Started:
		s = State{Started: e, phase: open}
	case DeskStarted:
		s = atDesk(e)
	case FactorVerified:
		s.Steps, s.Shown, s.more = e.Step, append(slices.Clone(s.Shown), e.Factor), len(e.Next) > 0
	case FactorFailed:
		s.Steps, s.Shown, s.wrong, s.more = e.Step, append(slices.Clone(s.Shown), e.Factor), true, len(e.Next) > 0
	case OTPRequested:
		s.Steps, s.Requested, s.Requests = e.Step, e, s.Requests+1
	case ApprovalRequested:
		s.Steps, s.Pushed, s.Pushes = e.Step, e, s.Pushes+1
	case Denied:
		s.phase = denied
	case Authenticated:
		s.phase, s.Proven = authenticated, e
	case CodeIssued:
		s.phase, s.Coded, s.CodeHash = coded, e, e.CodeHash
	case Redeemed:
		s.phase, s.Becomes = redeemed, e.Session
	case CodeReplayed:
		s.replayed = true
	case LoggedOut:
		s.phase = left
	}
	return s
}
