package approval

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Event is a fact about what a customer is asked to approve. The set is sealed by
// approvalEvent.
type Event interface {
	domain.Event
	approvalEvent()
}

// Requested: the customer is asked. Customer is zero when there is nobody to ask;
// that shows in the log and nowhere else.
type Requested struct {
	Approvals id.Approvals    `json:"approvals"`
	Approval  id.Approval     `json:"approval"`
	Customer  id.Customer     `json:"customer,omitzero"`
	Purpose   string          `json:"purpose"`          // login or access
	Grant     id.Grant        `json:"grant,omitzero"`   // the login that it is for
	Consent   id.Consent      `json:"consent,omitzero"` // the third party's request that it is for
	Client    id.Client       `json:"client"`
	Device    id.Device       `json:"device,omitzero"` // that asks; zero for a browser or a third party
	Statement domain.Evidence `json:"statement"`       // who asks, from where, for what: as displayed
	ExpiresAt time.Time       `json:"expires_at"`
	At        time.Time       `json:"at"`
}

// RequestApproved: the customer said yes on this device, and typed the number that
// the asking one shows.
type RequestApproved struct {
	Approval id.Approval     `json:"approval"`
	Device   id.Device       `json:"device"`
	Hardware bool            `json:"hardware,omitzero"` // by a key that is attested to live in hardware
	Evidence domain.Evidence `json:"evidence"`          // the signed answer
	At       time.Time       `json:"at"`
}

// RequestDenied: the customer said no, or typed a wrong number.
type RequestDenied struct {
	Approval id.Approval     `json:"approval"`
	Device   id.Device       `json:"device"`
	Reason   string          `json:"reason"` // customer or wrong-number
	Evidence domain.Evidence `json:"evidence"`
	At       time.Time       `json:"at"`
}

// RequestExpired: nobody answered in time.
type RequestExpired struct {
	Approval id.Approval `json:"approval"`
	At       time.Time   `json:"at"`
}

// RequestDropped: it is not to be answered any more, or was never shown.
type RequestDropped struct {
	Approval id.Approval `json:"approval"`
	Reason   string      `json:"reason"` // superseded, busy, too-often, device-revoked, ...
	At       time.Time   `json:"at"`
}

func (Requested) Kind() string       { return "approval.requested" }
func (RequestApproved) Kind() string { return "approval.approved" }
func (RequestDenied) Kind() string   { return "approval.denied" }
func (RequestExpired) Kind() string  { return "approval.expired" }
func (RequestDropped) Kind() string  { return "approval.dropped" }

func (Requested) approvalEvent()       {}
func (RequestApproved) approvalEvent() {}
func (RequestDenied) approvalEvent()   {}
func (RequestExpired) approvalEvent()  {}
func (RequestDropped) approvalEvent()  {}
