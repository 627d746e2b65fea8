package commands

import (
	"florin/domain/iban"
	"florin/domain/paymentfile"
)

// bankBytes is how much of a BIC says which bank: the rest is a branch of it.
const bankBytes = 8

// agents holds the banks that a file names against what they are. Nothing is decided by
// them, for each account's IBAN says where it is: but who has mistaken the bank has
// perhaps mistaken the account. Another bank than this one as the debtor's, and what is
// no BIC, rejects what it is said of; so does an account that no rail leads to.
func (b *Bank) agents(ask SubmitPaymentFile) []FiledPayment {
	whole := ""
	switch own := b.settings.Money.BIC; {
	case ask.Agent == "":
	case iban.BIC(ask.Agent) != nil:
		whole = iban.ErrBIC.Code
	case own != "" && ask.Agent[:bankBytes] != own[:bankBytes]:
		whole = paymentfile.ErrAgent.Code
	}
	items := make([]FiledPayment, len(ask.Items))
	for i, item := range ask.Items {
		switch item.Refused = whole; {
		case whole != "":
		case item.Agent != "" && iban.BIC(item.Agent) != nil:
			item.Refused = iban.ErrBIC.Code
		case b.settings.Money.Issuer.Owns(item.Creditor): // a rail leads to other banks
			item.Refused = ErrOwnBank.Code
		}
		items[i] = item
	}
	return items
}
