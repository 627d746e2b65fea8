package service

import (
	"context"
	"errors"
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/id"
	"florin/domain/risk"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// Reviews serves /v1/risk/reviews: the transfers, payments and batches that risk wants a
// person to look at. Reading them is itself recorded, before the answer is given.
type Reviews struct{ Desk }

// ReviewAnswer is one of them.
type ReviewAnswer struct {
	ID          string            `json:"id"`     // of the transfer, payment or batch
	Status      string            `json:"status"` // unconfirmed, waiting, released, refused, lapsed or ended
	Code        string            `json:"code,omitzero"`
	Customer    id.Customer       `json:"customer,omitzero"`
	Device      id.Device         `json:"device,omitzero"`
	Account     id.Account        `json:"account,omitzero"` // debtor
	Hundredths  int64             `json:"hundredths,omitzero"`
	Score       int64             `json:"score"`
	Probability int64             `json:"probability"` // thousandths
	Reasons     []string          `json:"reasons,omitempty"`
	Decision    id.Decision       `json:"decision,omitzero"` // see /v1/risk/decisions/{id}
	HeldAt      time.Time         `json:"held_at,omitzero"`
	Until       time.Time         `json:"until,omitzero"` // by when somebody has to say something
	Decider     id.Operator       `json:"decided_by,omitzero"`
	DecidedAt   time.Time         `json:"decided_at,omitzero"`
	Position    eventbus.Position `json:"position"`
}

// ReviewList is a page of them, in the order in which they began to be held.
type ReviewList struct {
	Reviews []ReviewAnswer `json:"reviews"`
}

// ReviewedAnswer is what somebody's word came to. Code says why nothing is made of it.
type ReviewedAnswer struct {
	ID       string            `json:"id"`
	Status   string            `json:"status"` // of the transfer, payment or batch
	Code     string            `json:"code,omitzero"`
	Position eventbus.Position `json:"position"`
	At       time.Time         `json:"at"`
}

// reviewStatuses are what a list may be asked for.
var reviewStatuses = map[string]bool{projections.ReviewWaiting: true, projections.ReviewReleased: true, projections.ReviewRefused: true,
	projections.ReviewLapsed: true, projections.ReviewEnded: true}

// List is what waits for somebody's word, or, with ?status=, what has waited.
func (s Reviews) List(w http.ResponseWriter, r *http.Request) error {
	query, err := wire.Query(r, "status", "limit", "cursor")
	if err != nil {
		return err
	}
	status := query.Get("status")
	if status == "" {
		status = projections.ReviewWaiting
	}
	if !reviewStatuses[status] {
		return problem.BadParameter.With("The parameter status cannot be read.")
	}
	page, err := s.page(r, "reviews\x00"+status, "status")
	if err != nil {
		return err
	}
	after, err := page.position()
	if err != nil {
		return err
	}
	if err := s.fresh(r, "reviews"); err != nil {
		return err
	}
	if err := s.look(r, "reviews", id.Customer{}); err != nil {
		return err
	}
	rows, err := s.Reads.Reviews(r.Context(), status, after, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, positionMark(last.Held))
	}
	list := ReviewList{Reviews: make([]ReviewAnswer, 0, len(rows))}
	for _, row := range rows {
		list.Reviews = append(list.Reviews, reviewOf(row))
	}
	return wire.OK(w, list)
}

// Get is one of them.
func (s Reviews) Get(w http.ResponseWriter, r *http.Request) error {
	if _, err := wire.Query(r); err != nil {
		return err
	}
	of, ok := commands.ParseReviewable(pathText(r, "id"))
	if !ok {
		return problem.NotFound
	}
	if err := s.fresh(r, "reviews"); err != nil {
		return err
	}
	row, err := s.Reads.Review(r.Context(), of.String())
	if errors.Is(err, projections.ErrMissing) {
		return problem.NotFound
	}
	if err != nil {
		return err
	}
	if err := s.look(r, "review", row.Customer); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return wire.OK(w, reviewOf(row))
}

func reviewOf(row projections.Review) ReviewAnswer {
	return ReviewAnswer{ID: row.About, Status: row.Status, Code: row.Code, Customer: row.Customer, Device: row.Device, Account: row.Account,
		Hundredths: row.Hundredths, Score: row.Score, Probability: risk.Probability(row.Score), Reasons: row.Codes(), Decision: row.Decision,
		HeldAt: row.HeldAt, Until: row.Until, Decider: row.Decider, DecidedAt: row.DecidedAt, Position: row.Position}
}

// Release lets one go.
func (s Reviews) Release(w http.ResponseWriter, r *http.Request) error {
	body, err := wire.Decode[schemas.ReleaseReview](CallOf(r.Context()).Body)
	if err != nil {
		return err
	}
	return s.end(w, r, body.Reason, s.Bank.Reviews().Release)
}

// Refuse ends one, and frees the funds.
func (s Reviews) Refuse(w http.ResponseWriter, r *http.Request) error {
	body, err := wire.Decode[schemas.RefuseReview](CallOf(r.Context()).Body)
	if err != nil {
		return err
	}
	return s.end(w, r, body.Reason, s.Bank.Reviews().Refuse)
}

func (s Reviews) end(w http.ResponseWriter, r *http.Request, reason string,
	verb func(context.Context, commands.Order, commands.Reviewable) (commands.ReviewAnswer, commands.Outcome, error)) error {
	of, ok := commands.ParseReviewable(pathText(r, "id"))
	if !ok {
		return problem.NotFound
	}
	order, err := s.reasoned(r, CallOf(r.Context()), reason)
	if err != nil {
		return err
	}
	said, outcome, err := verb(r.Context(), order, of)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, ReviewedAnswer{ID: of.String(), Status: said.Status, Code: said.Code, Position: outcome.Receipt.Last, At: said.At})
}
