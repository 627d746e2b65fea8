package schemas

import (
	"florin/domain/id"
	"florin/domain/payee"
)

// Payees lists every kind of record that the stream of a customer's payees may hold.
var Payees = newTable(
	Event(1, func(e payee.Saved) payee.Event { return e }),
	Event(1, func(e payee.Removed) payee.Event { return e }),
)

type (
	// SavePayee is POST /v1/payees: an account of the bank, or an IBAN, and whose it is said to be.
	SavePayee struct {
		Account id.Account `json:"account,omitzero" jsonschema:"oneof_required=account"`
		IBAN    string     `json:"iban,omitzero" jsonschema:"oneof_required=iban"`
		Name    string     `json:"name"`
	}
	// RemovePayee is DELETE /v1/payees/{id}.
	RemovePayee struct{}
)
