package proposal_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/proposal"
)

func TestProposalsOfDataSets(t *testing.T) {
	t.Parallel()
	ada := id.Named[id.Operator]("ada")
	wanted := proposal.DataSet{Name: "places", Digest: "d", Base: "b"}
	propose := func(kind string, what proposal.DataSet) proposal.Make {
		return proposal.Make{Proposal: id.Named[id.Proposal]("p"), Type: kind, DataSet: what, Reason: "monthly", Proposer: ada, At: noon}
	}
	made := func(what proposal.DataSet) []proposal.Event {
		return []proposal.Event{proposal.Made{Proposal: id.Named[id.Proposal]("p"), Type: proposal.DataSetChange, Scope: "risk.write", Reason: "monthly", Proposer: ada,
			ExpiresAt: noon.Add(proposal.TTL), At: noon}, proposal.DataSetNamed{Name: what.Name, Digest: what.Digest, Base: what.Base, At: noon}}
	}
	domaintest.Run[proposal.State](t, []domaintest.Case[proposal.Command, proposal.Event]{
		{Name: "a file is proposed", When: propose(proposal.DataSetChange, wanted), Then: made(wanted)},
		{Name: "that there be none, too", When: propose(proposal.DataSetChange, proposal.DataSet{Name: "places", Base: "b"}), Then: made(proposal.DataSet{Name: "places", Base: "b"})},
		{Name: "no file is no proposal of one", When: propose(proposal.DataSetChange, proposal.DataSet{}), Refused: proposal.ErrDetails},
		{Name: "nor is one without a name", When: propose(proposal.DataSetChange, proposal.DataSet{Digest: "d"}), Refused: proposal.ErrDetails},
		{Name: "and no other type is about one", When: propose(proposal.ProductDefinition, wanted), Refused: proposal.ErrDetails},
	})
	state := proposal.State{}
	for _, event := range made(wanted) {
		state = state.Evolve(event)
	}
	require.Equal(t, wanted, state.DataSet)
}
