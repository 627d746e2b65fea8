package commands

import (
	"context"

	"florin/domain/account"
	"florin/domain/directdebit"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/mandate"
	"florin/domain/transfer"
)

// onAccount tells the owner of the account in whose stream the fact lies.
func onAccount(template string) occasion {
	return func(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
		of := id.From[id.Account](uuidIn(fact.Stream))
		state, err := n.bank.accounts.look(ctx, of)
		told := news{template: template, customer: state.Customer, about: of.String()}
		switch e := fact.Event.(type) {
		case account.Frozen:
			told.code = e.Reason
		case account.Overdrawn:
			told.amount = e.Balance
		}
		return []news{told}, err
	}
}

// onTransfer tells whoever's money was asked for.
func onTransfer(template string) occasion {
	return func(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
		of := id.From[id.Transfer](uuidIn(fact.Stream))
		state, err := n.bank.transfers.look(ctx, of)
		told := news{template: template, customer: state.Customer, about: of.String(), amount: state.Amount}
		switch e := fact.Event.(type) {
		case transfer.Rejected:
			told.code = e.Code
		case transfer.Challenged: // the app does not know of what a third party has asked for
			told.alert = state.Device.IsZero()
		}
		return []news{told}, err
	}
}

// transferPosted tells who has paid, and who was paid and is another customer. Of a
// reversal the original tells.
func transferPosted(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
	of := id.From[id.Transfer](uuidIn(fact.Stream))
	state, err := n.bank.transfers.look(ctx, of)
	if err != nil || !state.Original.IsZero() {
		return nil, err
	}
	sent := news{template: "transfer-sent", customer: state.Customer, about: of.String(), amount: state.Amount}
	return n.andCreditor(ctx, state, sent, "transfer-received")
}

// transferReversed is the bank's act, so both are told.
func transferReversed(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
	of := id.From[id.Transfer](uuidIn(fact.Stream))
	state, err := n.bank.transfers.look(ctx, of)
	if err != nil {
		return nil, err
	}
	reversed := news{template: "transfer-reversed", customer: state.Customer, about: of.String(), amount: fact.Event.(transfer.Reversed).Amount}
	return n.andCreditor(ctx, state, reversed, reversed.template)
}

// andCreditor adds what the owner of the account that was paid into is told, if it is
// somebody else's.
func (n *notifying) andCreditor(ctx context.Context, of transfer.State, first news, template string) ([]news, error) {
	creditor, err := n.bank.accounts.look(ctx, of.To)
	if err != nil || creditor.Customer == of.Customer {
		return []news{first}, err
	}
	second := first
	second.template, second.customer, second.name = template, creditor.Customer, "creditor"
	return []news{first, second}, nil
}

// journalPosted tells the customers on whose accounts an entry was booked.
func journalPosted(ctx context.Context, n *notifying, fact Happened) (all []news, err error) {
	entry := fact.Event.(journal.Posted)
	for _, leg := range entry.Legs.Legs() {
		state, err := n.bank.accounts.look(ctx, leg.Account)
		if err != nil {
			return nil, err
		}
		told := news{template: "account-credited", customer: state.Customer, name: leg.Account.String(), about: leg.Account.String(), amount: leg.Amount, code: string(entry.Purpose)}
		if leg.IsNegative() {
			told.template, told.amount = "account-debited", leg.Amount.Negate()
		}
		all = append(all, told)
	}
	return all, nil
}

// mandateMade tells whoever's account is going to be collected from.
func mandateMade(_ context.Context, _ *notifying, fact Happened) ([]news, error) {
	told := news{template: "mandate-registered", about: id.From[id.Mandate](uuidIn(fact.Stream)).String()}
	switch e := fact.Event.(type) {
	case mandate.Granted:
		told.template, told.customer = "mandate-granted", e.Customer
	case mandate.Registered:
		told.customer = e.Customer
	}
	return []news{told}, nil
}

// directDebitRefused tells whose account was not collected from; of a number that is
// none of the bank's nobody.
func directDebitRefused(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
	of := id.From[id.DirectDebit](uuidIn(fact.Stream))
	state, err := n.bank.directDebits.look(ctx, of)
	return []news{{template: "direct-debit-refused", customer: state.Customer, about: of.String(), amount: state.Amount,
		code: fact.Event.(directdebit.Refused).Reason}}, err
}
