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

// holding is one news for each who has held an account since before the fact, in one of
// the roles: after a restart all facts are heard again, and who has joined since is told
// of none. The first, whom the account was opened for, has no name.
func holding(of account.State, fact Happened, told news, roles ...account.Role) (all []news) {
	for _, who := range of.HoldersSince(fact.At, roles...) {
		one := told
		one.customer = who
		if who != of.Customer {
			one.name = told.name + "/" + who.String()
		}
		all = append(all, one)
	}
	return all
}

// onAccount tells everybody who holds the account in whose stream the fact lies.
func onAccount(template string) occasion {
	return func(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
		of := id.From[id.Account](uuidIn(fact.Stream))
		state, err := n.bank.accounts.look(ctx, of)
		told := news{template: template, about: of.String()}
		switch e := fact.Event.(type) {
		case account.Frozen:
			told.code = e.Reason
		case account.Overdrawn:
			told.amount = e.Balance
		case account.HoldPlaced:
			told.amount, told.code = e.Amount, e.Reason
		case account.HoldLifted:
			told.code = e.Reason
		}
		return holding(state, fact, told, account.Owner, account.Reader), err
	}
}

// holderInvited tells who was invited, if the name was somebody's.
func holderInvited(_ context.Context, _ *notifying, fact Happened) ([]news, error) {
	invited := fact.Event.(account.HolderInvited)
	return []news{{template: "account-invited", customer: invited.Customer, about: invited.Invitation.String(), expires: invited.ExpiresAt}}, nil
}

// holdersChanged tells the owners, who see everything that the other sees from now on,
// or no longer; and who was removed.
func holdersChanged(template string) occasion {
	return func(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
		of := id.From[id.Account](uuidIn(fact.Stream))
		state, err := n.bank.accounts.look(ctx, of)
		told := news{template: template, about: of.String()}
		all := holding(state, fact, told, account.Owner)
		if gone, is := fact.Event.(account.HolderRemoved); is {
			told.template, told.customer, told.name = "account-left", gone.Customer, "removed"
			all = append(all, told)
		}
		return all, err
	}
}

// onTransfer tells whoever's money was asked for. Of one of a batch the batch tells.
func onTransfer(template string) occasion {
	return func(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
		of := id.From[id.Transfer](uuidIn(fact.Stream))
		state, err := n.bank.transfers.look(ctx, of)
		if err != nil || !state.Batch.IsZero() {
			return nil, err
		}
		told := news{template: template, customer: state.Customer, about: of.String(), amount: state.Amount}
		switch e := fact.Event.(type) {
		case transfer.Rejected:
			told.code = e.Code
		case transfer.Challenged: // the app does not know of what a third party has asked for
			told.alert = state.Device.IsZero()
		}
		return []news{told}, nil
	}
}

// transferPosted tells who has paid, and who was paid and is another customer. Of a
// reversal the original tells, of what left with a batch the batch.
func transferPosted(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
	of := id.From[id.Transfer](uuidIn(fact.Stream))
	state, err := n.bank.transfers.look(ctx, of)
	if err != nil || !state.Original.IsZero() {
		return nil, err
	}
	told := news{template: "transfer-sent", customer: state.Customer, about: of.String(), amount: state.Amount}
	all, err := n.andCreditors(ctx, fact, state, told, "transfer-received")
	if err == nil && !state.Batch.IsZero() {
		all = all[1:]
	}
	return all, err
}

// transferReversed is the bank's act, so both are told.
func transferReversed(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
	of := id.From[id.Transfer](uuidIn(fact.Stream))
	state, err := n.bank.transfers.look(ctx, of)
	if err != nil {
		return nil, err
	}
	reversed := news{template: "transfer-reversed", customer: state.Customer, about: of.String(), amount: fact.Event.(transfer.Reversed).Amount}
	return n.andCreditors(ctx, fact, state, reversed, reversed.template)
}

// andCreditors adds what the owners of the account that was paid into are told, but for
// whoever has paid.
func (n *notifying) andCreditors(ctx context.Context, fact Happened, of transfer.State, first news, template string) ([]news, error) {
	creditor, err := n.bank.accounts.look(ctx, of.To)
	all, told := []news{first}, first
	told.template, told.name = template, "creditor"
	for _, one := range holding(creditor, fact, told, account.Owner) {
		if one.customer != of.Customer {
			all = append(all, one)
		}
	}
	return all, err
}

// spoken are the purposes of entries that something else tells of: a payment, a card.
var spoken = map[journal.Purpose]bool{journal.CardPurchase: true, journal.CardRefund: true, journal.Payment: true, journal.PaymentReturn: true}

// journalPosted tells the customers on whose accounts an entry was booked.
func journalPosted(ctx context.Context, n *notifying, fact Happened) (all []news, err error) {
	entry := fact.Event.(journal.Posted)
	if spoken[entry.Purpose] {
		return nil, nil
	}
	for _, leg := range entry.Legs.Legs() {
		state, err := n.bank.accounts.look(ctx, leg.Account)
		if err != nil {
			return nil, err
		}
		told := news{template: "account-credited", name: leg.Account.String(), about: leg.Account.String(), amount: leg.Amount, code: string(entry.Purpose)}
		if leg.IsNegative() {
			told.template, told.amount = "account-debited", leg.Amount.Negate()
		}
		all = append(all, holding(state, fact, told, account.Owner)...)
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
