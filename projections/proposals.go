package projections

import (
	"context"
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/proposal"
	"florin/eventbus"
)

// Proposal is one proposal of an operator's. The reference of a payment is opened
// from the log by ProposalByID alone.
type Proposal struct {
	Proposal   id.Proposal
	Type       string
	Status     string // pending, approved, rejected or withdrawn; a pending one may have expired
	Scope      string
	Reason     string
	Proposer   id.Operator
	Decider    id.Operator // who approved or rejected it
	Answer     string      // reason of a rejection or withdrawal
	Operator   id.Operator // whom it is about
	Role       string
	Customer   id.Customer
	LegalBasis string
	Transfer   id.Transfer
	Account    id.Account
	Minor      int64
	Currency   string
	ProposedAt time.Time
	ExpiresAt  time.Time
	DecidedAt  time.Time
	Position   eventbus.Position
	Reference  domain.Evidence
	Product    proposal.Product // what ProposalByID alone opens too
	Posting    proposal.Posting // likewise
	RiskPolicy proposal.RiskPolicy
	DataSet    proposal.DataSet
}

// Amount is that of a reversal, deposit or clearing; zero where none was said.
func (p Proposal) Amount() money.Amount {
	return money.Amount{Minor: p.Minor, Currency: money.Currency(p.Currency)}
}

var proposalsTable = table{
	name: "proposals", key: []string{"proposal"},
	columns: []column{
		{"proposal", text}, {"type", text}, {"status", text}, {"scope", text}, {"reason", text}, {"proposer", text}, {"decider", text},
		{"answer", text}, {"operator", text}, {"role", text}, {"customer", text}, {"legal_basis", text}, {"transfer", text}, {"account", text},
		{"minor", bigint}, {"currency", text}, {"proposed_at", bigint}, {"expires_at", bigint}, {"decided_at", bigint}, {"position", bigint},
	},
	indexes: []index{{"proposals_by_status", "status, proposal"}},
}

func (p *Proposal) fields() []any {
	return []any{
		&p.Proposal, &p.Type, &p.Status, &p.Scope, &p.Reason, &p.Proposer, &p.Decider,
		&p.Answer, &p.Operator, &p.Role, &p.Customer, &p.LegalBasis, &p.Transfer, &p.Account,
		&p.Minor, &p.Currency, &p.ProposedAt, &p.ExpiresAt, &p.DecidedAt, (*uint64)(&p.Position),
	}
}

type proposalsFold struct{ proposals *rows[id.Proposal, Proposal] }

func beginProposals(tables []table) fold {
	return proposalsFold{newRows(tables[0], func(k id.Proposal) []any { return []any{k.String()} }, (*Proposal).fields)}
}

func (p proposalsFold) flush(w *writer) { p.proposals.flush(w) }
func (p proposalsFold) forget()         { p.proposals.forget() }

func (p proposalsFold) apply(w *writer, _ *commit, f *fact) error {
	if e, ok := f.event.(proposal.Made); ok {
		d := e.Details
		p.proposals.add(e.Proposal, Proposal{
			Proposal: e.Proposal, Type: e.Type, Status: "pending", Scope: e.Scope, Reason: e.Reason, Proposer: e.Proposer,
			Operator: d.Operator, Role: d.Role, Customer: d.Customer, LegalBasis: d.LegalBasis, Transfer: d.Transfer, Account: d.Account,
			Minor: d.Amount.Minor, Currency: string(d.Amount.Currency), ProposedAt: e.At, ExpiresAt: e.ExpiresAt, Position: f.Position,
		})
		return nil
	}
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	row, ok := p.proposals.get(w, id.From[id.Proposal](of))
	if !ok {
		return errNoRow
	}
	switch e := f.event.(type) {
	case proposal.ProductDescribed, proposal.PostingNamed, proposal.RiskPolicyDescribed, proposal.DataSetNamed: // opened from the log by ProposalByID
	case proposal.Approved:
		row.Status, row.Decider, row.DecidedAt = "approved", e.Approver, e.At
	case proposal.Rejected:
		row.Status, row.Decider, row.Answer, row.DecidedAt = "rejected", e.By, e.Reason, e.At
	case proposal.Withdrawn:
		row.Status, row.Answer, row.DecidedAt = "withdrawn", e.Reason, e.At
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	row.Position = f.Position
	return nil
}

// described are the types whose second fact says what they are about.
var described = map[string]bool{proposal.ProductDefinition: true, proposal.ProductRetirement: true, proposal.Suspense: true, proposal.WriteOff: true,
	proposal.RiskPolicyActivation: true, proposal.RiskPolicyRetirement: true, proposal.DataSetChange: true}

// ProposalByID gives one proposal, with the reference as the log can still open
// it. ErrMissing.
func (r *Reads) ProposalByID(ctx context.Context, of id.Proposal) (Proposal, error) {
	found, err := r.proposals(ctx, "proposal = ?", of.String())
	if err == nil && len(found) == 0 {
		return Proposal{}, ErrMissing
	}
	if err != nil {
		return Proposal{}, err
	}
	event, err := r.first(ctx, of.Stream())
	if e, ok := event.(proposal.Made); ok {
		found[0].Reference = e.Details.Reference
	}
	if err != nil || !described[found[0].Type] {
		return found[0], err
	}
	event, err = r.at(ctx, of.Stream(), 2)
	switch e := event.(type) {
	case proposal.ProductDescribed:
		found[0].Product = proposal.Product{Code: e.Code, Currency: e.Currency, Terms: e.Terms}
	case proposal.PostingNamed:
		found[0].Posting = proposal.Posting{Journal: e.Journal, Transfer: e.Transfer}
	case proposal.RiskPolicyDescribed:
		found[0].RiskPolicy = proposal.RiskPolicy{Digest: e.Digest, Name: e.Name, Role: e.Role, Base: e.Base}
	case proposal.DataSetNamed:
		found[0].DataSet = proposal.DataSet{Name: e.Name, Digest: e.Digest, Base: e.Base}
	}
	return found[0], err
}

// Proposals lists proposals by their identifiers: up to limit, above after (zero:
// from the first), of one status or, for "", of any.
func (r *Reads) Proposals(ctx context.Context, status string, after id.Proposal, limit int) ([]Proposal, error) {
	if status == "" {
		return r.proposals(ctx, "proposal > ? order by proposal limit ?", after.String(), bounded(limit))
	}
	return r.proposals(ctx, "status = ? and proposal > ? order by proposal limit ?", status, after.String(), bounded(limit))
}

func (r *Reads) proposals(ctx context.Context, where string, args ...any) (found []Proposal, err error) {
	err = r.database.each(ctx, "select "+proposalsTable.names()+" from proposals where "+where, args, func(row scanner) error {
		var p Proposal
		err := row.Scan(destinations(p.fields())...)
		found = append(found, p)
		return err
	})
	return found, err
}
