package schemas

import "florin/domain/dataset"

// PutDataSet is PUT /v1/risk/data-sets: a file that risk looks into, by the SHA-256 of its
// bytes, which lies in the bank's data_sets directory under that name.
type PutDataSet struct {
	Name   string `json:"name"`            // places, networks or addresses
	Digest string `json:"digest,omitzero"` // not said: none from now on
	Base   string `json:"base,omitzero"`   // digest of the one that this is meant to follow; not said: the one in force
	Reason string `json:"reason"`          // code
}

// DataSets lists every kind of record that the stream of the data sets in force may hold.
var DataSets = newTable(
	Event(1, func(e dataset.Activated) dataset.Event { return e }),
	Event(1, func(e dataset.Withdrawn) dataset.Event { return e }),
)
