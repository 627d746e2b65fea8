package schemas

import "florin/domain/consent"

// Consents lists every kind of record that the stream of a third party's request
// may hold.
var Consents = newTable(
	Event(1, func(e consent.Requested) consent.Event { return e }),
	Event(1, func(e consent.Opened) consent.Event { return e }),
	Event(1, func(e consent.Granted) consent.Event { return e }),
	Event(1, func(e consent.Denied) consent.Event { return e }),
	Event(1, func(e consent.Redeemed) consent.Event { return e }),
	Event(1, func(e consent.CodeReplayed) consent.Event { return e }),
	Event(1, func(e consent.DebtorNamed) consent.Event { return e }),
	Event(1, func(e consent.PaymentMade) consent.Event { return e }),
	Event(1, func(e consent.Revoked) consent.Event { return e }),
	Event(1, func(e consent.Asked) consent.Event { return e }),
	Event(1, func(e consent.Approved) consent.Event { return e }),
	Event(1, func(e consent.Silenced) consent.Event { return e }),
)
