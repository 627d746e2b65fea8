// Package proposal decides about what no operator may do alone: one proposes,
// another one approves, and only then is it done.
//
//	(none) -- Make --> pending -- Approve, by another --> approved, and done
//	                      |------ Reject, by another ---> rejected
//	                      |------ Withdraw, by the same -> withdrawn
//	                      \------ a day later ----------> expired, without a fact
//
// Proposer and approver are two persons or, to propose, a machine: what counts is
// the operator, not the session. Why expiry is no fact: nothing follows from it
// but that it is too late, and the time of a decision says that by itself.
//
// It must never do what was proposed: that is for the aggregates concerned, in the
// same commit as the approval.
package proposal

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/text"
)

// TTL is how long a proposal may be approved.
const TTL = 24 * time.Hour

// Types of proposals.
const (
	RoleGrant      = "role-grant"
	RoleWithdrawal = "role-withdrawal"
	Disabling      = "operator-disabling"
	Enrolment      = "operator-enrolment"
	Reversal       = "reversal"
	Erasure        = "erasure"
	Deposit        = "deposit"
	Activation     = "activation" // of a customer who is restricted
	Unfreezing     = "unfreezing" // of an account
)

// scopes are what proposer and approver have to have.
var scopes = map[string]string{
	RoleGrant: "roles.manage", RoleWithdrawal: "roles.manage", Disabling: "roles.manage", Enrolment: "roles.manage",
	Reversal: "ledger.reverse", Erasure: "privacy.manage", Deposit: "ledger.post", Activation: "customers.manage", Unfreezing: "customers.manage",
	Suspense: "ledger.post", WriteOff: "ledger.post", ProductDefinition: "config.write", ProductRetirement: "config.write",
	RiskPolicyActivation: "risk.write", RiskPolicyRetirement: "risk.write", DataSetChange: "risk.write",
}

// Scope is what a type of proposal asks of both operators; "" of one that is none.
func Scope(kind string) string { return scopes[kind] }

// Scopes are all that some type asks for, sorted, each once.
func Scopes() []string { return slices.Compact(slices.Sorted(maps.Values(scopes))) }

// Command is something one may ask of a proposal.
type Command interface{ proposalCommand() }

type (
	// Make proposes something.
	Make struct {
		Proposal   id.Proposal
		Type       string
		Details    Details
		Product    Product
		Posting    Posting
		RiskPolicy RiskPolicy
		DataSet    DataSet
		Reason     string
		Proposer   id.Operator
		At         time.Time
	}
	// Approve agrees; what was proposed is done in the same commit.
	Approve struct {
		By id.Operator
		At time.Time
	}
	// Reject does not.
	Reject struct {
		By     id.Operator
		Reason string
		At     time.Time
	}
	// Withdraw takes one's own proposal back.
	Withdraw struct {
		By     id.Operator
		Reason string
		At     time.Time
	}
)

func (Make) proposalCommand()     {}
func (Approve) proposalCommand()  {}
func (Reject) proposalCommand()   {}
func (Withdraw) proposalCommand() {}

var (
	ErrExists  = &domain.Refusal{Class: domain.Conflict, Code: "proposal-exists", Detail: "This was proposed already."}
	ErrUnknown = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrType    = &domain.Refusal{Class: domain.Invalid, Code: "proposal-type-unknown", Detail: "Nothing of this type is proposed here."}
	ErrDetails = &domain.Refusal{Class: domain.Invalid, Code: "proposal-details-invalid", Detail: "The details are not those that this type of proposal needs."}
	ErrReason  = &domain.Refusal{Class: domain.Invalid, Code: "invalid-reason", Detail: "Give a reason code of lower-case letters, digits and hyphens."}
	ErrOwn     = &domain.Refusal{Class: domain.Forbidden, Code: "proposal-own", Detail: "Another operator has to decide on this proposal."}
	ErrOthers  = &domain.Refusal{Class: domain.Forbidden, Code: "proposal-others", Detail: "Only its proposer can withdraw a proposal."}
	ErrOver    = &domain.Refusal{Class: domain.Conflict, Code: "proposal-over", Detail: "This proposal was decided, withdrawn, or is too old."}
	ErrScope   = &domain.Refusal{Class: domain.Forbidden, Code: "insufficient-scope", Detail: "Proposer and approver both need the scope of what is proposed."}
	ErrPerson  = &domain.Refusal{Class: domain.Forbidden, Code: "person-required", Detail: "A machine can propose, but only a person can decide."}
)

// State is what the rules need to know of a proposal.
type State struct {
	Made
	Product    Product // of those about one
	Posting    Posting
	RiskPolicy RiskPolicy
	DataSet    DataSet
	over       bool
}

// Pending tells whether it may be decided on.
func (s State) Pending(at time.Time) bool {
	return !s.Proposal.IsZero() && !s.over && at.Before(s.ExpiresAt)
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	if c, first := command.(Make); first {
		return s.make(c)
	}
	if s.Proposal.IsZero() {
		return nil, ErrUnknown
	}
	switch c := command.(type) {
	case Approve:
		if err := s.another(c.By, c.At); err != nil {
			return nil, err
		}
		if c.By == s.Details.Operator { // nor does anybody decide on themselves
			return nil, ErrOwn
		}
		return []Event{Approved{Proposer: s.Proposer, Approver: c.By, Reason: s.Reason, At: c.At}}, nil
	case Reject:
		if err := s.another(c.By, c.At); err != nil {
			return nil, err
		}
		if !text.Code(c.Reason) {
			return nil, ErrReason
		}
		return []Event{Rejected(c)}, nil
	case Withdraw:
		switch {
		case c.By != s.Proposer:
			return nil, ErrOthers
		case !s.Pending(c.At):
			return nil, ErrOver
		case !text.Code(c.Reason):
			return nil, ErrReason
		}
		return []Event{Withdrawn{Reason: c.Reason, At: c.At}}, nil
	}
	panic(fmt.Sprintf("proposal: unknown command %T", command)) // sealed: a bug, not an input
}

// another refuses whoever has proposed it, and whoever comes too late.
func (s State) another(by id.Operator, at time.Time) error {
	switch {
	case by == s.Proposer, by.IsZero():
		return ErrOwn
	case !s.Pending(at):
		return ErrOver
	}
	return nil
}

func (s State) make(c Make) ([]Event, error) {
	switch {
	case !s.Proposal.IsZero():
		return nil, ErrExists
	case Scope(c.Type) == "":
		return nil, ErrType
	case !fits(c.Type, c.Details), !c.Product.fits(c.Type), !c.Posting.fits(c.Type), !c.RiskPolicy.fits(c.Type), !c.DataSet.fits(c.Type):
		return nil, ErrDetails
	case !text.Code(c.Reason):
		return nil, ErrReason
	case c.Type == Enrolment && c.Details.Operator == c.Proposer: // whoever can propose has lost no factor
		return nil, ErrOwn
	}
	made := Made{Proposal: c.Proposal, Type: c.Type, Scope: Scope(c.Type), Details: c.Details, Reason: c.Reason, Proposer: c.Proposer,
		ExpiresAt: c.At.Add(TTL), At: c.At}
	return c.DataSet.name(c.RiskPolicy.describe(c.Posting.name(c.Product.describe([]Event{made}, c.At), c.At), c.At), c.At), nil
}

// fits tells whether the details are those of the type, all of them and no others.
func fits(kind string, d Details) bool {
	rest := d
	switch kind {
	case RoleGrant, RoleWithdrawal:
		rest.Operator, rest.Role = id.Operator{}, ""
		return rest == Details{} && !d.Operator.IsZero() && d.Role != ""
	case Disabling, Enrolment:
		rest.Operator = id.Operator{}
		return rest == Details{} && !d.Operator.IsZero()
	case Activation:
		rest.Customer = id.Customer{}
		return rest == Details{} && !d.Customer.IsZero()
	case Erasure:
		rest.Customer, rest.LegalBasis = id.Customer{}, ""
		return rest == Details{} && !d.Customer.IsZero() && text.Code(d.LegalBasis)
	case Reversal:
		rest.Transfer, rest.Amount, rest.Reference = id.Transfer{}, Details{}.Amount, domain.Evidence{}
		return rest == Details{} && !d.Transfer.IsZero()
	case Unfreezing:
		rest.Account = id.Account{}
		return rest == Details{} && !d.Account.IsZero()
	case ProductDefinition, ProductRetirement, RiskPolicyActivation, RiskPolicyRetirement, DataSetChange:
		return rest == Details{}
	case Suspense:
		rest.Account, rest.Amount = id.Account{}, Details{}.Amount
		return rest == Details{} && d.Amount.IsPositive()
	case WriteOff:
		rest.Amount = Details{}.Amount
		return rest == Details{} && d.Amount.IsPositive()
	case Deposit:
		rest.Account, rest.Amount, rest.Reference = id.Account{}, Details{}.Amount, domain.Evidence{}
		return rest == Details{} && !d.Account.IsZero() && d.Amount.IsPositive()
	}
	return false
}

// Evolve takes in one fact. It never refuses: what is in the log has happened.
func (s State) Evolve(event Event) State {
	switch e := event.(type) {
	case Made:
		s = State{Made: e}
	case ProductDescribed:
		s.Product = Product{Code: e.Code, Currency: e.Currency, Terms: e.Terms}
	case PostingNamed:
		s.Posting = Posting{Journal: e.Journal, Transfer: e.Transfer}
	case RiskPolicyDescribed:
		s.RiskPolicy = RiskPolicy{Digest: e.Digest, Name: e.Name, Role: e.Role, Base: e.Base}
	case DataSetNamed:
		s.DataSet = DataSet{Name: e.Name, Digest: e.Digest, Base: e.Base}
	case Approved, Rejected, Withdrawn:
		s.over = true
	}
	return s
}
