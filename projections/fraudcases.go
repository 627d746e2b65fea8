package projections

import (
	"context"
	"time"

	"florin/domain/fraudcase"
	"florin/domain/id"
	"florin/eventbus"
)

// FraudCase is the work on one thing that may be fraud.
type FraudCase struct {
	Case      id.FraudCase
	Status    string // as fraudcase.Phase
	Type      string // of its subject
	Subject   string // identifier
	Customer  id.Customer
	Device    id.Device
	Payee     string
	Decision  id.Decision
	Reason    string // of its opening, or of its end
	Assignee  id.Operator
	Outcome   string
	Notes     int64
	OpenedAt  time.Time
	Opener    id.Operator
	DecidedAt time.Time
	Decider   id.Operator
	Opened    eventbus.Position // where it was opened last
	Position  eventbus.Position // of the last event that is in it
}

var fraudCasesTable = table{
	name: "fraud_cases", key: []string{"fraud_case"},
	columns: []column{
		{"fraud_case", text}, {"status", text}, {"type", text}, {"subject", text}, {"customer", text}, {"device", text}, {"payee", text},
		{"decision", text}, {"reason", text}, {"assignee", text}, {"outcome", text}, {"notes", bigint}, {"opened_at", bigint}, {"opener", text},
		{"decided_at", bigint}, {"decider", text}, {"opened", bigint}, {"position", bigint},
	},
	indexes: []index{{"fraud_cases_by_status", "status, opened"}, {"fraud_cases_by_assignee", "assignee, status, opened"}},
}

func (v *FraudCase) fields() []any {
	return []any{&v.Case, &v.Status, &v.Type, &v.Subject, &v.Customer, &v.Device, &v.Payee,
		&v.Decision, &v.Reason, &v.Assignee, &v.Outcome, &v.Notes, &v.OpenedAt, &v.Opener,
		&v.DecidedAt, &v.Decider, (*uint64)(&v.Opened), (*uint64)(&v.Position)}
}

type fraudCasesFold struct {
	cases *rows[id.FraudCase, FraudCase]
}

func beginFraudCases(tables []table) fold {
	return fraudCasesFold{newRows(tables[0], func(k id.FraudCase) []any { return []any{k.String()} }, (*FraudCase).fields)}
}

func (c fraudCasesFold) flush(w *writer) { c.cases.flush(w) }
func (c fraudCasesFold) forget()         { c.cases.forget() }

func (c fraudCasesFold) apply(w *writer, _ *commit, f *fact) error {
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	named := id.From[id.FraudCase](of)
	row, known := c.cases.get(w, named)
	if !known {
		row = c.cases.add(named, FraudCase{Case: named})
	}
	row.Position = f.Position
	switch e := f.event.(type) {
	case fraudcase.Opened:
		*row = FraudCase{Case: named, Status: string(fraudcase.Open), Type: e.Subject.Type, Subject: e.Subject.ID, Customer: e.Touches.Customer,
			Device: e.Touches.Device, Payee: e.Touches.Payee, Decision: e.Decision, Reason: e.Reason, Notes: row.Notes, OpenedAt: e.At, Opener: e.By,
			Opened: f.Position, Position: f.Position}
	case fraudcase.Assigned:
		row.Assignee = e.Assignee
	case fraudcase.Noted:
		row.Notes++
	case fraudcase.Decided:
		row.Status, row.Outcome, row.Reason, row.DecidedAt, row.Decider = string(fraudcase.Over), e.Outcome, e.Reason, e.At, e.By
	}
	return nil
}

// FraudCaseFilter says which cases a list shows. Zero: any assignee.
type FraudCaseFilter struct {
	Status   string
	Assignee id.Operator
}

// FraudCases lists cases in the order in which they were opened last: up to limit that
// come after a position.
func (r *Reads) FraudCases(ctx context.Context, filter FraudCaseFilter, after eventbus.Position, limit int) ([]FraudCase, error) {
	where, args := "status = ? and opened > ?", []any{filter.Status, int64(after)}
	if !filter.Assignee.IsZero() {
		where, args = where+" and assignee = ?", append(args, filter.Assignee.String())
	}
	return r.fraudCases(ctx, where, append(args, bounded(limit))...)
}

// FraudCase is one. ErrMissing.
func (r *Reads) FraudCase(ctx context.Context, of id.FraudCase) (FraudCase, error) {
	found, err := r.fraudCases(ctx, "fraud_case = ?", of.String(), 1)
	if err == nil && len(found) == 0 {
		err = ErrMissing
	}
	if err != nil {
		return FraudCase{}, err
	}
	return found[0], nil
}

func (r *Reads) fraudCases(ctx context.Context, where string, args ...any) (found []FraudCase, err error) {
	err = r.database.each(ctx, "select "+fraudCasesTable.names()+" from fraud_cases where "+where+" order by opened limit ?", args, func(row scanner) error {
		var v FraudCase
		err := row.Scan(destinations(v.fields())...)
		found = append(found, v)
		return err
	})
	return found, err
}
