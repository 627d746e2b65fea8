package commands

import (
	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/money"
	"florin/domain/proposal"
	"florin/domain/transfer"
	"florin/eventbus"
)

// Refusals of clearings.
var (
	ErrNothingLies   = &domain.Refusal{Class: domain.Refused, Code: "clearing-nothing", Detail: "By this posting nothing lies there."}
	ErrClearingSum   = &domain.Refusal{Class: domain.Refused, Code: "clearing-amount", Detail: "What lies there by this posting is another amount."}
	ErrClearingAwait = &domain.Refusal{Class: domain.Refused, Code: "clearing-awaited", Detail: "This money goes back, or is claimed back, by itself."}
	ErrCleared       = &domain.Refusal{Class: domain.Conflict, Code: "clearing-done", Detail: "What lay there by this posting is cleared."}
)

// clearAway books away what lies in suspense by one posting, to a customer's account or to
// the bank's income, or what the bank is owed by one, to its losses. It is part of the
// command that approves it, and says whose account it went to.
//
// Why a whole posting and not any sum: what lies there is then always the sum of whole
// postings, each with its story, and none is cleared twice, for the entry that clears
// it is named after it.
func clearAway(w *work, state proposal.State) (concerns id.Customer, err error) {
	chart, posting, d := account.Suspense, state.Posting.Stream(), state.Details
	if state.Type == proposal.WriteOff {
		chart = account.Receivables
	}
	if err := lies(w, posting, chart, d.Amount); err != nil {
		return concerns, err
	}
	entry := id.Named[id.Journal](posting, "clearing")
	switch before, err := w.bank.journals.load(w, entry); {
	case err != nil:
		return concerns, err
	case before.Posted:
		return concerns, ErrCleared
	}
	return bookAway(w, entry, chart, d)
}

// bookAway moves the money; whose account takes it is whom it concerns.
func bookAway(w *work, entry id.Journal, chart account.Chart, d proposal.Details) (concerns id.Customer, err error) {
	from := leg{chart: chart, amount: d.Amount.Negate()}
	switch {
	case chart == account.Receivables:
		return concerns, w.post(entry, journal.WriteOff, domain.Evidence{}, leg{chart: account.WriteOff, amount: d.Amount.Negate()},
			leg{chart: chart, amount: d.Amount})
	case d.Account.IsZero():
		return concerns, w.post(entry, journal.Clearing, domain.Evidence{}, from, leg{chart: account.OtherIncome, amount: d.Amount})
	}
	creditor, err := w.bank.accounts.load(w, d.Account)
	switch {
	case err != nil:
		return concerns, err
	case creditor.Class != account.Customers:
		return concerns, account.ErrMissing
	}
	credit := account.Credit{Posting: entry.Stream(), Amount: d.Amount, At: w.order.At}
	if _, err := creditor.Decide(credit); err != nil {
		return concerns, err
	}
	w.under(ofCustomer(creditor.Customer))
	if err := w.post(entry, journal.Clearing, domain.Evidence{}, from, leg{account: d.Account, amount: d.Amount}); err != nil {
		return concerns, err
	}
	return creditor.Customer, w.bank.accounts.decide(w, d.Account, credit)
}

// lies refuses unless exactly this amount lies at the place by the posting, and nothing
// else is at work to take it away.
func lies(w *work, posting string, chart account.Chart, amount money.Amount) error {
	purpose, legs, err := w.bank.legsOf(w, posting)
	if err != nil {
		return err
	}
	there, _ := legs.Of(chart.In(amount.Currency))
	if chart == account.Receivables {
		there = there.Negate()
	}
	switch {
	case !there.IsPositive():
		return ErrNothingLies
	case purpose == journal.IncomingPayment, purpose == journal.DebitRefund:
		return ErrClearingAwait
	case there != amount:
		return ErrClearingSum
	}
	return nil
}

// legsOf are the legs of what was posted in a stream, which never change; none if
// nothing was.
func (b *Bank) legsOf(w *work, posting string) (purpose journal.Purpose, legs money.Posting, err error) {
	for recorded, err := range b.log.ReadStream(w.ctx, eventbus.Stream(posting), 0) {
		if err != nil {
			return "", legs, err
		}
		switch recorded.Kind {
		case journal.Posted{}.Kind():
			event, err := b.treaty.Journals.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
			if e, ok := event.(journal.Posted); ok {
				return e.Purpose, e.Legs, err
			}
			return "", legs, err
		case transfer.Posted{}.Kind():
			event, err := b.treaty.Transfers.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
			if e, ok := event.(transfer.Posted); ok {
				return "", e.Legs, err
			}
			return "", legs, err
		}
	}
	return "", legs, nil
}
