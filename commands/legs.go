package commands

import (
	"fmt"

	"github.com/google/uuid"

	"florin/domain/account"
	"florin/domain/journal"
	"florin/domain/money"
	"florin/domain/transfer"
)

// entry is what one posting still owes one account: legs add, movements take away.
type entry struct {
	posting string
	account uuid.UUID
	owed    money.Amount
}

type entries []entry

// checkLegs is the append path's own look at money: the legs of every posting in
// the commit sum to nought, and the accounts are debited and credited in the same
// commit exactly as the legs say, by nothing else. A breach is a fault of a verb.
func checkLegs(opened []slot) error {
	var room [8]entry
	open := entries(room[:0]) // on the stack for most: every transfer passes here
	for _, slot := range opened {
		place := slot.base()
		for _, staged := range place.staged {
			var err error
			switch e := staged.event.(type) {
			case transfer.Posted:
				open, err = open.post(string(place.stream), e.Legs)
			case journal.Posted:
				open, err = open.post(string(place.stream), e.Legs)
			case account.Debited:
				open = open.add(e.Posting, place.id, e.Amount)
			case account.ReservationCaptured:
				open = open.add(e.Posting, place.id, e.Amount)
			case account.Credited:
				open = open.add(e.Posting, place.id, e.Amount.Negate())
			}
			if err != nil {
				return err
			}
		}
	}
	for _, entry := range open {
		if !entry.owed.IsZero() {
			return fmt.Errorf("commands: legs of %s and account %s differ by %s", entry.posting, entry.account, entry.owed)
		}
	}
	return nil
}

func (e entries) post(posting string, p money.Posting) (entries, error) {
	legs := p.Legs()
	if err := money.Balanced(legs); err != nil {
		return e, fmt.Errorf("commands: %s: %w", posting, err)
	}
	for _, leg := range legs {
		e = e.add(posting, leg.Account.UUID(), leg.Amount)
	}
	return e, nil
}

func (e entries) add(posting string, account uuid.UUID, amount money.Amount) entries {
	for i := range e {
		known := &e[i]
		if known.account == account && known.owed.Currency == amount.Currency && known.posting == posting {
			known.owed.Minor += amount.Minor
			return e
		}
	}
	return append(e, entry{posting, account, amount})
}
