package notification_test

import (
	"testing"
	"time"

	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/notification"
)

var (
	noon       = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	named, ada = id.Named[id.Notification]("n"), id.Named[id.Customer]("ada")
	eve        = id.Named[id.Customer]("eve")
)

func TestAMessageIsNotedOnce(t *testing.T) {
	t.Parallel()
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

func TestAnEntryIsFiledAndReadOnce(t *testing.T) {
	t.Parallel()
	amount := money.Amount{Minor: 1000, Currency: "EUR"}
	file := notification.File{Notification: named, Customer: ada, Template: "transfer-received", About: "trf_x", Amount: amount, HappenedAt: noon, At: noon}
	unknown := file
	unknown.Template = "login-code"
	filed := notification.Filed{Notification: named, Customer: ada, Category: notification.Payments, Template: "transfer-received", About: "trf_x",
		Amount: amount, HappenedAt: noon, At: noon}
	read := notification.Read{Notification: named, Customer: ada, At: noon}
	sent := notification.Sent{Notification: named, Customer: ada, Channel: notification.Email, Template: "device-bound", At: noon}
	domaintest.Run[notification.State](t, []domaintest.Case[notification.Command, notification.Event]{
		{Name: "an entry is filed under its template's category", When: file, Then: []notification.Event{filed}},
		{Name: "filing again changes nothing", Given: []notification.Event{filed}, When: file},
		{Name: "a code has no place in an inbox", When: unknown, Refused: notification.ErrTemplate},
		{Name: "its owner reads it", Given: []notification.Event{filed}, When: notification.MarkRead{Customer: ada, At: noon}, Then: []notification.Event{read}},
		{Name: "reading it again is no news", Given: []notification.Event{filed, read}, When: notification.MarkRead{Customer: ada, At: noon}},
		{Name: "another's is not there", Given: []notification.Event{filed}, When: notification.MarkRead{Customer: eve, At: noon}, Refused: notification.ErrUnknown},
		{Name: "another's is not there, read or not", Given: []notification.Event{filed, read}, When: notification.MarkRead{Customer: eve, At: noon}, Refused: notification.ErrUnknown},
		{Name: "what is not there cannot be read", When: notification.MarkRead{Customer: ada, At: noon}, Refused: notification.ErrUnknown},
		{Name: "nobody's is nobody's", When: notification.MarkRead{At: noon}, Refused: notification.ErrUnknown},
		{Name: "a message is no entry", Given: []notification.Event{sent}, When: notification.MarkRead{Customer: ada, At: noon}, Refused: notification.ErrUnknown},
	})
}
