package schemas

import "florin/domain/transfer"

// Transfers lists every kind of record that the stream of a transfer may hold.
var Transfers = newTable(
	Event(1, func(e transfer.Initiated) transfer.Event { return e }),
	Event(1, func(e transfer.Assessed) transfer.Event { return e }),
	Event(1, func(e transfer.Dated) transfer.Event { return e }),
	Event(1, func(e transfer.Scheduled) transfer.Event { return e }),
	Event(1, func(e transfer.Held) transfer.Event { return e }),
	Event(1, func(e transfer.Released) transfer.Event { return e }),
	Event(1, func(e transfer.Batched) transfer.Event { return e }),
	Event(1, func(e transfer.PayeeNamed) transfer.Event { return e }),
	Event(1, func(e transfer.Consented) transfer.Event { return e }),
	Event(1, func(e transfer.Challenged) transfer.Event { return e }),
	Event(1, func(e transfer.AuthorisationFailed) transfer.Event { return e }),
	Event(1, func(e transfer.Authorised) transfer.Event { return e }),
	Event(1, func(e transfer.Posted) transfer.Event { return e }),
	Event(1, func(e transfer.Rejected) transfer.Event { return e }),
	Event(1, func(e transfer.Expired) transfer.Event { return e }),
	Event(1, func(e transfer.Cancelled) transfer.Event { return e }),
	Event(1, func(e transfer.Reversed) transfer.Event { return e }),
)
