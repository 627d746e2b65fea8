package commands

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"florin/domain/dataset"
	"florin/domain/id"
	"florin/domain/proposal"
	"florin/domain/risk"
)

// DataSetFile tells what one file knows of an address; what it does not know it leaves.
// It may be called by many at once.
type DataSetFile func(of netip.Addr, facts *dataset.Facts)

// DataSets are the verbs of the files that risk looks into. In production they take two
// operators: then the gateway proposes (proposal.DataSetChange) what a sandbox does at once.
type DataSets struct{ bank *Bank }

// DataSets gives the verbs of data sets.
func (b *Bank) DataSets() DataSets { return DataSets{b} }

// DataSetChange asks for a file of a name to be in force; without a digest for none.
type DataSetChange struct {
	Name   string
	Digest string
	Base   string // digest of the one that was in force when this was asked for; "": the one that is
}

// DataSetAnswer is what is in force of a name.
type DataSetAnswer struct {
	dataset.InForce
}

// Change puts a file in force, or none, on one operator's word. A file that cannot be
// read is refused: dataset.ErrFile.
func (d DataSets) Change(ctx context.Context, order Order, ask DataSetChange) (DataSetAnswer, Outcome, error) {
	b := d.bank
	return execute(ctx, b, "dataset.change", order, streams(dataset.Stream()), func(w *work) error {
		what, err := b.dataSetAsked(w, ask)
		if err != nil {
			return err
		}
		return b.changeDataSet(w, what, operatorOf(order.Caller), id.Operator{}, order.Caller.Reason)
	}, dataSetAnswer)
}

// InForce lists the files that risk looks into, by name.
func (d DataSets) InForce(ctx context.Context) ([]dataset.InForce, error) {
	state, err := d.bank.dataSets.look(ctx, dataset.Stream())
	return state.Sets, err
}

// dataSetAsked is what is asked for as a proposal names it.
func (b *Bank) dataSetAsked(w *work, ask DataSetChange) (proposal.DataSet, error) {
	if ask == (DataSetChange{}) {
		return proposal.DataSet{}, nil
	}
	state, err := b.dataSets.load(w, dataset.Stream())
	if ask.Base == "" {
		ask.Base = state.Of(ask.Name)
	}
	return proposal.DataSet{Name: ask.Name, Digest: ask.Digest, Base: ask.Base}, err
}

func (b *Bank) changeDataSet(w *work, what proposal.DataSet, proposer, approver id.Operator, reason string) error {
	err := b.dataSets.decide(w, dataset.Stream(), dataset.Change{Name: what.Name, Digest: what.Digest, Base: what.Base, Reason: reason,
		Proposer: proposer, Approver: approver, At: w.order.At})
	if err == nil && what.Digest != "" {
		_, err = b.opened.file(what.Name, what.Digest)
	}
	return err
}

func dataSetAnswer(facts []Fact) (answer DataSetAnswer, _ error) {
	for _, fact := range facts {
		switch e := fact.Event.(type) {
		case dataset.Activated:
			answer.InForce = dataset.InForce{Name: e.Name, Digest: e.Digest, Reason: e.Reason, Proposer: e.Proposer, Approver: e.Approver, Since: e.At}
		case dataset.Withdrawn:
			answer.InForce = dataset.InForce{Name: e.Name, Reason: e.Reason, Proposer: e.Proposer, Approver: e.Approver, Since: e.At}
		}
	}
	return answer, nil
}

// openedSets are the files that were opened, and those in force.
type openedSets struct {
	open func(name, digest string) (DataSetFile, error) // nil: there are none

	mu    sync.Mutex
	files map[string]DataSetFile // by name and digest
	now   atomic.Pointer[lookups]
}

// lookups are the files in force at one place of the log.
type lookups struct {
	of    []dataset.InForce
	files []DataSetFile
	data  []risk.DataSet
}

// file opens one, once. dataset.ErrFile.
func (o *openedSets) file(name, digest string) (DataSetFile, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if file, known := o.files[name+digest]; known {
		return file, nil
	}
	if o.open == nil {
		return nil, dataset.ErrFile
	}
	file, err := o.open(name, digest)
	if err != nil {
		refusal := *dataset.ErrFile
		refusal.Detail = "The bank cannot read the file: " + sentenceOf(err) + "."
		return nil, &refusal
	}
	if o.files == nil {
		o.files = map[string]DataSetFile{}
	}
	o.files[name+digest] = file
	return file, nil
}

// at are the lookups of a state. An error: a file is not there, or cannot be read.
func (o *openedSets) at(state dataset.State) (*lookups, error) {
	if now := o.now.Load(); now != nil && slices.Equal(now.of, state.Sets) {
		return now, nil
	}
	next := &lookups{of: state.Sets}
	for _, set := range state.Sets {
		file, err := o.file(set.Name, set.Digest)
		if err != nil {
			return nil, fmt.Errorf("commands: the data set %s with the digest %s is in force: %w", set.Name, set.Digest, err)
		}
		next.files = append(next.files, file)
		next.data = append(next.data, risk.DataSet{Name: set.Name, Digest: set.Digest})
	}
	o.now.Store(next)
	return next, nil
}

// has tells whether a data set of the name is in force.
func (l *lookups) has(name string) bool {
	return slices.ContainsFunc(l.of, func(set dataset.InForce) bool { return set.Name == name })
}

// know is all that is known of an address; of what is none: nothing.
func (l *lookups) know(address string) (facts dataset.Facts, known bool) {
	of, err := netip.ParseAddr(address)
	if err != nil {
		return facts, false
	}
	of = of.Unmap().WithZone("")
	for _, file := range l.files {
		file(of, &facts)
	}
	return facts, true
}

// lookups are those in force where a command is decided. Where a file cannot be had
// nothing is known: the bank did not start without it, so it was lost since.
func (w *work) lookups() *lookups {
	state, err := w.bank.dataSets.load(w, dataset.Stream())
	if err == nil {
		var found *lookups
		if found, err = w.bank.opened.at(state); err == nil {
			return found
		}
	}
	return &lookups{}
}

// dataSetsReady opens what is in force: a bank that cannot says so before it serves.
func (b *Bank) dataSetsReady(ctx context.Context) error {
	state, err := b.dataSets.look(ctx, dataset.Stream())
	if err != nil {
		return err
	}
	_, err = b.opened.at(state)
	return err
}
