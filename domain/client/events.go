package client

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Event is a fact about one OAuth client. The set is sealed by clientEvent.
type Event interface {
	domain.Event
	clientEvent()
}

// Registered: software that may ask for tokens.
type Registered struct {
	Client       id.Client          `json:"client"`
	ClientID     string             `json:"client_id"` // as OAuth says it
	Name         string             `json:"name"`
	Type         string             `json:"type"`           // public or confidential
	Keys         []domain.PublicKey `json:"keys,omitempty"` // of private_key_jwt; a confidential client has some
	RedirectURIs []string           `json:"redirect_uris,omitempty"`
	GrantTypes   []string           `json:"grant_types"`
	Scopes       []string           `json:"scopes"`
	FirstParty   bool               `json:"first_party,omitzero"` // the bank's own app: native login
	At           time.Time          `json:"at"`
}

// Disabled: no token is given out to it any more.
type Disabled struct {
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

func (Registered) Kind() string { return "client.registered" }
func (Disabled) Kind() string   { return "client.disabled" }

func (Registered) clientEvent() {}
func (Disabled) clientEvent()   {}
