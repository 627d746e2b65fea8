package projections

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"florin/domain/batch"
	"florin/domain/id"
	"florin/domain/payment"
	"florin/domain/risk"
	"florin/domain/transfer"
	"florin/eventbus"
)

// Review is one transfer, payment or batch that risk wants a person to look at.
type Review struct {
	About      string // identifier of what is looked at
	Status     string // see the constants
	Customer   id.Customer
	Device     id.Device
	Account    id.Account
	Hundredths int64
	Score      int64
	Reasons    string // codes, a space on either side of each
	Decision   id.Decision
	Code       string      // why nothing was made of it
	Decider    id.Operator // who released or refused it
	AskedAt    time.Time   // when risk said so
	HeldAt     time.Time
	Until      time.Time // by when somebody has to say something
	DecidedAt  time.Time
	Held       eventbus.Position // where it began to be held; 0: not yet
	Position   eventbus.Position // of the last event that is in it
}

// How a review stands.
const (
	ReviewUnconfirmed = "unconfirmed" // its customer has still to confirm it
	ReviewWaiting     = "waiting"     // for a person's word
	ReviewReleased    = "released"    // by a person
	ReviewRefused     = "refused"     // by a person
	ReviewLapsed      = "lapsed"      // nobody said anything in time
	ReviewEnded       = "ended"       // withdrawn, expired or rejected before
)

var reviewsTable = table{
	name: "reviews", key: []string{"about"},
	columns: []column{
		{"about", text}, {"status", text}, {"customer", text}, {"device", text}, {"account", text}, {"hundredths", bigint}, {"score", bigint},
		{"reasons", text}, {"decision", text}, {"code", text}, {"decider", text}, {"asked_at", bigint}, {"held_at", bigint}, {"until", bigint},
		{"decided_at", bigint}, {"held", bigint}, {"position", bigint},
	},
	indexes: []index{{"reviews_by_status", "status, held, about"}},
}

func (v *Review) fields() []any {
	return []any{&v.About, &v.Status, &v.Customer, &v.Device, &v.Account, &v.Hundredths, &v.Score,
		&v.Reasons, &v.Decision, &v.Code, &v.Decider, &v.AskedAt, &v.HeldAt, &v.Until,
		&v.DecidedAt, (*uint64)(&v.Held), (*uint64)(&v.Position)}
}

// reviewsFold hears of every transfer, payment and batch, and looks at few of their
// facts: those that end what may have been held.
type reviewsFold struct{ reviews *rows[string, Review] }

func beginReviews(tables []table) fold {
	return reviewsFold{newRows(tables[0], func(k string) []any { return []any{k} }, (*Review).fields)}
}

func (r reviewsFold) flush(w *writer) { r.reviews.flush(w) }
func (r reviewsFold) forget()         { r.reviews.forget() }

func (r reviewsFold) apply(w *writer, c *commit, f *fact) error {
	if said, is := f.event.(risk.Assessed); is {
		if said.Effect == risk.Hold && (said.Action == risk.Transfer || said.Action == risk.Payment) {
			r.ask(w, said, f.Position)
		}
		return nil
	}
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	switch e := f.event.(type) {
	case transfer.Held:
		r.hold(w, id.From[id.Transfer](of).String(), e.At, e.Until, f.Position)
	case payment.Held:
		r.hold(w, id.From[id.Payment](of).String(), e.At, e.Until, f.Position)
	case batch.Held:
		r.hold(w, id.From[id.Batch](of).String(), e.At, e.Until, f.Position)
	case transfer.Released, transfer.Rejected, transfer.Cancelled, transfer.Expired:
		r.end(w, c, f, id.From[id.Transfer](of).String())
	case payment.Released, payment.Rejected, payment.Cancelled, payment.Expired:
		r.end(w, c, f, id.From[id.Payment](of).String())
	case batch.Released, batch.Rejected, batch.Cancelled, batch.Expired:
		r.end(w, c, f, id.From[id.Batch](of).String())
	}
	return nil
}

func (r reviewsFold) row(w *writer, about string) *Review {
	if row, ok := r.reviews.get(w, about); ok {
		return row
	}
	return r.reviews.add(about, Review{About: about, Status: ReviewUnconfirmed})
}

// ask takes in what risk has said; in its commit it may come after the thing was held.
func (r reviewsFold) ask(w *writer, said risk.Assessed, at eventbus.Position) {
	row := r.row(w, said.About)
	row.Customer, row.Device, row.Account, row.Hundredths = said.Customer, said.Device, said.Account, said.Hundredths
	row.Score, row.Decision, row.AskedAt, row.Position = said.Score, said.Decision, said.At, at
	if len(said.Reasons) > 0 {
		row.Reasons = " " + strings.Join(said.Reasons, " ") + " "
	}
}

func (r reviewsFold) hold(w *writer, about string, since, until time.Time, at eventbus.Position) {
	row := r.row(w, about)
	row.Status, row.HeldAt, row.Until, row.Held, row.Position = ReviewWaiting, since, until, at, at
}

func (r reviewsFold) end(w *writer, c *commit, f *fact, about string) {
	row, ok := r.reviews.get(w, about)
	if !ok {
		return
	}
	status, code, at := ReviewEnded, "", time.Time{}
	switch e := f.event.(type) {
	case transfer.Released:
		status, at = ReviewReleased, e.At
	case payment.Released:
		status, at = ReviewReleased, e.At
	case batch.Released:
		status, at = ReviewReleased, e.At
	case transfer.Rejected:
		code, at = e.Code, e.At
	case payment.Rejected:
		code, at = e.Code, e.At
	case batch.Rejected:
		code, at = e.Code, e.At
	case transfer.Cancelled:
		at = e.At
	case payment.Cancelled:
		at = e.At
	case batch.Cancelled:
		at = e.At
	}
	switch {
	case code == transfer.ErrRefused.Code:
		status = ReviewRefused
	case code == transfer.ErrReviewLapsed.Code:
		status = ReviewLapsed
	case row.Status == ReviewReleased: // and a rule, or its customer, was against it afterwards
		status = ReviewReleased
	}
	if row.DecidedAt.IsZero() {
		row.DecidedAt = at
	}
	row.Status, row.Code, row.Position = status, code, f.Position
	if h := c.record.Header; h.ActorType == "operator" && h.Actor != uuid.Nil {
		row.Decider = id.From[id.Operator](h.Actor)
	}
}

// Codes are the codes of the reasons.
func (v Review) Codes() []string { return RiskDecision{Reasons: v.Reasons}.Codes() }

// Reviews lists what was or is held, in the order in which it began to be, of one status:
// up to limit that come after those.
func (r *Reads) Reviews(ctx context.Context, status string, after eventbus.Position, limit int) (found []Review, err error) {
	return r.reviews(ctx, "status = ? and held > ?", status, int64(after), bounded(limit))
}

// Review is one by the identifier of what is looked at. ErrMissing.
func (r *Reads) Review(ctx context.Context, about string) (Review, error) {
	found, err := r.reviews(ctx, "about = ? and held >= ?", about, 0, 1)
	if err == nil && len(found) == 0 {
		return Review{}, ErrMissing
	}
	if err != nil {
		return Review{}, err
	}
	return found[0], nil
}

func (r *Reads) reviews(ctx context.Context, where string, args ...any) (found []Review, err error) {
	err = r.database.each(ctx, "select "+reviewsTable.names()+" from reviews where "+where+" order by held, about limit ?", args, func(row scanner) error {
		var v Review
		err := row.Scan(destinations(v.fields())...)
		found = append(found, v)
		return err
	})
	return found, err
}
