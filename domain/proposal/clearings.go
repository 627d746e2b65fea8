package proposal

import (
	"time"

	"florin/domain/id"
)

// Types of proposals about what lies in the bank's own books.
const (
	Suspense = "suspense-clearing"    // to a customer's account or, of none, to the bank's income
	WriteOff = "receivable-write-off" // what nobody will pay
)

// Posting is that by which the money came to lie there: one of the two.
type Posting struct {
	Journal  id.Journal
	Transfer id.Transfer
}

// Stream holds the posting.
func (p Posting) Stream() string {
	if p.Journal.IsZero() {
		return p.Transfer.Stream()
	}
	return p.Journal.Stream()
}

// PostingNamed: which posting the proposal is about, in the commit that made it.
type PostingNamed struct {
	Journal  id.Journal  `json:"journal,omitzero"`
	Transfer id.Transfer `json:"transfer,omitzero"`
	At       time.Time   `json:"at"`
}

func (PostingNamed) Kind() string   { return "proposal.posting_named" }
func (PostingNamed) proposalEvent() {}

// fits tells whether a proposal of the type is about such a posting, or about none.
func (p Posting) fits(kind string) bool {
	if kind == Suspense || kind == WriteOff {
		return p.Journal.IsZero() != p.Transfer.IsZero()
	}
	return p == Posting{}
}

// name adds the posting to what was made, if there is one.
func (p Posting) name(made []Event, at time.Time) []Event {
	if p == (Posting{}) {
		return made
	}
	return append(made, PostingNamed{Journal: p.Journal, Transfer: p.Transfer, At: at})
}
