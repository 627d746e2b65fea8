package schemas

import "florin/domain/client"

// Clients lists every kind of record that the stream of a client may hold.
var Clients = newTable(
	Event(1, func(e client.Registered) client.Event { return e }),
	Event(1, func(e client.Disabled) client.Event { return e }),
	Event(1, func(e client.LogoutArranged) client.Event { return e }),
	Event(1, func(e client.TLSArranged) client.Event { return e }),
	Event(1, func(e client.IDTokensArranged) client.Event { return e }),
)
