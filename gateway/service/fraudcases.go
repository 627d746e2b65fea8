package service

import (
	"errors"
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/fraud"
	"florin/domain/fraudcase"
	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// FraudCases serves /v1/risk/cases: the work on what may be fraud. Reading them is itself
// recorded, before the answer is given.
type FraudCases struct{ Desk }

// FraudCaseAnswer is a case.
type FraudCaseAnswer struct {
	Case      id.FraudCase      `json:"case"`
	Status    string            `json:"status"`  // open or decided
	Subject   fraudcase.Subject `json:"subject"` // what may be a fraudster's
	Customer  id.Customer       `json:"customer,omitzero"`
	Device    id.Device         `json:"device,omitzero"`
	Payee     string            `json:"payee,omitzero"`    // as risk tells payees apart
	Decision  id.Decision       `json:"decision,omitzero"` // see /v1/risk/decisions/{id}
	Reason    string            `json:"reason"`            // of its opening or, decided, of that
	Assignee  id.Operator       `json:"assignee,omitzero"`
	Outcome   string            `json:"outcome,omitzero"` // fraud, cleared or no-action
	Notes     int64             `json:"notes"`
	OpenedAt  time.Time         `json:"opened_at"`
	Opener    id.Operator       `json:"opened_by,omitzero"`
	DecidedAt time.Time         `json:"decided_at,omitzero"`
	Decider   id.Operator       `json:"decided_by,omitzero"`
	Position  eventbus.Position `json:"position"`
}

// FraudCaseList is a page of them, in the order in which they were opened.
type FraudCaseList struct {
	Cases []FraudCaseAnswer `json:"cases"`
}

// FraudCaseShown is a case, and what happened in it.
type FraudCaseShown struct {
	FraudCaseAnswer
	Timeline []FraudCaseEntry `json:"timeline"`
}

// FraudCaseEntry is one thing that happened in a case.
type FraudCaseEntry struct {
	What     string      `json:"what"`        // opened, assigned, noted or decided
	By       id.Operator `json:"by,omitzero"` // not said: a machine, or the bank itself
	At       time.Time   `json:"at"`
	Reason   string      `json:"reason,omitzero"`
	Assignee id.Operator `json:"assignee,omitzero"`
	Text     string      `json:"text,omitzero"`   // of a note
	Erased   bool        `json:"erased,omitzero"` // the note's words are, with whom they were about
	Outcome  string      `json:"outcome,omitzero"`
}

// FraudCaseDone is what became of a case. Found is the verdict that was kept with it.
type FraudCaseDone struct {
	Case     id.FraudCase      `json:"case"`
	Status   string            `json:"status"`
	Assignee id.Operator       `json:"assignee,omitzero"`
	Outcome  string            `json:"outcome,omitzero"`
	Found    string            `json:"found,omitzero"` // confirmed or cleared; not said: it was found before, or is none
	Position eventbus.Position `json:"position"`
	At       time.Time         `json:"at"`
}

// List is what is open, or, with ?status=decided, what was; ?assignee= is one operator's.
func (s FraudCases) List(w http.ResponseWriter, r *http.Request) error {
	query, err := wire.Query(r, "status", "assignee", "limit", "cursor")
	if err != nil {
		return err
	}
	filter := projections.FraudCaseFilter{Status: query.Get("status")}
	switch filter.Status {
	case "":
		filter.Status = string(fraudcase.Open)
	case string(fraudcase.Open), string(fraudcase.Over):
	default:
		return problem.BadParameter.With("The parameter status cannot be read.")
	}
	if of := query.Get("assignee"); of != "" {
		if filter.Assignee, err = id.Parse[id.Operator](of); err != nil {
			return problem.BadParameter.With("The parameter assignee cannot be read.")
		}
	}
	page, err := s.page(r, "fraudcases\x00"+filter.Status+"\x00"+filter.Assignee.String(), "status", "assignee")
	if err != nil {
		return err
	}
	after, err := page.position()
	if err != nil {
		return err
	}
	if err := s.fresh(r, "fraudcases"); err != nil {
		return err
	}
	if err := s.look(r, "fraudcases", id.Customer{}); err != nil {
		return err
	}
	rows, err := s.Reads.FraudCases(r.Context(), filter, after, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, positionMark(last.Opened))
	}
	list := FraudCaseList{Cases: make([]FraudCaseAnswer, 0, len(rows))}
	for _, row := range rows {
		list.Cases = append(list.Cases, fraudCaseOf(row))
	}
	return wire.OK(w, list)
}

// Get is one of them, with what operators wrote.
func (s FraudCases) Get(w http.ResponseWriter, r *http.Request) error {
	if _, err := wire.Query(r); err != nil {
		return err
	}
	of, err := pathID[id.FraudCase](r)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "fraudcases"); err != nil {
		return err
	}
	row, err := s.Reads.FraudCase(r.Context(), of)
	if errors.Is(err, projections.ErrMissing) {
		return problem.NotFound
	}
	if err != nil {
		return err
	}
	if err := s.look(r, "fraudcase", row.Customer); err != nil {
		return err
	}
	history, err := s.Bank.FraudCases().History(r.Context(), of)
	if err != nil {
		return err
	}
	shown := FraudCaseShown{fraudCaseOf(row), make([]FraudCaseEntry, 0, len(history))}
	for _, event := range history {
		shown.Timeline = append(shown.Timeline, fraudCaseEntry(event))
	}
	w.Header().Set("Cache-Control", "no-store")
	return wire.OK(w, shown)
}

func fraudCaseOf(row projections.FraudCase) FraudCaseAnswer {
	return FraudCaseAnswer{Case: row.Case, Status: row.Status, Subject: fraudcase.Subject{Type: row.Type, ID: row.Subject}, Customer: row.Customer,
		Device: row.Device, Payee: row.Payee, Decision: row.Decision, Reason: row.Reason, Assignee: row.Assignee, Outcome: row.Outcome, Notes: row.Notes,
		OpenedAt: row.OpenedAt, Opener: row.Opener, DecidedAt: row.DecidedAt, Decider: row.Decider, Position: row.Position}
}

func fraudCaseEntry(event fraudcase.Event) FraudCaseEntry {
	switch e := event.(type) {
	case fraudcase.Opened:
		return FraudCaseEntry{What: "opened", By: e.By, At: e.At, Reason: e.Reason}
	case fraudcase.Assigned:
		return FraudCaseEntry{What: "assigned", By: e.By, At: e.At, Reason: e.Reason, Assignee: e.Assignee}
	case fraudcase.Noted:
		return FraudCaseEntry{What: "noted", By: e.By, At: e.At, Text: e.Text.Reveal(), Erased: e.Text.Erased()}
	case fraudcase.Decided:
		return FraudCaseEntry{What: "decided", By: e.By, At: e.At, Reason: e.Reason, Outcome: e.Outcome}
	}
	return FraudCaseEntry{}
}

// Open begins one. A login, transfer or payment is known by risk's latest decision on it.
func (s FraudCases) Open(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.OpenFraudCase](call.Body)
	if err != nil {
		return err
	}
	order, err := s.reasoned(r, call, body.Reason)
	if err != nil {
		return err
	}
	var decision id.Decision
	switch body.Subject.Type {
	case fraud.Login, fraud.Transfer, fraud.Payment:
		if decision, err = (Frauds(s)).decided(r, fraud.About(body.Subject)); err != nil {
			return err
		}
	}
	of, done, outcome, err := s.Bank.FraudCases().Open(r.Context(), order, body.Subject, decision)
	return s.done(w, of, done, outcome, err)
}

// Assign gives one to an operator.
func (s FraudCases) Assign(w http.ResponseWriter, r *http.Request) error {
	body, err := wire.Decode[schemas.AssignFraudCase](CallOf(r.Context()).Body)
	if err != nil {
		return err
	}
	of, err := pathID[id.FraudCase](r)
	if err != nil {
		return err
	}
	order, err := s.reasoned(r, CallOf(r.Context()), body.Reason)
	if err != nil {
		return err
	}
	done, outcome, err := s.Bank.FraudCases().Assign(r.Context(), order, of, body.Assignee)
	return s.done(w, of, done, outcome, err)
}

// Note adds an operator's words.
func (s FraudCases) Note(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.NoteFraudCase](call.Body)
	if err != nil {
		return err
	}
	of, err := pathID[id.FraudCase](r)
	if err != nil {
		return err
	}
	done, outcome, err := s.Bank.FraudCases().Note(r.Context(), s.order(r, call), of, body.Text)
	return s.done(w, of, done, outcome, err)
}

// Decide ends one.
func (s FraudCases) Decide(w http.ResponseWriter, r *http.Request) error {
	body, err := wire.Decode[schemas.DecideFraudCase](CallOf(r.Context()).Body)
	if err != nil {
		return err
	}
	of, err := pathID[id.FraudCase](r)
	if err != nil {
		return err
	}
	order, err := s.reasoned(r, CallOf(r.Context()), body.Reason)
	if err != nil {
		return err
	}
	done, outcome, err := s.Bank.FraudCases().Decide(r.Context(), order, of, body.Outcome)
	return s.done(w, of, done, outcome, err)
}

func (s FraudCases) done(w http.ResponseWriter, of id.FraudCase, done commands.FraudCaseAnswer, outcome commands.Outcome, err error) error {
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, FraudCaseDone{Case: of, Status: done.Status, Assignee: done.Assignee, Outcome: done.Outcome, Found: done.Found,
		Position: outcome.Receipt.Last, At: done.At})
}
