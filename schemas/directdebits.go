package schemas

import (
	"florin/domain/directdebit"
	"florin/domain/id"
)

// DirectDebits lists every kind of record that a collection's stream may hold.
var DirectDebits = newTable(
	Event(1, func(e directdebit.Received) directdebit.Event { return e }),
	Event(1, func(e directdebit.Collected) directdebit.Event { return e }),
	Event(1, func(e directdebit.Refused) directdebit.Event { return e }),
	Event(1, func(e directdebit.Refunded) directdebit.Event { return e }),
	Event(1, func(e directdebit.ClaimSettled) directdebit.Event { return e }),
	Event(1, func(e directdebit.ClaimDenied) directdebit.Event { return e }),
)

// The commands of direct debits.
type (
	// CollectDirectDebit is POST /v1/direct-debits, by the rail: what a pacs.003 says of
	// one transaction. From and To are IBANs.
	CollectDirectDebit struct {
		Reference string  `json:"reference"` // the rail's own name for it (TxId): the same one is the same collection
		EndToEnd  string  `json:"end_to_end"`
		From      string  `json:"from"`     // who pays
		To        string  `json:"to"`       // who collects
		Name      string  `json:"name"`     // of who collects
		Creditor  string  `json:"creditor"` // SEPA creditor identifier
		Mandate   string  `json:"mandate"`  // its reference
		Sequence  string  `json:"sequence" jsonschema:"enum=FRST,enum=RCUR,enum=FNAL,enum=OOFF"`
		Amount    Decimal `json:"amount"`
		Currency  string  `json:"currency"`
		Text      string  `json:"text,omitzero"` // remittance
	}
	// BlockDirectDebits is POST /v1/accounts/{id}/direct-debit-block.
	BlockDirectDebits struct{}
	// AllowDirectDebits is POST /v1/accounts/{id}/direct-debit-allowance.
	AllowDirectDebits struct{}
	// RefundDirectDebit is POST /v1/direct-debits/{id}/refund, by who was collected from.
	RefundDirectDebit struct {
		Grounds string `json:"grounds" jsonschema:"enum=no-reason,enum=unauthorised"`
	}
	// AnswerClaim is what the other bank said of a refund.
	AnswerClaim struct {
		DirectDebit id.DirectDebit `json:"direct_debit"`
		Status      string         `json:"status" jsonschema:"enum=settled,enum=rejected"`
		Reason      string         `json:"reason,omitzero"`
	}
)
