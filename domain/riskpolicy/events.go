package riskpolicy

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Event is a fact about which policies are in force. The set is sealed.
type Event interface {
	domain.Event
	policyEvent()
}

// VersionEvent is a fact about one version. The set is sealed.
type VersionEvent interface {
	domain.Event
	versionEvent()
}

type (
	// Activated: what is attempted from now on is judged by this policy; by a shadow
	// without anything following from it.
	Activated struct {
		Digest   string      `json:"digest"`
		Name     string      `json:"name"`
		Role     string      `json:"role"`              // live or shadow
		Replaced string      `json:"replaced,omitzero"` // digest of the one that was live before
		Reason   string      `json:"reason"`            // code
		Proposer id.Operator `json:"proposer,omitzero"` // not said: the bank itself
		Approver id.Operator `json:"approver,omitzero"` // not said: it took nobody else
		At       time.Time   `json:"at"`
	}
	// Retired: a shadow's word is asked no more.
	Retired struct {
		Digest   string      `json:"digest"`
		Reason   string      `json:"reason"` // code
		Proposer id.Operator `json:"proposer,omitzero"`
		Approver id.Operator `json:"approver,omitzero"`
		At       time.Time   `json:"at"`
	}
	// Submitted: the bank knows the version. The text is the policy's canonical JSON
	// (RFC 8785), and the digest that of the text.
	Submitted struct {
		Digest string      `json:"digest"`
		Name   string      `json:"name"`
		Text   string      `json:"text"`
		By     id.Operator `json:"by,omitzero"` // not said: the bank itself
		At     time.Time   `json:"at"`
	}
)

func (Activated) Kind() string { return "riskpolicy.activated" }
func (Retired) Kind() string   { return "riskpolicy.retired" }
func (Submitted) Kind() string { return "riskpolicy.submitted" }

func (Activated) policyEvent()  {}
func (Retired) policyEvent()    {}
func (Submitted) versionEvent() {}
