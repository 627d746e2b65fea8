package standing

import (
	"unicode/utf8"

	"florin/domain"
	"florin/domain/iban"
	"florin/domain/money"
	"florin/domain/text"
)

// Match is what the payee's bank says of a name.
type Match string

const (
	Matches     Match = "match"
	AlmostMatch Match = "close-match"
	NoMatch     Match = "no-match"
	NotVerified Match = "unavailable" // nobody could say
)

// Known tells whether it is one at all.
func (m Match) Known() bool {
	switch m {
	case Matches, AlmostMatch, NoMatch, NotVerified:
		return true
	}
	return false
}

// Payee is somebody at another bank, and what that bank said of the name when the
// series was asked for (Regulation (EU) 2024/886, verification of payee). The customer
// confirms the series with this before their eyes, and it is not asked again.
type Payee struct {
	IBAN     domain.Evidence `json:"iban"`
	Name     domain.Evidence `json:"name"`
	Verified Match           `json:"verified"`
	Holder   domain.Evidence `json:"holder,omitzero"` // where the name given was nearly theirs
}

// IsZero tells whether there is none. One whose personal data is erased still is one.
func (p Payee) IsZero() bool { return p.Verified == "" }

// NameRunesMax is the longest name that a rail carries (EPC SCT rulebook, AT-21).
const NameRunesMax = 70

// Refusals of a payee at another bank.
var (
	ErrCreditor = &domain.Refusal{Class: domain.Invalid, Code: "standing-order-creditor", Detail: "Name either an account of this bank, or an IBAN at another with its holder's name."}
	ErrName     = &domain.Refusal{Class: domain.Invalid, Code: "invalid-name", Detail: "The name must be one line of 1 to 70 characters, without control or direction marks."}
	ErrCurrency = &domain.Refusal{Class: domain.Refused, Code: "rail-currency", Detail: "Payments to other banks are made in euros."}
)

// Name tells whether a rail carries this name.
func Name(name string) bool {
	return name != "" && utf8.RuneCountInString(name) <= NameRunesMax && text.Line(name)
}

// check says whether the rail could pay them that.
func (p Payee) check(amount money.Amount) error {
	if p.IsZero() {
		return nil
	}
	if _, err := iban.Parse(p.IBAN.Reveal()); err != nil {
		return err
	}
	switch {
	case !Name(p.Name.Reveal()):
		return ErrName
	case !p.Verified.Known():
		return ErrCreditor
	case amount.Currency != "EUR":
		return ErrCurrency
	}
	return nil
}
