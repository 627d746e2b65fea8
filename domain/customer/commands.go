package customer

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Status is where a customer stands with the bank.
type Status string

// The statuses. Nobody logs in as a deceased or closed customer.
const (
	Pending    Status = "pending" // until identity checks are passed
	Active     Status = "active"
	Limited    Status = "restricted"
	Deceased   Status = "deceased"
	ClosedDown Status = "closed"
)

// Command is something one may ask of a customer.
type Command interface{ customerCommand() }

type (
	// Enrol makes a person a customer. Names arrive normalised, the password hashed.
	Enrol struct {
		Customer id.Customer
		UserName domain.Profile
		Phone    domain.Profile
		Email    domain.Profile
		Name     domain.Profile
		Claims   []id.Claim
		Password string
		TOTP     id.Factor
		Status   Status
		At       time.Time
	}
	// ChangePassword sets a new PHC string.
	ChangePassword struct {
		Password string
		At       time.Time
	}
	// OfferFactor begins a new factor. It counts for nothing until AddFactor.
	OfferFactor struct {
		Factor id.Factor
		Type   string
		At     time.Time
	}
	// AddFactor confirms an offered factor: the customer was seen to hold it. Device
	// is where that was asked for.
	AddFactor struct {
		Factor id.Factor
		Type   string
		Device id.Device
		At     time.Time
	}
	// ApproveFactor ends a new factor's waiting time, from another, older device.
	ApproveFactor struct {
		Factor id.Factor
		Device id.Device
		At     time.Time
	}
	// RemoveFactor takes a factor away.
	RemoveFactor struct {
		Factor id.Factor
		At     time.Time
	}
	// UseOTP spends one step of a factor: the same or an older one is refused.
	UseOTP struct {
		Factor  id.Factor
		Step    int64
		Payment bool // is authorised by it, which a new factor does not
		At      time.Time
	}
	// AddPasskey confirms an offered passkey; its attestation was verified.
	AddPasskey struct {
		Factor     id.Factor
		Credential Credential
		Device     id.Device
		At         time.Time
	}
	// UsePasskey is an assertion whose signature was verified.
	UsePasskey struct {
		Factor         id.Factor
		SignCount      int64
		BackupEligible bool
		BackedUp       bool
		UserVerified   bool
		Payment        bool // is authorised by it, which a new factor does not
		At             time.Time
	}
	// MakeRecoveryCodes makes a new list; the one before ends.
	MakeRecoveryCodes struct {
		Factor id.Factor
		Device id.Device
		At     time.Time
	}
	// UseRecoveryCode spends one code of the list.
	UseRecoveryCode struct {
		Factor id.Factor
		Index  int64
		At     time.Time
	}
	// BindDevice notes a device of the customer's.
	BindDevice struct {
		Device id.Device
		At     time.Time
	}
	// VisitDevice notes a device that a weak login let look.
	VisitDevice struct {
		Device id.Device
		At     time.Time
	}
	// Activate, Restrict, ReportDeceased and Close move the status.
	Activate struct {
		First bool // of a pending customer alone: one who is restricted is refused
		At    time.Time
	}
	Restrict struct {
		Reason string
		At     time.Time
	}
	ReportDeath struct{ At time.Time }
	Close       struct {
		Reason string
		At     time.Time
	}
	// RequestErasure begins the forgetting of the person.
	RequestErasure struct {
		Requester  string
		LegalBasis string
		At         time.Time
	}
	// FinishErasure notes that keys are destroyed and names released.
	FinishErasure struct{ At time.Time }
)

func (Enrol) customerCommand()             {}
func (ChangePassword) customerCommand()    {}
func (OfferFactor) customerCommand()       {}
func (AddFactor) customerCommand()         {}
func (ApproveFactor) customerCommand()     {}
func (AddPasskey) customerCommand()        {}
func (UsePasskey) customerCommand()        {}
func (MakeRecoveryCodes) customerCommand() {}
func (UseRecoveryCode) customerCommand()   {}
func (RemoveFactor) customerCommand()      {}
func (UseOTP) customerCommand()            {}
func (BindDevice) customerCommand()        {}
func (VisitDevice) customerCommand()       {}
func (Activate) customerCommand()          {}
func (Restrict) customerCommand()          {}
func (ReportDeath) customerCommand()       {}
func (Close) customerCommand()             {}
func (RequestErasure) customerCommand()    {}
func (FinishErasure) customerCommand()     {}
