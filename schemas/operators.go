package schemas

import "florin/domain/operator"

// Operators lists every kind of record that the stream of an operator may hold.
var Operators = newTable(
	Event(1, func(e operator.Created) operator.Event { return e }),
	Event(1, func(e operator.ScopesGranted) operator.Event { return e }),
	Event(1, func(e operator.Disabled) operator.Event { return e }),
	Event(1, func(e operator.Appointed) operator.Event { return e }),
	Event(1, func(e operator.EnrolmentOpened) operator.Event { return e }),
	Event(1, func(e operator.Enrolled) operator.Event { return e }),
	Event(1, func(e operator.OTPUsed) operator.Event { return e }),
	Event(1, func(e operator.PasskeyUsed) operator.Event { return e }),
	Event(1, func(e operator.SessionJoined) operator.Event { return e }),
	Event(1, func(e operator.RoleGranted) operator.Event { return e }),
	Event(1, func(e operator.RoleWithdrawn) operator.Event { return e }),
)
