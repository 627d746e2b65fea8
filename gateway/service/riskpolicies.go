package service

import (
	"context"
	"errors"
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/proposal"
	"florin/domain/risk"
	"florin/domain/text"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// RiskPolicies serves /v1/risk/policies: what the bank scores attempts by.
type RiskPolicies struct{ Desk }

// MediaYAML is that of a policy's file (RFC 9512).
const MediaYAML = "application/yaml"

// RiskPolicyAnswer is a version of the risk policy that the bank knows.
type RiskPolicyAnswer struct {
	Digest      string            `json:"digest"` // SHA-256 of the canonical form, in hexadecimal
	Name        string            `json:"name,omitzero"`
	Status      string            `json:"status"` // submitted, live, shadow, replaced or retired
	Reason      string            `json:"status_reason,omitzero"`
	SubmittedBy id.Operator       `json:"submitted_by,omitzero"` // not said: the bank itself
	Proposer    id.Operator       `json:"proposed_by,omitzero"`  // of the last change
	Approver    id.Operator       `json:"approved_by,omitzero"`  // of the last change
	SubmittedAt time.Time         `json:"submitted_at,omitzero"`
	ActivatedAt time.Time         `json:"activated_at,omitzero"` // the last time
	ChangedAt   time.Time         `json:"changed_at,omitzero"`
	Policy      *risk.Policy      `json:"policy,omitzero"`  // of one that is asked for by itself
	Against     string            `json:"against,omitzero"` // digest of the version that it is compared with
	Differences []RiskDifference  `json:"differences,omitzero"`
	Position    eventbus.Position `json:"position"`
}

// RiskDifference is one thing that the version says otherwise than the one that it is
// compared with: a base, feature, rule, threshold or example.
type RiskDifference struct {
	What  string `json:"what"`
	Where string `json:"where,omitzero"`
	Was   string `json:"was,omitzero"` // not said: it is new
	Is    string `json:"is,omitzero"`  // not said: it is gone
	Text  string `json:"text"`         // all that in a line
}

// RiskPolicyList is a page of versions. Live is the digest of the one that decides.
type RiskPolicyList struct {
	Live     string             `json:"live"`
	Policies []RiskPolicyAnswer `json:"policies"`
}

// Put makes a version live, or a shadow that runs beside it. In production it takes
// two: 202.
func (s RiskPolicies) Put(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.PutRiskPolicy](call.Body)
	if err != nil {
		return err
	}
	if (body.Policy == "") == (body.Digest == "") {
		return commands.ErrOnePolicy
	}
	change := commands.RiskPolicyChange{Digest: body.Digest, Role: body.Role, Base: body.Base}
	if body.Policy != "" {
		if change.File, err = s.Bank.RiskPolicies().Read(body.Policy); err != nil {
			return err
		}
	}
	return s.change(w, r, call, proposal.RiskPolicyActivation, body.Reason, change, s.Bank.RiskPolicies().Activate)
}

// Retire ends a shadow. In production it takes two: 202.
func (s RiskPolicies) Retire(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.RetireRiskPolicy](call.Body)
	if err != nil {
		return err
	}
	change := commands.RiskPolicyChange{Digest: pathText(r, "digest"), Base: body.Base}
	return s.change(w, r, call, proposal.RiskPolicyRetirement, body.Reason, change, s.Bank.RiskPolicies().Retire)
}

func (s RiskPolicies) change(w http.ResponseWriter, r *http.Request, call Call, kind, reason string, change commands.RiskPolicyChange,
	verb func(context.Context, commands.Order, commands.RiskPolicyChange) (commands.RiskPolicyAnswer, commands.Outcome, error)) error {
	if !text.Code(reason) {
		return customer.ErrReason
	}
	order := s.order(r, call)
	order.Caller.Reason = reason
	if !s.alone() {
		return s.propose(w, r, order, commands.Propose{Type: kind, Policy: change})
	}
	made, outcome, err := verb(r.Context(), order, change)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	answer := RiskPolicyAnswer{Digest: made.Digest, Name: made.Name, Status: made.Role, Reason: reason, ChangedAt: made.At, Position: outcome.Receipt.Last}
	if made.Role == "" {
		answer.Status = projections.RiskRetired
	}
	return wire.OK(w, answer)
}

// List is the versions that the bank knows, in force or not, by digest.
func (s RiskPolicies) List(w http.ResponseWriter, r *http.Request) error {
	page, err := s.page(r, "risk-policies")
	if err != nil {
		return err
	}
	if err := s.fresh(r, "riskpolicies"); err != nil {
		return err
	}
	rows, err := s.Reads.RiskPolicies(r.Context(), page.mark, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, last.Digest)
	}
	list := RiskPolicyList{Policies: make([]RiskPolicyAnswer, 0, len(rows))}
	if list.Live, err = s.Reads.LiveRiskPolicy(r.Context()); err != nil {
		return err
	}
	for _, row := range rows {
		list.Policies = append(list.Policies, riskPolicyOf(row))
	}
	return wire.OK(w, list)
}

// Get is one version with its policy, as YAML where that is wanted. With against (the
// digest of another one, or live) it says where the two differ.
func (s RiskPolicies) Get(w http.ResponseWriter, r *http.Request) error {
	query, err := wire.Query(r, "against")
	if err != nil {
		return err
	}
	if err := s.fresh(r, "riskpolicies"); err != nil {
		return err
	}
	row, policy, err := s.version(r.Context(), pathText(r, "digest"))
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	if chosen(r, mediaJSON, MediaYAML) == MediaYAML {
		return writePolicy(w, policy)
	}
	answer := riskPolicyOf(row)
	answer.Policy = &policy
	if against := query.Get("against"); against != "" {
		if against == projections.RiskLive {
			if against, err = s.Reads.LiveRiskPolicy(r.Context()); err != nil {
				return err
			}
		}
		other, from, err := s.version(r.Context(), against)
		if err != nil {
			return err
		}
		answer.Against, answer.Differences = other.Digest, []RiskDifference{}
		for _, d := range risk.Diff(from, policy) {
			answer.Differences = append(answer.Differences, RiskDifference{d.What, d.Where, d.Was, d.Is, d.String()})
		}
	}
	return wire.OK(w, answer)
}

func (s RiskPolicies) version(ctx context.Context, digest string) (projections.RiskPolicy, risk.Policy, error) {
	row, err := s.Reads.RiskPolicyByDigest(ctx, digest)
	if errors.Is(err, projections.ErrMissing) {
		return row, risk.Policy{}, problem.NotFound
	}
	if err != nil {
		return row, risk.Policy{}, err
	}
	canonical, err := s.Reads.RiskPolicyText(ctx, digest)
	if err != nil {
		return row, risk.Policy{}, err
	}
	engine, _, err := schemas.ReadPolicy([]byte(canonical))
	if err != nil {
		return row, risk.Policy{}, err
	}
	return row, engine.Policy(), nil
}

func writePolicy(w http.ResponseWriter, policy risk.Policy) error {
	file, err := schemas.WritePolicy(policy)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", MediaYAML)
	w.WriteHeader(http.StatusOK)
	_, err = w.Write(file)
	return err
}

func riskPolicyOf(row projections.RiskPolicy) RiskPolicyAnswer {
	return RiskPolicyAnswer{Digest: row.Digest, Name: row.Name, Status: row.Status, Reason: row.Reason, SubmittedBy: row.SubmittedBy,
		Proposer: row.Proposer, Approver: row.Approver, SubmittedAt: row.SubmittedAt, ActivatedAt: row.ActivatedAt, ChangedAt: row.ChangedAt, Position: row.Position}
}
