// Package device decides about the keys that apps act with. A device is its key:
// its id is derived from the key's thumbprint, so the same key is the same device
// for ever, and can never be two customers'.
//
//	(none) -- Register --> registered -- Bind --> bound -- Revoke, ReportLost --> revoked
//	                            \__________________________________________________^
//
// A device also knows the token families that were begun with it, so that they
// end with it without anybody having to search.
package device

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/text"
)

// Limits of what a registration may say, in runes.
const (
	TextRunesMax        = 100
	FingerprintRunesMax = 4096
	NameRunesMax        = 60
)

// SessionsMax bounds the token families of one device at a time; whoever adds
// another ends the oldest first (Displaced).
const SessionsMax = 20

// Levels of attestation, by rising trust.
const (
	AttestedNone     = "none"
	AttestedSoftware = "software"
	AttestedHardware = "hardware"
)

// byOperator is who has to say why they end what is not theirs.
const byOperator = "operator"

// Command is something one may ask of a device.
type Command interface{ deviceCommand() }

type (
	// Register shows a key for the first time. That it is possessed, and that the
	// SCA key is too, is proven before.
	Register struct {
		Device      id.Device
		JKT         string
		Key         domain.PublicKey
		SCAKey      domain.PublicKey
		Platform    string
		OS          string
		Model       string
		AppVersion  string
		Fingerprint domain.Profile
		PushToken   domain.Profile
		Attestation string
		At          time.Time
	}
	// Bind makes it a customer's, after a strong login.
	Bind struct {
		Customer id.Customer
		Grant    id.Grant
		Doubted  bool // risk was not sure that it is the customer
		At       time.Time
	}
	// JoinSession notes a token family begun with it.
	JoinSession struct {
		Session id.Session
		Visitor bool // of a weak login: the device may be nobody's
		At      time.Time
	}
	// Rename gives it the name that its owner knows it by.
	Rename struct {
		Name domain.Profile
		At   time.Time
	}
	// Revoke ends it, for a reason that is a code.
	Revoke struct {
		By     string
		Reason string
		At     time.Time
	}
	// Attest notes what a platform vouches for; that it does was judged before. Keys are
	// those of the statement.
	Attest struct {
		SCAKey domain.PublicKey
		Attested
	}
	// Assert notes that the attested key has signed anew.
	Assert struct {
		SCAKey domain.PublicKey
		Asserted
	}
	// ReportLost ends it, for it is in nobody knows whose hands.
	// Its owner needs no other reason; an operator says how they know.
	ReportLost struct {
		By     string
		Reason string
		At     time.Time
	}
)

func (Register) deviceCommand()    {}
func (Bind) deviceCommand()        {}
func (JoinSession) deviceCommand() {}
func (Rename) deviceCommand()      {}
func (Revoke) deviceCommand()      {}
func (Attest) deviceCommand()      {}
func (Assert) deviceCommand()      {}
func (ReportLost) deviceCommand()  {}

var (
	ErrUnknown   = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrKey       = &domain.Refusal{Class: domain.Invalid, Code: "key-invalid", Detail: "A device needs a public P-256 key, and another one for confirmations."}
	ErrText      = &domain.Refusal{Class: domain.Invalid, Code: "device-description-invalid", Detail: "What the device says of itself is missing or too long."}
	ErrName      = &domain.Refusal{Class: domain.Invalid, Code: "device-name-invalid", Detail: "A name is one line of 1 to 60 characters."}
	ErrOtherKeys = &domain.Refusal{Class: domain.Invalid, Code: "attestation-key-mismatch", Detail: "The attestation is of other keys than this device was registered with."}
	ErrCounter   = &domain.Refusal{Class: domain.Invalid, Code: "attestation-counter-replayed", Detail: "An assertion with this counter was seen before."}
	ErrRevoked   = &domain.Refusal{Class: domain.Forbidden, Code: "device-revoked", Detail: "This device was removed."}
	ErrBound     = &domain.Refusal{Class: domain.Forbidden, Code: "device-bound", Detail: "This device belongs to another customer."}
	ErrReason    = &domain.Refusal{Class: domain.Invalid, Code: "invalid-reason", Detail: "Give a reason code of lower-case letters, digits and hyphens."}
	ErrNotBound  = &domain.Refusal{Class: domain.Conflict, Code: "device-not-bound", Detail: "This device belongs to nobody yet."}
)

// Joined is a token family begun with the device.
type Joined struct {
	Session id.Session
	At      time.Time
}

// State is what the rules need to know of a device.
type State struct {
	Device      id.Device
	JKT         string
	Key         domain.PublicKey
	SCAKey      domain.PublicKey
	Platform    string
	OS, Model   string      // as the device says
	Attestation string      // the highest level that was shown
	Customer    id.Customer // zero until bound
	BoundAt     time.Time
	Doubted     bool // when it was bound
	Revoked     bool
	Lost        bool
	Sessions    []Joined // the latest, oldest first; some may have ended
	At          time.Time
	SCAHardware bool             // the SCA key lives in hardware and asks for its owner at every use
	AppKey      domain.PublicKey // that App Attest's assertions are made by
	Counter     int64            // of the last one
	Statement   string           // digest of the last attestation
}

// Usable tells whether anything is accepted from the device's key.
func (s State) Usable() bool { return !s.Device.IsZero() && !s.Revoked }

// Displaced is the family that has to end before another joins, if any.
func (s State) Displaced() (id.Session, bool) {
	if len(s.Sessions) < SessionsMax {
		return id.Session{}, false
	}
	return s.Sessions[0].Session, true
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	if c, first := command.(Register); first {
		return s.register(c)
	}
	if s.Device.IsZero() {
		return nil, ErrUnknown
	}
	switch c := command.(type) {
	case Bind:
		switch {
		case s.Revoked:
			return nil, ErrRevoked
		case s.Customer == c.Customer:
			return nil, nil
		case !s.Customer.IsZero():
			return nil, ErrBound
		}
		return []Event{Bound(c)}, nil
	case JoinSession:
		switch {
		case s.Revoked:
			return nil, ErrRevoked
		case s.Customer.IsZero() && !c.Visitor:
			return nil, ErrNotBound
		}
		return []Event{SessionJoined{Session: c.Session, At: c.At}}, nil
	case Rename:
		name := c.Name.Reveal()
		switch {
		case s.Revoked:
			return nil, ErrRevoked
		case s.Customer.IsZero():
			return nil, ErrNotBound
		case name == "", name != strings.TrimSpace(name), !short(NameRunesMax, name), !text.Line(name):
			return nil, ErrName
		}
		return []Event{Renamed(c)}, nil
	case Revoke:
		switch {
		case !text.Code(c.Reason):
			return nil, ErrReason
		case s.Revoked:
			return nil, nil
		}
		return []Event{Revoked(c)}, nil
	case ReportLost:
		return s.reportLost(c)
	case Attest:
		return s.attest(c)
	case Assert:
		return s.assert(c)
	}
	panic(fmt.Sprintf("device: unknown command %T", command)) // sealed: a bug, not an input
}

func (s State) register(c Register) ([]Event, error) {
	switch {
	case s.Revoked:
		return nil, ErrRevoked
	case !s.Device.IsZero(): // the same key is the same device
		return nil, nil
	case c.Key.Type != "EC", c.JKT == "", c.Key.Thumbprint() != c.JKT, c.Device != id.Named[id.Device](c.JKT):
		return nil, ErrKey
	case !c.SCAKey.IsZero() && (c.SCAKey.Type != "EC" || c.SCAKey.Thumbprint() == "" || c.SCAKey.Thumbprint() == c.JKT):
		return nil, ErrKey
	case c.Platform == "", !short(TextRunesMax, c.Platform, c.OS, c.Model, c.AppVersion),
		!short(FingerprintRunesMax, c.Fingerprint.Reveal(), c.PushToken.Reveal()):
		return nil, ErrText
	case rank(c.Attestation) < 0:
		return nil, ErrText
	}
	return []Event{Registered(c)}, nil
}

func (s State) reportLost(c ReportLost) ([]Event, error) {
	switch {
	case (c.By == byOperator || c.Reason != "") && !text.Code(c.Reason):
		return nil, ErrReason
	case s.Lost:
		return nil, nil
	}
	events := []Event{ReportedLost(c)}
	if !s.Revoked {
		events = append(events, Revoked{By: c.By, Reason: "lost", At: c.At})
	}
	return events, nil
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Registered:
		s = State{Device: e.Device, JKT: e.JKT, Key: e.Key, SCAKey: e.SCAKey, Platform: e.Platform, OS: e.OS, Model: e.Model, Attestation: e.Attestation, At: e.At}
	case Bound:
		s.Customer, s.BoundAt, s.Doubted = e.Customer, e.At, e.Doubted
	case SessionJoined:
		s.Sessions = append(slices.Clone(s.Sessions), Joined(e))
		s.Sessions = s.Sessions[max(0, len(s.Sessions)-SessionsMax):]
	case Attested:
		s = s.attested(e)
	case Asserted:
		s.Counter = e.Counter
	case Revoked:
		s.Revoked = true
	case ReportedLost:
		s.Lost = true
	}
	return s
}

func short(runesMax int, texts ...string) bool {
	for _, text := range texts {
		if utf8.RuneCountInString(text) > runesMax {
			return false
		}
	}
	return true
}
