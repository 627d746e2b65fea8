package commands

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/iban"
	"florin/domain/id"
)

// The bank that a sandbox is: a code that no German bank can have, and a BIC that
// marks tests (ISO 9362: 0 at the second place of the location).
const (
	SandboxBankCode = "DE99999999"
	SandboxBIC      = "FLRNDEF0XXX"
)

func sandboxIssuer() iban.Issuer {
	issuer, err := iban.NewIssuer(SandboxBankCode)
	if err != nil {
		panic(err) // a constant
	}
	return issuer
}

// Names that a number's MACs are parted by, under the key of claims.
const (
	nameIBAN   = "iban"
	nameNumber = "account-number"
)

// numberTries is how many numbers are looked at for one account. With ten digits
// and a million accounts, one number in ten thousand is taken.
const numberTries = 16

// number gives the account its IBAN, if the bank numbers accounts. The number
// follows from the account by a keyed hash: it does not show how many accounts
// there are, and it cannot be told from the account's identifier.
func (b *Bank) number(w *work, of id.Account) error {
	issuer := b.settings.Money.Issuer
	if issuer.IsZero() {
		return nil
	}
	u := of.UUID()
	for try := range byte(numberTries) {
		seed, err := b.mac(keyClaim, []byte(nameNumber), u[:], []byte{try})
		if err != nil {
			return err
		}
		number := issuer.Number(seedOf(seed))
		claim, err := b.nameClaim(nameIBAN, number.String())
		if err != nil {
			return err
		}
		err = b.numbers.decide(w, claim, account.Assign{Claim: claim, Account: of, At: w.order.At})
		if errors.Is(err, account.ErrNumberTaken) {
			continue
		}
		if err != nil {
			return err
		}
		return b.accounts.decide(w, of, account.AssignNumber{IBAN: domain.NewEvidence(number.String()), Claim: claim, At: w.order.At})
	}
	return fmt.Errorf("commands: %d numbers for an account are taken: the bank code is used up", numberTries)
}

func seedOf(digest []byte) uint64 { return binary.BigEndian.Uint64(digest) }

// Numbered finds the account that an IBAN belongs to; found is false if it is none
// of the bank's. It says nothing of whether the account is open.
func (a Accounts) Numbered(ctx context.Context, number iban.IBAN) (_ id.Account, found bool, _ error) {
	if number.IsZero() {
		return id.Account{}, false, nil
	}
	claim, err := a.bank.nameClaim(nameIBAN, number.String())
	if err != nil {
		return id.Account{}, false, err
	}
	state, err := a.bank.numbers.look(ctx, claim)
	return state.Account(), err == nil && !state.Account().IsZero(), err
}

// BIC is what other banks know the bank by; "": none.
func (a Accounts) BIC() string { return a.bank.settings.Money.BIC }
