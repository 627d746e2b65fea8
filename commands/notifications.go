package commands

import (
	"context"
	"time"
	_ "time/tzdata" // customers' time zones, on machines that have none

	"florin/domain/id"
	"florin/domain/notification"
)

// Notifications are the verbs of a customer's inbox.
type Notifications struct{ bank *Bank }

// Notifications gives the verbs of inboxes.
func (b *Bank) Notifications() Notifications { return Notifications{b} }

// Read marks an entry of the caller's as read. notification.ErrUnknown for another's.
func (n Notifications) Read(ctx context.Context, order Order, read id.Notification) (Outcome, error) {
	b := n.bank
	_, outcome, err := execute(ctx, b, "notification.read", order, streams(read), func(w *work) error {
		return b.notifications.decide(w, read, notification.MarkRead{Customer: order.Caller.Customer, At: order.At})
	}, nothing)
	return outcome, err
}

// ReadAll marks all that lies in the caller's inbox up to a position of the log.
func (n Notifications) ReadAll(ctx context.Context, order Order, through int64) (Outcome, error) {
	b, inbox := n.bank, inboxOf(order.Caller.Customer)
	_, outcome, err := execute(ctx, b, "inbox.read", order, streams(inbox), func(w *work) error {
		return b.inboxes.decide(w, inbox, notification.ReadAll{Customer: order.Caller.Customer, Through: through, At: order.At})
	}, nothing)
	return outcome, err
}

// Choose sets how the caller is told, and answers with what holds then. Refusals: those
// of notification.Preferences.
func (n Notifications) Choose(ctx context.Context, order Order, wanted notification.Preferences) (notification.Preferences, Outcome, error) {
	b, inbox := n.bank, inboxOf(order.Caller.Customer)
	return execute(ctx, b, "inbox.choose_preferences", order, streams(inbox), func(w *work) error {
		if err := w.known(); err != nil {
			return err
		}
		if err := b.inboxes.decide(w, inbox, notification.Choose{Customer: order.Caller.Customer, Preferences: wanted, At: order.At}); err != nil {
			return err
		}
		if _, err := time.LoadLocation(wanted.TimeZone); err != nil || wanted.TimeZone == "Local" {
			return notification.ErrTimeZone
		}
		return nil
	}, func(facts []Fact) (chosen notification.Preferences, err error) {
		for _, fact := range facts {
			if e, ok := fact.Event.(notification.PreferencesChosen); ok {
				chosen = e.Preferences
			}
		}
		return chosen, nil
	})
}

// Preferences are how a customer wants to be told.
func (n Notifications) Preferences(ctx context.Context, of id.Customer) (notification.Preferences, error) {
	return n.bank.preferencesOf(ctx, of)
}

func (b *Bank) preferencesOf(ctx context.Context, of id.Customer) (notification.Preferences, error) {
	state, err := b.inboxes.look(ctx, inboxOf(of))
	return state.Preferences(), err
}

// inboxOf is the inbox of a customer: there is one, from the beginning.
func inboxOf(of id.Customer) id.Inbox { return id.From[id.Inbox](of.UUID()) }
