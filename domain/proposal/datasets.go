package proposal

import "time"

// DataSetChange is a type of proposal: about a file that risk looks into.
const DataSetChange = "data-set-change"

// DataSet is which file of a name is to be in force; none without a digest. Base is the
// one that was when it was proposed: once another one is, what was proposed is refused.
type DataSet struct {
	Name   string
	Digest string
	Base   string
}

// DataSetNamed: which file the proposal is about, in the commit that made it.
type DataSetNamed struct {
	Name   string    `json:"name"`
	Digest string    `json:"digest,omitzero"` // not said: none is to be in force
	Base   string    `json:"base,omitzero"`   // not said: none was
	At     time.Time `json:"at"`
}

func (DataSetNamed) Kind() string   { return "proposal.data_set_named" }
func (DataSetNamed) proposalEvent() {}

// fits tells whether a proposal of the type is about such a file, or about none.
func (d DataSet) fits(kind string) bool {
	if kind == DataSetChange {
		return d.Name != ""
	}
	return d == DataSet{}
}

// name adds the file to what was made, if there is one.
func (d DataSet) name(made []Event, at time.Time) []Event {
	if d == (DataSet{}) {
		return made
	}
	return append(made, DataSetNamed{Name: d.Name, Digest: d.Digest, Base: d.Base, At: at})
}
