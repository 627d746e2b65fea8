package notification_test

import (
	"testing"
	"time"

	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/notification"
)

func TestAMessageIsNotedOnce(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	named, ada := id.Named[id.Notification]("n"), id.Named[id.Customer]("ada")
	note := notification.Note{Notification: named, Customer: ada, Channel: notification.Email, Template: "device-bound", At: noon}
	failed := note
	failed.Failed = true
	sent := notification.Sent{Notification: named, Customer: ada, Channel: notification.Email, Template: "device-bound", At: noon}
	lost := notification.Failed(sent)
	domaintest.Run[notification.State](t, []domaintest.Case[notification.Command, notification.Event]{
		{Name: "a message was sent", When: note, Then: []notification.Event{sent}},
		{Name: "a message cannot be delivered", When: failed, Then: []notification.Event{lost}},
		{Name: "sending again changes nothing", Given: []notification.Event{sent}, When: note},
		{Name: "what was sent has not failed", Given: []notification.Event{sent}, When: failed},
		{Name: "what has failed is over", Given: []notification.Event{lost}, When: note},
	})
}
