package commands

import (
	"context"

	"florin/domain/approval"
	"florin/domain/id"
	"florin/eventbus"
	"florin/schemas"
	"florin/schemas/seal"
)

// lapsing notes the requests for approval that nobody has answered in time. Nothing
// waits for it: an answer that comes too late is refused without it.
//
//	approval.requested -> (ExpiresAt) -> approval.expired
type lapsing struct{ bank *Bank }

func (l *lapsing) Name() string { return "approval-expiry" }

func (l *lapsing) Kinds() []string { return []string{approval.Requested{}.Kind()} }

// Take sets an alarm for each request.
func (l *lapsing) Take(_ context.Context, fact Happened, agenda *Agenda) error {
	if e, ok := fact.Event.(approval.Requested); ok {
		agenda.Set(eventbus.Stream(e.Approval.Stream()), e.ExpiresAt, e.Approvals.String())
	}
	return nil
}

func (l *lapsing) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	desk, err := id.Parse[id.Approvals](alarm.Note)
	if err != nil {
		return err
	}
	expire := approval.Expire{Approval: id.From[id.Approval](uuidIn(alarm.Stream)), At: agenda.Now()}
	order := SystemOrder(l.Name(), alarm.Cause, "approval.expire", agenda.Now(), seal.Subject{})
	order.Intent, order.Asked = nil, schemas.ExpireApproval{Approval: expire.Approval}
	_, _, err = execute(ctx, l.bank, "approval.expire", order, streams(desk), func(w *work) error {
		return l.bank.approvals.decide(w, desk, expire)
	}, nothing)
	return err
}
