package projections

import (
	"context"
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/riskpolicy"
	"florin/eventbus"
)

// RiskPolicy is a version of the risk policy that the bank knows. Its text is opened
// from the log by RiskPolicyText.
type RiskPolicy struct {
	Digest      string
	Name        string
	Status      string // submitted, live, shadow, replaced or retired
	Reason      string // of the last change
	SubmittedBy id.Operator
	Proposer    id.Operator // of the last change
	Approver    id.Operator
	SubmittedAt time.Time
	ActivatedAt time.Time // last; zero: never
	ChangedAt   time.Time
	Position    eventbus.Position
}

// The states of a version.
const (
	RiskSubmitted = "submitted"
	RiskLive      = riskpolicy.Live
	RiskShadow    = riskpolicy.Shadow
	RiskReplaced  = "replaced"
	RiskRetired   = "retired"
)

var riskPoliciesTable = table{
	name: "risk_policies", key: []string{"digest"},
	columns: []column{
		{"digest", text}, {"name", text}, {"status", text}, {"status_reason", text}, {"submitted_by", text}, {"proposer", text}, {"approver", text},
		{"submitted_at", bigint}, {"activated_at", bigint}, {"changed_at", bigint}, {"position", bigint},
	},
}

func (p *RiskPolicy) fields() []any {
	return []any{&p.Digest, &p.Name, &p.Status, &p.Reason, &p.SubmittedBy, &p.Proposer, &p.Approver,
		&p.SubmittedAt, &p.ActivatedAt, &p.ChangedAt, (*uint64)(&p.Position)}
}

type riskPoliciesFold struct{ policies *rows[string, RiskPolicy] }

func beginRiskPolicies(tables []table) fold {
	return riskPoliciesFold{newRows(tables[0], func(k string) []any { return []any{k} }, (*RiskPolicy).fields)}
}

func (p riskPoliciesFold) flush(w *writer) { p.policies.flush(w) }
func (p riskPoliciesFold) forget()         { p.policies.forget() }

func (p riskPoliciesFold) apply(w *writer, _ *commit, f *fact) error {
	switch e := f.event.(type) {
	case riskpolicy.Submitted:
		p.policies.add(e.Digest, RiskPolicy{Digest: e.Digest, Name: e.Name, Status: RiskSubmitted, SubmittedBy: e.By,
			SubmittedAt: e.At, ChangedAt: e.At, Position: f.Position})
	case riskpolicy.Activated:
		if before, ok := p.policies.get(w, e.Replaced); ok { // one that is parked parks no other
			before.Status, before.Reason, before.ChangedAt, before.Position = RiskReplaced, e.Reason, e.At, f.Position
			before.Proposer, before.Approver = e.Proposer, e.Approver
		}
		row, ok := p.policies.get(w, e.Digest)
		if !ok {
			return errNoRow
		}
		row.Status, row.Reason, row.ActivatedAt, row.ChangedAt, row.Position = e.Role, e.Reason, e.At, e.At, f.Position
		row.Proposer, row.Approver = e.Proposer, e.Approver
	case riskpolicy.Retired:
		row, ok := p.policies.get(w, e.Digest)
		if !ok {
			return errNoRow
		}
		row.Status, row.Reason, row.ChangedAt, row.Position = RiskRetired, e.Reason, e.At, f.Position
		row.Proposer, row.Approver = e.Proposer, e.Approver
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	return nil
}

// RiskPolicies lists the versions that the bank knows, by digest: up to limit, above
// after ("": from the first).
func (r *Reads) RiskPolicies(ctx context.Context, after string, limit int) ([]RiskPolicy, error) {
	return r.riskPolicies(ctx, "digest > ? order by digest limit ?", after, bounded(limit))
}

// RiskPolicyByDigest gives one. ErrMissing.
func (r *Reads) RiskPolicyByDigest(ctx context.Context, digest string) (RiskPolicy, error) {
	found, err := r.riskPolicies(ctx, "digest = ?", digest)
	if err == nil && len(found) == 0 {
		return RiskPolicy{}, ErrMissing
	}
	if err != nil {
		return RiskPolicy{}, err
	}
	return found[0], nil
}

// LiveRiskPolicy is the digest of the live one; "" before there is one.
func (r *Reads) LiveRiskPolicy(ctx context.Context) (string, error) {
	found, err := r.riskPolicies(ctx, "status = ?", RiskLive)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0].Digest, nil
}

// RiskPolicyText is a version's canonical text, as it lies in the log.
func (r *Reads) RiskPolicyText(ctx context.Context, digest string) (string, error) {
	event, err := r.first(ctx, riskpolicy.VersionOf(digest).Stream())
	return textOf(event), err
}

func textOf(event domain.Event) string {
	if e, ok := event.(riskpolicy.Submitted); ok {
		return e.Text
	}
	return ""
}

func (r *Reads) riskPolicies(ctx context.Context, where string, args ...any) (found []RiskPolicy, err error) {
	err = r.database.each(ctx, "select "+riskPoliciesTable.names()+" from risk_policies where "+where, args, func(row scanner) error {
		var p RiskPolicy
		err := row.Scan(destinations(p.fields())...)
		found = append(found, p)
		return err
	})
	return found, err
}
