package schemas

import "florin/domain/notification"

// Notifications lists every kind of record that the stream of a message may hold.
var Notifications = newTable(
	Event(1, func(e notification.Sent) notification.Event { return e }),
	Event(1, func(e notification.Failed) notification.Event { return e }),
)
