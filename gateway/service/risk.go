package service

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"florin/domain/id"
	"florin/domain/risk"
	"florin/domain/riskpolicy"
	"florin/domain/text"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/projections"
)

// RiskDecisions serves /v1/risk/decisions: what risk has said, and why. Reading it is
// itself recorded, before the answer is given.
type RiskDecisions struct{ Desk }

// RiskDecisionRow is a decision as lists show it. Scores are log-odds of fraud in
// thousandths; probability is the same in thousandths.
type RiskDecisionRow struct {
	Decision    id.Decision       `json:"decision"`
	Action      string            `json:"action"` // login, enrolment, payee, payment or transfer
	Customer    id.Customer       `json:"customer,omitzero"`
	Device      id.Device         `json:"device,omitzero"`
	About       string            `json:"about"`               // identifier of what was asked for
	Hundredths  int64             `json:"hundredths,omitzero"` // of the currency's unit
	Score       int64             `json:"score"`
	Probability int64             `json:"probability"`
	Outcome     string            `json:"outcome"`            // what the policy said: allow, challenge, limit, hold or block
	Effect      string            `json:"effect"`             // what came of it: the law may want more
	Exemption   string            `json:"exemption,omitzero"` // from strong authentication
	Reasons     []string          `json:"reasons,omitempty"`  // codes
	Policy      string            `json:"policy"`             // digest
	At          time.Time         `json:"at"`
	Position    eventbus.Position `json:"position"`
}

// RiskDecisionList is a page of decisions, the latest first.
type RiskDecisionList struct {
	Decisions []RiskDecisionRow `json:"decisions"`
}

// List is the decisions by any filter.
func (s RiskDecisions) List(w http.ResponseWriter, r *http.Request) error {
	names := []string{"customer", "device", "about", "action", "outcome", "effect", "policy", "reason", "score", "from", "to"}
	query, err := wire.Query(r, append(names, "limit", "cursor")...)
	if err != nil {
		return err
	}
	filter, err := riskFilter(query)
	if err != nil {
		return err
	}
	page, err := s.page(r, "risk-decisions\x00"+unpaged(r.URL.Query()), names...)
	if err != nil {
		return err
	}
	before, err := page.position()
	if err != nil {
		return err
	}
	if err := s.fresh(r, "risk"); err != nil {
		return err
	}
	if err := s.look(r, "risk-decisions", filter.Customer); err != nil {
		return err
	}
	rows, err := s.Reads.RiskDecisions(r.Context(), filter, before, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, positionMark(last.Position))
	}
	list := RiskDecisionList{Decisions: make([]RiskDecisionRow, 0, len(rows))}
	for _, row := range rows {
		list.Decisions = append(list.Decisions, RiskDecisionRow{Decision: row.Decision, Action: row.Action, Customer: row.Customer, Device: row.Device,
			About: row.About, Hundredths: row.Hundredths, Score: row.Score, Probability: risk.Probability(row.Score), Outcome: row.Outcome, Effect: row.Effect,
			Exemption: row.Exemption, Reasons: row.Codes(), Policy: row.Policy, At: row.At, Position: row.Position})
	}
	return wire.OK(w, list)
}

// Get is one decision with all that it was made of, and the smallest change of it that
// would have changed its outcome.
func (s RiskDecisions) Get(w http.ResponseWriter, r *http.Request) error {
	if _, err := wire.Query(r); err != nil {
		return err
	}
	of, err := pathID[id.Decision](r)
	if err != nil {
		return err
	}
	said, at, err := s.Reads.RiskDecisionFact(r.Context(), of)
	if errors.Is(err, projections.ErrMissing) {
		return problem.NotFound
	}
	if err != nil {
		return err
	}
	if err := s.look(r, "risk-decision", said.Customer); err != nil {
		return err
	}
	var engine *risk.Engine // none: this program cannot put the policy to work, and what it would have said is left out
	judge, err := s.Bank.Judge(r.Context(), said.Policy)
	switch {
	case err == nil:
		engine = judge.Engine
	case !errors.Is(err, riskpolicy.ErrUnknown) && !errors.Is(err, risk.ErrPolicy):
		return err
	}
	found, err := s.Bank.Frauds().Of(r.Context(), said)
	if err != nil {
		return err
	}
	answer := explained(said, at, engine)
	answer.Finding = found.Verdict
	w.Header().Set("Cache-Control", "no-store")
	return wire.OK(w, answer)
}

// riskFilter reads what is asked for. Identifiers are as on the wire.
func riskFilter(query url.Values) (f projections.RiskFilter, err error) {
	read := func(name string, parse func(string) error) {
		if text := query.Get(name); text != "" && err == nil && parse(text) != nil {
			err = problem.BadParameter.With("The parameter " + name + " cannot be read.")
		}
	}
	code := func(into *string) func(string) error {
		return func(said string) error {
			if *into = said; !text.Code(said) {
				return problem.BadParameter
			}
			return nil
		}
	}
	read("customer", func(text string) (err error) { f.Customer, err = id.Parse[id.Customer](text); return err })
	read("device", func(text string) (err error) { f.Device, err = id.Parse[id.Device](text); return err })
	read("action", code((*string)(&f.Action)))
	read("outcome", code((*string)(&f.Outcome)))
	read("effect", code((*string)(&f.Effect)))
	read("reason", code(&f.Reason))
	read("score", func(text string) error {
		score, err := strconv.ParseInt(text, 10, 64)
		f.Score = &score
		return err
	})
	read("from", func(text string) (err error) { f.From, err = time.Parse(time.RFC3339, text); return err })
	read("to", func(text string) (err error) { f.To, err = time.Parse(time.RFC3339, text); return err })
	f.About, f.Policy = query.Get("about"), query.Get("policy")
	return f, err
}
