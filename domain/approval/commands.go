package approval

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Lifetimes and limits.
const (
	LoginTTL = 2 * time.Minute  // of a request for a login
	TTLMax   = 10 * time.Minute // of any request

	// Digits that are shown on the asking device: one of ninety, without a leading
	// nought that somebody would leave out.
	NumberMin, NumberMax = 10, 99

	askedFree      = 3 // in a row before the customer is left in peace for a while
	quietFirst     = time.Minute
	quietMax       = time.Hour
	askedForgotten = 24 * time.Hour
)

// Purposes of a request.
const (
	Login  = "login"  // somebody wants to be let in, on another device
	Access = "access" // a third party wants to act for the customer
)

// Decisions.
const (
	Approve = "approve"
	Deny    = "deny"
)

// Reasons, as codes.
const (
	ReasonCustomer   = "customer"     // the customer said no
	ReasonNumber     = "wrong-number" // what was typed was not what the asking device shows
	ReasonBusy       = "busy"         // another request waited
	ReasonTooOften   = "too-often"    // the customer was asked again and again
	ReasonSuperseded = "superseded"   // a later request took its place
)

// Command is something one may ask of a customer's requests.
type Command interface{ approvalCommand() }

type (
	// Ask makes a request. Customer is zero if nobody is to see it; it goes its way
	// like any other. Yields: it takes the place of no other client's.
	Ask struct {
		Approvals id.Approvals
		Approval  id.Approval
		Customer  id.Customer
		Purpose   string
		Grant     id.Grant
		Consent   id.Consent
		Client    id.Client
		Device    id.Device
		Statement domain.Evidence // Statement.Text, as it will be displayed
		Yields    bool
		TTL       time.Duration
		At        time.Time
	}
	// Answer is what was decided on a device that was bound at BoundAt. Proven says
	// that its SCA key has signed Statement, the decision and the number;
	// NumberRight that the number is the one that the asking device shows.
	Answer struct {
		Approval    id.Approval
		Device      id.Device
		BoundAt     time.Time
		Hardware    bool
		Statement   Statement
		Decision    string
		Proven      bool
		NumberRight bool
		Evidence    domain.Evidence
		At          time.Time
	}
	// Expire notes that nobody has answered in time.
	Expire struct {
		Approval id.Approval
		At       time.Time
	}
	// Drop withdraws what waits; reason is a code.
	Drop struct {
		Reason string
		At     time.Time
	}
)

func (Ask) approvalCommand()    {}
func (Answer) approvalCommand() {}
func (Expire) approvalCommand() {}
func (Drop) approvalCommand()   {}

var (
	ErrRequest = &domain.Refusal{Class: domain.Invalid, Code: "invalid-request", Detail: "This cannot be asked for."}
	ErrUnknown = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrEnded   = &domain.Refusal{Class: domain.Conflict, Code: "approval-ended", Detail: "This request was answered or withdrawn, or its time has run out."}
	ErrDevice  = &domain.Refusal{Class: domain.Forbidden, Code: "approval-device", Detail: "Only another device that was yours before the request can answer it."}
	// ErrSCA: whatever is wrong with a signed answer, it is only told this.
	ErrSCA = &domain.Refusal{Class: domain.Forbidden, Code: "sca-failed", Detail: "The confirmation was not accepted."}
)
