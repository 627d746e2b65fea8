// Package schemas is the treaty between the code and everything stored or sent:
// for each kind of record the Go type it becomes, the JSON Schemas, the request
// bodies, the problems. It also seals personal data on its way into a record and
// opens it on its way out:
//
//	domain event --Encode--> JSON with sealed fields --> the log
//	the log --Decode--> (open sealed fields) --> (upcast) --> domain event
//
// A kind and version that is released is never edited. A new shape is a new
// version with an upcaster for the old; the golden files hold every one for ever.
// Upcasters rename after opening, for a sealed field opens only under the path
// it was stored at.
//
// It must never write personal data in clear, and never read leniently: what it
// does not know it refuses.
package schemas

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/access"
	"florin/domain/account"
	"florin/domain/approval"
	"florin/domain/attempt"
	"florin/domain/authorisation"
	"florin/domain/batch"
	"florin/domain/card"
	"florin/domain/client"
	"florin/domain/clock"
	"florin/domain/consent"
	"florin/domain/customer"
	"florin/domain/dataset"
	"florin/domain/device"
	"florin/domain/directdebit"
	"florin/domain/fraud"
	"florin/domain/fraudcase"
	"florin/domain/grant"
	"florin/domain/incoming"
	"florin/domain/journal"
	"florin/domain/mandate"
	"florin/domain/notification"
	"florin/domain/operator"
	"florin/domain/payee"
	"florin/domain/payment"
	"florin/domain/paymentfile"
	"florin/domain/product"
	"florin/domain/proposal"
	"florin/domain/quota"
	"florin/domain/recovery"
	"florin/domain/risk"
	"florin/domain/riskpolicy"
	"florin/domain/session"
	"florin/domain/signing"
	"florin/domain/standing"
	"florin/domain/stuffing"
	"florin/domain/transfer"
	"florin/domain/webhook"
	"florin/schemas/seal"
)

// ContentType of every event written today.
const ContentType = "application/json"

// Place is where an event will be stored, and whose data it holds: its sealed
// fields open nowhere else and die with the subject's keys.
type Place struct {
	EventID uuid.UUID
	Subject seal.Subject
}

// Stored is an event as the log keeps it.
type Stored struct {
	Kind          string
	SchemaVersion uint16
	ContentType   string
	Data          []byte
	KeyIDs        []uuid.UUID // of the sealed fields, each once
}

// Treaty is all codecs, bound to the ring that seals and opens.
type Treaty struct {
	Accesses       *Codec[access.Event]
	Accounts       *Codec[account.Event]
	Approvals      *Codec[approval.Event]
	Attempts       *Codec[attempt.Event]
	Batches        *Codec[batch.Event]
	Authorisations *Codec[authorisation.Event]
	Cards          *Codec[card.Event]
	Claims         *Codec[customer.NameEvent]
	Clients        *Codec[client.Event]
	Clocks         *Codec[clock.Event]
	Consents       *Codec[consent.Event]
	Customers      *Codec[customer.Event]
	Creditors      *Codec[mandate.CreditorEvent]
	Deliveries     *Codec[webhook.DeliveryEvent]
	Devices        *Codec[device.Event]
	DirectDebits   *Codec[directdebit.Event]
	Frauds         *Codec[fraud.Event]
	FraudCases     *Codec[fraudcase.Event]
	Grants         *Codec[grant.Event]
	Inboxes        *Codec[notification.InboxEvent]
	Incoming       *Codec[incoming.Event]
	Journals       *Codec[journal.Event]
	Mandates       *Codec[mandate.Event]
	Notifications  *Codec[notification.Event]
	Numbers        *Codec[account.NumberEvent]
	Operators      *Codec[operator.Event]
	PaymentFiles   *Codec[paymentfile.Event]
	Payments       *Codec[payment.Event]
	Recoveries     *Codec[recovery.Event]
	Proposals      *Codec[proposal.Event]
	RiskPolicies   *Codec[riskpolicy.Event]
	RiskVersions   *Codec[riskpolicy.VersionEvent]
	DataSets       *Codec[dataset.Event]
	Sessions       *Codec[session.Event]
	Signings       *Codec[signing.Event]
	Transfers      *Codec[transfer.Event]
	Webhooks       *Codec[webhook.Event]
	Standing       *Codec[standing.Event]
	Payees         *Codec[payee.Event]
	Products       *Codec[product.Event]
	Quotas         *Codec[quota.Event]
	Stuffing       *Codec[stuffing.Event]
	Risk           *Codec[risk.Event]

	kinds map[string]anyCodec
}

// New binds the tables to a ring.
func New(ring *seal.Ring) *Treaty {
	d := newDesk(ring)
	t := &Treaty{kinds: map[string]anyCodec{}}
	t.Accesses = sign(t, d, Accesses)
	t.Accounts = sign(t, d, Accounts)
	t.Approvals = sign(t, d, Approvals)
	t.Attempts = sign(t, d, Attempts)
	t.Batches = sign(t, d, Batches)
	t.Authorisations = sign(t, d, Authorisations)
	t.Cards = sign(t, d, Cards)
	t.Claims = sign(t, d, Claims)
	t.Clients = sign(t, d, Clients)
	t.Clocks = sign(t, d, Clocks)
	t.Consents = sign(t, d, Consents)
	t.Customers = sign(t, d, Customers)
	t.Creditors = sign(t, d, Creditors)
	t.Deliveries = sign(t, d, Deliveries)
	t.Devices = sign(t, d, Devices)
	t.DirectDebits = sign(t, d, DirectDebits)
	t.Frauds = sign(t, d, Frauds)
	t.FraudCases = sign(t, d, FraudCases)
	t.Grants = sign(t, d, Grants)
	t.Inboxes = sign(t, d, Inboxes)
	t.Incoming = sign(t, d, Incoming)
	t.Journals = sign(t, d, Journals)
	t.Mandates = sign(t, d, Mandates)
	t.Notifications = sign(t, d, Notifications)
	t.Numbers = sign(t, d, Numbers)
	t.Operators = sign(t, d, Operators)
	t.Payees = sign(t, d, Payees)
	t.Products = sign(t, d, Products)
	t.Quotas = sign(t, d, Quotas)
	t.Risk = sign(t, d, Risk)
	t.PaymentFiles = sign(t, d, PaymentFiles)
	t.Payments = sign(t, d, Payments)
	t.Recoveries = sign(t, d, Recoveries)
	t.Proposals = sign(t, d, Proposals)
	t.RiskPolicies = sign(t, d, RiskPolicies)
	t.RiskVersions = sign(t, d, RiskVersions)
	t.DataSets = sign(t, d, DataSets)
	t.Sessions = sign(t, d, Sessions)
	t.Signings = sign(t, d, Signings)
	t.Stuffing = sign(t, d, Stuffing)
	t.Standing = sign(t, d, Standing)
	t.Transfers = sign(t, d, Transfers)
	t.Webhooks = sign(t, d, Webhooks)
	return t
}

func sign[E domain.Event](t *Treaty, d *desk, table *Table[E]) *Codec[E] {
	c := &Codec[E]{table, d}
	for _, kind := range table.Kinds() {
		if other, twice := t.kinds[kind.Name]; twice && other != anyCodec(c) {
			panic("schemas: " + kind.Name + " is listed in two tables")
		}
		t.kinds[kind.Name] = c
	}
	return c
}

// anyCodec is a codec whose context is not known at compile time.
type anyCodec interface {
	encodeAny(domain.Event, Place) (Stored, error)
	decodeAny(kind string, version uint16, data []byte, how reading) (domain.Event, error)
	describe() []Kind
}

// Encode is the Encode of whatever codec lists the event.
func (t *Treaty) Encode(event domain.Event, at Place) (Stored, error) {
	codec, known := t.kinds[event.Kind()]
	if !known {
		return Stored{}, fmt.Errorf("%w: %s", ErrUnknownKind, event.Kind())
	}
	return codec.encodeAny(event, at)
}

// DecodeAny is the Decode of whatever codec lists the kind, for readers of
// everything (audit, processes).
func (t *Treaty) DecodeAny(kind string, version uint16, eventID uuid.UUID, data []byte) (domain.Event, error) {
	return t.decode(kind, version, data, reading{event: eventID})
}

// DecodeClosed is DecodeAny that opens nothing and needs no key: sealed fields
// come back as erased. For readers that keep no personal data.
func (t *Treaty) DecodeClosed(kind string, version uint16, _ uuid.UUID, data []byte) (domain.Event, error) {
	return t.decode(kind, version, data, reading{closed: true})
}

func (t *Treaty) decode(kind string, version uint16, data []byte, how reading) (domain.Event, error) {
	codec, known := t.kinds[kind]
	if !known {
		return nil, fmt.Errorf("%w: %s", ErrUnknownKind, kind)
	}
	return codec.decodeAny(kind, version, data, how)
}

// Kinds lists every kind and version that the treaty knows, sorted.
func (t *Treaty) Kinds() []Kind {
	var all []Kind
	for name, codec := range t.kinds {
		for _, kind := range codec.describe() {
			if kind.Name == name {
				all = append(all, kind)
			}
		}
	}
	slices.SortFunc(all, Kind.compare)
	return all
}
