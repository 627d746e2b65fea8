package commands

import (
	"time"

	"florin/domain/iban"
	"florin/domain/payee"
	"florin/domain/risk"
)

// What customers keep to pay with later, payees and devices, is scored when it is kept:
// whoever has got into an account does that first, and pays then. Either comes after
// strong authentication, so a doubt of risk asks for no more of it. It gives the owner,
// who is told, longer to object.

// keeping is risk's word on what a customer is about to keep, and what comes of it: it is
// kept, kept with a doubt (challenge, whatever milder than blocking the word was, and
// where there was none), or not.
func (w *work) keeping(a attempted) risk.Assessed {
	said, d := w.decided(a)
	switch said.Effect = risk.Challenge; d.Outcome {
	case risk.Allow, risk.Block:
		said.Effect = d.Outcome
	}
	return said
}

// waits is how long somebody waits who would wait so long without a doubt.
func (t Terms) waits(wait time.Duration, doubted bool) time.Duration {
	if doubted {
		return wait * time.Duration(max(t.DoubtTimes, 1))
	}
	return wait
}

// savePayee asks risk of a payee that the rules let a customer save. What it blocks is
// not saved, and that is all that is written.
func (w *work) savePayee(saved payee.Saved, number iban.IBAN) error {
	b, caller, of := w.bank, w.order.Caller, payeesOf(saved.Customer)
	known, err := b.payees.load(w, of)
	if err != nil {
		return err
	}
	command := payee.Save{Asked: saved, Wait: b.settings.Money.PayeeWait}
	if _, err := known.Decide(command); err != nil {
		return err
	}
	asked := attempted{action: risk.NewPayee, customer: saved.Customer, device: caller.Device, about: saved.Payee.String(),
		payee: riskPayeeOf(false, saved.Account), facts: risk.Facts{ACR: caller.ACR}, authTime: caller.AuthTime}
	if saved.Account.IsZero() {
		if asked.payee, err = b.riskPayee(number.String()); err != nil {
			return err
		}
	}
	said := w.keeping(asked)
	if said.Effect != risk.Block {
		command.Wait = b.settings.Money.waits(command.Wait, said.Effect != risk.Allow)
		if err := b.payees.decide(w, of, command); err != nil {
			return err
		}
	}
	return w.noteDecision(said)
}
