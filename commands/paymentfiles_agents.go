package commands

import (
	"errors"

	"florin/domain"
	"florin/domain/iban"
	"florin/domain/payment"
	"florin/domain/paymentfile"
	"florin/domain/text"
)

// bankBytes is how much of a BIC says which bank: the rest is a branch of it.
const bankBytes = 8

// sifted says of each payment of a file what is wrong with it as it was sent, which
// rejects it and none of the others: a creditor's number, name or reference that cannot
// be one, a bank that is none or in another country, an account that no rail leads to. Another bank than
// this one as the debtor's, or what is no BIC, is wrong with all of them.
//
// Nothing is decided by the banks that a file names, for each account's IBAN says where
// it is: but who has mistaken the bank has perhaps mistaken the account.
func (b *Bank) sifted(ask SubmitPaymentFile) []FiledPayment {
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
		items[i] = b.sift(item)
		if whole != "" {
			items[i].Refused = whole
		}
	}
	return items
}

// sift finds the first that is wrong with a payment. What cannot be a number, a name or
// a reference is not kept in the list, and so never shown: the bytes that were signed,
// which are evidence, have it.
func (b *Bank) sift(item FiledPayment) FiledPayment {
	wrong := func(err error) {
		if refusal, is := errors.AsType[*domain.Refusal](err); is && item.Refused == "" {
			item.Refused = refusal.Code
		}
	}
	creditor, err := iban.Parse(item.Creditor)
	if err != nil {
		item.Creditor = ""
		wrong(err)
	}
	if !payment.Name(item.CreditorName.Reveal()) {
		item.CreditorName = domain.Evidence{}
		wrong(payment.ErrName)
	}
	if !text.Reference(item.Reference.Reveal()) {
		item.Reference = domain.Evidence{}
		wrong(payment.ErrReference)
	}
	if item.Refused == "" {
		wrong(agentFits(item.Agent, creditor))
	}
	if b.settings.Money.Issuer.Owns(creditor) { // a rail leads to other banks
		wrong(ErrOwnBank)
	}
	return item
}

// agentFits holds the bank that a customer names as the creditor's against the
// creditor's number; "": they name none. ErrBIC, ErrBICCountry.
func agentFits(bic string, creditor iban.IBAN) error {
	if bic == "" {
		return nil
	}
	return creditor.HeldAt(bic)
}
