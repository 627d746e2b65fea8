package proposal_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/proposal"
)

// A clearing names one posting and what lies there by it; only what is taken out of
// suspense can become a customer's.
func TestProposalsOfClearings(t *testing.T) {
	t.Parallel()
	euros := money.Amount{Minor: 100, Currency: "EUR"}
	entry, reversal := proposal.Posting{Journal: id.Named[id.Journal]("j")}, proposal.Posting{Transfer: id.Named[id.Transfer]("t")}
	clear := func(kind string, posting proposal.Posting, details proposal.Details) proposal.Make {
		return proposal.Make{Proposal: id.Named[id.Proposal]("p"), Type: kind, Details: details, Posting: posting, Reason: "owner-found",
			Proposer: id.Named[id.Operator]("ada"), At: noon}
	}
	made := func(kind string, posting proposal.Posting, details proposal.Details) []proposal.Event {
		return []proposal.Event{proposal.Made{Proposal: id.Named[id.Proposal]("p"), Type: kind, Scope: "ledger.post", Details: details, Reason: "owner-found",
			Proposer: id.Named[id.Operator]("ada"), ExpiresAt: noon.Add(proposal.TTL), At: noon},
			proposal.PostingNamed{Journal: posting.Journal, Transfer: posting.Transfer, At: noon}}
	}
	theirs, ours := proposal.Details{Amount: euros, Account: id.Named[id.Account]("a")}, proposal.Details{Amount: euros}
	both := proposal.Posting{Journal: entry.Journal, Transfer: reversal.Transfer}
	reasonless := clear(proposal.WriteOff, entry, ours)
	reasonless.Reason = ""
	domaintest.Run[proposal.State](t, []domaintest.Case[proposal.Command, proposal.Event]{
		{Name: "what is a customer's", When: clear(proposal.Suspense, entry, theirs), Then: made(proposal.Suspense, entry, theirs)},
		{Name: "what is nobody's", When: clear(proposal.Suspense, entry, ours), Then: made(proposal.Suspense, entry, ours)},
		{Name: "what nobody will pay", When: clear(proposal.WriteOff, reversal, ours), Then: made(proposal.WriteOff, reversal, ours)},
		{Name: "a loss is no customer's", When: clear(proposal.WriteOff, entry, theirs), Refused: proposal.ErrDetails},
		{Name: "by no posting", When: clear(proposal.Suspense, proposal.Posting{}, theirs), Refused: proposal.ErrDetails},
		{Name: "by two postings", When: clear(proposal.WriteOff, both, ours), Refused: proposal.ErrDetails},
		{Name: "without an amount", When: clear(proposal.Suspense, entry, proposal.Details{Account: theirs.Account}), Refused: proposal.ErrDetails},
		{Name: "of less than nothing", When: clear(proposal.WriteOff, entry, proposal.Details{Amount: euros.Negate()}), Refused: proposal.ErrDetails},
		{Name: "with a text", When: clear(proposal.WriteOff, entry, proposal.Details{Amount: euros, Reference: domain.NewEvidence("x")}), Refused: proposal.ErrDetails},
		{Name: "without a reason", When: reasonless, Refused: proposal.ErrReason},
		{Name: "nothing else is about a posting", When: clear(proposal.Deposit, entry, theirs), Refused: proposal.ErrDetails},
	})
	var state proposal.State
	for _, event := range made(proposal.Suspense, reversal, ours) {
		state = state.Evolve(event)
	}
	require.Equal(t, reversal, state.Posting)
	require.Equal(t, reversal.Transfer.Stream(), state.Posting.Stream())
	require.Equal(t, entry.Journal.Stream(), entry.Stream())
}
