package schemas

import "florin/domain/attempt"

// Attempts lists every kind of record that the stream of an attempt budget may hold.
var Attempts = newTable(
	Event(1, func(e attempt.Counted) attempt.Event { return e }),
	Event(1, func(e attempt.Delayed) attempt.Event { return e }),
	Event(1, func(e attempt.Exhausted) attempt.Event { return e }),
	Event(1, func(e attempt.Reset) attempt.Event { return e }),
	Event(1, func(e attempt.Taken) attempt.Event { return e }),
	Event(1, func(e attempt.Returned) attempt.Event { return e }),
)
