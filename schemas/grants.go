package schemas

import "florin/domain/grant"

// Grants lists every kind of record that the stream of a native login may hold.
var Grants = newTable(
	Event(1, func(e grant.Started) grant.Event { return e }),
	Event(1, func(e grant.DeskStarted) grant.Event { return e }),
	Event(1, func(e grant.FactorVerified) grant.Event { return e }),
	Event(1, func(e grant.FactorFailed) grant.Event { return e }),
	Event(1, func(e grant.OTPRequested) grant.Event { return e }),
	Event(1, func(e grant.ApprovalRequested) grant.Event { return e }),
	Event(1, func(e grant.Denied) grant.Event { return e }),
	Event(1, func(e grant.Authenticated) grant.Event { return e }),
	Event(1, func(e grant.CodeIssued) grant.Event { return e }),
	Event(1, func(e grant.Redeemed) grant.Event { return e }),
	Event(1, func(e grant.CodeReplayed) grant.Event { return e }),
	Event(1, func(e grant.LoggedOut) grant.Event { return e }),
)
