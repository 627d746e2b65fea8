package commands

import (
	"context"

	"florin/domain/id"
)

// takeReversal notes whom a reversal concerns: who had paid, and who had been paid
// and is another customer. It is the bank's act, so both are told.
func (n *notifying) takeReversal(ctx context.Context, fact Happened, agenda *Agenda) error {
	original, err := n.bank.transfers.look(ctx, id.From[id.Transfer](uuidIn(fact.Stream)))
	if err != nil {
		return err
	}
	told := notice{template: "transfer-reversed", fact: fact.Stream, expires: fact.At.Add(noticeLife), customer: original.Customer}
	n.everywhere(agenda, fact.EventID, told)
	creditor, err := n.bank.accounts.look(ctx, original.To)
	if err != nil || creditor.Customer == original.Customer {
		return err
	}
	told.customer = creditor.Customer
	n.everywhere(agenda, DerivedID(fact.EventID, "creditor"), told)
	return nil
}
