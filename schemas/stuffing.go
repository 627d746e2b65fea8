package schemas

import "florin/domain/stuffing"

// Stuffing lists every kind of record that the stream of the rate of failed logins may hold.
var Stuffing = newTable(
	Event(1, func(e stuffing.Measured) stuffing.Event { return e }),
	Event(1, func(e stuffing.Suspected) stuffing.Event { return e }),
)
