package commands

import (
	"context"
	"errors"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/directdebit"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/mandate"
	"florin/domain/money"
)

// DirectDebits are the verbs of what other banks collect from customers' accounts.
//
//	collected:      account --> nostro
//	refunded:       receivables --> account, and the other bank is asked for it
//	claim settled:  nostro --> receivables        claim denied: write-off --> receivables
type DirectDebits struct{ bank *Bank }

// DirectDebits gives the verbs of direct debits.
func (b *Bank) DirectDebits() DirectDebits { return DirectDebits{b} }

// CollectDirectDebit is what a rail says of one collection.
type CollectDirectDebit struct {
	Reference    string // the rail's own name for it
	EndToEnd     string
	Debtor       iban.IBAN
	Creditor     iban.IBAN
	CreditorName domain.Evidence
	CreditorID   iban.Creditor
	Mandate      string // its reference
	Sequence     string
	Amount       money.Amount
	Text         domain.Evidence
}

// Reasons that a collection is refused for, beside those of mandates (ISO 20022
// ExternalReturnReason1Code).
const (
	reasonFunds   = "AM04"
	reasonBlocked = "AC06" // the account is frozen
	reasonKind    = "AG01" // no direct debits on such an account
	reasonDeath   = "MD07" // nobody who owns it is alive
)

// DirectDebitAnswer is a collection as the verb left it.
type DirectDebitAnswer struct {
	DirectDebit id.DirectDebit
	Status      directdebit.Phase
	Account     id.Account
	Mandate     id.Mandate
	Reason      string // of a refusal
	Grounds     directdebit.Grounds
	Amount      money.Amount
}

// Collect books what another bank collects, or refuses it with the reason that the
// other bank is told; both are facts. The rail's name for it is its identity: under
// another idempotency key it is direct-debit-exists.
func (d DirectDebits) Collect(ctx context.Context, order Order, ask CollectDirectDebit) (DirectDebitAnswer, Outcome, error) {
	b := d.bank
	if b.settings.Rail == nil {
		return DirectDebitAnswer{}, Outcome{}, ErrNoRail
	}
	c := collection{CollectDirectDebit: ask, rail: b.settings.Rail.Name()}
	c.of = id.Named[id.DirectDebit](string(c.rail), ask.Reference)
	var err error
	if c.debtor, _, err = b.Accounts().Numbered(ctx, ask.Debtor); err == nil && !c.debtor.IsZero() { // none of which ever changes
		if c.creditor, err = b.creditorOf(c.debtor, ask.CreditorID); err == nil {
			c.mandate, err = b.mandateOf(c.debtor, ask.CreditorID, ask.Mandate)
		}
	}
	if err != nil {
		return DirectDebitAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, "directdebit.collect", order, streams(c.of, c.debtor, c.creditor, c.mandate), func(w *work) error {
		return c.decide(w)
	}, directDebitAnswer)
}

// collection is one Collect; decide may run several times.
type collection struct {
	CollectDirectDebit
	of       id.DirectDebit
	rail     account.Rail
	debtor   id.Account // zero: the number is none of the bank's
	creditor id.Creditor
	mandate  id.Mandate
}

func (c collection) decide(w *work) error {
	b, at := w.bank, w.order.At
	b.directDebits.begin(w, c.of)
	if _, err := b.directDebits.load(w, c.of); err != nil { // opened first, so that its facts come first
		return err
	}
	entry := w.entry(c.of, "collection")
	command := directdebit.Collect{Reason: reasonNoAccount, Mandate: c.mandate, Journal: entry, Account: c.debtor, Received: directdebit.Received{
		DirectDebit: c.of, Rail: string(c.rail), Reference: c.Reference, EndToEnd: domain.NewEvidence(c.EndToEnd), Debtor: domain.NewEvidence(c.Debtor.String()),
		Creditor: domain.NewEvidence(c.Creditor.String()), CreditorName: c.CreditorName, CreditorID: domain.NewEvidence(c.CreditorID.String()),
		Mandate: domain.NewEvidence(c.Mandate), Sequence: c.Sequence, Amount: c.Amount, Text: c.Text, At: at}}
	debit := account.Debit{Posting: entry.Stream(), Amount: c.Amount, At: at}
	if !c.debtor.IsZero() {
		holder, err := b.accounts.load(w, c.debtor)
		if err != nil {
			return err
		}
		command.Customer = holder.Customer
		w.under(ofCustomer(holder.Customer))
		w.order.Caller.actFor(holder.Customer)
		if command.Reason, err = c.refuses(w, holder, debit); err != nil {
			return err
		}
	}
	if err := b.directDebits.decide(w, c.of, command); err != nil {
		return err
	}
	if command.Reason != "" {
		return nil
	}
	said := mandate.Registered{Mandate: c.mandate, Account: c.debtor, Customer: command.Customer, Creditor: c.creditor, At: at,
		Terms: mandate.Terms{CreditorID: command.CreditorID, CreditorName: c.CreditorName, Reference: command.Received.Mandate}}
	if err := b.mandates.decide(w, c.mandate, mandate.Collect{Said: said, DirectDebit: c.of, Amount: c.Amount, Last: command.Last(), At: at}); err != nil {
		return err
	}
	if err := w.post(entry, journal.DirectDebit, c.Text, leg{account: c.debtor, amount: c.Amount.Negate()}, leg{chart: account.Nostro(c.rail), amount: c.Amount}); err != nil {
		return err
	}
	return b.accounts.decide(w, c.debtor, debit)
}

// refuses is the reason why nothing is booked, or "". A mandate that it finds too old
// ends with it.
func (c collection) refuses(w *work, holder account.State, debit account.Debit) (string, error) {
	b := w.bank
	creditor, err := b.creditors.load(w, c.creditor)
	if err != nil {
		return "", err
	}
	by, err := b.mandates.load(w, c.mandate)
	if err != nil {
		return "", err
	}
	reason := by.Refuses(c.Amount, w.order.At)
	if err := b.mandates.decide(w, c.mandate, mandate.Expire{At: w.order.At}); err != nil && !errors.Is(err, mandate.ErrNotExpired) {
		return "", err
	}
	nobody, err := b.orphaned(w, holder)
	if err != nil {
		return "", err
	}
	_, broke := holder.Decide(debit)
	switch {
	case errors.Is(broke, account.ErrAmount): // no collection at all
		return "", broke
	case errors.Is(broke, account.ErrClosed):
		return reasonClosed, nil
	case holder.Class != account.Customers, errors.Is(broke, account.ErrCurrency), debit.Amount.Currency != railCurrency:
		return reasonKind, nil
	case errors.Is(broke, account.ErrFrozen):
		return reasonBlocked, nil
	case nobody:
		return reasonDeath, nil
	case holder.DebitsBlocked:
		return mandate.ByDebtor, nil
	case creditor.Blocked:
		return mandate.ByDebtor, nil
	case reason != "":
		return reason, nil
	case errors.Is(broke, account.ErrFunds):
		return reasonFunds, nil
	default:
		return "", broke
	}
}

func directDebitAnswer(facts []Fact) (DirectDebitAnswer, error) {
	var a DirectDebitAnswer
	for _, fact := range facts {
		switch e := fact.Event.(type) {
		case directdebit.Received:
			a.Amount = e.Amount
		case directdebit.Collected:
			a.Status, a.Account, a.Mandate = directdebit.Booked, e.Account, e.Mandate
		case directdebit.Refused:
			a.Status, a.Account, a.Reason = directdebit.Declined, e.Account, e.Reason
		case directdebit.Refunded:
			a.Status, a.Grounds = directdebit.PaidBack, e.Grounds
		case directdebit.ClaimSettled:
			a.Status = directdebit.Reclaimed
		case directdebit.ClaimDenied:
			a.Status, a.Reason = directdebit.Lost, e.Reason
		}
		if _, its := fact.Event.(directdebit.Event); its {
			a.DirectDebit = id.From[id.DirectDebit](uuidIn(fact.Stream))
		}
	}
	return a, nil
}
