package schemas

import "florin/domain/session"

// Sessions lists every kind of record that the stream of a token family may hold.
var Sessions = newTable(
	Event(1, func(e session.Started) session.Event { return e }),
	Event(1, func(e session.TokenIssued) session.Event { return e }),
	Event(1, func(e session.TokenRefreshed) session.Event { return e }),
	Event(1, func(e session.TokenRepeated) session.Event { return e }),
	Event(1, func(e session.TokenRefused) session.Event { return e }),
	Event(1, func(e session.Elevated) session.Event { return e }),
	Event(1, func(e session.Revoked) session.Event { return e }),
	Event(1, func(e session.ClientTold) session.Event { return e }),
)
