package schemas

import (
	"florin/domain/id"
	"florin/domain/notification"
)

// The JSON bodies of the commands about notifications. A member is required unless it
// is omitzero.
type (
	// ReadNotification is POST /v1/notifications/{id}/read.
	ReadNotification struct{}
	// ReadAllNotifications is POST /v1/notifications/read: an entry, such as the newest
	// that was shown, and all that was filed before it.
	ReadAllNotifications struct {
		Through id.Notification `json:"through"`
	}
	// ChooseNotifications is PUT /v1/notifications/preferences: all of them, anew.
	ChooseNotifications struct {
		Language string               `json:"language"`  // en, de or fr
		TimeZone string               `json:"time_zone"` // such as Europe/Berlin
		Channels NotificationChannels `json:"channels"`
		Quiet    QuietHours           `json:"quiet_hours,omitzero"`
	}
	// NotificationChannels are, by category, some of email, sms and push; not said:
	// those of who has chosen nothing. Those of security are email and sms at least.
	NotificationChannels struct {
		Security []string `json:"security,omitzero"`
		Account  []string `json:"account,omitzero"`
		Payments []string `json:"payments,omitzero"`
		Cards    []string `json:"cards,omitzero"`
	}
	// QuietHours are two times of day, such as 22:00 and 07:00.
	QuietHours struct {
		From string `json:"from"`
		To   string `json:"to"`
	}
)

// Notifications lists every kind of record that the stream of a notification may hold.
var Notifications = newTable(
	Event(1, func(e notification.Filed) notification.Event { return e }),
	Event(1, func(e notification.Read) notification.Event { return e }),
	Event(1, func(e notification.Sent) notification.Event { return e }),
	Event(1, func(e notification.Failed) notification.Event { return e }),
)

// Inboxes lists every kind of record that the stream of an inbox may hold.
var Inboxes = newTable(
	Event(1, func(e notification.AllRead) notification.InboxEvent { return e }),
	Event(1, func(e notification.PreferencesChosen) notification.InboxEvent { return e }),
)
