package schemas

import (
	"time"

	"florin/domain/device"
	"florin/domain/id"
)

// Devices lists every kind of record that the stream of a device may hold.
var Devices = newTable(
	Event(1, func(e device.Registered) device.Event { return e }),
	Event(2, func(e device.Bound) device.Event { return e }),
	Upcast("device.bound", 1, boundV1.lift),
	Event(1, func(e device.Renamed) device.Event { return e }),
	Event(1, func(e device.Attested) device.Event { return e }),
	Event(1, func(e device.Asserted) device.Event { return e }),
	Event(1, func(e device.Revoked) device.Event { return e }),
	Event(1, func(e device.ReportedLost) device.Event { return e }),
	Event(1, func(e device.SessionJoined) device.Event { return e }),
)

// boundV1 is from when risk was not asked of a device.
type boundV1 struct {
	Customer id.Customer `json:"customer"`
	Grant    id.Grant    `json:"grant"`
	At       time.Time   `json:"at"`
}

func (b boundV1) lift() device.Event {
	return device.Bound{Customer: b.Customer, Grant: b.Grant, At: b.At}
}
