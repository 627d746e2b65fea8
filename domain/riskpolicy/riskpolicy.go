// Package riskpolicy decides which versions of the risk policy the bank judges by: one
// is live, a few more run beside it as shadows, whose word is only noted down.
//
//	Version: (none) -- Submit --> submitted, for ever the same
//	State:   Activate(live)    the former live one is in force no more
//	         Activate(shadow)  beside the live one, up to ShadowsMax
//	         Retire            of a shadow
//
// A version is known by the SHA-256 of its text, and its text is in the log: so every
// decision can be made again from the log alone. Going back to an earlier version is
// activating it again. Whoever wants a change names the version that was live when they
// looked (Base): if another one is by now, they have to look again.
//
// It must never know what a policy says: whether it can be put to work is tried before
// (package schemas), and what follows from it is package risk's.
package riskpolicy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/text"
)

// Roles of a policy.
const (
	Live   = "live"
	Shadow = "shadow"
)

// Bounds.
const (
	ShadowsMax   = 4
	NameBytesMax = 64
	TextBytesMax = 256 << 10
)

// Stream is where it lies which policies are in force.
func Stream() id.RiskPolicy { return id.Named[id.RiskPolicy]("in-force") }

// VersionOf is the version with a digest.
func VersionOf(digest string) id.RiskPolicy { return id.Named[id.RiskPolicy]("version", digest) }

// Digest is the identity of a policy's canonical text.
func Digest(canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	return hex.EncodeToString(sum[:])
}

// Command is something one may ask of the policies in force. The set is sealed.
type Command interface{ policyCommand() }

type (
	// Activate puts a version in force.
	Activate struct {
		Digest   string
		Name     string
		Role     string
		Base     string // the version that was live when this was asked for; "": none was
		Reason   string
		Proposer id.Operator // zero: the bank itself, at its first start
		Approver id.Operator // zero: nobody had to
		At       time.Time
	}
	// Retire takes a shadow out of force.
	Retire struct {
		Digest   string
		Base     string
		Reason   string
		Proposer id.Operator
		Approver id.Operator
		At       time.Time
	}
)

func (Activate) policyCommand() {}
func (Retire) policyCommand()   {}

// Submit brings a version to the bank's knowledge; again, it is known already.
type Submit struct {
	Digest string
	Name   string
	Text   string // canonical
	By     id.Operator
	At     time.Time
}

// Refusals.
var (
	ErrUnknown = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrInvalid = &domain.Refusal{Class: domain.Invalid, Code: "invalid-risk-policy", Detail: "The policy cannot be put to work."}
	ErrRole    = &domain.Refusal{Class: domain.Invalid, Code: "risk-policy-role-unknown", Detail: "A policy is live or a shadow."}
	ErrStale   = &domain.Refusal{Class: domain.Conflict, Code: "risk-policy-stale", Detail: "Another policy has become live since; compare with that one and ask again."}
	ErrInForce = &domain.Refusal{Class: domain.Conflict, Code: "risk-policy-in-force", Detail: "This policy is in force already."}
	ErrShadow  = &domain.Refusal{Class: domain.Conflict, Code: "risk-policy-no-shadow", Detail: "This policy is no shadow. The live one is not retired: activate another one."}
	ErrShadows = &domain.Refusal{Class: domain.Refused, Code: "too-many-shadows", Detail: "As many policies run as shadows as may; retire one."}
	ErrReason  = &domain.Refusal{Class: domain.Invalid, Code: "invalid-reason", Detail: "Give a reason code of lower-case letters, digits and hyphens."}
)

// State is which versions are in force, by digest; its zero value is none.
type State struct {
	Live    string
	Shadows []string // the one that has run longest comes first
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Activate:
		switch {
		case c.Role != Live && c.Role != Shadow:
			return nil, ErrRole
		case c.Digest == "" || c.Name == "":
			return nil, ErrInvalid
		case !text.Code(c.Reason):
			return nil, ErrReason
		case c.Base != s.Live:
			return nil, ErrStale
		case c.Digest == s.Live, c.Role == Shadow && slices.Contains(s.Shadows, c.Digest):
			return nil, ErrInForce
		case c.Role == Shadow && len(s.Shadows) >= ShadowsMax:
			return nil, ErrShadows
		}
		activated := Activated{Digest: c.Digest, Name: c.Name, Role: c.Role, Reason: c.Reason, Proposer: c.Proposer, Approver: c.Approver, At: c.At}
		if c.Role == Live {
			activated.Replaced = s.Live
		}
		return []Event{activated}, nil
	case Retire:
		switch {
		case !text.Code(c.Reason):
			return nil, ErrReason
		case c.Base != s.Live:
			return nil, ErrStale
		case !slices.Contains(s.Shadows, c.Digest):
			return nil, ErrShadow
		}
		return []Event{Retired{Digest: c.Digest, Reason: c.Reason, Proposer: c.Proposer, Approver: c.Approver, At: c.At}}, nil
	}
	panic(fmt.Sprintf("riskpolicy: unknown command %T", command)) // sealed: a bug, not an input
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Activated:
		if e.Role == Live {
			s.Live, s.Shadows = e.Digest, without(s.Shadows, e.Digest)
		} else {
			s.Shadows = append(slices.Clip(s.Shadows), e.Digest)
		}
	case Retired:
		s.Shadows = without(s.Shadows, e.Digest)
	}
	return s
}

func without(all []string, digest string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(d string) bool { return d == digest })
}

// Version is a version of the policy that the bank knows; its zero value is one that
// nobody has submitted.
type Version struct {
	Digest string
	Name   string
	Text   string
}

// Decide answers that a version is known from now on; nothing follows if it is.
func (v Version) Decide(c Submit) ([]VersionEvent, error) {
	switch {
	case v.Digest != "":
		return nil, nil
	case c.Name == "", len(c.Name) > NameBytesMax, c.Text == "", len(c.Text) > TextBytesMax, c.Digest != Digest(c.Text):
		return nil, ErrInvalid
	}
	return []VersionEvent{Submitted(c)}, nil
}

// Evolve takes in one fact.
func (v Version) Evolve(event VersionEvent) Version {
	if e, ok := event.(Submitted); ok {
		v = Version{Digest: e.Digest, Name: e.Name, Text: e.Text}
	}
	return v
}
