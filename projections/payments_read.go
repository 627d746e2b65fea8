package projections

import (
	"context"
	"fmt"
	"math"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/payment"
	"florin/eventbus"
)

// Payment gives one payment with its history. What names persons, the challenge and
// the history are read from its stream in the log, up to the position that the row
// shows, so that they agree. ErrMissing.
func (r *Reads) Payment(ctx context.Context, of id.Payment) (Payment, error) {
	found, err := r.payments(ctx, "payment = ?", of.String())
	if err == nil && len(found) == 0 {
		err = ErrMissing
	}
	if err != nil {
		return Payment{}, err
	}
	return found[0], r.story(ctx, &found[0])
}

var paymentsShown = begunOrHeld{"payments", "payment", "from_account", "begun < ?", "begun desc"}

// PaymentsOf lists the payments that a customer began, and those of the accounts that
// the customer holds, newest first: up to limit that began below
// the position before (0: from the newest).
func (r *Reads) PaymentsOf(ctx context.Context, customer id.Customer, before eventbus.Position, limit int) ([]Payment, error) {
	return r.told(ctx, paymentsShown.where(), paymentsShown.arguments(customer, limit, below(before))...)
}

// PaymentsUnanswered lists the payments about which the rail, or the other bank that
// they are wanted back from, has owed an answer for too long, of all customers, newest
// first.
func (r *Reads) PaymentsUnanswered(ctx context.Context, before eventbus.Position, limit int) ([]Payment, error) {
	return r.told(ctx, "(status in ('submitted', 'accepted') and investigated = 1 or recall = 'asked' and delayed = 1) and begun < ? order by begun desc limit ?", below(before), bounded(limit))
}

func below(before eventbus.Position) int64 {
	if before == 0 || before > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(before)
}

func (r *Reads) told(ctx context.Context, where string, args ...any) ([]Payment, error) {
	found, err := r.payments(ctx, where, args...)
	for i := range found {
		if err == nil {
			err = r.story(ctx, &found[i])
		}
	}
	return found, err
}

func (r *Reads) payments(ctx context.Context, where string, args ...any) (found []Payment, err error) {
	err = r.database.each(ctx, "select "+paymentsTable.names()+" from payments where "+where, args, func(row scanner) error {
		var p Payment
		err := row.Scan(destinations(p.fields())...)
		p.Returned.Currency = p.Amount.Currency
		found = append(found, p)
		return err
	})
	return found, err
}

// story reads what only the log knows.
func (r *Reads) story(ctx context.Context, p *Payment) error {
	for e, err := range r.log.ReadStream(ctx, eventbus.Stream(p.Payment.Stream()), 0) {
		if err != nil {
			return fmt.Errorf("projections: reading %s: %w", p.Payment.Stream(), err)
		}
		if e.Position > p.Position {
			break
		}
		event, err := r.open(e)
		if err != nil {
			return err
		}
		step := Step{Kind: e.Kind, Position: e.Position}
		p.tell(&step, event)
		p.History = append(p.History, step)
	}
	return nil
}

func (p *Payment) tell(step *Step, event domain.Event) {
	switch e := event.(type) {
	case payment.Initiated:
		step.At, p.Creditor, p.CreditorName, p.Reference = e.At, e.Creditor.Reveal(), e.CreditorName.Reveal(), e.Reference.Reveal()
	case payment.Filed:
		step.At, step.Detail = e.At, e.File.String()
	case payment.Ordered:
		step.At, step.Detail = e.At, e.Order.String()
	case payment.Dated:
		step.At, step.Detail = e.At, e.Day
	case payment.PayeeVerified:
		step.At, step.Detail, p.PayeeName = e.At, string(e.Result), e.Name.Reveal()
	case payment.Assessed:
		step.At, step.Detail = e.At, string(e.Outcome)
	case payment.Challenged:
		step.At, p.Nonce, p.Methods, p.Display = e.At, e.Nonce, e.Methods, e.Display.Reveal()
	case payment.AuthorisationFailed:
		step.At, step.Detail = e.At, e.Method
	case payment.Authorised:
		step.At, step.Detail = e.At, e.Method
	case payment.Scheduled:
		step.At = e.At
	case payment.FellDue:
		step.At = e.At
	case payment.Submitted:
		step.At, step.Detail = e.At, e.Message
	case payment.Accepted:
		step.At = e.At
	case payment.InvestigationOpened:
		step.At = e.At
	case payment.Settled:
		step.At = e.At
	case payment.Rejected:
		step.At, step.Detail = e.At, e.Code
	case payment.Returned:
		step.At, step.Detail = e.At, e.Reason
	case payment.Recalled:
		step.At, step.Detail = e.At, e.Reason
	case payment.RecallDenied:
		step.At, step.Detail = e.At, e.Reason
	case payment.RecallDelayed:
		step.At = e.At
	case payment.Expired:
		step.At = e.At
	case payment.Cancelled:
		step.At = e.At
	}
}
