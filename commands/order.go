package commands

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/id"
	"florin/eventbus"
	"florin/schemas/seal"
)

// Kinds of callers, as commit headers name them.
const (
	ActorCustomer  = "customer"
	ActorOperator  = "operator"
	ActorClient    = "client"
	ActorDevice    = "device"
	ActorSystem    = "system" // a process of the bank's own
	ActorAnonymous = "anonymous"
)

// Caller is who asks, as the gateway has proven it.
type Caller struct {
	ActorType   string
	Actor       uuid.UUID
	OnBehalfOf  uuid.UUID // a customer, when the actor is not that customer
	Approver    uuid.UUID // the second operator
	Customer    id.Customer
	Client      id.Client
	Device      id.Device
	Session     id.Session
	ACR         string
	AMR         []string
	TokenID     string // jti
	AuthTime    time.Time
	Scopes      []string
	Correlation uuid.UUID
	Causation   uuid.UUID // event id
	Traceparent string
	Reason      string         // code; words go in a sealed field of an event
	IP          domain.Profile // not in the header: a verb that needs it seals it in an event
}

// is tells whether the caller is that customer; nobody is the zero one.
func (c Caller) is(customer id.Customer) bool { return !customer.IsZero() && c.Customer == customer }

// actFor notes for which customer an operator or machine acts: it is their data, and
// they are shown it. Whoever acts for themselves acts for nobody else.
func (c *Caller) actFor(of id.Customer) {
	if c.Customer.IsZero() && !of.IsZero() {
		c.OnBehalfOf = of.UUID()
	}
}

// Order is a command's envelope.
type Order struct {
	ID      uuid.UUID // the command's id: the same id is the same command, for ever
	Caller  Caller
	Intent  []byte       // what was asked, in bytes: method, path, body
	At      time.Time    // of the command; its facts' time. Sources.Time makes one
	Subject seal.Subject // whose key the intent is under, and what is sealed unless a verb says otherwise

	// Asked is the command as package schemas has it, of one that no request's body
	// says; the verb sets it. It is kept nowhere: with CheckSchemas it is held
	// against the command's schema before anything is written.
	Asked any
}

// commandTag parts command ids from every other use of SHA-256 (log.md, Ids).
const commandTag = "florin/command/v1"

// CommandID is the id of what a principal asked under an idempotency key:
// UUIDv8 (RFC 9562 section 5.8) of SHA-256 over tag, principal type, principal
// id and key, each after its length.
func CommandID(principalType string, principal uuid.UUID, key string) uuid.UUID {
	return digestID(commandTag, principalType, string(principal[:]), key)
}

// derivedTag parts ids that a process derives from what caused it.
const derivedTag = "florin/derived/v1"

// DerivedID is the id of a command, or of a thing, that follows from another by
// itself: the same cause and name give the same id, so doing it twice is harmless.
func DerivedID(cause uuid.UUID, name string) uuid.UUID {
	return digestID(derivedTag, string(cause[:]), name)
}

func digestID(parts ...string) uuid.UUID {
	var room [256]byte
	text := room[:0]
	for _, part := range parts {
		text = binary.BigEndian.AppendUint32(text, uint32(len(part)))
		text = append(text, part...)
	}
	digest := sha256.Sum256(text)
	u := uuid.UUID(digest[:16])
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return u
}

// SystemOrder is the envelope of a command that a process gives: cause is the
// event that it follows from, name says which consequence it is.
func SystemOrder(process string, cause uuid.UUID, name string, at time.Time, subject seal.Subject) Order {
	actor := DerivedID(uuid.Nil, process)
	return Order{
		ID: DerivedID(cause, name),
		Caller: Caller{
			ActorType: ActorSystem, Actor: actor, Causation: cause, Reason: process,
		},
		Intent: []byte(name), At: at, Subject: subject,
	}
}

func (o *Order) header(buildVersion string, intent []byte) eventbus.Header {
	c := &o.Caller
	return eventbus.Header{
		BookedAt: o.At, ActorType: c.ActorType, Actor: c.Actor, OnBehalfOf: c.OnBehalfOf, Approver: c.Approver,
		Client: c.Client.UUID(), Device: c.Device.UUID(), Session: c.Session.UUID(),
		ACR: c.ACR, AMR: c.AMR, TokenID: c.TokenID, Reason: c.Reason,
		Correlation: c.Correlation, Causation: c.Causation, Traceparent: c.Traceparent,
		Intent: intent, BuildVersion: buildVersion,
	}
}
