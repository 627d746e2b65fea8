package schemas

import (
	"florin/domain/batch"
	"florin/domain/id"
)

// Batches lists every kind of record that the stream of a batch may hold.
var Batches = newTable(
	Event(1, func(e batch.Submitted) batch.Event { return e }),
	Event(1, func(e batch.Assessed) batch.Event { return e }),
	Event(1, func(e batch.Challenged) batch.Event { return e }),
	Event(1, func(e batch.AuthorisationFailed) batch.Event { return e }),
	Event(1, func(e batch.Authorised) batch.Event { return e }),
	Event(1, func(e batch.Held) batch.Event { return e }),
	Event(1, func(e batch.Released) batch.Event { return e }),
	Event(1, func(e batch.Executed) batch.Event { return e }),
	Event(1, func(e batch.Rejected) batch.Event { return e }),
	Event(1, func(e batch.Expired) batch.Event { return e }),
	Event(1, func(e batch.Cancelled) batch.Event { return e }),
)

type (
	// SubmitBatch is POST /v1/batches: all of the transfers, or none; in mode "each" those that no rule refuses.
	SubmitBatch struct {
		From     id.Account  `json:"from"`
		Currency string      `json:"currency"`
		Mode     string      `json:"mode,omitzero"` // "all" (the default) or "each"
		Items    []BatchItem `json:"items"`
	}
	// BatchItem is one transfer of a batch.
	BatchItem struct {
		To        id.Account `json:"to"`
		Amount    Decimal    `json:"amount"`
		Reference string     `json:"reference,omitzero"`
	}
	// AuthoriseBatch is POST /v1/batches/{id}/authorization, as a transfer's.
	AuthoriseBatch struct {
		Authorization string `json:"authorization"`
		OTP           string `json:"otp,omitzero"`
		Assertion     Object `json:"assertion,omitzero"`
	}
	// CancelBatch is POST /v1/batches/{id}/cancellation.
	CancelBatch struct{}
	// ExpireBatch ends the challenge of a batch that nobody has confirmed.
	ExpireBatch struct {
		Batch id.Batch `json:"batch"`
	}
)
