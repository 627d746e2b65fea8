package service

import (
	"context"
	"errors"
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/proposal"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// Proposals serves /v1/operators/proposals: what takes two operators.
type Proposals struct{ Desk }

// ProposalAnswer is a proposal on the wire.
type ProposalAnswer struct {
	Proposal   id.Proposal      `json:"proposal"`
	Kind       string           `json:"kind,omitzero"`
	Status     string           `json:"status"` // pending, approved, rejected, withdrawn or expired
	Scope      string           `json:"scope,omitzero"`
	Details    *ProposalDetails `json:"details,omitzero"`
	Reason     string           `json:"reason,omitzero"`
	Proposer   id.Operator      `json:"proposer,omitzero"`
	DecidedBy  id.Operator      `json:"decided_by,omitzero"`
	Answer     string           `json:"answer,omitzero"`         // reason of a rejection or withdrawal
	Transfer   id.Transfer      `json:"transfer,omitzero"`       // that an approved reversal made
	Journal    id.Journal       `json:"journal,omitzero"`        // that an approved deposit or clearing made
	CodePart   string           `json:"enrolment_code,omitzero"` // the part that is yours to hand over
	ProposedAt time.Time        `json:"proposed_at,omitzero"`
	ExpiresAt  time.Time        `json:"expires_at,omitzero"`
	DecidedAt  time.Time        `json:"decided_at,omitzero"`

	Position eventbus.Position `json:"position"`
}

// ProposalDetails are those that the kind has.
type ProposalDetails struct {
	Operator   id.Operator    `json:"operator,omitzero"`
	Role       string         `json:"role,omitzero"`
	Customer   id.Customer    `json:"customer,omitzero"`
	LegalBasis string         `json:"legal_basis,omitzero"`
	Transfer   id.Transfer    `json:"transfer,omitzero"`
	Journal    id.Journal     `json:"journal,omitzero"`
	Account    id.Account     `json:"account,omitzero"`
	Amount     string         `json:"amount,omitzero"`
	Currency   money.Currency `json:"currency,omitzero"`
	Reference  string         `json:"reference,omitzero"`
	Product    *ProductTerms  `json:"product,omitzero"`
	RiskPolicy *ChangedPolicy `json:"risk_policy,omitzero"`
	DataSet    *ChangedSet    `json:"data_set,omitzero"`
}

// ChangedPolicy is the version of the risk policy that a proposal is about, and the one
// that was live when it was made. GET /v1/risk/policies/{digest}?against= compares them.
type ChangedPolicy struct {
	Digest string `json:"digest"`
	Name   string `json:"name"`
	Role   string `json:"role,omitzero"` // live or shadow; not said: it is to be retired
	Base   string `json:"base"`
}

// ChangedSet is the file that risk is to look into, and the one of its name that it
// looked into when this was proposed.
type ChangedSet struct {
	Name   string `json:"name"`
	Digest string `json:"digest,omitzero"` // not said: none from then on
	Base   string `json:"base,omitzero"`   // not said: none
}

// ProposalList is a page of proposals.
type ProposalList struct {
	Proposals []ProposalAnswer `json:"proposals"`
}

const proposalsPath = "/v1/operators/proposals/"

// Make proposes something.
func (s Proposals) Make(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.MakeProposal](call.Body)
	if err != nil {
		return err
	}
	d := body.Details
	details := proposal.Details{Operator: d.Operator, Role: d.Role, Customer: d.Customer, LegalBasis: d.LegalBasis, Transfer: d.Transfer,
		Account: d.Account, Reference: evidence(d.Reference)}
	if details.Amount, err = amountIfAny(d.Amount, d.Currency); err != nil {
		return err
	}
	posting := proposal.Posting{Journal: d.Journal}
	if body.Kind == proposal.Suspense || body.Kind == proposal.WriteOff {
		posting.Transfer, details.Transfer = details.Transfer, id.Transfer{}
	}
	order := s.order(r, call)
	order.Caller.Reason = body.Reason
	return s.propose(w, r, order, commands.Propose{Type: body.Kind, Details: details, Posting: posting})
}

// propose is how a request ends that one operator may not carry out alone: 202,
// with the proposal that another one has to approve.
func (d Desk) propose(w http.ResponseWriter, r *http.Request, order commands.Order, ask commands.Propose) error {
	made, outcome, err := d.Bank.Proposals().Propose(r.Context(), order, ask)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.Accepted(w, proposalsPath+made.Proposal.String(), ProposalAnswer{Proposal: made.Proposal, Kind: made.Type, Status: made.Status,
		ProposedAt: made.At, ExpiresAt: made.ExpiresAt, Position: outcome.Receipt.Last})
}

// Approve agrees, and answers when what was proposed is done and bites.
func (s Proposals) Approve(w http.ResponseWriter, r *http.Request) error {
	if err := empty(CallOf(r.Context()).Body); err != nil {
		return err
	}
	return s.decide(w, r, "", s.Bank.Proposals().Approve)
}

// Reject disagrees.
func (s Proposals) Reject(w http.ResponseWriter, r *http.Request) error {
	body, err := wire.Decode[schemas.RejectProposal](CallOf(r.Context()).Body)
	if err != nil {
		return err
	}
	return s.decide(w, r, body.Reason, s.Bank.Proposals().Reject)
}

// Withdraw takes one's own back.
func (s Proposals) Withdraw(w http.ResponseWriter, r *http.Request) error {
	body, err := wire.Decode[schemas.WithdrawProposal](CallOf(r.Context()).Body)
	if err != nil {
		return err
	}
	return s.decide(w, r, body.Reason, s.Bank.Proposals().Withdraw)
}

func (s Proposals) decide(w http.ResponseWriter, r *http.Request, reason string,
	verb func(context.Context, commands.Order, id.Proposal) (commands.ProposalAnswer, commands.Outcome, error)) error {
	asked, err := pathID[id.Proposal](r)
	if err != nil {
		return err
	}
	order := s.order(r, CallOf(r.Context()))
	order.Caller.Reason = reason
	decided, outcome, err := verb(r.Context(), order, asked)
	if err != nil {
		return refused(w, outcome, err)
	}
	if err := s.settled(r, outcome); err != nil {
		return err
	}
	answered(w, outcome)
	return wire.OK(w, ProposalAnswer{Proposal: decided.Proposal, Status: decided.Status, Transfer: decided.Transfer, Journal: decided.Journal,
		CodePart: decided.Code, DecidedAt: decided.At, Position: outcome.Receipt.Last})
}

// List is all proposals, or those of one status.
func (s Proposals) List(w http.ResponseWriter, r *http.Request) error {
	query, err := wire.Query(r, "status", "limit", "cursor")
	if err != nil {
		return err
	}
	status := query.Get("status")
	switch status {
	case "", commands.ProposalPending, commands.ProposalApproved, commands.ProposalRejected, commands.ProposalWithdrawn:
	default:
		return problem.BadParameter
	}
	page, err := s.page(r, "proposals\x00"+status, "status")
	if err != nil {
		return err
	}
	after, err := marked[id.Proposal](page)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "proposals"); err != nil {
		return err
	}
	if err := s.look(r, "proposals", id.Customer{}); err != nil {
		return err
	}
	rows, err := s.Reads.Proposals(r.Context(), status, after, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, last.Proposal.String())
	}
	list := ProposalList{Proposals: make([]ProposalAnswer, 0, len(rows))}
	for _, row := range rows {
		list.Proposals = append(list.Proposals, s.proposalOf(row))
	}
	return wire.OK(w, list)
}

// Get is one proposal, with the part of an enrolment's code that is the caller's.
func (s Proposals) Get(w http.ResponseWriter, r *http.Request) error {
	asked, err := pathID[id.Proposal](r)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "proposals"); err != nil {
		return err
	}
	row, err := s.Reads.ProposalByID(r.Context(), asked)
	if errors.Is(err, projections.ErrMissing) {
		return problem.NotFound
	}
	if err != nil {
		return err
	}
	if err := s.look(r, "proposal", row.Customer); err != nil {
		return err
	}
	answer := s.proposalOf(row)
	if row.Product.Code != "" {
		shown := productTermsOf(row.Product.Code, row.Product.Currency, row.Product.Terms)
		answer.Details.Product = &shown
	}
	if row.Posting != (proposal.Posting{}) {
		answer.Details.Journal, answer.Details.Transfer = row.Posting.Journal, row.Posting.Transfer
	}
	if p := row.RiskPolicy; p.Digest != "" {
		answer.Details.RiskPolicy = &ChangedPolicy{p.Digest, p.Name, p.Role, p.Base}
	}
	if d := row.DataSet; d.Name != "" {
		answer.Details.DataSet = &ChangedSet{d.Name, d.Digest, d.Base}
	}
	if row.Status == commands.ProposalApproved {
		if answer.CodePart, err = s.Bank.Proposals().CodePart(r.Context(), asked, CallOf(r.Context()).Caller, row.Decider); err != nil {
			return err
		}
	}
	return wire.OK(w, answer)
}

func (s Proposals) proposalOf(row projections.Proposal) ProposalAnswer {
	answer := ProposalAnswer{
		Proposal: row.Proposal, Kind: row.Type, Status: row.Status, Scope: row.Scope, Reason: row.Reason, Proposer: row.Proposer,
		DecidedBy: row.Decider, Answer: row.Answer, ProposedAt: row.ProposedAt, ExpiresAt: row.ExpiresAt, DecidedAt: row.DecidedAt, Position: row.Position,
		Details: &ProposalDetails{Operator: row.Operator, Role: row.Role, Customer: row.Customer, LegalBasis: row.LegalBasis, Transfer: row.Transfer,
			Account: row.Account, Reference: row.Reference.Reveal()},
	}
	if amount := row.Amount(); !amount.IsZero() {
		answer.Details.Amount, answer.Details.Currency = amount.Decimal(), amount.Currency
	}
	if row.Status == commands.ProposalPending && !s.Bank.Sources().Now().Before(row.ExpiresAt) {
		answer.Status = commands.ProposalExpired
	}
	return answer
}
