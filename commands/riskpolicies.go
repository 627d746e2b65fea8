package commands

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/proposal"
	"florin/domain/risk"
	"florin/domain/riskpolicy"
	"florin/schemas"
	"florin/schemas/seal"
)

// RiskPolicies are the verbs of what the bank scores attempts by. In production they
// take two operators: then the gateway proposes (proposal.RiskPolicyActivation and
// RiskPolicyRetirement) what a sandbox does at once.
type RiskPolicies struct{ bank *Bank }

// RiskPolicies gives the verbs of risk policies.
func (b *Bank) RiskPolicies() RiskPolicies { return RiskPolicies{b} }

// RiskPolicyChange is what is asked for: a version to be live or a shadow, or, without a
// role, to be a shadow no more. File is a policy that was read (Read); without one the
// bank has to know the digest.
type RiskPolicyChange struct {
	Digest string
	Role   string
	Base   string // the version that was live when this was asked for; "": the one that is
	File   ReadPolicy
}

// ReadPolicy is a policy that can be put to work. Only Read makes one.
type ReadPolicy struct {
	name, digest, text string
	engine             *risk.Engine
}

// ErrOnePolicy: a change names a file and a digest, or neither.
var ErrOnePolicy = &domain.Refusal{Class: domain.Invalid, Code: "invalid-risk-policy", Detail: "Give either a policy or the digest of one that the bank knows."}

// Digest is the policy's identity.
func (p ReadPolicy) Digest() string { return p.digest }

// Engine is the policy at work.
func (p ReadPolicy) Engine() *risk.Engine { return p.engine }

// RiskPolicyAnswer is what a verb has done about the policies in force.
type RiskPolicyAnswer struct {
	Digest  string
	Name    string
	Role    string // "": retired
	At      time.Time
	Changed bool
}

// Read reads a policy file and tries its examples. riskpolicy.ErrInvalid says in its
// detail what to mend.
func (p RiskPolicies) Read(file string) (ReadPolicy, error) {
	engine, digest, err := schemas.ReadPolicy([]byte(file))
	if errors.Is(err, risk.ErrPolicy) {
		return ReadPolicy{}, &domain.Refusal{Class: riskpolicy.ErrInvalid.Class, Code: riskpolicy.ErrInvalid.Code, Detail: sentence(err)}
	}
	if err != nil {
		return ReadPolicy{}, err
	}
	text, err := schemas.CanonicalPolicy(engine.Policy())
	return ReadPolicy{name: engine.Policy().Name, digest: digest, text: text, engine: engine}, err
}

// detailBytesMax bounds what an operator is told of a policy that cannot be used.
const detailBytesMax = 400

func sentence(err error) string { return "Mend the policy: " + sentenceOf(err) + "." }

func sentenceOf(err error) string {
	text := strings.ToValidUTF8(strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "risk: ")), " "), "")
	if len(text) > detailBytesMax {
		text = strings.ToValidUTF8(text[:detailBytesMax], "") + " ..."
	}
	return text
}

// Activate puts a version in force, on one operator's word.
func (p RiskPolicies) Activate(ctx context.Context, order Order, ask RiskPolicyChange) (RiskPolicyAnswer, Outcome, error) {
	return p.change(ctx, "riskpolicy.activate", order, ask)
}

// Retire takes a shadow out of force, on one operator's word.
func (p RiskPolicies) Retire(ctx context.Context, order Order, ask RiskPolicyChange) (RiskPolicyAnswer, Outcome, error) {
	ask.Role, ask.File = "", ReadPolicy{}
	return p.change(ctx, "riskpolicy.retire", order, ask)
}

func (p RiskPolicies) change(ctx context.Context, verb string, order Order, ask RiskPolicyChange) (RiskPolicyAnswer, Outcome, error) {
	b := p.bank
	return execute(ctx, b, verb, order, streams(riskpolicy.Stream()), func(w *work) error {
		what, err := b.change(w, ask)
		if err != nil {
			return err
		}
		return b.changePolicy(w, what, operatorOf(order.Caller), id.Operator{}, order.Caller.Reason)
	}, riskPolicyAnswer)
}

// change is what is asked for as a proposal names it. A file that nobody knew before is
// known from now on, whatever becomes of the proposal: so it can be read and compared by
// whoever decides on it.
func (b *Bank) change(w *work, ask RiskPolicyChange) (proposal.RiskPolicy, error) {
	if ask == (RiskPolicyChange{}) {
		return proposal.RiskPolicy{}, nil
	}
	digest := cmp.Or(ask.File.digest, ask.Digest)
	if ask.File.text != "" {
		if err := b.riskVersions.decide(w, riskpolicy.VersionOf(digest), riskpolicy.Submit{Digest: digest, Name: ask.File.name, Text: ask.File.text,
			By: operatorOf(w.order.Caller), At: w.order.At}); err != nil {
			return proposal.RiskPolicy{}, err
		}
	}
	known, err := b.riskVersions.load(w, riskpolicy.VersionOf(digest))
	if err == nil && known.Digest == "" {
		err = riskpolicy.ErrUnknown
	}
	if err != nil {
		return proposal.RiskPolicy{}, err
	}
	now, err := b.riskPolicies.load(w, riskpolicy.Stream())
	return proposal.RiskPolicy{Digest: digest, Name: known.Name, Role: ask.Role, Base: cmp.Or(ask.Base, now.Live)}, err
}

func (b *Bank) changePolicy(w *work, what proposal.RiskPolicy, proposer, approver id.Operator, reason string) error {
	var command riskpolicy.Command = riskpolicy.Activate{Digest: what.Digest, Name: what.Name, Role: what.Role, Base: what.Base, Reason: reason,
		Proposer: proposer, Approver: approver, At: w.order.At}
	if what.Role == "" {
		command = riskpolicy.Retire{Digest: what.Digest, Base: what.Base, Reason: reason, Proposer: proposer, Approver: approver, At: w.order.At}
	}
	return b.riskPolicies.decide(w, riskpolicy.Stream(), command)
}

func riskPolicyAnswer(facts []Fact) (RiskPolicyAnswer, error) {
	var answer RiskPolicyAnswer
	for _, fact := range facts {
		switch e := fact.Event.(type) {
		case riskpolicy.Activated:
			answer = RiskPolicyAnswer{Digest: e.Digest, Name: e.Name, Role: e.Role, At: e.At, Changed: true}
		case riskpolicy.Retired:
			answer = RiskPolicyAnswer{Digest: e.Digest, At: e.At, Changed: true}
		}
	}
	return answer, nil
}

// firstPolicy activates the founding policy, once.
func (b *Bank) firstPolicy(ctx context.Context) error {
	state, err := b.riskPolicies.look(ctx, riskpolicy.Stream())
	if err != nil {
		return err
	}
	if state.Live != "" {
		_, err := b.Judges(ctx) // a bank that cannot read its policy says so before it serves
		return err
	}
	founding := b.founding.engine.Policy()
	canonical, err := schemas.CanonicalPolicy(founding)
	if err != nil {
		return err
	}
	file := ReadPolicy{name: founding.Name, digest: b.founding.policy, text: canonical}
	order := SystemOrder("first-start", uuid.Nil, "riskpolicy.first", b.sources.Time(), seal.Subject{})
	order.Intent = nil
	_, _, err = b.RiskPolicies().Activate(ctx, order, RiskPolicyChange{Role: riskpolicy.Live, File: file})
	return err
}
