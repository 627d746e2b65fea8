// Package consent decides one request of a third party to act for a customer:
// from its being pushed (RFC 9126) to the code that becomes tokens.
//
//	(none) -- Push --> pushed -- Open --> opened -- Grant --> granted -- Redeem --> redeemed
//	                                          \---- Deny ---> denied
//
// What was granted is taken back by Revoke, and the one payment that it may name is
// made once, by Pay (payment.go). One that comes without a browser is asked for by
// the back channel (backchannel.go).
//
// A request is opened by one browser and answered once; one that may ask
// nothing never is (silence.go). Everything that it asks
// for was said by the client, authenticated, before any browser saw it, so nothing
// that passes through the browser can change it. Who the customer is, and that it
// is they, is shown by a login of its own (package grant).
package consent

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"time"
	"unicode/utf8"

	"florin/domain/id"
	"florin/domain/text"
)

type phase uint8

const (
	none phase = iota
	pushed
	opened
	denied
	granted
	redeemed
	asked // by the back channel
)

// State is what the rules need to know of a request.
type State struct {
	Requested
	Browser  string // keyed hash of the cookie of the browser that opened it
	Until    time.Time
	Granted  Granted
	Becomes  id.Session // once redeemed
	Debtor   id.Account // of the payment; zero: any of the customer's
	Paid     id.Transfer
	Revoked  bool
	Silent   bool      // nobody may be asked
	By       id.Device // that the customer has agreed on, of a request by the back channel
	customer id.Customer
	approval id.Approval
	replayed bool
	phase    phase
}

// Redeemed tells whether the code was taken already.
func (s State) Redeemed() bool { return s.phase == redeemed }

// Asks tells whether this browser may be asked for an answer; ErrURI if not.
func (s State) Asks(browser string, at time.Time) error {
	if s.Silent {
		return ErrURI
	}
	return s.OpenIn(browser, at)
}

// Answered tells whether this browser has answered, and may have the answer again:
// a button was pressed twice, and what came first was never seen. Not once the
// code was taken: to the client it would be a stolen one. ErrURI if not.
func (s State) Answered(browser string, at time.Time) error {
	if s.phase != granted && s.phase != denied || s.phase == granted && !at.Before(s.Granted.ExpiresAt) || !at.Before(s.Until) ||
		browser == "" || !same(s.Browser, browser) {
		return ErrURI
	}
	return nil
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Push:
		if s.phase != none {
			return nil, ErrURI
		}
		return push(c)
	case Open:
		return s.open(c)
	case Grant:
		return s.grant(c)
	case Deny:
		if s.phase == denied {
			return nil, s.Answered(c.Browser, c.At)
		}
		if err := s.Asks(c.Browser, c.At); err != nil {
			return nil, err
		}
		return []Event{Denied{Client: s.Client, Customer: c.Customer, Grant: c.Grant, Scopes: s.Scopes, Payment: s.Payment, At: c.At}}, nil
	case Redeem:
		return s.redeem(c)
	case Silence:
		return s.silence(c)
	case NameDebtor:
		return s.nameDebtor(c)
	case Pay:
		return s.pay(c)
	case Revoke:
		return s.revoke(c)
	case Ask:
		return s.ask(c)
	case Approve:
		return s.approve(c)
	case Decline:
		return s.decline(c)
	case Collect:
		return s.collect(c)
	}
	panic(fmt.Sprintf("consent: unknown command %T", command)) // sealed: a bug, not an input
}

func push(c Push) ([]Event, error) {
	challenge, err := base64.RawURLEncoding.Strict().DecodeString(c.CodeChallenge)
	switch {
	case err != nil, len(challenge) != sha256.Size, len(c.Nonce) > NonceBytesMax, len(c.State.Reveal()) > StateBytesMax,
		c.Client.IsZero(), c.RedirectURI == "", len(c.Scopes) == 0, len(c.ACRValues) > acrValuesMax:
		return nil, ErrRequest
	case !c.Payment.IsZero() && !c.Payment.valid():
		return nil, ErrDetails
	}
	return []Event{Requested{
		Consent: c.Consent, Client: c.Client, JKT: c.JKT, Scopes: c.Scopes, Payment: c.Payment, RedirectURI: c.RedirectURI, State: c.State,
		CodeChallenge: c.CodeChallenge, Nonce: c.Nonce, ACRValues: c.ACRValues, ExpiresAt: c.At.Add(RequestTTL), At: c.At,
	}}, nil
}

// valid: a sum, and somebody to get it, in text that looks like what it is.
func (p Payment) valid() bool {
	name, account := p.CreditorName.Reveal(), p.CreditorAccount.Reveal()
	return p.Amount.IsPositive() && p.Amount.Currency.Known() &&
		name != "" && utf8.RuneCountInString(name) <= CreditorRunesMax && text.Line(name) &&
		account != "" && len(account) <= accountBytesMax && text.Line(account) && text.Reference(p.Reference.Reveal())
}

// open binds the request to the browser that comes first. The same browser may
// come again (a page is reloaded); whoever else comes has found a link.
func (s State) open(c Open) ([]Event, error) {
	switch {
	case c.Client != s.Client || c.Browser == "":
		return nil, ErrURI
	case s.phase == pushed && c.At.Before(s.ExpiresAt):
		return []Event{Opened{Browser: c.Browser, ExpiresAt: c.At.Add(PageTTL), At: c.At}}, nil
	}
	return nil, s.OpenIn(c.Browser, c.At)
}

func (s State) grant(c Grant) ([]Event, error) {
	if s.phase == granted && s.Granted.Grant == c.Grant {
		return nil, s.Answered(c.Browser, c.At)
	}
	if err := s.Asks(c.Browser, c.At); err != nil {
		return nil, err
	}
	return []Event{Granted{
		Client: s.Client, Customer: c.Customer, Grant: c.Grant, Scopes: s.Scopes, Payment: s.Payment, ACR: c.ACR, AMR: c.AMR, AuthTime: c.AuthTime,
		CodeHash: c.CodeHash, ExpiresAt: c.At.Add(CodeTTL), At: c.At,
	}}, nil
}

func (s State) redeem(c Redeem) ([]Event, error) {
	switch {
	case s.phase == redeemed && s.replayed:
		return nil, ErrCode
	case s.phase == redeemed: // by whomever: the code has leaked, or its owner cannot tell
		return []Event{CodeReplayed{Session: s.Becomes, At: c.At}}, nil
	case s.phase != granted, s.Backchannel(), s.Revoked, !c.At.Before(s.Granted.ExpiresAt), c.Client != s.Client, c.JKT == "", c.RedirectURI != s.RedirectURI,
		s.JKT != "" && !same(s.JKT, c.JKT), !same(s.CodeChallenge, c.Challenge):
		return nil, ErrCode
	}
	return []Event{Redeemed{Session: c.Session, At: c.At}}, nil
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Requested:
		s = State{Requested: e, phase: pushed}
	case Opened:
		s.phase, s.Browser, s.Until = opened, e.Browser, e.ExpiresAt
	case Granted:
		s.phase, s.Granted = granted, e
	case Denied:
		s.phase = denied
	case Redeemed:
		s.phase, s.Becomes = redeemed, e.Session
	case CodeReplayed:
		s.replayed = true
	case Silenced:
		s.Silent = true
	case DebtorNamed:
		s.Debtor = e.Debtor
	case PaymentMade:
		s.Paid = e.Transfer
	case Revoked:
		s.Revoked = true
	case Asked:
		s = s.afterAsked(e)
	case Approved:
		s = s.afterApproved(e)
	}
	return s
}
