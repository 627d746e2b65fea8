package webhook

import (
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/id"
)

// DeliveryEvent is a fact about one fact's way to one endpoint. The set is sealed.
type DeliveryEvent interface {
	domain.Event
	deliveryEvent()
}

type (
	// Delivered: the endpoint has taken it.
	Delivered struct {
		Delivery id.Delivery `json:"delivery"`
		Webhook  id.Webhook  `json:"webhook"`
		What     What        `json:"what"`
		Status   int64       `json:"status"` // of HTTP
		Attempt  int64       `json:"attempt"`
		Resend   int64       `json:"resend,omitempty"` // number of the resend that it was sent for
		At       time.Time   `json:"at"`
	}
	// AttemptFailed: it has not, this time.
	AttemptFailed struct {
		Delivery id.Delivery `json:"delivery"`
		Webhook  id.Webhook  `json:"webhook"`
		What     What        `json:"what"`
		Status   int64       `json:"status,omitempty"` // of HTTP; 0: there was no answer
		Reason   string      `json:"reason"`           // code: status, timeout, unreachable, address-refused
		Attempt  int64       `json:"attempt"`
		NextAt   time.Time   `json:"next_at,omitzero"` // zero: the endpoint is given up
		At       time.Time   `json:"at"`
	}
)

// What is sent.
type What struct {
	Event    string `json:"event"` // UUID of the event
	Kind     string `json:"kind"`
	Position int64  `json:"position"`
}

func (Delivered) Kind() string       { return "delivery.made" }
func (AttemptFailed) Kind() string   { return "delivery.attempt_failed" }
func (Delivered) deliveryEvent()     {}
func (AttemptFailed) deliveryEvent() {}

// DeliveryCommand is something one may ask of a delivery.
type DeliveryCommand interface{ deliveryCommand() }

// NoteAttempt says what became of an attempt. Reason "": it was taken.
type NoteAttempt struct {
	Delivery id.Delivery
	Webhook  id.Webhook
	What     What
	Status   int64
	Reason   string
	Resend   int64
	At       time.Time
}

func (NoteAttempt) deliveryCommand() {}

// pauses are how long the next attempt waits after each; after the last the endpoint
// is given up: three days and some hours after the first.
var pauses = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
	12 * time.Hour, 24 * time.Hour, 24 * time.Hour,
}

// AttemptsMax is after how many attempts an endpoint is given up.
func AttemptsMax() int64 { return int64(len(pauses)) + 1 }

// pauseAfter is how long to wait after an attempt; not ok: no longer.
func pauseAfter(attempt int64) (pause time.Duration, ok bool) {
	if attempt < 1 || attempt > int64(len(pauses)) {
		return 0, false
	}
	return pauses[attempt-1], true
}

// GoneStatus is what an endpoint answers that wants nothing any more (Standard Webhooks,
// RFC 9110 section 15.5.11).
const GoneStatus = 410

// Delivery is what the rules need to know of a delivery.
type Delivery struct {
	Made    bool
	Resend  int64     // the last resend that it was sent for
	Total   int64     // attempts so far
	Failed  int64     // of them in vain, since it was made or given up last
	NextAt  time.Time // of the next attempt after a failure; zero: none is due
	GivenUp bool
}

// Due tells whether it is to be sent: it never was, or a later resend asks for it.
func (d Delivery) Due(resend int64) bool { return !d.Made || resend > d.Resend }

// Decide answers a command with the facts that follow from it.
func (d Delivery) Decide(command DeliveryCommand) ([]DeliveryEvent, error) {
	c, ok := command.(NoteAttempt)
	switch {
	case !ok:
		panic(fmt.Sprintf("webhook: unknown command %T", command)) // sealed: a bug, not an input
	case !d.Due(c.Resend):
		return nil, nil
	case c.Reason == "":
		return []DeliveryEvent{Delivered{Delivery: c.Delivery, Webhook: c.Webhook, What: c.What, Status: c.Status, Attempt: d.Failed + 1, Resend: c.Resend, At: c.At}}, nil
	}
	failed := AttemptFailed{Delivery: c.Delivery, Webhook: c.Webhook, What: c.What, Status: c.Status, Reason: c.Reason, Attempt: d.Failed + 1, At: c.At}
	if pause, again := pauseAfter(failed.Attempt); again && c.Status != GoneStatus {
		failed.NextAt = c.At.Add(pause)
	}
	return []DeliveryEvent{failed}, nil
}

// Evolve takes in one fact.
func (d Delivery) Evolve(event DeliveryEvent) Delivery {
	switch e := event.(type) {
	case Delivered:
		d = Delivery{Made: true, Resend: e.Resend, Total: d.Total + 1}
	case AttemptFailed:
		d.Total++
		d.Failed, d.NextAt, d.GivenUp = e.Attempt, e.NextAt, e.NextAt.IsZero()
		if d.GivenUp { // an endpoint that is enabled again has all its attempts
			d.Failed = 0
		}
	}
	return d
}
