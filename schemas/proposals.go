package schemas

import "florin/domain/proposal"

// Proposals lists every kind of record that the stream of a proposal may hold.
var Proposals = newTable(
	Event(1, func(e proposal.Made) proposal.Event { return e }),
	Event(1, func(e proposal.ProductDescribed) proposal.Event { return e }),
	Event(1, func(e proposal.PostingNamed) proposal.Event { return e }),
	Event(1, func(e proposal.RiskPolicyDescribed) proposal.Event { return e }),
	Event(1, func(e proposal.DataSetNamed) proposal.Event { return e }),
	Event(1, func(e proposal.Approved) proposal.Event { return e }),
	Event(1, func(e proposal.Rejected) proposal.Event { return e }),
	Event(1, func(e proposal.Withdrawn) proposal.Event { return e }),
)
