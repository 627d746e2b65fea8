package service

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"florin/commands"
	"florin/domain/id"
	"florin/domain/webhook"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// Webhooks serves /v1/webhooks: endpoints of partners that facts are sent to.
type Webhooks struct{ Desk }

// WebhookAnswer is an endpoint on the wire. Secret is in the answer that made it, and
// in no other.
type WebhookAnswer struct {
	Webhook      id.Webhook        `json:"webhook"`
	Name         string            `json:"name,omitzero"`
	URL          string            `json:"url,omitzero"`
	Kinds        []string          `json:"kinds,omitzero"`
	Status       webhook.Status    `json:"status,omitzero"` // proposed, active, disabled or deleted
	Reason       string            `json:"reason,omitzero"` // of a disabled or deleted one
	Proposer     id.Operator       `json:"proposer,omitzero"`
	Approver     id.Operator       `json:"approver,omitzero"`
	Secret       string            `json:"secret,omitzero"`    // whsec_...
	OldUntil     time.Time         `json:"old_until,omitzero"` // until when the secret before signs too
	RegisteredAt time.Time         `json:"registered_at,omitzero"`
	ChangedAt    time.Time         `json:"changed_at,omitzero"`
	FailingSince time.Time         `json:"failing_since,omitzero"` // the first attempt that failed since one was taken
	Contact      bool              `json:"contact_known,omitzero"` // the partner has a contact, who is told if the bank disables it
	ToldAt       time.Time         `json:"contact_told_at,omitzero"`
	Unreached    bool              `json:"contact_unreached,omitzero"` // the contact's address does not exist
	Position     eventbus.Position `json:"position,omitzero"`
}

// WebhookList is a page of endpoints.
type WebhookList struct {
	Webhooks []WebhookAnswer `json:"webhooks"`
	Known    []string        `json:"known_kinds"` // that an endpoint may ask for
}

// DeliveryAnswer is what became of one fact's way to an endpoint, by its last attempt.
type DeliveryAnswer struct {
	Delivery      id.Delivery       `json:"delivery"` // webhook-id of every attempt
	Event         string            `json:"event"`
	Kind          string            `json:"kind"`
	EventPosition eventbus.Position `json:"event_position"`
	Status        string            `json:"status"` // delivered, waiting or failed
	HTTPStatus    int64             `json:"http_status,omitzero"`
	Reason        string            `json:"reason,omitzero"` // of a failure: status, timeout, unreachable, address-refused
	Attempt       int64             `json:"attempt"`
	NextAt        time.Time         `json:"next_at,omitzero"`
	At            time.Time         `json:"at"`
}

// DeliveryList is a page of an endpoint's delivery log, the latest attempt first.
type DeliveryList struct {
	Deliveries []DeliveryAnswer `json:"deliveries"`
}

// Register proposes an endpoint; in a sandbox it is active at once.
func (s Webhooks) Register(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.RegisterWebhook](call.Body)
	if err != nil {
		return err
	}
	made, outcome, err := s.Bank.Webhooks().Register(r.Context(), s.order(r, call),
		commands.RegisterWebhook{Name: body.Name, URL: body.URL, Kinds: body.Kinds, Sandbox: s.Sandbox})
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	answer := changedWebhook(made, outcome)
	answer.Name, answer.URL, answer.Kinds = body.Name, body.URL, body.Kinds
	if place := "/v1/webhooks/" + made.Webhook.String(); made.Status == webhook.Active {
		return wire.Created(w, place, answer)
	} else {
		return wire.Accepted(w, place, answer)
	}
}

func changedWebhook(made commands.WebhookAnswer, outcome commands.Outcome) WebhookAnswer {
	return WebhookAnswer{Webhook: made.Webhook, Status: made.Status, Secret: made.Secret, OldUntil: made.OldUntil, ChangedAt: made.At, Position: outcome.Receipt.Last}
}

type webhookVerb = func(context.Context, commands.Order, id.Webhook) (commands.WebhookAnswer, commands.Outcome, error)

// change carries out a verb on the endpoint of the path.
func (s Webhooks) change(w http.ResponseWriter, r *http.Request, reason string, verb webhookVerb) error {
	asked, err := pathID[id.Webhook](r)
	if err != nil {
		return err
	}
	order := s.order(r, CallOf(r.Context()))
	order.Caller.Reason = reason
	made, outcome, err := verb(r.Context(), order, asked)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, changedWebhook(made, outcome))
}

// bare is change without a body.
func (s Webhooks) bare(w http.ResponseWriter, r *http.Request, reason string, verb webhookVerb) error {
	if err := empty(CallOf(r.Context()).Body); err != nil {
		return err
	}
	return s.change(w, r, reason, verb)
}

// Approve agrees to an endpoint that another operator has proposed.
func (s Webhooks) Approve(w http.ResponseWriter, r *http.Request) error {
	return s.bare(w, r, "", s.Bank.Webhooks().Approve)
}

// RotateSecret makes another secret.
func (s Webhooks) RotateSecret(w http.ResponseWriter, r *http.Request) error {
	return s.bare(w, r, "", s.Bank.Webhooks().RotateSecret)
}

// Enable has an endpoint go on where it stopped.
func (s Webhooks) Enable(w http.ResponseWriter, r *http.Request) error {
	return s.bare(w, r, "", s.Bank.Webhooks().Enable)
}

// Test has the endpoint sent a fact of its own.
func (s Webhooks) Test(w http.ResponseWriter, r *http.Request) error {
	return s.bare(w, r, "", s.Bank.Webhooks().Test)
}

// Delete ends an endpoint.
func (s Webhooks) Delete(w http.ResponseWriter, r *http.Request) error {
	return s.bare(w, r, "deleted-by-operator", s.Bank.Webhooks().Delete)
}

// Disable stops an endpoint.
func (s Webhooks) Disable(w http.ResponseWriter, r *http.Request) error {
	body, err := wire.Decode[schemas.DisableWebhook](CallOf(r.Context()).Body)
	if err != nil {
		return err
	}
	return s.change(w, r, body.Reason, s.Bank.Webhooks().Disable)
}

// NameContact says whom of the partner's to tell when the bank has disabled an endpoint.
func (s Webhooks) NameContact(w http.ResponseWriter, r *http.Request) error {
	body, err := wire.Decode[schemas.NameWebhookContact](CallOf(r.Context()).Body)
	if err != nil {
		return err
	}
	return s.change(w, r, "", func(ctx context.Context, order commands.Order, of id.Webhook) (commands.WebhookAnswer, commands.Outcome, error) {
		return s.Bank.Webhooks().NameContact(ctx, order, of, body.Contact)
	})
}

// Resend sends one delivery once more, or all since a position of the log.
func (s Webhooks) Resend(w http.ResponseWriter, r *http.Request) error {
	body, err := wire.Decode[schemas.ResendWebhook](CallOf(r.Context()).Body)
	switch {
	case err != nil:
		return err
	case body.Delivery.IsZero() == (body.Since == 0):
		return problem.MissingField
	}
	asked, err := pathID[id.Webhook](r)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "webhooks"); err != nil {
		return err
	}
	head, err := s.Log.Head(r.Context())
	if err != nil {
		return err
	}
	from, through := body.Since-1, int64(head.Position)
	if body.Since > through {
		return problem.PositionAhead
	}
	if !body.Delivery.IsZero() {
		row, err := s.Reads.DeliveryTo(r.Context(), asked, body.Delivery)
		if errors.Is(err, projections.ErrMissing) {
			return problem.NotFound
		}
		if err != nil {
			return err
		}
		from, through = int64(row.EventPosition)-1, int64(row.EventPosition)
	}
	return s.change(w, r, "", func(ctx context.Context, order commands.Order, of id.Webhook) (commands.WebhookAnswer, commands.Outcome, error) {
		return s.Bank.Webhooks().Resend(ctx, order, of, from, through)
	})
}

// List is all endpoints.
func (s Webhooks) List(w http.ResponseWriter, r *http.Request) error {
	page, err := s.page(r, "webhooks")
	if err != nil {
		return err
	}
	after, err := marked[id.Webhook](page)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "webhooks"); err != nil {
		return err
	}
	rows, err := s.Reads.Webhooks(r.Context(), after, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, last.Webhook.String())
	}
	list := WebhookList{Webhooks: make([]WebhookAnswer, 0, len(rows)), Known: s.Treaty.PublishedKinds()}
	for _, row := range rows {
		list.Webhooks = append(list.Webhooks, webhookOf(row))
	}
	return wire.OK(w, list)
}

func webhookOf(row projections.Webhook) WebhookAnswer {
	return WebhookAnswer{Webhook: row.Webhook, Name: row.Name, URL: row.URL, Kinds: strings.Fields(row.Kinds), Status: row.Status, Reason: row.Reason,
		Proposer: row.Proposer, Approver: row.Approver, OldUntil: row.OldUntil, RegisteredAt: row.RegisteredAt, ChangedAt: row.ChangedAt,
		FailingSince: row.FailingSince, Contact: row.Contact, ToldAt: row.ToldAt, Unreached: row.Unreached, Position: row.Position}
}

// known is the endpoint of the path.
func (s Webhooks) known(r *http.Request) (projections.Webhook, error) {
	asked, err := pathID[id.Webhook](r)
	if err != nil {
		return projections.Webhook{}, err
	}
	if err := s.fresh(r, "webhooks"); err != nil {
		return projections.Webhook{}, err
	}
	row, err := s.Reads.WebhookByID(r.Context(), asked)
	if errors.Is(err, projections.ErrMissing) {
		err = problem.NotFound
	}
	return row, err
}

// Get is one endpoint.
func (s Webhooks) Get(w http.ResponseWriter, r *http.Request) error {
	row, err := s.known(r)
	if err != nil {
		return err
	}
	return wire.OK(w, webhookOf(row))
}

// Deliveries is an endpoint's delivery log.
func (s Webhooks) Deliveries(w http.ResponseWriter, r *http.Request) error {
	row, err := s.known(r)
	if err != nil {
		return err
	}
	page, err := s.page(r, "deliveries/"+row.Webhook.String())
	if err != nil {
		return err
	}
	before, err := page.position()
	if err != nil {
		return err
	}
	rows, err := s.Reads.DeliveriesTo(r.Context(), row.Webhook, before, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, strconv.FormatUint(uint64(last.Position), 10))
	}
	list := DeliveryList{Deliveries: make([]DeliveryAnswer, 0, len(rows))}
	for _, d := range rows {
		list.Deliveries = append(list.Deliveries, deliveryOf(d))
	}
	return wire.OK(w, list)
}

func deliveryOf(d projections.Delivery) DeliveryAnswer {
	answer := DeliveryAnswer{Delivery: d.Delivery, Event: d.Event, Kind: d.Kind, EventPosition: d.EventPosition, Status: "failed",
		HTTPStatus: d.Status, Reason: d.Reason, Attempt: d.Attempt, NextAt: d.NextAt, At: d.At}
	switch {
	case d.Taken:
		answer.Status = "delivered"
	case !d.NextAt.IsZero():
		answer.Status = "waiting"
	}
	return answer
}
