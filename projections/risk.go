package projections

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"florin/domain/id"
	"florin/domain/risk"
	"florin/eventbus"
)

// RiskDecision is one decision of risk, as lists show it. What it was made of is read
// from the log (RiskDecisionFact).
type RiskDecision struct {
	Position   eventbus.Position
	Decision   id.Decision
	Action     string
	Customer   id.Customer // zero: a login as nobody
	Device     id.Device
	About      string // identifier of what was asked for
	Hundredths int64
	Score      int64
	Outcome    string
	Effect     string
	Exemption  string
	Policy     string // digest
	Reasons    string // codes, a space on either side of each
	At         time.Time
}

var riskDecisionsTable = table{
	name: "risk_decisions", key: []string{"position"},
	columns: []column{
		{"position", bigint}, {"decision", text}, {"action", text}, {"customer", text}, {"device", text}, {"about", text}, {"hundredths", bigint},
		{"score", bigint}, {"outcome", text}, {"effect", text}, {"exemption", text}, {"policy", text}, {"reasons", text}, {"decided_at", bigint},
	},
	indexes: []index{
		{"risk_decisions_by_customer", "customer, position"},
		{"risk_decisions_by_about", "about, position"},
	},
}

func (d *RiskDecision) fields() []any {
	return []any{(*uint64)(&d.Position), &d.Decision, &d.Action, &d.Customer, &d.Device, &d.About, &d.Hundredths,
		&d.Score, &d.Outcome, &d.Effect, &d.Exemption, &d.Policy, &d.Reasons, &d.At}
}

type riskDecisionsFold struct {
	decisions *rows[eventbus.Position, RiskDecision]
}

func beginRiskDecisions(tables []table) fold {
	return riskDecisionsFold{newRows(tables[0], func(k eventbus.Position) []any { return []any{int64(k)} }, (*RiskDecision).fields)}
}

func (r riskDecisionsFold) flush(w *writer) { r.decisions.flush(w) }
func (r riskDecisionsFold) forget()         { r.decisions.forget() }

func (r riskDecisionsFold) apply(_ *writer, _ *commit, f *fact) error {
	e, is := f.event.(risk.Assessed)
	if _, place := f.event.(risk.Located); place { // nobody asks where somebody was
		return nil
	}
	if !is {
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	row := RiskDecision{Position: f.Position, Decision: e.Decision, Action: string(e.Action), Customer: e.Customer, Device: e.Device, About: e.About,
		Hundredths: e.Hundredths, Score: e.Score, Outcome: string(e.Outcome), Effect: string(e.Effect), Exemption: e.Exemption, Policy: e.Policy, At: e.At}
	if len(e.Reasons) > 0 {
		row.Reasons = " " + strings.Join(e.Reasons, " ") + " "
	}
	r.decisions.add(f.Position, row)
	return nil
}

// RiskFilter says which decisions are asked for; zero fields ask for all.
type RiskFilter struct {
	Customer id.Customer
	Device   id.Device
	About    string
	Action   risk.Action
	Outcome  risk.Outcome
	Effect   risk.Outcome
	Policy   string // digest
	Reason   string // code
	Score    *int64 // at least; nil: any
	From, To time.Time
}

func (f RiskFilter) where() (where string, args []any) {
	add := func(is bool, condition string, arg any) {
		if is {
			where, args = where+" and "+condition, append(args, arg)
		}
	}
	add(!f.Customer.IsZero(), "customer = ?", f.Customer.String())
	add(!f.Device.IsZero(), "device = ?", f.Device.String())
	add(f.About != "", "about = ?", f.About)
	add(f.Action != "", "action = ?", string(f.Action))
	add(f.Outcome != "", "outcome = ?", string(f.Outcome))
	add(f.Effect != "", "effect = ?", string(f.Effect))
	add(f.Policy != "", "policy = ?", f.Policy)
	add(f.Reason != "", "replace(reasons, ?, '') <> reasons", " "+f.Reason+" ")
	if f.Score != nil {
		add(true, "score >= ?", *f.Score)
	}
	add(!f.From.IsZero(), "decided_at >= ?", micros(f.From))
	add(!f.To.IsZero(), "decided_at < ?", micros(f.To))
	return where, args
}

// RiskDecisions lists decisions, the latest first: up to limit below the position before
// (0: from the last). By customer or what it is about it costs what it finds; by
// anything else it may read all down to the last one it finds.
func (r *Reads) RiskDecisions(ctx context.Context, filter RiskFilter, before eventbus.Position, limit int) (found []RiskDecision, err error) {
	where, args := filter.where()
	if before > 0 {
		where, args = where+" and position < ?", append(args, int64(before))
	}
	args = append(args, bounded(limit))
	err = r.database.each(ctx, "select "+riskDecisionsTable.names()+" from risk_decisions where position > 0"+where+" order by position desc limit ?", args, func(row scanner) error {
		var d RiskDecision
		err := row.Scan(destinations(d.fields())...)
		found = append(found, d)
		return err
	})
	return found, err
}

// RiskDecisionFact is a decision with all that it was made of, and its position in the
// log, which is asked itself: it may know of more than the lists do. ErrMissing.
func (r *Reads) RiskDecisionFact(ctx context.Context, of id.Decision) (said risk.Assessed, at eventbus.Position, err error) {
	for recorded, err := range r.log.ReadStream(ctx, eventbus.Stream(of.Stream()), 0) {
		if err != nil {
			return said, 0, fmt.Errorf("projections: reading %s: %w", of.Stream(), err)
		}
		event, err := r.open(recorded)
		if err != nil {
			return said, 0, err
		}
		if e, is := event.(risk.Assessed); is {
			return e, recorded.Position, nil
		}
	}
	return said, 0, ErrMissing
}

// Codes are the codes of a decision's reasons.
func (d RiskDecision) Codes() []string {
	return slices.DeleteFunc(strings.Split(d.Reasons, " "), func(code string) bool { return code == "" })
}

// RiskSpan is how many decisions there are, and between which positions.
type RiskSpan struct {
	Decisions   int64
	First, Last eventbus.Position // 0: there are none
}

// RiskSpan counts the decisions that a filter finds, over all of them.
func (r *Reads) RiskSpan(ctx context.Context, filter RiskFilter) (span RiskSpan, err error) {
	where, args := filter.where()
	err = r.database.each(ctx, "select count(*), coalesce(min(position), 0), coalesce(max(position), 0) from risk_decisions where position > 0"+where, args, func(row scanner) error {
		return row.Scan(&span.Decisions, (*uint64)(&span.First), (*uint64)(&span.Last))
	})
	return span, err
}
