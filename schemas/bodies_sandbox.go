package schemas

import "time"

// MoveClock is POST /v1/sandbox/clock: the bank's time is set, or moved on. One of the two.
type MoveClock struct {
	To             time.Time `json:"to,omitzero" jsonschema:"oneof_required=to"`
	AdvanceSeconds int64     `json:"advance_seconds,omitzero" jsonschema:"oneof_required=advance_seconds"`
}

// SimulateRail is POST /v1/sandbox/payments/{id}/answer: what the rail is to say.
type SimulateRail struct {
	Answer string `json:"answer" jsonschema:"enum=accepted,enum=settled,enum=rejected"`
	Reason string `json:"reason,omitzero"` // of a rejection: ISO 20022 ExternalStatusReason1Code
}

// SimulateDenial is POST /v1/sandbox/payments/{id}/recall-denial: the other bank keeps
// what is recalled.
type SimulateDenial struct {
	Reason string `json:"reason"` // ISO 20022 ExternalPaymentCancellationRejection1Code
}
