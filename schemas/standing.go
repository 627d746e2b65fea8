package schemas

import (
	"florin/domain/id"
	"florin/domain/standing"
)

// Standing lists every kind of record that the stream of a standing order may hold.
var Standing = newTable(
	Event(2, func(e standing.Ordered) standing.Event { return e }),
	Upcast("standing.ordered", 1, orderedV1.lift),
	Event(1, func(e standing.Challenged) standing.Event { return e }),
	Event(1, func(e standing.AuthorisationFailed) standing.Event { return e }),
	Event(1, func(e standing.Authorised) standing.Event { return e }),
	Event(1, func(e standing.Rejected) standing.Event { return e }),
	Event(1, func(e standing.Expired) standing.Event { return e }),
	Event(2, func(e standing.Executed) standing.Event { return e }),
	Upcast("standing.executed", 1, executedV1.lift),
	Event(2, func(e standing.Failed) standing.Event { return e }),
	Upcast("standing.failed", 1, failedV1.lift),
	Event(1, func(e standing.Skipped) standing.Event { return e }),
	Event(1, func(e standing.Cancelled) standing.Event { return e }),
	Event(1, func(e standing.Ended) standing.Event { return e }),
)

type (
	// PlaceStandingOrder is POST /v1/standing-orders. With frequency once it is a
	// transfer of a later day. Neither last nor count: it is executed until it is cancelled.
	// It pays either an account of this bank (to), or the holder (name) of an IBAN at another.
	PlaceStandingOrder struct {
		From      id.Account `json:"from"`
		To        id.Account `json:"to,omitzero"`
		IBAN      string     `json:"iban,omitzero"`
		Name      string     `json:"name,omitzero"`
		Amount    Decimal    `json:"amount"`
		Currency  string     `json:"currency"`
		Frequency string     `json:"frequency"` // once, daily, weekly, monthly, quarterly or yearly
		First     string     `json:"first"`     // day, such as 2026-01-31
		Last      string     `json:"last,omitzero"`
		Count     int64      `json:"count,omitzero"`
		TimeZone  string     `json:"time_zone,omitzero"` // IANA; not said: the bank's
		Reference string     `json:"reference,omitzero"`
	}
	// AuthoriseStandingOrder is POST /v1/standing-orders/{id}/authorization, as a
	// transfer's.
	AuthoriseStandingOrder struct {
		Authorization string `json:"authorization"`
		OTP           string `json:"otp,omitzero"`
		Assertion     Object `json:"assertion,omitzero"`
	}
	// CancelStandingOrder is DELETE /v1/standing-orders/{id}.
	CancelStandingOrder struct{}
	// ExpireStandingOrder ends the challenge of an order that nobody has confirmed.
	ExpireStandingOrder struct {
		Order id.StandingOrder `json:"standing_order"`
	}
	// ExecuteStandingOrder makes the transfer of one day by one of its tries.
	ExecuteStandingOrder struct {
		Order      id.StandingOrder `json:"standing_order"`
		Occurrence int64            `json:"occurrence"`
		Slot       int64            `json:"slot"`
	}
	// SkipOccurrences gives up the days that were missed too long ago.
	SkipOccurrences struct {
		Order id.StandingOrder `json:"standing_order"`
	}
)
