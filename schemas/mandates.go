package schemas

import (
	"florin/domain/id"
	"florin/domain/mandate"
)

// Mandates lists every kind of record that a mandate's stream may hold.
var Mandates = newTable(
	Event(1, func(e mandate.Granted) mandate.Event { return e }),
	Event(1, func(e mandate.Registered) mandate.Event { return e }),
	Event(1, func(e mandate.Collected) mandate.Event { return e }),
	Event(1, func(e mandate.LimitSet) mandate.Event { return e }),
	Event(1, func(e mandate.Suspended) mandate.Event { return e }),
	Event(1, func(e mandate.Resumed) mandate.Event { return e }),
	Event(1, func(e mandate.Cancelled) mandate.Event { return e }),
	Event(1, func(e mandate.Expired) mandate.Event { return e }),
)

// Creditors lists every kind of record that the stream of an account's creditor may hold.
var Creditors = newTable(
	Event(1, func(e mandate.CreditorBlocked) mandate.CreditorEvent { return e }),
	Event(1, func(e mandate.CreditorAllowed) mandate.CreditorEvent { return e }),
)

// mandateCommands are the rows of mandates and of what is collected by them.
func mandateCommands() []Command {
	return []Command{
		body[GrantMandate]("mandate.grant"),
		body[SetMandateLimit]("mandate.set_limit"),
		body[SuspendMandate]("mandate.suspend"),
		body[ResumeMandate]("mandate.resume"),
		body[CancelMandate]("mandate.cancel"),
		body[BlockCreditor]("mandate.block_creditor"),
		body[AllowCreditor]("mandate.allow_creditor"),
		asked[ExpireMandate]("mandate.expire"),
		body[BlockDirectDebits]("account.block_direct_debits"), body[AllowDirectDebits]("account.allow_direct_debits"),
		body[CollectDirectDebit]("directdebit.collect"),
		body[RefundDirectDebit]("directdebit.refund"),
		asked[AnswerClaim]("directdebit.answer_claim"),
	}
}

// The commands of mandates. All but the first take a mandate's identifier in the path.
type (
	// GrantMandate is POST /v1/mandates: the holder lets a creditor collect.
	GrantMandate struct {
		Account   id.Account `json:"account"`
		Creditor  string     `json:"creditor"` // SEPA creditor identifier
		Name      string     `json:"name"`     // of the creditor
		Reference string     `json:"reference"`
		Limit     Decimal    `json:"limit,omitzero"` // of one collection
		Currency  string     `json:"currency,omitzero"`
	}
	// SetMandateLimit bounds one collection; without a limit it lifts the bound.
	SetMandateLimit struct {
		Limit    Decimal `json:"limit,omitzero"`
		Currency string  `json:"currency,omitzero"`
	}
	// SuspendMandate has nothing collected by it until it is resumed.
	SuspendMandate struct{}
	// ResumeMandate ends that.
	ResumeMandate struct{}
	// CancelMandate ends it.
	CancelMandate struct{}
	// BlockCreditor lets the mandate's creditor collect nothing, by whatever mandate.
	BlockCreditor struct{}
	// AllowCreditor ends that.
	AllowCreditor struct{}
	// ExpireMandate ends one that was not used for too long.
	ExpireMandate struct {
		Mandate id.Mandate `json:"mandate"`
	}
)
