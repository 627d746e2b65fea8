package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/notification"
	"florin/domain/webhook"
	"florin/eventbus"
	"florin/schemas"
	"florin/schemas/seal"
)

// partnerNote is how an alarm for a partner's contact begins.
const partnerNote = "partner "

// partnerTemplate is what is said; partners are told in the first of the languages.
const partnerTemplate = "webhook-disabled"

// partnerOff notes that a partner's contact is to be told of an endpoint that the bank
// itself has disabled. What an operator does, an operator tells.
func (n *notifying) partnerOff(fact Happened, agenda *Agenda) {
	reason := fact.Event.(webhook.Disabled).Reason
	if n.bank.settings.Notifier == nil || reason != webhook.Undeliverable && reason != webhook.SaidGone {
		return
	}
	of, expires := id.From[id.Webhook](uuidIn(fact.Stream)), fact.At.Add(noticeLife)
	message := id.From[id.Notification](DerivedID(fact.EventID, "contact"))
	agenda.Set(eventbus.Stream(message.Stream()), agenda.Now(), partnerNote+of.String()+" "+expires.UTC().Format(time.RFC3339))
}

// ringPartner tells a contact, once for each time that the endpoint was disabled, and
// not once it is enabled again. Its stream says whether it was told.
func (n *notifying) ringPartner(ctx context.Context, alarm Alarm) error {
	b, now := n.bank, n.bank.sources.Time()
	named, until, _ := strings.Cut(strings.TrimPrefix(alarm.Note, partnerNote), " ")
	of, err := id.Parse[id.Webhook](named)
	if err != nil {
		return err
	}
	expires, err := time.Parse(time.RFC3339, until)
	if err != nil || !now.Before(expires) {
		return err
	}
	hook, err := b.webhooks.look(ctx, of)
	if err != nil || !hook.Owes() {
		return err
	}
	to, err := b.webhookContact(ctx, of)
	if err != nil {
		return err
	}
	text, known := notification.Say(notification.Languages()[0], partnerTemplate)
	if !known {
		return fmt.Errorf("commands: no text for %s", partnerTemplate)
	}
	sending, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	err = b.settings.Notifier.Notify(sending, Message{ID: uuidIn(alarm.Stream), Channel: notification.Email, Template: partnerTemplate, To: to,
		Subject: text.Title, Text: domain.NewProfile(text.Message(of.String()))})
	failed := errors.Is(err, ErrUndeliverable)
	if err != nil && !failed {
		return fmt.Errorf("commands: notify a partner: %w", err)
	}
	order := SystemOrder(n.Name(), alarm.Cause, "webhook.note_notice", now, seal.Subject{})
	order.Intent, order.Asked = nil, schemas.NoteWebhookNotice{Webhook: of, Failed: failed}
	_, _, err = execute(ctx, b, "webhook.note_notice", order, streams(of), func(w *work) error {
		return b.webhooks.decide(w, of, webhook.NoteNotice{Failed: failed, At: now})
	}, nothing)
	return err
}

// webhookContact reads a contact from the endpoint's stream, for states hold no names.
func (b *Bank) webhookContact(ctx context.Context, of id.Webhook) (found domain.Profile, err error) {
	for recorded, err := range b.log.ReadStream(ctx, eventbus.Stream(of.Stream()), 0) {
		if err != nil {
			return found, fmt.Errorf("commands: read %s: %w", of, err)
		}
		event, err := b.treaty.Webhooks.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return found, fmt.Errorf("commands: read %s: %w", of, err)
		}
		if e, is := event.(webhook.ContactNamed); is {
			found = e.Contact
		}
	}
	return found, nil
}
