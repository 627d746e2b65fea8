package schemas

import "florin/domain/device"

// Devices lists every kind of record that the stream of a device may hold.
var Devices = newTable(
	Event(1, func(e device.Registered) device.Event { return e }),
	Event(1, func(e device.Bound) device.Event { return e }),
	Event(1, func(e device.Renamed) device.Event { return e }),
	Event(1, func(e device.Attested) device.Event { return e }),
	Event(1, func(e device.Asserted) device.Event { return e }),
	Event(1, func(e device.Revoked) device.Event { return e }),
	Event(1, func(e device.ReportedLost) device.Event { return e }),
	Event(1, func(e device.SessionJoined) device.Event { return e }),
)
