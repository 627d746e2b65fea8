package schemas

import "florin/domain/risk"

// Risk lists every kind of record that the stream of a decision may hold.
var Risk = newTable(
	Event(1, func(e risk.Assessed) risk.Event { return e }),
)
