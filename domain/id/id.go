// Package id gives each kind of thing in the bank an identifier of its own type,
// so that an account cannot be passed where a transfer is meant.
//
// On the wire and inside events an identifier reads "acc_<uuid>"; the stream it
// names in the log reads "account/<uuid>" (log.md, Ids). Identifiers are made
// outside the domain and arrive in commands.
package id

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// Kind tells identifiers apart: the prefix on the wire, the context in the log.
type Kind interface {
	name() (prefix, context string)
}

// ID is an identifier of kind K. The zero ID names nothing and prints as "".
type ID[K Kind] struct{ uuid uuid.UUID }

// The identifiers of the bank.
type (
	Access        = ID[access]
	Account       = ID[account]
	Approval      = ID[approval]
	Approvals     = ID[approvals]
	Attempts      = ID[attempts]
	Authorisation = ID[authorisation]
	Card          = ID[card]
	Challenge     = ID[challenge]
	Claim         = ID[claim]
	Client        = ID[client]
	Clock         = ID[clock]
	Consent       = ID[consent]
	Customer      = ID[customer]
	Delivery      = ID[delivery]
	Device        = ID[device]
	Factor        = ID[factor]
	Grant         = ID[grant]
	Hold          = ID[hold]
	Inbox         = ID[inbox]
	Incoming      = ID[incoming]
	Invitation    = ID[invitation]
	Journal       = ID[journal]
	Notification  = ID[notification]
	Operator      = ID[operator]
	Payment       = ID[payment]
	Recovery      = ID[recovery]
	Proposal      = ID[proposal]
	Session       = ID[session]
	Signing       = ID[signing]
	Transfer      = ID[transfer]
	Webhook       = ID[webhook]
)

type (
	access        struct{}
	account       struct{}
	approval      struct{}
	approvals     struct{}
	attempts      struct{}
	authorisation struct{}
	card          struct{}
	challenge     struct{}
	claim         struct{}
	client        struct{}
	clock         struct{}
	consent       struct{}
	customer      struct{}
	delivery      struct{}
	device        struct{}
	factor        struct{}
	grant         struct{}
	hold          struct{}
	inbox         struct{}
	incoming      struct{}
	invitation    struct{}
	journal       struct{}
	notification  struct{}
	operator      struct{}
	payment       struct{}
	recovery      struct{}
	proposal      struct{}
	session       struct{}
	signing       struct{}
	transfer      struct{}
	webhook       struct{}
)

func (access) name() (string, string)        { return "acs", "access" }
func (account) name() (string, string)       { return "acc", "account" }
func (approval) name() (string, string)      { return "apr", "approval" }
func (approvals) name() (string, string)     { return "aps", "approvals" }
func (attempts) name() (string, string)      { return "att", "attempts" }
func (authorisation) name() (string, string) { return "aut", "authorisation" }
func (card) name() (string, string)          { return "crd", "card" }
func (challenge) name() (string, string)     { return "chl", "challenge" }
func (claim) name() (string, string)         { return "clm", "claim" }
func (client) name() (string, string)        { return "cli", "client" }
func (clock) name() (string, string)         { return "clk", "clock" }
func (consent) name() (string, string)       { return "con", "consent" }
func (customer) name() (string, string)      { return "cus", "customer" }
func (delivery) name() (string, string)      { return "dlv", "delivery" }
func (device) name() (string, string)        { return "dev", "device" }
func (factor) name() (string, string)        { return "fac", "factor" }
func (grant) name() (string, string)         { return "gra", "grant" }
func (hold) name() (string, string)          { return "hld", "hold" }
func (invitation) name() (string, string)    { return "inv", "invitation" }
func (inbox) name() (string, string)         { return "inb", "inbox" }
func (incoming) name() (string, string)      { return "inp", "incoming" }
func (journal) name() (string, string)       { return "jrn", "journal" }
func (notification) name() (string, string)  { return "ntf", "notification" }
func (operator) name() (string, string)      { return "opr", "operator" }
func (payment) name() (string, string)       { return "pay", "payment" }
func (recovery) name() (string, string)      { return "rec", "recovery" }
func (proposal) name() (string, string)      { return "prp", "proposal" }
func (session) name() (string, string)       { return "ses", "session" }
func (signing) name() (string, string)       { return "sig", "signing" }
func (transfer) name() (string, string)      { return "trf", "transfer" }
func (webhook) name() (string, string)       { return "whk", "webhook" }

// From makes an identifier of a UUID.
func From[I ID[K], K Kind](u uuid.UUID) I { return I(ID[K]{u}) }

// Named derives an identifier from what it stands for, so that the same name is
// the same thing for ever: a device by the thumbprint of its key, an internal
// account by its place in the chart, a client by its client_id.
func Named[I ID[K], K Kind](parts ...string) I {
	var k K
	_, context := k.name()
	digest := sha256.Sum256([]byte("florin/id\x00" + context + "\x00" + strings.Join(parts, "\x00")))
	u := uuid.UUID(digest[:16])
	u[6] = u[6]&0x0f | 0x80 // version 8 (RFC 9562 section 5.8)
	u[8] = u[8]&0x3f | 0x80
	return I(ID[K]{u})
}

// Parse reads "acc_<uuid>" in its one canonical spelling. Anything else is an
// error: a second spelling would be a second name for one thing.
func Parse[I ID[K], K Kind](text string) (I, error) {
	var none I
	var k K
	prefix, _ := k.name()
	rest, ok := strings.CutPrefix(text, prefix+"_")
	if !ok || len(rest) != 36 {
		return none, fmt.Errorf("id: not a %s_ identifier", prefix)
	}
	u, err := uuid.Parse(rest)
	if err != nil || u.String() != rest || u == uuid.Nil {
		return none, fmt.Errorf("id: not a %s_ identifier", prefix)
	}
	return I(ID[K]{u}), nil
}

// UUID is the bare identifier.
func (i ID[K]) UUID() uuid.UUID { return i.uuid }

// IsZero tells whether the identifier names nothing.
func (i ID[K]) IsZero() bool { return i.uuid == uuid.Nil }

// String is the spelling on the wire, "" for the zero ID.
func (i ID[K]) String() string {
	var room [64]byte
	text, _ := i.AppendText(room[:0])
	return string(text)
}

// Prefix is how every identifier of this kind begins on the wire, without the "_".
func (i ID[K]) Prefix() string {
	var k K
	prefix, _ := k.name()
	return prefix
}

// Stream is the name of the thing's stream in the log.
func (i ID[K]) Stream() string {
	var k K
	_, context := k.name()
	var room [64]byte
	return string(appendUUID(append(append(room[:0], context...), '/'), i.uuid))
}

// AppendText appends the spelling on the wire.
func (i ID[K]) AppendText(text []byte) ([]byte, error) {
	if i.IsZero() {
		return text, nil
	}
	var k K
	prefix, _ := k.name()
	return appendUUID(append(append(text, prefix...), '_'), i.uuid), nil
}

// MarshalText writes the spelling on the wire.
func (i ID[K]) MarshalText() ([]byte, error) { return i.AppendText(nil) }

// appendUUID appends the canonical spelling. Why not uuid.UUID.String: a transfer
// spells some twenty identifiers, and each String is a string thrown away.
func appendUUID(text []byte, u uuid.UUID) []byte {
	for i, group := range [...][]byte{u[:4], u[4:6], u[6:8], u[8:10], u[10:]} {
		if i > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, group)
	}
	return text
}

// UnmarshalText reads the spelling on the wire; the empty text is the zero ID.
func (i *ID[K]) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*i = ID[K]{}
		return nil
	}
	parsed, err := Parse[ID[K]](string(text))
	if err == nil {
		*i = parsed
	}
	return err
}
