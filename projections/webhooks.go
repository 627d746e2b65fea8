package projections

import (
	"context"
	"fmt"
	"strings"
	"time"

	"florin/domain/id"
	"florin/domain/webhook"
	"florin/eventbus"
)

// Webhook is one endpoint of a partner's.
type Webhook struct {
	Webhook      id.Webhook
	Name         string
	URL          string
	Kinds        string // separated by spaces
	Status       webhook.Status
	Reason       string // of a disabled or deleted one
	Proposer     id.Operator
	Approver     id.Operator
	OldUntil     time.Time // until when the secret before signs too
	RegisteredAt time.Time
	ChangedAt    time.Time
	FailingSince time.Time // the first attempt that failed since one was taken
	Contact      bool      // there is one: who, no read model holds
	ToldAt       time.Time // that the bank has disabled it
	Unreached    bool      // the contact
	Position     eventbus.Position
}

var webhooksTable = table{
	name: "webhooks", key: []string{"webhook"},
	columns: []column{
		{"webhook", text}, {"name", text}, {"url", text}, {"kinds", text}, {"status", text}, {"reason", text}, {"proposer", text}, {"approver", text},
		{"old_until", bigint}, {"registered_at", bigint}, {"changed_at", bigint},
		{"failing_since", bigint}, {"contact", bigint}, {"told_at", bigint}, {"unreached", bigint}, {"position", bigint},
	},
}

func (h *Webhook) fields() []any {
	return []any{&h.Webhook, &h.Name, &h.URL, &h.Kinds, (*string)(&h.Status), &h.Reason, &h.Proposer, &h.Approver,
		&h.OldUntil, &h.RegisteredAt, &h.ChangedAt, &h.FailingSince, &h.Contact, &h.ToldAt, &h.Unreached, (*uint64)(&h.Position)}
}

// Delivery is what became of one fact's way to one endpoint, by its last attempt.
type Delivery struct {
	Delivery      id.Delivery
	Webhook       id.Webhook
	Event         string // UUID
	Kind          string
	EventPosition eventbus.Position
	Taken         bool
	Status        int64  // of HTTP; 0: there was no answer
	Reason        string // of a failure
	Attempt       int64
	Resend        int64
	NextAt        time.Time // zero: none is due
	At            time.Time
	Position      eventbus.Position
}

var deliveriesTable = table{
	name: "deliveries", key: []string{"delivery"},
	columns: []column{
		{"delivery", text}, {"webhook", text}, {"event", text}, {"kind", text}, {"event_position", bigint}, {"taken", bigint}, {"status", bigint},
		{"reason", text}, {"attempt", bigint}, {"resend", bigint}, {"next_at", bigint}, {"at", bigint}, {"position", bigint},
	},
	indexes: []index{{"deliveries_by_webhook", "webhook, position"}},
}

func (d *Delivery) fields() []any {
	return []any{&d.Delivery, &d.Webhook, &d.Event, &d.Kind, (*uint64)(&d.EventPosition), &d.Taken, &d.Status,
		&d.Reason, &d.Attempt, &d.Resend, &d.NextAt, &d.At, (*uint64)(&d.Position)}
}

type webhooksFold struct {
	hooks      *rows[id.Webhook, Webhook]
	deliveries *rows[id.Delivery, Delivery]
}

func beginWebhooks(tables []table) fold {
	return webhooksFold{
		newRows(tables[0], func(k id.Webhook) []any { return []any{k.String()} }, (*Webhook).fields),
		newRows(tables[1], func(k id.Delivery) []any { return []any{k.String()} }, (*Delivery).fields),
	}
}

func (h webhooksFold) flush(w *writer) {
	h.hooks.flush(w)
	h.deliveries.flush(w)
}

func (h webhooksFold) forget() {
	h.hooks.forget()
	h.deliveries.forget()
}

func (h webhooksFold) apply(w *writer, _ *commit, f *fact) error {
	switch e := f.event.(type) {
	case webhook.Registered:
		h.hooks.add(e.Webhook, Webhook{Webhook: e.Webhook, Name: e.Name, URL: e.URL, Kinds: strings.Join(e.Kinds, " "), Status: webhook.Proposed,
			Proposer: e.By, RegisteredAt: e.At, ChangedAt: e.At, Position: f.Position})
		return nil
	case webhook.Delivered:
		h.deliveries.add(e.Delivery, Delivery{Delivery: e.Delivery, Webhook: e.Webhook, Event: e.What.Event, Kind: e.What.Kind,
			EventPosition: eventbus.Position(e.What.Position), Taken: true, Status: e.Status, Attempt: e.Attempt, Resend: e.Resend, At: e.At, Position: f.Position})
		return h.fails(w, e.Webhook, time.Time{})
	case webhook.AttemptFailed:
		h.deliveries.add(e.Delivery, Delivery{Delivery: e.Delivery, Webhook: e.Webhook, Event: e.What.Event, Kind: e.What.Kind,
			EventPosition: eventbus.Position(e.What.Position), Status: e.Status, Reason: e.Reason, Attempt: e.Attempt, NextAt: e.NextAt, At: e.At, Position: f.Position})
		return h.fails(w, e.Webhook, e.At)
	}
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	row, ok := h.hooks.get(w, id.From[id.Webhook](of))
	if !ok {
		return errNoRow
	}
	row.Position = f.Position
	return row.evolve(f)
}

// fails notes since when an endpoint takes nothing: zero, it has just taken something.
func (h webhooksFold) fails(w *writer, of id.Webhook, at time.Time) error {
	if row, ok := h.hooks.get(w, of); ok && (at.IsZero() || row.FailingSince.IsZero()) {
		row.FailingSince = at
	}
	return w.err
}

func (h *Webhook) evolve(f *fact) error {
	switch e := f.event.(type) {
	case webhook.Approved:
		h.Status, h.Approver, h.ChangedAt = webhook.Active, e.By, e.At
	case webhook.SecretRotated:
		h.OldUntil, h.ChangedAt = e.OldUntil, e.At
	case webhook.Disabled:
		h.Status, h.Reason, h.ChangedAt, h.ToldAt, h.Unreached = webhook.Off, e.Reason, e.At, time.Time{}, false
	case webhook.ContactNamed:
		h.Contact, h.ChangedAt = !e.Contact.IsZero(), e.At
	case webhook.ContactTold:
		h.ToldAt, h.Unreached = e.At, e.Failed
	case webhook.Enabled:
		h.Status, h.Reason, h.ChangedAt = webhook.Active, "", e.At
	case webhook.Deleted:
		h.Status, h.Reason, h.ChangedAt = webhook.Gone, e.Reason, e.At
	case webhook.ResendRequested:
		h.ChangedAt = e.At
	case webhook.Tested:
		h.ChangedAt = e.At
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	return nil
}

// Webhooks lists endpoints by their identifiers: up to limit, above after (zero: from
// the first).
func (r *Reads) Webhooks(ctx context.Context, after id.Webhook, limit int) ([]Webhook, error) {
	return r.webhooks(ctx, "webhook > ? order by webhook limit ?", after.String(), bounded(limit))
}

// WebhookByID gives one endpoint. ErrMissing.
func (r *Reads) WebhookByID(ctx context.Context, of id.Webhook) (Webhook, error) {
	found, err := r.webhooks(ctx, "webhook = ?", of.String())
	if err == nil && len(found) == 0 {
		err = ErrMissing
	}
	if err != nil {
		return Webhook{}, err
	}
	return found[0], nil
}

func (r *Reads) webhooks(ctx context.Context, where string, args ...any) (found []Webhook, err error) {
	err = r.database.each(ctx, "select "+webhooksTable.names()+" from webhooks where "+where, args, func(row scanner) error {
		var h Webhook
		err := row.Scan(destinations(h.fields())...)
		found = append(found, h)
		return err
	})
	return found, err
}

// DeliveriesTo lists what was sent to an endpoint, the latest attempt first: up to
// limit, below before (0: from the latest).
func (r *Reads) DeliveriesTo(ctx context.Context, of id.Webhook, before eventbus.Position, limit int) ([]Delivery, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	return r.deliveries(ctx, "webhook = ? and position < ? order by position desc limit ?", of.String(), uint64(before), bounded(limit))
}

// DeliveryTo gives one delivery to an endpoint. ErrMissing, also for another's.
func (r *Reads) DeliveryTo(ctx context.Context, of id.Webhook, delivery id.Delivery) (Delivery, error) {
	found, err := r.deliveries(ctx, "webhook = ? and delivery = ?", of.String(), delivery.String())
	if err == nil && len(found) == 0 {
		err = ErrMissing
	}
	if err != nil {
		return Delivery{}, err
	}
	return found[0], nil
}

func (r *Reads) deliveries(ctx context.Context, where string, args ...any) (found []Delivery, err error) {
	err = r.database.each(ctx, "select "+deliveriesTable.names()+" from deliveries where "+where, args, func(row scanner) error {
		var d Delivery
		err := row.Scan(destinations(d.fields())...)
		found = append(found, d)
		return err
	})
	return found, err
}
