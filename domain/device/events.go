package device

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Event is a fact about one device. The set is sealed by deviceEvent.
type Event interface {
	domain.Event
	deviceEvent()
}

// Registered: somebody has shown possession of the key. Whose device it is, is
// not known yet.
type Registered struct {
	Device      id.Device        `json:"device"`
	JKT         string           `json:"jkt"` // RFC 7638 thumbprint of the key
	Key         domain.PublicKey `json:"jwk"`
	SCAKey      domain.PublicKey `json:"sca_jwk,omitzero"` // gated by biometrics
	Platform    string           `json:"platform"`         // android, ios, test
	OS          string           `json:"os,omitzero"`
	Model       string           `json:"model,omitzero"`
	AppVersion  string           `json:"app_version,omitzero"`
	Fingerprint domain.Profile   `json:"fingerprint,omitzero"`
	PushToken   domain.Profile   `json:"push_token,omitzero"`
	Attestation string           `json:"attestation_level"` // none, software, hardware
	At          time.Time        `json:"at"`
}

// Bound: the first strong login with this key made it this customer's.
type Bound struct {
	Customer id.Customer `json:"customer"`
	Grant    id.Grant    `json:"grant"`
	Doubted  bool        `json:"doubted,omitzero"` // risk was not sure that it is the customer
	At       time.Time   `json:"at"`
}

// Revoked: nothing is accepted from this key any more.
type Revoked struct {
	By     string    `json:"by"` // customer, operator, system
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// ReportedLost: the owner no longer has it. A revocation follows in the same commit.
type ReportedLost struct {
	By     string    `json:"by"`
	Reason string    `json:"reason,omitempty"` // code; how an operator knows
	At     time.Time `json:"at"`
}

// SessionJoined: a token family was begun with this key; it ends with the device.
type SessionJoined struct {
	Session id.Session `json:"session"`
	At      time.Time  `json:"at"`
}

// Renamed: its owner calls it so.
type Renamed struct {
	Name domain.Profile `json:"name"`
	At   time.Time      `json:"at"`
}

func (Registered) Kind() string    { return "device.registered" }
func (Renamed) Kind() string       { return "device.renamed" }
func (Bound) Kind() string         { return "device.bound" }
func (Revoked) Kind() string       { return "device.revoked" }
func (ReportedLost) Kind() string  { return "device.reported_lost" }
func (SessionJoined) Kind() string { return "device.session_joined" }

func (Renamed) deviceEvent()       {}
func (Registered) deviceEvent()    {}
func (Bound) deviceEvent()         {}
func (Revoked) deviceEvent()       {}
func (ReportedLost) deviceEvent()  {}
func (SessionJoined) deviceEvent() {}
