package schemas

import "florin/domain/clock"

// Clocks lists every kind of record that the stream of a sandbox's clock may hold.
var Clocks = newTable(
	Event(1, func(e clock.Moved) clock.Event { return e }),
)
