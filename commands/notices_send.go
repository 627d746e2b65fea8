package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/notification"
	"florin/eventbus"
	"florin/schemas"
	"florin/schemas/seal"
)

// Ring sends one message, unless it was sent or is too late. A round that takes
// long leaves the rest for the next one: other processes have to ring as well.
func (n *notifying) Ring(ctx context.Context, alarm Alarm, agenda *Agenda) error {
	if strings.HasPrefix(alarm.Note, partnerNote) {
		return n.ringPartner(ctx, alarm)
	}
	now := n.bank.sources.Time()
	told, err := readNotice(alarm.Note)
	switch {
	case err != nil:
		return err
	case now.Sub(agenda.Now()) > noticesPause:
		agenda.Set(alarm.Stream, now, alarm.Note)
		return nil
	case !now.Before(told.expires):
		return nil
	}
	named := id.From[id.Notification](uuidIn(alarm.Stream))
	state, err := n.bank.notifications.look(ctx, named)
	if err != nil || state.Over {
		return err
	}
	message, ok, err := n.compose(ctx, told, alarm.Position)
	if err != nil || !ok {
		return err
	}
	message.ID = named.UUID()
	sending, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	err = n.bank.settings.Notifier.Notify(sending, message)
	failed := errors.Is(err, ErrUndeliverable)
	if err != nil && !failed {
		return fmt.Errorf("commands: notify by %s: %w", told.channel, err)
	}
	order := SystemOrder(n.Name(), alarm.Cause, "notification.note/"+told.channel, now, seal.Subject{})
	order.Intent, order.Asked = nil, schemas.NoteNotification{Notification: named, Customer: told.customer,
		Channel: told.channel, Template: told.template, Failed: failed}
	_, _, err = execute(ctx, n.bank, "notification.note", order, streams(named), func(w *work) error {
		return n.bank.notifications.decide(w, named, notification.Note{
			Notification: named, Customer: told.customer, Channel: told.channel, Template: told.template, Failed: failed, At: now})
	}, nothing)
	return err
}

// compose writes the message; not ok: there is nobody to write to.
func (n *notifying) compose(ctx context.Context, told notice, at eventbus.Position) (Message, bool, error) {
	to, err := n.address(ctx, told, at)
	if err != nil {
		return Message{}, false, err
	}
	preferred, err := n.bank.preferencesOf(ctx, told.customer)
	if err != nil {
		return Message{}, false, err
	}
	category := notification.CategoryOf(told.template)
	if category != "" && category != notification.Security && !slices.Contains(preferred.Channels.Of(category), told.channel) {
		return Message{}, false, nil // another choice was made since
	}
	text, known := notification.Say(preferred.Language, told.template)
	if !known {
		return Message{}, false, fmt.Errorf("commands: no text for %s", told.template)
	}
	code, wanted, err := n.code(ctx, told)
	if err != nil || !wanted || to.Reveal() == "" {
		return Message{}, false, err
	}
	return Message{Channel: told.channel, Template: told.template, To: to, Subject: text.Title, Text: domain.NewProfile(text.Message(code))}, true, nil
}

// address is where a message goes: of a new address the code, of a changed one the
// word to the former, of a login the code to where it was verified that its owner reads.
func (n *notifying) address(ctx context.Context, told notice, at eventbus.Position) (domain.Profile, error) {
	if told.channel == notification.Push {
		return n.pushAddress(ctx, told)
	}
	switch told.template {
	case "contact-code":
		asked, err := n.bank.requestedContact(ctx, told.customer, eventbus.Version(told.step))
		return asked.Address, err
	case "recovery-code":
		return n.recoveryAddress(ctx, told)
	case "login-code":
		reached, err := n.bank.contactsOf(ctx, told.customer, 0)
		return reached.verified(kindOf(told.channel)), err
	case "contact-changed", "contact-removed":
		reached, err := n.bank.contactsOf(ctx, told.customer, at)
		return reached.by(told.channel), err
	}
	reached, err := n.bank.contactsOf(ctx, told.customer, 0)
	return reached.by(told.channel), err
}

// code derives the one-time password of a message that has one; not wanted: the
// login is over, or has asked for another since.
func (n *notifying) code(ctx context.Context, told notice) (code string, wanted bool, err error) {
	switch told.template {
	case "login-code":
		return n.loginCode(ctx, told)
	case "contact-code":
		return n.contactCode(ctx, told)
	case "recovery-code":
		return n.recoveryCode(ctx, told)
	case "recovery-permitted":
		return n.objection(ctx, told)
	}
	return "", true, nil
}

// contactCode is of this very request: the code of another must never go to this
// address (CVE-2026-27946).
func (n *notifying) contactCode(ctx context.Context, told notice) (code string, wanted bool, err error) {
	asked, err := n.bank.requestedContact(ctx, told.customer, eventbus.Version(told.step))
	if err != nil {
		return "", false, err
	}
	state, err := n.bank.customers.look(ctx, told.customer)
	if err != nil || asked.Salt == "" || state.Asked.Salt != asked.Salt {
		return "", false, err
	}
	code, err = n.bank.contactCode(told.customer, asked.Claim, asked.Salt)
	return code, true, err
}

func (n *notifying) loginCode(ctx context.Context, told notice) (code string, wanted bool, err error) {
	login := id.From[id.Grant](uuidIn(told.fact))
	state, err := n.bank.grants.look(ctx, login)
	if err != nil || !state.Right() || state.Requested.Step != told.step {
		return "", false, err
	}
	code, err = n.bank.sentOTP(login, state.Requested)
	return code, true, err
}
