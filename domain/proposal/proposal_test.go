package proposal_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/proposal"
	"florin/domain/terms"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestProposal(t *testing.T) {
	t.Parallel()
	ada, bob, carl := id.Named[id.Operator]("ada"), id.Named[id.Operator]("bob"), id.Named[id.Operator]("carl")
	propose := proposal.Make{Proposal: id.Named[id.Proposal]("p"), Type: proposal.RoleGrant, Details: proposal.Details{Operator: carl, Role: "teller"},
		Reason: "new-in-branch", Proposer: ada, At: noon}
	with := func(change func(*proposal.Make)) proposal.Make { c := propose; change(&c); return c }
	made := proposal.Made{Proposal: propose.Proposal, Type: propose.Type, Scope: "roles.manage", Details: propose.Details, Reason: propose.Reason,
		Proposer: ada, ExpiresAt: noon.Add(proposal.TTL), At: noon}
	approved := proposal.Approved{Proposer: ada, Approver: bob, Reason: "new-in-branch", At: noon}
	rejected := proposal.Rejected{By: bob, Reason: "not-needed", At: noon}
	withdrawn := proposal.Withdrawn{Reason: "mistake", At: noon}
	given := func(events ...proposal.Event) []proposal.Event { return events }
	late := noon.Add(proposal.TTL)
	domaintest.Run[proposal.State](t, []domaintest.Case[proposal.Command, proposal.Event]{
		{Name: "something is proposed", When: propose, Then: given(made)},
		{Name: "once", Given: given(made), When: propose, Refused: proposal.ErrExists},
		{Name: "of a type that is none", When: with(func(c *proposal.Make) { c.Type = "coup" }), Refused: proposal.ErrType},
		{Name: "with less than it needs", When: with(func(c *proposal.Make) { c.Details.Role = "" }), Refused: proposal.ErrDetails},
		{Name: "with more than it needs", When: with(func(c *proposal.Make) { c.Details.LegalBasis = "x" }), Refused: proposal.ErrDetails},
		{Name: "with another type's details", When: with(func(c *proposal.Make) { c.Type = proposal.Erasure }), Refused: proposal.ErrDetails},
		{Name: "without a reason", When: with(func(c *proposal.Make) { c.Reason = "" }), Refused: proposal.ErrReason},
		{Name: "with a story for a reason", When: with(func(c *proposal.Make) { c.Reason = "Bob is nice" }), Refused: proposal.ErrReason},
		{Name: "nothing is approved that was not proposed", When: proposal.Approve{By: bob, At: noon}, Refused: proposal.ErrUnknown},
		{Name: "another approves", Given: given(made), When: proposal.Approve{By: bob, At: noon}, Then: given(approved)},
		{Name: "nobody approves their own", Given: given(made), When: proposal.Approve{By: ada, At: noon}, Refused: proposal.ErrOwn},
		{Name: "nor on themselves", Given: given(made), When: proposal.Approve{By: carl, At: noon}, Refused: proposal.ErrOwn},
		{Name: "nobody asks for another enrolment of their own", When: with(func(c *proposal.Make) {
			c.Type, c.Details = proposal.Enrolment, proposal.Details{Operator: ada}
		}), Refused: proposal.ErrOwn},
		{Name: "nor does nobody", Given: given(made), When: proposal.Approve{At: noon}, Refused: proposal.ErrOwn},
		{Name: "not twice", Given: given(made, approved), When: proposal.Approve{By: bob, At: noon}, Refused: proposal.ErrOver},
		{Name: "not what was rejected", Given: given(made, rejected), When: proposal.Approve{By: bob, At: noon}, Refused: proposal.ErrOver},
		{Name: "not what was withdrawn", Given: given(made, withdrawn), When: proposal.Approve{By: bob, At: noon}, Refused: proposal.ErrOver},
		{Name: "not a day later", Given: given(made), When: proposal.Approve{By: bob, At: late}, Refused: proposal.ErrOver},
		{Name: "another rejects", Given: given(made), When: proposal.Reject{By: bob, Reason: "not-needed", At: noon}, Then: given(rejected)},
		{Name: "with a reason", Given: given(made), When: proposal.Reject{By: bob, At: noon}, Refused: proposal.ErrReason},
		{Name: "nobody rejects their own", Given: given(made), When: proposal.Reject{By: ada, Reason: "x", At: noon}, Refused: proposal.ErrOwn},
		{Name: "but withdraws it", Given: given(made), When: proposal.Withdraw{By: ada, Reason: "mistake", At: noon}, Then: given(withdrawn)},
		{Name: "nobody withdraws another's", Given: given(made), When: proposal.Withdraw{By: bob, Reason: "mistake", At: noon}, Refused: proposal.ErrOthers},
		{Name: "what is done is not withdrawn", Given: given(made, approved), When: proposal.Withdraw{By: ada, Reason: "mistake", At: noon}, Refused: proposal.ErrOver},
	})
}

func TestEachTypeHasItsDetailsAndItsScope(t *testing.T) {
	t.Parallel()
	euros := money.Amount{Minor: 100, Currency: "EUR"}
	good := map[string]proposal.Details{
		proposal.RoleGrant:      {Operator: id.Named[id.Operator]("o"), Role: "teller"},
		proposal.RoleWithdrawal: {Operator: id.Named[id.Operator]("o"), Role: "teller"},
		proposal.Disabling:      {Operator: id.Named[id.Operator]("o")},
		proposal.Enrolment:      {Operator: id.Named[id.Operator]("o")},
		proposal.Activation:     {Customer: id.Named[id.Customer]("c")},
		proposal.Unfreezing:     {Account: id.Named[id.Account]("a")},
		proposal.Erasure:        {Customer: id.Named[id.Customer]("c"), LegalBasis: "gdpr-17-1-b"},
		proposal.Reversal:       {Transfer: id.Named[id.Transfer]("t"), Amount: euros, Reference: domain.NewEvidence("x")},
		proposal.Deposit:        {Account: id.Named[id.Account]("a"), Amount: euros},
		proposal.Suspense:       {Account: id.Named[id.Account]("a"), Amount: euros},
		proposal.WriteOff:       {Amount: euros},
	}
	for kind, details := range good {
		require.True(t, slices.Contains(domain.OperatorScopes(), proposal.Scope(kind)), kind)
		make := proposal.Make{Proposal: id.Named[id.Proposal]("p"), Type: kind, Details: details, Reason: "x", Proposer: id.Named[id.Operator]("ada"), At: noon}
		if kind == proposal.Suspense || kind == proposal.WriteOff {
			make.Posting.Journal = id.Named[id.Journal]("j")
		}
		_, err := proposal.State{}.Decide(make)
		require.NoError(t, err, kind)
		make.Details = proposal.Details{}
		_, err = proposal.State{}.Decide(make)
		require.ErrorIs(t, err, proposal.ErrDetails, kind)
	}
	require.Len(t, proposal.Scopes(), 7)
}

func TestProposalsOfProducts(t *testing.T) {
	t.Parallel()
	interest := terms.Terms{Interest: terms.Interest{Credit: 200, DayCount: terms.Actual365}}
	saver := proposal.Product{Code: "saver", Currency: "EUR", Terms: interest}
	bare := proposal.Product{Code: "saver", Currency: "EUR"}
	propose := func(kind string, what proposal.Product) proposal.Make {
		return proposal.Make{Proposal: id.Named[id.Proposal]("p"), Type: kind, Product: what, Reason: "new-offer", Proposer: id.Named[id.Operator]("ada"), At: noon}
	}
	made := func(kind string, what proposal.Product) []proposal.Event {
		return []proposal.Event{proposal.Made{Proposal: id.Named[id.Proposal]("p"), Type: kind, Scope: "config.write", Reason: "new-offer",
			Proposer: id.Named[id.Operator]("ada"), ExpiresAt: noon.Add(proposal.TTL), At: noon},
			proposal.ProductDescribed{Code: what.Code, Currency: what.Currency, Terms: what.Terms, At: noon}}
	}
	dollars := saver
	dollars.Terms.Fees.Monthly = money.Amount{Minor: 1, Currency: "USD"}
	detailed := propose(proposal.ProductDefinition, saver)
	detailed.Details.Role = "teller"
	domaintest.Run[proposal.State](t, []domaintest.Case[proposal.Command, proposal.Event]{
		{Name: "a product is proposed with its terms", When: propose(proposal.ProductDefinition, saver), Then: made(proposal.ProductDefinition, saver)},
		{Name: "one without any costs and earns nothing", When: propose(proposal.ProductDefinition, bare), Then: made(proposal.ProductDefinition, bare)},
		{Name: "its end is proposed without any", When: propose(proposal.ProductRetirement, bare), Then: made(proposal.ProductRetirement, bare)},
		{Name: "and not with", When: propose(proposal.ProductRetirement, saver), Refused: proposal.ErrDetails},
		{Name: "no product is no proposal of one", When: propose(proposal.ProductDefinition, proposal.Product{}), Refused: proposal.ErrDetails},
		{Name: "terms are of one currency", When: propose(proposal.ProductDefinition, dollars), Refused: proposal.ErrDetails},
		{Name: "a code is no text", When: propose(proposal.ProductDefinition, proposal.Product{Code: "Saver!", Currency: "EUR"}), Refused: proposal.ErrDetails},
		{Name: "there are no other details", When: detailed, Refused: proposal.ErrDetails},
		{Name: "nothing else is about a product", When: propose(proposal.Disabling, saver), Refused: proposal.ErrDetails},
	})
	var state proposal.State
	for _, event := range made(proposal.ProductDefinition, saver) {
		state = state.Evolve(event)
	}
	require.Equal(t, saver, state.Product)
}

func TestProposalsOfRiskPolicies(t *testing.T) {
	t.Parallel()
	ada := id.Named[id.Operator]("ada")
	wanted := proposal.RiskPolicy{Digest: "d", Name: "p", Role: "live", Base: "b"}
	bare := proposal.RiskPolicy{Digest: "d", Name: "p", Base: "b"}
	propose := func(kind string, what proposal.RiskPolicy) proposal.Make {
		return proposal.Make{Proposal: id.Named[id.Proposal]("p"), Type: kind, RiskPolicy: what, Reason: "tuned", Proposer: ada, At: noon}
	}
	made := func(kind string, what proposal.RiskPolicy) []proposal.Event {
		return []proposal.Event{proposal.Made{Proposal: id.Named[id.Proposal]("p"), Type: kind, Scope: "risk.write", Reason: "tuned", Proposer: ada,
			ExpiresAt: noon.Add(proposal.TTL), At: noon},
			proposal.RiskPolicyDescribed{Digest: what.Digest, Name: what.Name, Role: what.Role, Base: what.Base, At: noon}}
	}
	without := func(change func(*proposal.RiskPolicy)) proposal.RiskPolicy { w := wanted; change(&w); return w }
	domaintest.Run[proposal.State](t, []domaintest.Case[proposal.Command, proposal.Event]{
		{Name: "a policy is proposed with its role", When: propose(proposal.RiskPolicyActivation, wanted), Then: made(proposal.RiskPolicyActivation, wanted)},
		{Name: "its end without one", When: propose(proposal.RiskPolicyRetirement, bare), Then: made(proposal.RiskPolicyRetirement, bare)},
		{Name: "and not with", When: propose(proposal.RiskPolicyRetirement, wanted), Refused: proposal.ErrDetails},
		{Name: "none is activated without a role", When: propose(proposal.RiskPolicyActivation, bare), Refused: proposal.ErrDetails},
		{Name: "nor without saying which one was live", When: propose(proposal.RiskPolicyActivation, without(func(w *proposal.RiskPolicy) { w.Base = "" })), Refused: proposal.ErrDetails},
		{Name: "nor without a digest", When: propose(proposal.RiskPolicyActivation, without(func(w *proposal.RiskPolicy) { w.Digest = "" })), Refused: proposal.ErrDetails},
		{Name: "no policy is no proposal of one", When: propose(proposal.RiskPolicyActivation, proposal.RiskPolicy{}), Refused: proposal.ErrDetails},
		{Name: "nothing else is about a policy", When: propose(proposal.Disabling, wanted), Refused: proposal.ErrDetails},
	})
	var state proposal.State
	for _, event := range made(proposal.RiskPolicyActivation, wanted) {
		state = state.Evolve(event)
	}
	require.Equal(t, wanted, state.RiskPolicy)
}
