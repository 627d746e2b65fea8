package schemas

import "florin/domain/access"

// Accesses lists every kind of record that the stream of a reader, or of
// those who were turned away, may hold.
var Accesses = newTable(
	Event(1, func(e access.Granted) access.Event { return e }),
	Event(1, func(e access.Refused) access.Event { return e }),
	Event(1, func(e access.Asserted) access.Event { return e }),
)
