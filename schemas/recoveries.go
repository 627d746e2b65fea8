package schemas

import "florin/domain/recovery"

// Recoveries lists every kind of record that the stream of a recovery may hold.
var Recoveries = newTable(
	Event(1, func(e recovery.Started) recovery.Event { return e }),
	Event(1, func(e recovery.Failed) recovery.Event { return e }),
	Event(1, func(e recovery.Proven) recovery.Event { return e }),
	Event(1, func(e recovery.Completed) recovery.Event { return e }),
)
