package proposal

import (
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
)

// Event is a fact about one proposal. The set is sealed by proposalEvent.
type Event interface {
	domain.Event
	proposalEvent()
}

// Details say what is to be done. Which of them there are, the type says.
type Details struct {
	Operator   id.Operator     `json:"operator,omitzero"` // whom it is about, not who asks
	Role       string          `json:"role,omitzero"`
	Customer   id.Customer     `json:"customer,omitzero"`
	LegalBasis string          `json:"legal_basis,omitzero"` // of an erasure
	Transfer   id.Transfer     `json:"transfer,omitzero"`
	Account    id.Account      `json:"account,omitzero"`
	Amount     money.Amount    `json:"amount,omitzero"` // of a reversal: not said, all that is left
	Reference  domain.Evidence `json:"reference,omitzero"`
}

// Made: an operator wants something done that takes two.
type Made struct {
	Proposal  id.Proposal `json:"proposal"`
	Type      string      `json:"type"`  // reversal, erasure, deposit, activation, role-grant, ...
	Scope     string      `json:"scope"` // that proposer and approver have to have
	Details   Details     `json:"details"`
	Reason    string      `json:"reason"` // code
	Proposer  id.Operator `json:"proposer"`
	ExpiresAt time.Time   `json:"expires_at"`
	At        time.Time   `json:"at"`
}

// Approved: a second operator agreed, and it was done in the same commit.
type Approved struct {
	Proposer id.Operator `json:"proposer"`
	Approver id.Operator `json:"approver"`
	Reason   string      `json:"reason"` // of the proposal
	At       time.Time   `json:"at"`
}

// Rejected: a second operator did not agree.
type Rejected struct {
	By     id.Operator `json:"by"`
	Reason string      `json:"reason"` // code
	At     time.Time   `json:"at"`
}

// Withdrawn: the proposer thought better of it.
type Withdrawn struct {
	Reason string    `json:"reason"` // code
	At     time.Time `json:"at"`
}

func (Made) Kind() string      { return "proposal.made" }
func (Approved) Kind() string  { return "proposal.approved" }
func (Rejected) Kind() string  { return "proposal.rejected" }
func (Withdrawn) Kind() string { return "proposal.withdrawn" }

func (Made) proposalEvent()      {}
func (Approved) proposalEvent()  {}
func (Rejected) proposalEvent()  {}
func (Withdrawn) proposalEvent() {}
