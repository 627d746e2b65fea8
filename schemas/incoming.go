package schemas

import (
	"florin/domain/id"
	"florin/domain/incoming"
)

// Incoming lists every kind of record that the stream of an incoming payment may hold.
var Incoming = newTable(
	Event(1, func(e incoming.Received) incoming.Event { return e }),
	Event(1, func(e incoming.Credited) incoming.Event { return e }),
	Event(1, func(e incoming.Suspended) incoming.Event { return e }),
	Event(1, func(e incoming.Returned) incoming.Event { return e }),
	Event(1, func(e incoming.ReturnSettled) incoming.Event { return e }),
)

// The commands of payments from other banks.
type (
	// ReceivePayment is POST /v1/incoming-payments, by the rail. To and From are IBANs.
	ReceivePayment struct {
		Reference string  `json:"reference"` // the rail's own name for it: the same one is the same payment
		To        string  `json:"to"`
		From      string  `json:"from"`
		Name      string  `json:"name"` // of who pays
		Amount    Decimal `json:"amount"`
		Currency  string  `json:"currency"`
		Text      string  `json:"text,omitzero"` // remittance
	}
	// RecallPayment is POST /v1/incoming-payments/{id}/recall, by the rail: the other
	// bank wants it back.
	RecallPayment struct {
		Recall string `json:"recall"` // the rail's name for the recall
		Reason string `json:"reason"` // ISO 20022 ExternalCancellationReason1Code
	}
	// GiveBackPayment takes out of suspense what no account takes, to be returned.
	GiveBackPayment struct {
		Incoming id.Incoming `json:"incoming"`
	}
	// SettleReturn notes that the rail has taken a return.
	SettleReturn struct {
		Incoming id.Incoming `json:"incoming"`
	}
)
