package wire

import "florin/domain"

// What can be read but means nothing to the bank.
var (
	UnknownCurrency = &domain.Refusal{Class: domain.Invalid, Code: "currency-unknown", Detail: "The currency is not an ISO 4217 code in use."}
	AmountRange     = &domain.Refusal{Class: domain.Invalid, Code: "invalid-amount", Detail: "The amount is larger than any amount this bank keeps."}
)
