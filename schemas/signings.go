package schemas

import "florin/domain/signing"

// Signings lists every kind of record that the stream of a token signing key may hold.
var Signings = newTable(
	Event(1, func(e signing.Activated) signing.Event { return e }),
	Event(1, func(e signing.Retired) signing.Event { return e }),
)
