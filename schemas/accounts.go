package schemas

import "florin/domain/account"

// Accounts lists every kind of record that the stream of an account may hold.
var Accounts = newTable(
	Event(1, func(e account.Opened) account.Event { return e }),
	Event(1, func(e account.Numbered) account.Event { return e }),
	Event(1, func(e account.Debited) account.Event { return e }),
	Event(1, func(e account.Credited) account.Event { return e }),
	Event(1, func(e account.FundsReserved) account.Event { return e }),
	Event(1, func(e account.ReservationCaptured) account.Event { return e }),
	Event(1, func(e account.ReservationReleased) account.Event { return e }),
	Event(1, func(e account.HoldPlaced) account.Event { return e }),
	Event(1, func(e account.HoldLifted) account.Event { return e }),
	Event(1, func(e account.HolderInvited) account.Event { return e }),
	Event(1, func(e account.InvitationEnded) account.Event { return e }),
	Event(1, func(e account.HolderAdded) account.Event { return e }),
	Event(1, func(e account.HolderRemoved) account.Event { return e }),
	Event(1, func(e account.LimitsAgreed) account.Event { return e }),
	Event(1, func(e account.LimitsChanged) account.Event { return e }),
	Event(1, func(e account.CapChanged) account.Event { return e }),
	Event(1, func(e account.PeriodClosed) account.Event { return e }),
	Event(1, func(e account.ProductAgreed) account.Event { return e }),
	Event(1, func(e account.TermsAnnounced) account.Event { return e }),
	Event(1, func(e account.TermsWithdrawn) account.Event { return e }),
	Event(1, func(e account.TermsAdopted) account.Event { return e }),
	Event(1, func(e account.DirectDebitsBlocked) account.Event { return e }),
	Event(1, func(e account.DirectDebitsAllowed) account.Event { return e }),
	Event(1, func(e account.Overdrawn) account.Event { return e }),
	Event(1, func(e account.Frozen) account.Event { return e }),
	Event(1, func(e account.Unfrozen) account.Event { return e }),
	Event(1, func(e account.Closed) account.Event { return e }),
)

// Numbers lists every kind of record that the stream of an account number may hold.
var Numbers = newTable(
	Event(1, func(e account.Assigned) account.NumberEvent { return e }),
)
