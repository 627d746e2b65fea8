package projections

import (
	"context"
	"errors"

	"florin/domain"
	"florin/domain/authorisation"
	"florin/domain/directdebit"
	"florin/domain/id"
	"florin/domain/incoming"
	"florin/domain/journal"
	"florin/domain/payment"
	"florin/domain/transfer"
)

// origin is the stream of what a posting of the commit was made for, where that is
// not the posting itself: the payment, purchase or collection that names the entry.
func (c *commit) origin(posting string) string {
	for i := range c.facts {
		if made := entryOf(c.facts[i].event); !made.IsZero() && made.Stream() == posting {
			return string(c.facts[i].Stream)
		}
	}
	return ""
}

// entryOf is the entry that a fact says was booked for it; zero: none.
func entryOf(event domain.Event) id.Journal {
	switch e := event.(type) {
	case payment.Submitted:
		return e.Journal
	case payment.Settled:
		return e.Journal
	case payment.Rejected:
		return e.Journal
	case payment.Returned:
		return e.Journal
	case incoming.Credited:
		return e.Journal
	case incoming.Returned:
		return e.Journal
	case authorisation.Captured:
		return e.Journal
	case authorisation.Refunded:
		return e.Journal
	case directdebit.Collected:
		return e.Journal
	case directdebit.Refunded:
		return e.Journal
	}
	return id.Journal{}
}

// tell opens what the log says of a booking or hold in words: the remittance text, and
// who is at its other end if that is outside the bank.
func (r *Reads) tell(ctx context.Context, t *Transaction) error {
	said, err := r.readable(ctx, t.Posting)
	if err != nil {
		return err
	}
	t.Reference = referenceOf(said)
	if t.Origin != "" && t.Origin != t.Posting {
		if said, err = r.readable(ctx, t.Origin); err != nil {
			return err
		}
	}
	t.Other = partyOf(said)
	return nil
}

// readable opens the first event of a stream. One that cannot be read is nil: it has
// nothing to show, and stands in Health.
func (r *Reads) readable(ctx context.Context, stream string) (domain.Event, error) {
	event, err := r.first(ctx, stream)
	if errors.Is(err, errUnreadable) {
		return nil, nil
	}
	return event, err
}

func referenceOf(event domain.Event) string {
	switch e := event.(type) {
	case transfer.Initiated:
		return e.Reference.Reveal()
	case payment.Initiated:
		return e.Reference.Reveal()
	case journal.Posted:
		return e.Reference.Reveal()
	}
	return ""
}

func partyOf(event domain.Event) Party {
	switch e := event.(type) {
	case payment.Initiated:
		return Party{Name: e.CreditorName.Reveal(), IBAN: e.Creditor.Reveal()}
	case incoming.Received:
		return Party{Name: e.DebtorName.Reveal(), IBAN: e.Debtor.Reveal()}
	case directdebit.Received:
		return Party{Name: e.CreditorName.Reveal(), IBAN: e.Creditor.Reveal()}
	case authorisation.Requested:
		return Party{Name: e.Merchant.Reveal()}
	}
	return Party{}
}
