package schemas

import "florin/domain/quota"

// Quotas lists every kind of record that the stream of a quota may hold.
var Quotas = newTable(
	Event(1, func(e quota.Taken) quota.Event { return e }),
)
