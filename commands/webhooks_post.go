package commands

import (
	"context"
	"fmt"
	"slices"
	"time"

	"florin/domain/id"
	"florin/domain/webhook"
	"florin/eventbus"
	"florin/schemas"
	"florin/schemas/seal"
)

// WebhookSender takes facts to partners. It is called by one process, one fact at a
// time for each endpoint, within webhookTimeout. Reason "" means that the partner has it; else it is a
// code (status, timeout, unreachable, address-refused), and the fact is sent again,
// later each time, under the same identifier. Status is that of HTTP, 0 if there was
// no answer.
type WebhookSender interface {
	Post(ctx context.Context, call WebhookCall) (status int64, reason string)
}

// WebhookCall is one attempt.
type WebhookCall struct {
	ID      string // the same for every attempt and resend
	URL     string
	Secrets []string // each signs
	At      time.Time
	Body    []byte
}

const (
	webhookTimeout = 5 * time.Second
	webhooksPause  = 5 * time.Second // of one round; the rest waits for the next
	webhooksRound  = 100             // facts sent to one endpoint in a round
	webhookRest    = 5 * time.Second // between looks whether an endpoint is enabled again
	webhooksAtOnce = 16              // endpoints that are served at a time: one that stalls holds up no other
)

// posting sends facts to partners' endpoints, each in the order of the log.
//
//	webhook.approved -> cursor -> next fact wanted -> (taken already?) -> WebhookSender -> delivery.made
//	                      ^                                                     |
//	                      '------ later, the same fact again <- delivery.attempt_failed
//
// An endpoint is one alarm with a position, however far behind it is; a resend is
// another one. Whether a fact was taken, its delivery's stream says: so a process that
// starts from the beginning sends nothing twice, but what it had sent and not noted.
//
// Why it runs apart from the other processes: a slow partner must keep no customer
// waiting for a code.
type posting struct {
	bank      *Bank
	published map[string]bool
}

func newPosting(b *Bank) *posting {
	p := &posting{b, map[string]bool{}}
	for _, kind := range b.treaty.PublishedKinds() {
		p.published[kind] = true
	}
	return p
}

func (p *posting) Name() string { return "webhooks" }

func (p *posting) RingsMax() int { return webhooksAtOnce }

func (p *posting) Kinds() []string {
	return []string{webhook.Approved{}.Kind(), webhook.ResendRequested{}.Kind()}
}

// route is how far an endpoint was sent to, as an alarm's note has it.
type route struct {
	webhook id.Webhook
	cursor  eventbus.Position // done up to here
	through eventbus.Position // and then over; 0: goes on for ever
	resend  int64             // its number; 0: it is none
}

func (r route) String() string {
	return fmt.Sprintf("%s %d %d %d", r.webhook, r.cursor, r.through, r.resend)
}

func readRoute(note string) (r route, err error) {
	var of string
	if _, err = fmt.Sscanf(note, "%s %d %d %d", &of, &r.cursor, &r.through, &r.resend); err != nil {
		return r, fmt.Errorf("commands: %q is no route: %w", note, err)
	}
	r.webhook, err = id.Parse[id.Webhook](of)
	return r, err
}

// Take begins a route.
func (p *posting) Take(_ context.Context, fact Happened, agenda *Agenda) error {
	begun := route{webhook: id.From[id.Webhook](uuidIn(fact.Stream)), cursor: fact.Position}
	stream := fact.Stream
	if e, again := fact.Event.(webhook.ResendRequested); again {
		begun.cursor, begun.through, begun.resend = eventbus.Position(e.From), eventbus.Position(e.Through), e.Number
		stream = eventbus.Stream(id.From[id.Delivery](DerivedID(fact.EventID, "resend")).Stream())
	}
	agenda.Set(stream, agenda.Now(), begun.String())
	return nil
}

// Ring sends an endpoint what it has not had.
func (p *posting) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	todo, err := readRoute(alarm.Note)
	if err != nil {
		return err
	}
	hook, err := p.bank.webhooks.look(ctx, todo.webhook)
	switch {
	case err != nil:
		return err
	case hook.Status == webhook.Gone:
		return nil
	case hook.Status != webhook.Active:
		agenda.Set(alarm.Stream, agenda.Now().Add(webhookRest), alarm.Note)
		return nil
	}
	due, err := p.follow(ctx, hook, &todo)
	if err != nil || todo.through > 0 && todo.cursor >= todo.through {
		return err
	}
	agenda.Set(alarm.Stream, due, todo.String())
	return nil
}

// follow sends what comes after the cursor and moves it on, until the log's end, the
// round's, or a failure. It says when to go on.
func (p *posting) follow(ctx context.Context, hook webhook.State, todo *route) (due time.Time, err error) {
	began, sent := p.bank.sources.Time(), 0
	for record, err := range p.bank.log.ReadAll(ctx, todo.cursor) {
		if err != nil {
			return due, err
		}
		for _, recorded := range record.Events {
			now := p.bank.sources.Time()
			switch {
			case recorded.Position <= todo.cursor:
				continue
			case todo.through > 0 && recorded.Position > todo.through:
				todo.cursor = todo.through
				return now, nil
			case sent >= webhooksRound || now.Sub(began) > webhooksPause:
				return now, nil
			}
			if p.wants(hook, recorded) {
				sent++
				if due, err = p.send(ctx, hook, *todo, record, recorded); err != nil || !due.IsZero() {
					return due, err
				}
			}
			todo.cursor = recorded.Position
		}
	}
	return p.bank.sources.Time(), nil
}

// wants tells whether a fact is for the endpoint: one that is sent and was asked for,
// or the endpoint's own test.
func (p *posting) wants(hook webhook.State, recorded eventbus.Recorded) bool {
	if recorded.Kind == (webhook.Tested{}).Kind() {
		return string(recorded.Stream) == hook.Webhook.Stream()
	}
	return p.published[recorded.Kind] && hook.Wants(recorded.Kind)
}

// send makes one attempt, unless the fact was taken or the next one is not due; zero:
// the route goes on, else not before due.
func (p *posting) send(ctx context.Context, hook webhook.State, todo route, record eventbus.Record, recorded eventbus.Recorded) (due time.Time, err error) {
	b := p.bank
	of := id.From[id.Delivery](DerivedID(recorded.ID, todo.webhook.String()))
	state, err := b.deliveries.look(ctx, of)
	now := b.sources.Time()
	switch {
	case err != nil || !state.Due(todo.resend):
		return due, err
	case now.Before(state.NextAt):
		return state.NextAt, nil
	}
	call := WebhookCall{ID: of.String(), URL: hook.URL, At: now}
	if call.Secrets, err = b.webhookSecrets(hook, now); err != nil {
		return due, err
	}
	call.Body, err = schemas.Publish(schemas.Published{ID: recorded.ID.String(), Source: b.settings.Money.Audience, Type: recorded.Kind, Subject: string(recorded.Stream),
		Time: record.RecordedAt, Sequence: fmt.Sprint(recorded.Position), DataVersion: fmt.Sprint(recorded.SchemaVersion)}, recorded.Data)
	if err != nil {
		return due, err
	}
	sending, cancel := context.WithTimeout(ctx, webhookTimeout)
	defer cancel()
	status, reason := b.settings.Webhooks.Post(sending, call)
	if ctx.Err() != nil { // the process ends: nobody knows
		return due, ctx.Err()
	}
	note := webhook.NoteAttempt{Delivery: of, Webhook: todo.webhook, Status: status, Reason: reason, Resend: todo.resend, At: b.sources.Time(),
		What: webhook.What{Event: recorded.ID.String(), Kind: recorded.Kind, Position: int64(recorded.Position)}}
	return p.note(ctx, note, state.Total, recorded)
}

// note writes down what became of an attempt. An endpoint that is given up is disabled
// in the same commit.
func (p *posting) note(ctx context.Context, note webhook.NoteAttempt, before int64, recorded eventbus.Recorded) (due time.Time, err error) {
	b := p.bank
	order := SystemOrder(p.Name(), recorded.ID, fmt.Sprintf("delivery.note/%s/%d", note.Webhook, before), note.At, seal.Subject{})
	order.Intent = nil
	order.Asked = schemas.NoteDelivery{Delivery: note.Delivery, Webhook: note.Webhook, Status: note.Status, Reason: note.Reason}
	facts, _, err := execute(ctx, b, "delivery.note", order, streams(note.Delivery, note.Webhook), func(w *work) error {
		if err := b.deliveries.decide(w, note.Delivery, note); err != nil {
			return err
		}
		state, err := b.deliveries.load(w, note.Delivery)
		if err != nil || !state.GivenUp {
			return err
		}
		hook, err := b.webhooks.load(w, note.Webhook)
		if err != nil || hook.Status != webhook.Active {
			return err
		}
		reason := webhook.Undeliverable
		if note.Status == webhook.GoneStatus {
			reason = webhook.SaidGone
		}
		return b.webhooks.decide(w, note.Webhook, webhook.Disable{Reason: reason, At: note.At})
	}, func(facts []Fact) ([]Fact, error) { return facts, nil })
	if i := slices.IndexFunc(facts, func(f Fact) bool { return f.Event.Kind() == webhook.AttemptFailed{}.Kind() }); err == nil && i >= 0 {
		if due = facts[i].Event.(webhook.AttemptFailed).NextAt; due.IsZero() {
			due = note.At.Add(webhookRest)
		}
	}
	return due, err
}
