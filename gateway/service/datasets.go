package service

import (
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/customer"
	"florin/domain/dataset"
	"florin/domain/id"
	"florin/domain/proposal"
	"florin/domain/text"
	"florin/eventbus"
	"florin/gateway/wire"
	"florin/schemas"
)

// DataSets serves /v1/risk/data-sets: the files that risk looks into.
type DataSets struct{ Desk }

// DataSetAnswer is a file that risk looks into, by the SHA-256 of its bytes.
type DataSetAnswer struct {
	Name     string            `json:"name"`            // places, networks or addresses
	Digest   string            `json:"digest,omitzero"` // not said: none from now on
	Reason   string            `json:"reason"`
	Proposer id.Operator       `json:"proposed_by,omitzero"`
	Approver id.Operator       `json:"approved_by,omitzero"`
	Since    time.Time         `json:"since"`
	Position eventbus.Position `json:"position,omitzero"` // of a change
}

// DataSetList is all that are in force.
type DataSetList struct {
	DataSets []DataSetAnswer `json:"data_sets"`
}

// List is the files in force, by name.
func (s DataSets) List(w http.ResponseWriter, r *http.Request) error {
	if _, err := wire.Query(r); err != nil {
		return err
	}
	sets, err := s.Bank.DataSets().InForce(r.Context())
	if err != nil {
		return err
	}
	list := DataSetList{DataSets: make([]DataSetAnswer, 0, len(sets))}
	for _, set := range sets {
		list.DataSets = append(list.DataSets, dataSetOf(set))
	}
	return wire.OK(w, list)
}

// Put puts a file in force, which lies in the bank's directory of data sets, or none. In
// production it takes two: 202.
func (s DataSets) Put(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.PutDataSet](call.Body)
	if err != nil {
		return err
	}
	if !text.Code(body.Reason) {
		return customer.ErrReason
	}
	order := s.order(r, call)
	order.Caller.Reason = body.Reason
	change := commands.DataSetChange{Name: body.Name, Digest: body.Digest, Base: body.Base}
	if !s.alone() {
		return s.propose(w, r, order, commands.Propose{Type: proposal.DataSetChange, DataSet: change})
	}
	made, outcome, err := s.Bank.DataSets().Change(r.Context(), order, change)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	answer := dataSetOf(made.InForce)
	answer.Position = outcome.Receipt.Last
	return wire.OK(w, answer)
}

func dataSetOf(set dataset.InForce) DataSetAnswer {
	return DataSetAnswer{Name: set.Name, Digest: set.Digest, Reason: set.Reason, Proposer: set.Proposer, Approver: set.Approver, Since: set.Since}
}
