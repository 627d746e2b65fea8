package schemas

import "florin/domain/customer"

// Customers lists every kind of record that the stream of a customer may hold.
var Customers = newTable(
	Event(1, func(e customer.Enrolled) customer.Event { return e }),
	Event(1, func(e customer.PasswordChanged) customer.Event { return e }),
	Event(1, func(e customer.FactorAdded) customer.Event { return e }),
	Event(1, func(e customer.PasskeyAdded) customer.Event { return e }),
	Event(1, func(e customer.PasskeyUsed) customer.Event { return e }),
	Event(1, func(e customer.RecoveryCodesMade) customer.Event { return e }),
	Event(1, func(e customer.RecoveryCodeUsed) customer.Event { return e }),
	Event(1, func(e customer.FactorOffered) customer.Event { return e }),
	Event(1, func(e customer.FactorApproved) customer.Event { return e }),
	Event(1, func(e customer.FactorRemoved) customer.Event { return e }),
	Event(1, func(e customer.OTPUsed) customer.Event { return e }),
	Event(1, func(e customer.DeviceBound) customer.Event { return e }),
	Event(1, func(e customer.ThirdPartyJoined) customer.Event { return e }),
	Event(1, func(e customer.DeviceVisited) customer.Event { return e }),
	Event(1, func(e customer.ContactRequested) customer.Event { return e }),
	Event(1, func(e customer.ContactChanged) customer.Event { return e }),
	Event(1, func(e customer.ContactRemoved) customer.Event { return e }),
	Event(1, func(e customer.SendingLimited) customer.Event { return e }),
	Event(1, func(e customer.SendingLimitLifted) customer.Event { return e }),
	Event(1, func(e customer.RecoveryPermitted) customer.Event { return e }),
	Event(1, func(e customer.RecoveryObjected) customer.Event { return e }),
	Event(1, func(e customer.Recovered) customer.Event { return e }),
	Event(1, func(e customer.Activated) customer.Event { return e }),
	Event(1, func(e customer.Restricted) customer.Event { return e }),
	Event(1, func(e customer.ReportedDeceased) customer.Event { return e }),
	Event(1, func(e customer.Closed) customer.Event { return e }),
	Event(1, func(e customer.ErasureRequested) customer.Event { return e }),
	Event(1, func(e customer.Erased) customer.Event { return e }),
)

// Claims lists every kind of record that the stream of a unique name may hold.
var Claims = newTable(
	Event(1, func(e customer.Taken) customer.NameEvent { return e }),
	Event(1, func(e customer.Released) customer.NameEvent { return e }),
)
