package operator

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Event is a fact about one operator. The set is sealed by operatorEvent.
type Event interface {
	domain.Event
	operatorEvent()
}

// Created: on the host, by whoever may run the binary there.
type Created struct {
	Operator id.Operator      `json:"operator"`
	Name     domain.Profile   `json:"name"`
	Scopes   []string         `json:"scopes"` // sorted, each once
	Key      domain.PublicKey `json:"key"`    // checks the client assertions (private_key_jwt)
	At       time.Time        `json:"at"`
}

// ScopesGranted: these are the operator's scopes from now on, all of them.
type ScopesGranted struct {
	Scopes []string  `json:"scopes"` // sorted, each once
	At     time.Time `json:"at"`
}

// Disabled: no token is given out any more.
type Disabled struct {
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

func (Created) Kind() string       { return "operator.created" }
func (ScopesGranted) Kind() string { return "operator.scopes_granted" }
func (Disabled) Kind() string      { return "operator.disabled" }

func (Created) operatorEvent()       {}
func (ScopesGranted) operatorEvent() {}
func (Disabled) operatorEvent()      {}
