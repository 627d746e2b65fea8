package schemas

import "florin/domain/approval"

// Approvals lists every kind of record that the stream of a customer's approvals
// may hold.
var Approvals = newTable(
	Event(1, func(e approval.Requested) approval.Event { return e }),
	Event(1, func(e approval.RequestApproved) approval.Event { return e }),
	Event(1, func(e approval.RequestDenied) approval.Event { return e }),
	Event(1, func(e approval.RequestExpired) approval.Event { return e }),
	Event(1, func(e approval.RequestDropped) approval.Event { return e }),
)
