package schemas

import "florin/domain/access"

// Accesses lists every kind of record that the stream of a reader may hold.
var Accesses = newTable(
	Event(1, func(e access.Granted) access.Event { return e }),
)
