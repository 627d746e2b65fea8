package commands

import (
	"context"
	"slices"
	"strings"

	"florin/domain/authorisation"
	"florin/domain/batch"
	"florin/domain/card"
	"florin/domain/id"
	"florin/domain/payee"
	"florin/domain/payment"
	"florin/domain/paymentfile"
	"florin/domain/standing"
)

// onCard tells whose card it is. Spending is told by the authorisation.
func onCard(template string) occasion {
	return func(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
		of := id.From[id.Card](uuidIn(fact.Stream))
		state, err := n.bank.cards.look(ctx, of)
		told := news{template: template, customer: state.Customer, about: of.String()}
		switch e := fact.Event.(type) {
		case card.Frozen:
			told.code = e.Reason
		case card.Closed:
			told.code = e.Reason
		}
		return []news{told}, err
	}
}

// onAuthorisation tells whose card was used, and with what success.
func onAuthorisation(template string) occasion {
	return func(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
		of := id.From[id.Authorisation](uuidIn(fact.Stream))
		state, err := n.bank.authorisations.look(ctx, of)
		told := news{template: template, customer: state.Customer, about: of.String(), amount: state.Amount}
		switch e := fact.Event.(type) {
		case authorisation.Declined:
			told.code = e.Code
		case authorisation.Refunded:
			told.amount = e.Amount
		}
		return []news{told}, err
	}
}

// onPayment tells who pays another bank's customer. What the rail has settled is no
// news: the money had left before, and that was told. Of one of a file that goes as it
// should the file tells.
func onPayment(template string) occasion {
	return func(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
		of := id.From[id.Payment](uuidIn(fact.Stream))
		state, err := n.bank.payments.look(ctx, of)
		told := news{template: template, customer: state.Customer, about: of.String(), amount: state.Amount}
		switch e := fact.Event.(type) {
		case payment.Submitted:
			if !state.File.IsZero() {
				return nil, err
			}
		case payment.Rejected:
			told.code = e.Code
		case payment.Returned:
			told.amount, told.code = e.Amount, e.Reason
		case payment.Recalled:
			told.code = e.Reason
		case payment.RecallDenied:
			told.code = e.Reason
		}
		return []news{told}, err
	}
}

// onPaymentFile tells who has sent a file, of the whole: that it waits, and what became
// of it.
func onPaymentFile(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
	of := id.From[id.PaymentFile](uuidIn(fact.Stream))
	state, err := n.bank.paymentFiles.look(ctx, of)
	told := news{customer: state.Customer, about: of.String(), amount: state.Total}
	switch e := fact.Event.(type) {
	case paymentfile.Challenged:
		told.template = "payment-file-challenged"
	case paymentfile.Expired:
		told.template = "payment-file-expired"
	case paymentfile.Cancelled:
		told.template = "payment-file-dropped"
	case paymentfile.Rejected:
		told.template, told.code = "payment-file-rejected", e.Code
	case paymentfile.Completed:
		switch {
		case e.Failed == 0:
			told.template = "payment-file-done"
		case e.Settled > 0:
			told.template = "payment-file-part"
		default:
			told.template = "payment-file-rejected"
		}
	}
	return []news{told}, err
}

// withdrawn tells of a withdrawal only if it is not the customer's own: what waited goes
// with the device that asked for it, or another owner of the account has stopped it.
func withdrawn(tell occasion) occasion {
	return func(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
		switch {
		case fact.Reason == dropped:
			return tell(ctx, n, fact)
		case fact.By.IsZero():
			return nil, nil
		}
		all, err := tell(ctx, n, fact)
		all = slices.DeleteFunc(all, func(one news) bool { return one.customer == fact.By })
		for i := range all {
			all[i].template = strings.TrimSuffix(all[i].template, "-dropped") + "-stopped"
		}
		return all, err
	}
}

// onBatch tells who has sent a batch, of the whole.
func onBatch(template string) occasion {
	return func(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
		of := id.From[id.Batch](uuidIn(fact.Stream))
		state, err := n.bank.batches.look(ctx, of)
		told := news{template: template, customer: state.Customer, about: of.String(), amount: state.Total}
		if rejected, is := fact.Event.(batch.Rejected); is {
			told.code = rejected.Code
		}
		return []news{told}, err
	}
}

// onStanding tells whose standing order it is. Of what it executes, and of each try that
// fails, the transfer tells; here is told what comes of no transfer.
func onStanding(template string) occasion {
	return func(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
		of := id.From[id.StandingOrder](uuidIn(fact.Stream))
		state, err := n.bank.orders.look(ctx, of)
		told := news{template: template, customer: state.Customer, about: of.String(), amount: state.Amount}
		switch e := fact.Event.(type) {
		case standing.Failed:
			if !e.Final {
				return nil, err
			}
			told.code = e.Code
		case standing.Rejected:
			told.code = e.Code
		case standing.Ended:
			told.code = e.Reason
		}
		return []news{told}, err
	}
}

// payeeSaved is told as whatever lets money go more easily is.
func payeeSaved(_ context.Context, _ *notifying, fact Happened) ([]news, error) {
	saved := fact.Event.(payee.Saved)
	return []news{{template: "payee-saved", customer: saved.Customer, about: saved.Payee.String()}}, nil
}
